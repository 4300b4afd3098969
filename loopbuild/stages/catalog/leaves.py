"""A JSON Schema -> its leaves with pointers, and what a call must obey besides them.

Decides what a leaf is: a scalar, an array's item, an open object, or whatever lies too deep to look into. Knows no
names' meaning; see `meaning`. Pure.
"""

from __future__ import annotations

from loopbuild.digest import canonical, digest
from loopbuild.pointers import escaped
from loopbuild.records import Json
from loopbuild.stages.catalog.found import Found, Place, Walk
from loopbuild.stages.catalog.references import Resolver, Shared, component_of
from loopbuild.stages.catalog.spelling import WORDING, bare, ordered, plain
from loopbuild.stages.catalog.templates import Template, copied, key_of

MAX_DEPTH = 4
"""Properties on the way to a leaf; below lies one opaque leaf."""
MAX_NESTED = 32
"""Lists and alternatives within each other on the way to a leaf; an `allOf` that leads back to itself has no end."""
MAX_LEAVES = 2000
MAX_INLINED = 4000
"""Nodes of an opaque schema written out for its fingerprint."""
MAX_FOLLOWED = 20_000
"""References and alternatives followed within one schema; beyond lies nothing but malice."""
JSON_TYPES = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})
_COMBINATORS = ("anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "minProperties",
                "maxProperties", "patternProperties", "propertyNames", "unevaluatedProperties")  # fmt: skip
_UNREAD = frozenset((*WORDING, "$defs", "definitions"))
_ARRAY_RULES = ("minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains")


def walk(schema: Json, *, shared: Shared | None = None) -> Walk:
    """Return the leaves of `schema` sorted by pointer, at most MAX_LEAVES, and the rules around them."""
    resolver = Resolver(root=schema if isinstance(schema, dict) else {}, shared=shared)
    result = Walk()
    _visit(schema, result, resolver, Place())
    result.leaves.sort(key=lambda leaf: leaf.pointer)
    if len(result.leaves) > MAX_LEAVES:
        result.notes.append(f"{len(result.leaves)} leaves, only the first {MAX_LEAVES} are looked at")
        del result.leaves[MAX_LEAVES:]
    if resolver.followed > MAX_FOLLOWED:
        result.notes.append(f"its references unfold more than {MAX_FOLLOWED} times, the rest is not looked at")
    for ref in sorted(set(resolver.remote)):
        result.notes.append(f"`$ref` to `{ref}` is not followed: only references within the schema are")
    for ref in sorted(set(resolver.missing)):
        result.notes.append(f"`$ref` to `{ref}` points at nothing")
    return result


def _visit(schema: Json, result: Walk, resolver: Resolver, place: Place) -> None:
    template = _template(schema, resolver, place)
    if template is not None:
        room = 4 * MAX_LEAVES - len(result.leaves) - len(template.found.leaves)
        is_near = place.pointer.count("/") + template.nested < MAX_NESTED
        if is_near and room >= 0 and resolver.followed + template.followed <= MAX_FOLLOWED:
            resolver.followed += template.followed
            copied(template, result, place)
            return
    own = _shared_name(schema, resolver)
    schema, trail, is_cycle = resolver.follow(schema, place.trail)
    if not isinstance(schema, dict):
        schema = {}
    if len(result.leaves) > 4 * MAX_LEAVES or resolver.followed > MAX_FOLLOWED:
        return
    schema = _flat(schema, resolver, trail)
    _note_wording(schema, result, place)
    types = types_of(schema)
    if "default" in schema:
        result.defaults[place.pointer] = plain(schema["default"])
    if is_cycle or place.pointer.count("/") >= MAX_NESTED:
        _leaf(schema, types or ("object",), result, place, resolver, trail, extra="recursive", own=own)
        return
    is_object = "object" in types and set(types) <= {"object", "null"}
    is_array = "array" in types and set(types) <= {"array", "null"}
    if is_object and len(place.path) < MAX_DEPTH and _has_inside(schema):
        _object(schema, result, resolver, place, trail, own)
    elif is_object and not place.pointer:
        _remember_rules(schema, result, place)
    elif is_array and isinstance(schema.get("items"), dict):
        _array(schema, result, resolver, place, trail)
    elif (branches := _branches(schema)) and len(place.path) < MAX_DEPTH:
        for index, branch in enumerate(branches):
            inner = place.below(f"|{index}", is_required=False, trail=trail, container=place.container)
            _visit(branch, result, resolver, inner)
        _remember_rules(schema, result, place)
    else:
        _leaf(schema, types, result, place, resolver, trail, own=own)


def _template(schema: Json, resolver: Resolver, place: Place) -> Template | None:
    """Return what an object that is a shared schema consists of, looked at once for all places where it stands."""
    key = key_of(schema, resolver, place)
    if key is None or key.depth >= MAX_DEPTH or resolver.shared is None:
        return None
    known = resolver.shared.templates
    if key not in known:
        alone = Resolver(root={}, shared=resolver.shared)
        inner, trail, _ = alone.follow(schema, key.trail)
        flat = _flat(inner, alone, trail) if isinstance(inner, dict) else {}
        found = Walk()
        if set(types_of(flat)) in ({"object"}, {"object", "null"}) and _has_inside(flat):
            _note_wording(flat, found, Place())
            if "default" in flat:
                found.defaults[""] = plain(flat["default"])
            start = Place(pointer="", path=("",) * key.depth, trail=key.trail)
            _object(flat, found, alone, start, trail, component_of(key.ref))
            nested = max((leaf.pointer.count("/") for leaf in found.leaves), default=0)
            known[key] = Template(found=found, depth=key.depth, followed=alone.followed, nested=nested)
        else:
            known[key] = None
    return known[key]


def _object(
    schema: dict[str, Json], result: Walk, resolver: Resolver, place: Place, trail: tuple[str, ...], own: str
) -> None:
    required = [name for name in schema.get("required") or () if isinstance(name, str)]
    _remember_rules(schema, result, place)
    properties = schema.get("properties") or {}
    for name in sorted(properties):
        item = properties[name]
        if item is False:
            continue
        inner = place.below(token_of(name), name=name, is_required=name in required, trail=trail, container=own)
        _visit(item, result, resolver, inner)
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict) and rest:
        _visit(rest, result, resolver, place.below("*", is_required=False, trail=trail, container=own))


def _array(schema: dict[str, Json], result: Walk, resolver: Resolver, place: Place, trail: tuple[str, ...]) -> None:
    rules = {key: plain(schema[key]) for key in _ARRAY_RULES if schema.get(key) not in (None, 0, False)}
    inner = Place(
        pointer=place.pointer + "/[]",
        path=place.path,
        is_required=place.is_required,
        trail=trail,
        arrays=(*place.arrays, {**rules, "nullable": "null" in types_of(schema)}),
        description=_text(schema.get("description")) or place.description,
        container=place.container,
    )
    _visit(schema["items"], result, resolver, inner)


def _leaf(
    schema: dict[str, Json],
    types: tuple[str, ...],
    result: Walk,
    place: Place,
    resolver: Resolver,
    trail: tuple[str, ...],
    *,
    extra: str = "",
    own: str = "",
) -> None:
    if not place.pointer and not schema:
        return
    rules = _opaque(schema, resolver, trail) if not own else {"shared": _shared_digest(own, resolver)}
    rules["type"] = list(types)
    rules.pop("nullable", None)
    rules.pop("const", None)
    if "enum" in schema:
        rules["enum"] = ordered(schema["enum"])
    result.leaves.append(
        Found(
            pointer=place.pointer,
            path=place.path,
            types=types,
            schema=schema,
            is_required=place.is_required,
            description=_text(schema.get("description")) or place.description,
            rules={"schema": rules, "arrays": list(place.arrays), "extra": extra},
            container=place.container,
            component=own or _expanded(schema),
        )
    )


def _shared_name(schema: Json, resolver: Resolver) -> str:
    """Return the shared schema a reference names, empty for any other."""
    ref = schema.get("$ref") if isinstance(schema, dict) and resolver.shared is not None else None
    name = component_of(ref) if isinstance(ref, str) else ""
    return name if resolver.shared is not None and name in resolver.shared.definitions else ""


def _expanded(schema: dict[str, Json]) -> str:
    """Return the shared schema whose id a value is, where the source says so."""
    named = schema.get("x-expands")
    return str(named[0]) if isinstance(named, list) and named else ""


def _shared_digest(name: str, resolver: Resolver) -> str:
    """Return one digest for a shared schema and all it refers to, worked out once for its source."""
    shared = resolver.shared
    assert shared is not None
    if name not in shared.digests:
        target = shared.definitions.get(name)
        alone = Resolver(root={}, shared=shared)
        shared.digests[name] = digest("component", _opaque(target, alone, ("#/$defs/" + name,)))
    return shared.digests[name]


def _opaque(schema: Json, resolver: Resolver, trail: tuple[str, ...]) -> Json:
    """Return the rules of an unexplored schema, such that a changed reference target changes them.

    References are written out, so that inlining one is no change; where that would be large, the rules are those of
    every schema in reach.
    """
    try:
        return bare(_inlined(schema, resolver, trail, [MAX_INLINED]))
    except OverflowError:
        rules = bare(schema)
        return {**rules, "reached": {ref: bare(target) for ref, target in sorted(resolver.reachable(schema).items())}}


def _inlined(schema: Json, resolver: Resolver, trail: tuple[str, ...], budget: list[int]) -> Json:
    budget[0] -= 1
    if budget[0] < 0:
        raise OverflowError
    if isinstance(schema, list):
        return [_inlined(item, resolver, trail, budget) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        schema, trail, is_cycle = resolver.follow(schema, trail)
        if is_cycle or not isinstance(schema, dict):
            return {"recursive": True}
    return {key: _inlined(value, resolver, trail, budget) for key, value in schema.items() if key not in _UNREAD}


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


def token_of(name: str) -> str:
    """Return a property name as a pointer token; names that look like our own markers are escaped with `~2`."""
    token = escaped(name)
    return "~2" + token if token in ("[]", "*", "") or token.startswith("|") else token


def _flat(schema: dict[str, Json], resolver: Resolver, trail: tuple[str, ...], depth: int = 0) -> dict[str, Json]:
    """Return `schema` with `allOf` merged, `const` as an enum, and unions of scalars as one list of types."""
    if depth > 8 or resolver.followed > MAX_FOLLOWED:
        return schema
    if isinstance(schema.get("allOf"), list):
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            part, _, is_cycle = resolver.follow(part, trail)
            if isinstance(part, dict) and not is_cycle:
                merged = _both(merged, _flat(part, resolver, trail, depth + 1))
        schema = merged
    if "const" in schema and "enum" not in schema:
        schema = {**schema, "enum": [schema["const"]]}
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list) and schema[key] and "properties" not in schema:
            schema = _union(schema, key, resolver, trail, depth)
    return schema


def _both(one: dict[str, Json], other: dict[str, Json]) -> dict[str, Json]:
    merged = {**other, **one}
    for key in ("properties", "$defs", "definitions"):
        if isinstance(one.get(key), dict) and isinstance(other.get(key), dict):
            merged[key] = {**other[key], **one[key]}
    if isinstance(one.get("required"), list) or isinstance(other.get("required"), list):
        merged["required"] = sorted({*(one.get("required") or ()), *(other.get("required") or ())})
    return merged


def _union(
    schema: dict[str, Json], key: str, resolver: Resolver, trail: tuple[str, ...], depth: int
) -> dict[str, Json]:
    parts: list[dict[str, Json]] = []
    is_nullable = False
    for part in schema[key]:
        part, _, is_cycle = resolver.follow(part, trail)
        if not isinstance(part, dict) or is_cycle:
            return schema
        part = _flat(part, resolver, trail, depth + 1)
        if types_of(part) == ("null",):
            is_nullable = True
        else:
            parts.append(part)
    rest = {name: value for name, value in schema.items() if name != key}
    if len(parts) == 1:
        merged = {**parts[0], **rest}
        types = list(types_of(parts[0]))
        return {**merged, "type": [*types, "null"]} if is_nullable and types else merged
    types_found = sorted({name for part in parts for name in types_of(part)})
    if any(not types_of(part) or {"object", "array"} & set(types_of(part)) for part in parts):
        return schema
    merged = {**rest, "type": [*types_found, "null"] if is_nullable else types_found}
    if all(isinstance(part.get("enum"), list) for part in parts):
        merged["enum"] = [value for part in parts for value in part["enum"]] + ([None] if is_nullable else [])
    else:
        # Kept for the fingerprint alone: a bound of one alternative is no bound of the whole.
        merged["anyOf"] = sorted((bare(part) for part in parts), key=canonical)
    return merged


def _branches(schema: dict[str, Json]) -> list[Json]:
    for key in ("anyOf", "oneOf"):
        found = schema.get(key)
        if isinstance(found, list) and "type" not in schema:
            return sorted(found, key=lambda item: canonical(bare(item)))
    return []


def _has_inside(schema: dict[str, Json]) -> bool:
    rest = schema.get("additionalProperties")
    return bool(schema.get("properties")) or (isinstance(rest, dict) and bool(rest))


def _remember_rules(schema: dict[str, Json], result: Walk, place: Place) -> None:
    required = sorted({name for name in schema.get("required") or () if isinstance(name, str)})
    if required:
        result.required[place.pointer] = required
    rules = bare({key: schema[key] for key in _COMBINATORS if key in schema})
    if rules:
        result.combinators[place.pointer] = rules


def _note_wording(schema: dict[str, Json], result: Walk, place: Place) -> None:
    said = {key: schema[key] for key in WORDING if schema.get(key) not in (None, "", [], False)}
    if said:
        result.wording[place.pointer] = plain(said)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _json_type(value: Json) -> str:
    if value is None:
        return "null"
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return kinds.get(type(value), "object")
