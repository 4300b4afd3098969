"""One spelling for schemas that mean the same: wording taken out, sets sorted, numbers written one way.

Pure. Whatever is equal after this is equal for every call; whatever differs may matter to some call.
"""

from __future__ import annotations

from typing import Any

from loopbuild.digest import canonical
from loopbuild.records import Json

WORDING = ("title", "description", "examples", "example", "deprecated")
"""Keywords a person or a model reads; they change no call's validity."""

_SILENT = frozenset((*WORDING, "$schema", "$id", "$comment", "$defs", "definitions", "$anchor", "default", "readOnly"))
_MAPS = ("properties", "patternProperties", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMAS = (
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
)
_SETS = ("required", "enum", "type")
_DEPTH = 24


def bare(schema: Json, depth: int = 0) -> Json:
    """Return `schema` without wording and with one order for everything whose order means nothing."""
    if not isinstance(schema, dict):
        return plain(schema)
    if depth > _DEPTH:
        return "too deep"
    out: dict[str, Json] = {}
    for key, value in schema.items():
        if key in _SILENT or key.startswith("x-"):
            continue
        if key in _MAPS and isinstance(value, dict):
            out[key] = {name: bare(item, depth + 1) for name, item in value.items()}
        elif key in _LISTS and isinstance(value, list):
            items = [bare(item, depth + 1) for item in value]
            out[key] = items if key == "prefixItems" else sorted(items, key=canonical)
        elif key in _SCHEMAS:
            out[key] = bare(value, depth + 1)
        elif key in _SETS and isinstance(value, list):
            out[key] = ordered(value)
        else:
            out[key] = plain(value)
    if isinstance(out.get("type"), list) and len(out["type"]) == 1:
        out["type"] = out["type"][0]
    if out.get("additionalProperties") in (True, {}):
        del out["additionalProperties"]
    if out.get("required") == []:
        del out["required"]
    return out


def plain(value: Json) -> Json:
    """Return `value` with integral floats as integers, so that 1 and 1.0 are the same bound."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def ordered(values: Json) -> list[Any]:
    """Return the distinct members of a list that is a set, in canonical order."""
    members = {canonical(plain(value)): plain(value) for value in values}
    return [members[key] for key in sorted(members)]
