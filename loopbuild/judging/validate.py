"""Decides whether a call is one the catalog allows: the tool exists and its arguments fit the input schema.

Pure and offline: references are resolved inside the schema only. Stricter than the schema in one point: a property the
schema does not declare is refused unless the schema says that it is open. Knows no sandbox and no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loopbuild.errors import SourceError
from loopbuild.judging.unfolding import unfolded
from loopbuild.pointers import escaped
from loopbuild.records import Json, ToolCatalog

_CODES = {"required": "missing_required", "type": "wrong_type", "enum": "bad_enum", "constant": "bad_enum",
          "format": "bad_format", "pattern": "bad_format", "additionalProperties": "extra_argument",
          "unevaluatedProperties": "extra_argument"}  # fmt: skip
_MESSAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One reason why a call does not validate."""

    code: str
    """`unknown_tool`, `missing_required`, `wrong_type`, `bad_enum`, `bad_format`, `extra_argument`, `bad_value`."""
    pointer: str
    """Concrete JSON pointer into the arguments; for a missing or surplus property the property's own."""
    message: str


class Validator:
    """Checks calls against one catalog; a tool's validator is built at its first call and kept."""

    def __init__(self, catalog: ToolCatalog) -> None:
        self._tools = catalog.by_id()
        self._built: dict[str, Any] = {}

    def check(self, tool_id: str, arguments: Json) -> tuple[Fault, ...]:
        """Return all faults of a call in the order of their pointers; empty when it validates."""
        tool = self._tools.get(tool_id)
        if tool is None:
            return (Fault(code="unknown_tool", pointer="", message=f"unknown tool `{tool_id}`"),)
        built = self._built.get(tool_id)
        if built is None:
            built = self._built[tool_id] = _build(tool.input_schema, tool_id)
        if built.is_valid(arguments):
            return ()
        faults: list[Fault] = []
        for error in built.iter_errors(arguments):
            faults.extend(_faults(error))
        return tuple(sorted(set(faults), key=lambda fault: (fault.pointer, fault.code, fault.message)))


def closed(schema: Json) -> Json:
    """Return `schema` with every object that declares properties closed against others, unless it says otherwise.

    Branches of `allOf`, `anyOf`, `oneOf` and `$defs` are left alone: closing a branch would refuse its siblings.
    """
    if not isinstance(schema, Mapping):
        return schema
    copy: dict[str, Json] = dict(schema)
    has_branches = any(key in copy for key in ("allOf", "anyOf", "oneOf", "$ref", "patternProperties"))
    if isinstance(copy.get("properties"), Mapping):
        copy["properties"] = {name: closed(part) for name, part in copy["properties"].items()}
        if not has_branches and "additionalProperties" not in copy and "unevaluatedProperties" not in copy:
            copy["additionalProperties"] = False
    if isinstance(copy.get("items"), Mapping):
        copy["items"] = closed(copy["items"])
    return copy


def unusable(schema: Json) -> str:
    """Return why no call can be checked against `schema`, with the pointer to the place; empty when one can."""
    import jsonschema_rs

    try:
        _compiled(schema)
    except (ValueError, jsonschema_rs.ReferencingError) as exc:
        place = "".join(f"/{part}" for part in getattr(exc, "instance_path", ()))
        return f"`{place}`: {_first_line(exc)}" if place else _first_line(exc)
    return ""


def _build(schema: Json, tool_id: str) -> Any:
    import jsonschema_rs

    try:
        return _compiled(schema)
    except (ValueError, jsonschema_rs.ReferencingError) as exc:
        raise SourceError(
            f"the input schema of `{tool_id}` cannot be used: {_first_line(exc)}", source=tool_id
        ) from exc


def _first_line(exc: Exception) -> str:
    line = next((line for line in str(exc).split("\n") if line.strip()), type(exc).__name__)
    return line if len(line) <= _MESSAGE else line[:_MESSAGE] + "..."


def _compiled(schema: Json) -> Any:
    import jsonschema_rs

    # A validator would begin, and end when the memory does.
    if too_much := unfolded(schema):
        raise ValueError(too_much)
    strict = closed(schema if isinstance(schema, Mapping) else {})
    # A tool without parameters takes none; only the root is read so, an inner bare object is free-form.
    if not any(key in strict for key in ("properties", "allOf", "anyOf", "oneOf", "$ref", "patternProperties")):
        strict.setdefault("additionalProperties", False)
    strict.setdefault("type", "object")
    return jsonschema_rs.validator_for(strict, validate_formats=True, offline=True)


def _faults(error: Any) -> list[Fault]:
    name = str(error.kind.name)
    code = _CODES.get(name, "bad_value")
    here = "".join("/" + escaped(part) for part in error.instance_path)
    if name == "required":
        return [
            Fault(code=code, pointer=f"{here}/{error.kind.property}", message=f"`{error.kind.property}` is missing")
        ]
    if code == "extra_argument":
        return [
            Fault(code=code, pointer=f"{here}/{prop}", message=f"`{prop}` is not a parameter")
            for prop in error.kind.unexpected
        ]
    if name == "falseSchema":
        code = "extra_argument"
    return [Fault(code=code, pointer=here, message=str(error.message))]
