"""Filter `schema`: every call names a tool of the catalog and its arguments validate."""

from __future__ import annotations

from loopbuild.judging.validate import Validator
from loopbuild.stages.filters.rows import Finding, Row


def check_schema(row: Row, *, validator: Validator) -> Finding | None:
    """Return the first fault of the first bad call: `unknown_tool`, `missing_required`, `wrong_type`, ..."""
    for number, step in enumerate(row.trajectory.steps if row.trajectory else ()):
        for fault in validator.check(step.call.tool, step.call.arguments):
            return Finding(reason=fault.code, detail=f"call {number + 1}, `{step.call.tool}`: {fault.message}")
    return None
