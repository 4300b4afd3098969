"""Which JSON types a schema allows. Pure."""

from __future__ import annotations

from loopbuild.records import Json

JSON_TYPES = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})


def types_of(schema: dict[str, Json]) -> tuple[str, ...]:
    """Return the sorted JSON types a schema allows; empty when anything goes."""
    named = schema.get("type")
    names = {named} if isinstance(named, str) else {name for name in named if isinstance(name, str)} if named else set()
    names &= JSON_TYPES
    if not names and isinstance(schema.get("enum"), list):
        names = {_json_type(value) for value in schema["enum"]}
    if not names and isinstance(schema.get("properties"), dict):
        names = {"object"}
    if not names and isinstance(schema.get("items"), dict):
        names = {"array"}
    if names and schema.get("nullable") is True:
        names |= {"null"}
    if {"integer", "number"} <= names:
        names -= {"integer"}
    return tuple(sorted(names))


def _json_type(value: Json) -> str:
    if value is None:
        return "null"
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return kinds.get(type(value), "object")
