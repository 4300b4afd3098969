"""Tells a mistake that is an old habit from any other: a wrong call that was right before the schemas changed.

Pure. Only a comparison with the previous catalog can say so; these codes are what to read first after a retraining.
"""

from __future__ import annotations

from loopbuild.judging.validate import Validator
from loopbuild.records import Json, ToolCatalog

_STALE = {
    "hallucinated_tool": "stale_name",
    "unknown_param": "stale_param",
    "missing_required": "stale_required",
    "type": "stale_type",
    "enum": "stale_enum",
    "format_or_unit": "stale_format",
    "out_of_range": "stale_range",
}


class Previous:
    """The catalog before the change; made once, asked for every call."""

    def __init__(self, catalog: ToolCatalog) -> None:
        self._ids = {tool.call_name: tool.id for tool in catalog.tools}
        self._validator = Validator(catalog)

    def code_of(self, code: str, name: str, arguments: Json) -> str:
        """Return the `stale_*` form of `code` when the call was valid then, else `code` itself."""
        if code not in _STALE or name not in self._ids:
            return code
        try:
            was_valid = not self._validator.check(self._ids[name], arguments)
        except (ValueError, TypeError, OverflowError, RecursionError):
            return code
        return _STALE[code] if was_valid else code
