"""The short spelling of schemas: `{"role_id": "string", "reason?": "string"}` becomes JSON Schema.

Decides what counts as shorthand and what as a JSON Schema fragment. Knows no tools and no files.
"""

from __future__ import annotations

from loopbuild.pointers import escaped
from loopbuild.records import Json

TYPES: dict[str, Json] = {
    "string": {"type": "string"},
    "str": {"type": "string"},
    "text": {"type": "string"},
    "char": {"type": "string"},
    "integer": {"type": "integer"},
    "int": {"type": "integer"},
    "long": {"type": "integer"},
    "number": {"type": "number"},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "decimal": {"type": "number"},
    "boolean": {"type": "boolean"},
    "bool": {"type": "boolean"},
    "object": {"type": "object"},
    "dict": {"type": "object"},
    "map": {"type": "object"},
    "hashmap": {"type": "object"},
    "array": {"type": "array"},
    "list": {"type": "array"},
    "tuple": {"type": "array"},
    "null": {"type": "null"},
    "none": {"type": "null"},
    "any": {},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "date-time": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "email": {"type": "string", "format": "email"},
    "uuid": {"type": "string", "format": "uuid"},
    "uri": {"type": "string", "format": "uri"},
    "url": {"type": "string", "format": "uri"},
}
"""Type names in lower case -> the schema they stand for. Only the first column of real JSON Schema is kept verbatim."""

_KEYWORD_TEXT = """type title description default default_value enum allowed_values const examples example format
    pattern minimum
    maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength items prefixItems minItems maxItems
    uniqueItems properties required optional additionalProperties patternProperties minProperties maxProperties anyOf
    oneOf allOf not if then else deprecated nullable readOnly writeOnly $ref $defs definitions $schema $comment
    contentEncoding contentMediaType"""
_KEYWORDS = frozenset(_KEYWORD_TEXT.split())
_SHAPED = ("anyOf", "oneOf", "allOf", "$ref", "enum", "const")


class BadShape(ValueError):
    """A spelling that means nothing; `pointer` is the place below the value that was handed in."""

    def __init__(self, message: str, *, pointer: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer
        self.hint = hint


def schema_of(value: Json, pointer: str = "") -> Json:
    """Return the JSON Schema a container (`parameters`, `returns`) stands for.

    An object is JSON Schema only when its `type` is an object type *and* `properties` is an object: `{"type":
    "string"}` is a parameter named `type`. Raises BadShape with the place of the first spelling that means nothing.
    """
    if value is None:
        return {"type": "object", "properties": {}}
    if isinstance(value, dict) and is_json_schema(value):
        return tidy(value, pointer)
    if isinstance(value, dict):
        return _object(value, pointer)
    return shorthand(value, pointer)


def is_json_schema(value: Json) -> bool:
    """Say whether a container is spelled as JSON Schema."""
    return (
        isinstance(value, dict)
        and _type_name(value.get("type")) == "object"
        and isinstance(value.get("properties"), dict)
    )


def shorthand(value: Json, pointer: str = "") -> Json:
    """Return the JSON Schema of one property: a type name, a list of one spelling, a fragment or a nested object."""
    if isinstance(value, str):
        return _named(value, pointer)
    if isinstance(value, bool):
        if value:
            return {}
        raise BadShape("a property of `false` can never have a value", pointer=pointer)
    if isinstance(value, list):
        if len(value) > 1:
            raise BadShape(
                "a list stands for an array and names one item type",
                pointer=pointer,
                hint='write `{"type": "string", "enum": [...]}` for a choice of values',
            )
        return {"type": "array", "items": shorthand(value[0], pointer + "/0")} if value else {"type": "array"}
    if isinstance(value, dict):
        if not value:
            return {}
        return tidy(value, pointer) if _is_fragment(value) else _object(value, pointer)
    raise BadShape(f"`{value!r}` names no type", pointer=pointer, hint='write a type name such as "string"')


def tidy(schema: Json, pointer: str = "") -> Json:
    """Return a JSON Schema fragment with foreign habits removed.

    Type names in any case, boolean `required` per property, `default_value`, `allowed_values` (empty means none).
    """
    if not isinstance(schema, dict):
        return shorthand(schema, pointer)
    out: dict[str, Json] = {}
    for key, value in schema.items():
        if key == "type":
            out.update(_tidy_type(value, schema, pointer + "/type"))
        elif key == "default_value":
            out.setdefault("default", value)
        elif key == "allowed_values":
            if isinstance(value, list) and value:
                out["enum"] = value
        elif key == "properties" and isinstance(value, dict):
            out[key] = {name: tidy(item, f"{pointer}/properties/{_token(name)}") for name, item in value.items()}
        elif key == "items" and not isinstance(value, bool):
            out[key] = shorthand(value, pointer + "/items") if not isinstance(value, dict) else tidy(value, pointer)
        elif key in ("required", "optional") and isinstance(value, bool):
            continue
        else:
            out[key] = value
    inner = schema.get("properties")
    if isinstance(inner, dict):
        required = _required(schema, inner)
        if required or isinstance(schema.get("required"), list):
            out["required"] = required
    return out


def _required(schema: dict[str, Json], inner: dict[str, Json]) -> list[str]:
    declared = schema.get("required")
    names = [str(name) for name in declared] if isinstance(declared, list) else []
    for name, item in inner.items():
        if isinstance(item, dict) and item.get("required") is True and name not in names:
            names.append(name)
    return names


def _object(value: dict[str, Json], pointer: str) -> Json:
    properties: dict[str, Json] = {}
    required: list[str] = []
    for key, item in value.items():
        name = key.removesuffix("?")
        where = f"{pointer}/{_token(key)}"
        if not name:
            raise BadShape("a property without a name", pointer=where)
        if name in properties:
            raise BadShape(f"property `{name}` is written twice, once with `?`", pointer=where)
        properties[name] = shorthand(item, where)
        if name == key and not _is_optional(item):
            required.append(name)
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _is_optional(item: Json) -> bool:
    if not isinstance(item, dict) or not _is_fragment(item):
        return False
    return item.get("required") is False or item.get("optional") is True


def _is_fragment(value: dict[str, Json]) -> bool:
    if "type" in value:
        named = value["type"]
        names = named if isinstance(named, list) else [named]
        if not names or any(_type_name(name) is None for name in names):
            return False
        # {"type": "string", "name": "string"} is an object with two fields, {"type": "string", "unit": "days"} is not.
        foreign = [key for key in value if key not in _KEYWORDS and not key.startswith("x-")]
        return not (foreign and all(_reads_as_field(value[key]) for key in foreign))
    return any(key in value for key in _SHAPED) and all(key in _KEYWORDS or key.startswith("x-") for key in value)


def _reads_as_field(value: Json) -> bool:
    try:
        shorthand(value)
    except BadShape:
        return False
    return True


def _named(name: str, pointer: str) -> Json:
    plain = name.strip()
    if plain.endswith("[]"):
        return {"type": "array", "items": _named(plain[:-2], pointer)}
    schema = TYPES.get(plain.casefold())
    if schema is None:
        raise BadShape(
            f"`{name}` names no type", pointer=pointer, hint="string, integer, number, boolean, object, array"
        )
    return dict(schema)


def _tidy_type(value: Json, schema: dict[str, Json], pointer: str) -> dict[str, Json]:
    if isinstance(value, list):
        return {"type": [_type_name(item) or item for item in value]}
    if not isinstance(value, str):
        raise BadShape("`type` is neither a name nor a list of names", pointer=pointer)
    known = TYPES.get(value.casefold())
    if known is None:
        raise BadShape(f"`{value}` names no type", pointer=pointer)
    return {key: item for key, item in known.items() if key == "type" or key not in schema}


def _type_name(value: Json) -> str | None:
    if not isinstance(value, str) or value.casefold() not in TYPES:
        return None
    return str(TYPES[value.casefold()].get("type", "any"))


def _token(name: str) -> str:
    return escaped(name)
