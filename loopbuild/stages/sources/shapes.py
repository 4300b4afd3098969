"""Values that tools returned -> the schema they have in common: types united, what was ever missing optional.

Pure and deterministic. Formats are named only where every value seen has them; a schema of few values is evidence of
what there is, never of what there cannot be, so nothing is closed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from loopbuild.pointers import escaped
from loopbuild.records import Json

MAX_DEPTH = 12
MAX_PROPERTIES = 200
_SAID_BESIDE = frozenset(
    {"$schema", "type", "title", "description", "examples", "properties", "items", "additionalProperties", "deprecated"}
)
"""Keys of a declaration beside which nothing is said about what is inside."""
_FORMATS = {
    "uuid": re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z"),
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\Z"),
    "date": re.compile(r"\d{4}-\d\d-\d\d\Z"),
    "uri": re.compile(r"https?://[^\s]+\Z"),
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z"),
    "sha": re.compile(r"[0-9a-f]{40}\Z"),
}


def shape_of(values: Sequence[Json], depth: int = 0) -> dict[str, Json]:
    """Return a schema every one of `values` fits; `{}` for none, and for what lies too deep."""
    if not values or depth > MAX_DEPTH:
        return {}
    kinds = sorted({_kind(value) for value in values})
    if kinds == ["integer", "number"]:
        kinds = ["number"]
    schema: dict[str, Json] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    texts = [value for value in values if isinstance(value, str)]
    if texts and set(kinds) <= {"string", "null"}:
        found = next((name for name, form in _FORMATS.items() if all(form.match(text) for text in texts)), "")
        if found:
            schema["format"] = found
    items = [item for value in values if isinstance(value, list) for item in value]
    if items:
        schema["items"] = shape_of(items, depth + 1)
    objects = [value for value in values if isinstance(value, dict)]
    if objects:
        names = sorted({name for value in objects for name in value})
        # Hundreds of names are data used as keys, not fields.
        if len(names) > MAX_PROPERTIES:
            schema["additionalProperties"] = shape_of([item for value in objects for item in value.values()], depth + 1)
            return schema
        schema["properties"] = {
            name: shape_of([value[name] for value in objects if name in value], depth + 1) for name in names
        }
        required = [name for name in names if all(name in value for value in objects)]
        if required:
            schema["required"] = required
    return schema


def contradictions(declared: Json, observed: Json, pointer: str = "") -> list[tuple[str, Json]]:
    """Return (our pointer, observed types) of the leaves whose declared type no observed value has."""
    if not isinstance(declared, dict) or not isinstance(observed, dict):
        return []
    wanted, seen = _types(declared), _types(observed) - {"null"}
    if wanted and seen and not any(_fits(kind, wanted) for kind in seen):
        return [(pointer, sorted(seen))]
    found: list[tuple[str, Json]] = []
    properties, others = declared.get("properties"), observed.get("properties")
    if isinstance(properties, dict) and isinstance(others, dict):
        for name in sorted(set(properties) & set(others)):
            token = escaped(name)
            found += contradictions(properties[name], others[name], f"{pointer}/{token}")
    if isinstance(declared.get("items"), dict) and isinstance(observed.get("items"), dict):
        found += contradictions(declared["items"], observed["items"], f"{pointer}/[]")
    return found


def insides(declared: Json, observed: Json, pointer: str = "") -> dict[str, Json]:
    """Return our pointer -> the schema seen there, for every place the declaration leaves open: an object without
    properties, an array without items, a value of which nothing is said.

    References and alternatives are not looked through: what they name is declared.
    """
    if declared is True:
        declared = {}
    if not isinstance(declared, dict) or not isinstance(observed, dict) or not _types(observed) - {"null"}:
        return {}
    if not declared.keys() - _SAID_BESIDE and _is_open(declared, observed):
        return {pointer: observed}
    found: dict[str, Json] = {}
    properties, others = declared.get("properties"), observed.get("properties")
    if isinstance(properties, dict) and isinstance(others, dict):
        for name in sorted(set(properties) & set(others)):
            found |= insides(properties[name], others[name], f"{pointer}/{escaped(name)}")
    if isinstance(declared.get("items"), dict) and isinstance(observed.get("items"), dict):
        found |= insides(declared["items"], observed["items"], f"{pointer}/[]")
    return found


def _is_open(declared: dict[str, Json], observed: dict[str, Json]) -> bool:
    """Say whether what was seen tells more than what is declared, and nothing else."""
    wanted, seen = _types(declared), _types(observed) - {"null"}
    if declared.get("properties") or isinstance(declared.get("items"), dict):
        return False
    return not wanted or (seen <= wanted and bool({"properties", "additionalProperties", "items"} & observed.keys()))


def _types(schema: dict[str, Json]) -> set[str]:
    named = schema.get("type")
    return {named} if isinstance(named, str) else {str(name) for name in named} if isinstance(named, list) else set()


def _fits(kind: str, wanted: set[str]) -> bool:
    return kind in wanted or (kind == "integer" and "number" in wanted)


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "string")
