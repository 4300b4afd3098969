"""Python annotations as text -> JSON Schema, without running anything.

Decides what the usual types mean to a caller who writes JSON. A type that is not known allows anything and is noted;
classes of the project become shared definitions, so that one may hold itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from loopbuild.records import Json

_BUILTIN: dict[str, Json] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "complex": {},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "None": {"type": "null"},
    "object": {},
    "dict": {"type": "object"},
    "list": {"type": "array"},
    "tuple": {"type": "array"},
    "set": {"type": "array", "uniqueItems": True},
    "frozenset": {"type": "array", "uniqueItems": True},
}
_KNOWN: dict[str, Json] = {
    "typing.Any": {},
    "typing.AnyStr": {"type": "string"},
    "typing.Text": {"type": "string"},
    "datetime.date": {"type": "string", "format": "date"},
    "datetime.datetime": {"type": "string", "format": "date-time"},
    "datetime.time": {"type": "string", "format": "time"},
    "datetime.timedelta": {"type": "string", "format": "duration"},
    "uuid.UUID": {"type": "string", "format": "uuid"},
    "pathlib.Path": {"type": "string", "format": "path"},
    "pathlib.PurePath": {"type": "string", "format": "path"},
    "decimal.Decimal": {"type": "number"},
    "fractions.Fraction": {"type": "number"},
    "pydantic.EmailStr": {"type": "string", "format": "email"},
    "pydantic.HttpUrl": {"type": "string", "format": "uri"},
    "pydantic.AnyUrl": {"type": "string", "format": "uri"},
    "pydantic.SecretStr": {"type": "string"},
    "pydantic.PositiveInt": {"type": "integer", "exclusiveMinimum": 0},
    "pydantic.NonNegativeInt": {"type": "integer", "minimum": 0},
    "ipaddress.IPv4Address": {"type": "string", "format": "ipv4"},
    "ipaddress.IPv6Address": {"type": "string", "format": "ipv6"},
}
_LISTS = frozenset(("list", "set", "frozenset", "List", "Set", "FrozenSet", "Sequence", "MutableSequence", "Iterable",
                    "Iterator", "Collection", "AbstractSet", "Generator", "AsyncIterator", "AsyncIterable",
                    "AsyncGenerator", "deque", "Deque", "KeysView", "ValuesView"))  # fmt: skip
_SETS = frozenset(("set", "frozenset", "Set", "FrozenSet", "AbstractSet"))
_MAPS = frozenset(("dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "DefaultDict", "Counter"))
_SEEN_THROUGH = frozenset(
    ("Awaitable", "Coroutine", "Required", "NotRequired", "ReadOnly", "Final", "ClassVar", "Type")
)
_BARE = {
    **{name: {"type": "array"} for name in (*_LISTS, "Tuple")},
    **{name: {"type": "object"} for name in _MAPS},
}
_LIMITS = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
    "regex": "pattern",
    "description": "description",
    "examples": "examples",
}
_MAX_DEPTH = 30

Resolve = Callable[[str], "str | Json"]
"""A dotted name as written -> the dotted name it stands for, or the schema of what the project defines."""


@dataclass(slots=True)
class Annotation:
    """Reads annotations of one module; `notes` gathers what was left open."""

    resolve: Resolve
    notes: list[str] = field(default_factory=list)

    def schema(self, text: str) -> Json:
        """Return the schema an annotation stands for."""
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return self._open(text)
        return self._schema(tree, 0)

    def _schema(self, node: ast.expr, depth: int) -> Json:
        if depth > _MAX_DEPTH:
            return self._open("...")
        if isinstance(node, ast.Constant):
            if node.value is None:
                return {"type": "null"}
            return self.schema(node.value) if isinstance(node.value, str) else self._open(repr(node.value))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return union([self._schema(part, depth + 1) for part in _alternatives(node)])
        if isinstance(node, ast.Subscript):
            return self._generic(node, depth)
        name = _dotted(node)
        return self._named(name) if name else self._open(ast.unparse(node))

    def _named(self, name: str) -> Json:
        found = self.resolve(name)
        if not isinstance(found, str):
            return found
        for table, key in ((_BUILTIN, found), (_KNOWN, found), (_BARE, found.rpartition(".")[2])):
            if key in table:
                return dict(table[key])
        return self._open(name)

    def _generic(self, node: ast.Subscript, depth: int) -> Json:
        name = _dotted(node.value)
        found = self.resolve(name) if name else ""
        kind = found.rpartition(".")[2] if isinstance(found, str) else ""
        parts = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if kind == "Literal":
            return _literal(parts) or self._open(ast.unparse(node))
        if kind == "Annotated":
            return self._annotated(parts, depth)
        if kind == "Optional":
            return union([self._schema(parts[0], depth + 1), {"type": "null"}])
        if kind == "Union":
            return union([self._schema(part, depth + 1) for part in parts])
        if kind in ("tuple", "Tuple"):
            return self._tuple(parts, depth)
        if kind in _LISTS:
            unique = {"uniqueItems": True} if kind in _SETS else {}
            return {"type": "array", "items": self._schema(parts[0], depth + 1), **unique}
        if kind in _MAPS:
            value = self._schema(parts[1], depth + 1) if len(parts) > 1 else {}
            return {"type": "object", "additionalProperties": value} if value else {"type": "object"}
        if kind in _SEEN_THROUGH:
            return self._schema(parts[-1], depth + 1)
        if not isinstance(found, str):
            return found  # a generic class of the project, whatever it was given
        return self._open(ast.unparse(node))

    def _tuple(self, parts: list[ast.expr], depth: int) -> Json:
        if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is Ellipsis:
            return {"type": "array", "items": self._schema(parts[0], depth + 1)}
        items = [self._schema(part, depth + 1) for part in parts]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}

    def _annotated(self, parts: list[ast.expr], depth: int) -> Json:
        schema = self._schema(parts[0], depth + 1)
        for extra in parts[1:]:
            if isinstance(extra, ast.Constant) and isinstance(extra.value, str):
                schema = {**schema, "description": extra.value}
            elif isinstance(extra, ast.Call):
                schema = {**schema, **limits(extra, schema)}
        return schema

    def _open(self, text: str) -> Json:
        self.notes.append(text)
        return {}


def limits(call: ast.Call, schema: Json) -> dict[str, Json]:
    """Return what `Field(gt=0, description="...")` and its like say about values."""
    out: dict[str, Json] = {}
    name = _dotted(call.func).rpartition(".")[2]
    if name in ("Doc", "Gt", "Ge", "Lt", "Le", "MultipleOf", "MinLen", "MaxLen") and call.args:
        key = {"Doc": "description", "MinLen": "min_length", "MaxLen": "max_length", "MultipleOf": "multiple_of"}
        pairs = [(key.get(name, name.lower()), call.args[0])]
    else:
        pairs = [(word.arg or "", word.value) for word in call.keywords]
    for word, value in pairs:
        try:
            plain = ast.literal_eval(value)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        is_array = isinstance(schema, dict) and schema.get("type") == "array"
        if word in ("min_length", "max_length"):
            out[f"{word[:3]}{'Items' if is_array else 'Length'}"] = plain
        elif word in _LIMITS and is_json(plain):
            out[_LIMITS[word]] = plain
    return out


def union(parts: list[Json]) -> Json:
    """Return the schema of a choice; one that allows anything swallows the others."""
    if any(part == {} for part in parts):
        return {}
    plain = [part for part in parts if isinstance(part, dict) and set(part) == {"type"}]
    if len(plain) == len(parts):
        names = list(dict.fromkeys(str(part["type"]) for part in plain))
        return {"type": names[0] if len(names) == 1 else names}
    values = [part for part in parts if part != {"type": "null"}]
    if len(values) == 1 and len(parts) == 2 and isinstance(values[0].get("type"), str):
        nullable = {**values[0], "type": [values[0]["type"], "null"]}
        if "enum" in nullable:
            nullable["enum"] = [*nullable["enum"], None]
        return nullable
    return {"anyOf": parts}


def is_json(value: object) -> bool:
    """Say whether a literal is a JSON value."""
    if isinstance(value, list | tuple):
        return all(is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(item) for key, item in value.items())
    if isinstance(value, float):
        return value == value and abs(value) != float("inf")
    return value is None or isinstance(value, str | bool | int)


def _literal(parts: list[ast.expr]) -> Json:
    values: list[Json] = []
    for part in parts:
        if isinstance(part, ast.Name):  # a text whose quotes were lost: nothing else has no dot here
            values.append(part.id)
            continue
        try:
            value = ast.literal_eval(part)
        except (ValueError, TypeError, SyntaxError):
            return None
        if not is_json(value):
            return None
        values.append(value)
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    names = list(dict.fromkeys(kinds[type(value)] for value in values if type(value) in kinds))
    return {"type": names[0] if len(names) == 1 else names, "enum": values}


def _alternatives(node: ast.expr) -> list[ast.expr]:
    """Return the members of `a | b | c`; a loop, because a long union is a deep tree."""
    found: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    if isinstance(node, ast.Constant) and node.value is None:
        return "None"
    return ""
