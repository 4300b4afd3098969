"""Schemas no value can satisfy, or that contradict themselves: found before anything is built on them.

Pure. Returns one sentence per flaw, with the pointer; it repairs nothing.
"""

from __future__ import annotations

from loopbuild.records import Json
from loopbuild.stages.catalog.jsontypes import JSON_TYPES

_MAX_DEPTH = 32


def flaws(schema: Json, *, is_strict: bool = True) -> list[str]:
    """Return what makes `schema` impossible, in document order.

    `is_strict` also objects to a required property that is nowhere declared: legal, yet nobody knows its values.
    """
    found: list[str] = []
    _look(schema, "", found, is_strict, 0)
    return found


def _look(schema: Json, pointer: str, found: list[str], is_strict: bool, depth: int) -> None:
    where = f"`{pointer or '/'}`"
    if schema is False:
        found.append(f"{where} is `false`, which no value satisfies")
        return
    if not isinstance(schema, dict):
        if schema is not True:
            found.append(f"{where} is no schema")
        return
    if depth > _MAX_DEPTH:
        found.append(f"{where} is nested too deeply")
        return
    _type_and_enum(schema, where, found)
    for low, high in (
        ("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
    ):  # fmt: skip
        if _is_number(schema.get(low)) and _is_number(schema.get(high)) and schema[low] > schema[high]:
            found.append(f"{where} has `{low}` {schema[low]} above `{high}` {schema[high]}")
    properties = schema.get("properties")
    if properties is not None and not isinstance(properties, dict):
        found.append(f"{where} has `properties` that are no object")
        return
    required = schema.get("required")
    if isinstance(required, list) and not any(key in schema for key in ("allOf", "anyOf", "oneOf", "$ref")):
        is_closed = schema.get("additionalProperties") is False
        if is_strict or is_closed:
            found.extend(
                f"{where} requires `{name}`, which it does not declare"
                for name in required
                if isinstance(name, str) and name not in (properties or {})
            )
    for name, item in (properties or {}).items():
        if item is False and not (isinstance(required, list) and name in required):
            continue  # a property that may not be set is legal as long as nobody must set it
        _look(item, f"{pointer}/{name}", found, is_strict, depth + 1)
    if isinstance(schema.get("items"), dict):
        _look(schema["items"], f"{pointer}/[]", found, is_strict, depth + 1)


def _type_and_enum(schema: dict[str, Json], where: str, found: list[str]) -> None:
    named = schema.get("type")
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    if named is not None and not isinstance(named, str | list):
        found.append(f"{where} has a `type` that is neither a name nor a list of names")
    unknown = [str(name) for name in names if not isinstance(name, str) or name not in JSON_TYPES]
    if unknown and len(unknown) == len(names):
        found.append(f"{where} has the unknown type `{unknown[0]}`")
        return
    values = schema.get("enum")
    if values is None:
        return
    if not isinstance(values, list) or not values:
        found.append(f"{where} has an `enum` without values")
    elif names and not any(_is_of(value, name) for value in values for name in names):
        found.append(f"{where} allows no value: none of its `enum` is of type {' or '.join(map(str, names))}")


def _is_of(value: Json, name: Json) -> bool:
    checks = {
        "null": value is None,
        "boolean": isinstance(value, bool),
        "integer": _is_number(value) and float(value).is_integer(),
        "number": _is_number(value),
        "string": isinstance(value, str),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }
    return checks.get(str(name), False)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
