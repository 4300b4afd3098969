"""A JSON Schema -> its leaves with pointers, and what a call must obey besides them.

Decides what a leaf is: a scalar, an array's item, an open object, or whatever lies too deep to look into. Knows no
names' meaning; see `meaning`. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from loopbuild.digest import digest
from loopbuild.pointers import escaped
from loopbuild.records import Json
from loopbuild.stages.catalog.branches import named_branches
from loopbuild.stages.catalog.flat import MAX_FOLLOWED, flat
from loopbuild.stages.catalog.found import Found, Place, Walk
from loopbuild.stages.catalog.jsontypes import types_of
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
_COMBINATORS = ("anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "minProperties",
                "maxProperties", "patternProperties", "propertyNames", "unevaluatedProperties", "also")  # fmt: skip
_UNREAD = frozenset((*WORDING, "$defs", "definitions"))
_ARRAY_RULES = ("minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains")
_SAYS_NOTHING = {"minItems": 0, "uniqueItems": False}


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
            copied(template, result, _entered(place, (), result))
            return
    own = _shared_name(schema, resolver)
    schema, trail, is_cycle = resolver.follow(schema, place.trail)
    if not isinstance(schema, dict):
        schema = {}
    if len(result.leaves) > 4 * MAX_LEAVES or resolver.followed > MAX_FOLLOWED:
        return
    schema = flat(schema, resolver, trail)
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
        _object(schema, result, resolver, _entered(place, types, result), trail, own)
    elif is_object and not place.pointer:
        _remember_rules(schema, result, place)
    elif is_array and isinstance(schema.get("items"), dict):
        _array(schema, result, resolver, place, trail)
    elif (branches := _branches(schema)) and len(place.path) < MAX_DEPTH:
        _union_of(branches, schema, result, resolver, place, trail)
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
        plainly = flat(inner, alone, trail) if isinstance(inner, dict) else {}
        found = Walk()
        if set(types_of(plainly)) in ({"object"}, {"object", "null"}) and _has_inside(plainly):
            _note_wording(plainly, found, Place())
            if "default" in plainly:
                found.defaults[""] = plain(plainly["default"])
            start = _entered(Place(pointer="", path=("",) * key.depth, trail=key.trail), types_of(plainly), found)
            _object(plainly, found, alone, start, trail, component_of(key.ref))
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


def _union_of(
    branches: list[Json],
    schema: dict[str, Json],
    result: Walk,
    resolver: Resolver,
    place: Place,
    trail: tuple[str, ...],
) -> None:
    def flatten(part: Json) -> dict[str, Json]:
        inner, on, is_cycle = resolver.follow(part, trail)
        if is_cycle:  # named as it would be from outside, looked into no further
            inner, on = resolver.target(part), trail
        return flat(inner, resolver, on) if isinstance(inner, dict) else {}

    is_null = [types_of(flatten(part)) == ("null",) for part in branches]
    place = _entered(place, ("null",) if any(is_null) else (), result)
    parts = [part for part, null in zip(branches, is_null, strict=True) if not null]
    for token, branch in named_branches(parts, flatten, lambda part: _opaque(part, resolver, trail)):
        inner = place.below(token, is_required=False, trail=trail, container=place.container)
        _visit(branch, result, resolver, inner)
    _remember_rules(schema, result, place)


def _entered(place: Place, types: tuple[str, ...], result: Walk) -> Place:
    """Return the inside of what stands at `place`; that it, or a list around it, may be null is remembered.

    So are the rules of those lists, which no leaf of an object has.
    """
    depth = place.pointer.count("/")
    nulls = {*place.nulls, *([depth] if "null" in types else [])}
    for back, rules in enumerate(reversed(place.arrays), 1):
        _rule(
            result,
            place.pointer[: -len("/[]") * back],
            {key: value for key, value in rules.items() if value is not False},
        )
        nulls |= {depth - back} if rules["nullable"] else set()
    if "null" in types:
        _rule(result, place.pointer, {"nullable": True})
    return replace(place, nulls=tuple(sorted(nulls)))


def _array(schema: dict[str, Json], result: Walk, resolver: Resolver, place: Place, trail: tuple[str, ...]) -> None:
    said = {key: plain(schema[key]) for key in _ARRAY_RULES if schema.get(key) is not None}
    rules = {key: value for key, value in said.items() if key not in _SAYS_NOTHING or value != _SAYS_NOTHING[key]}
    _remember_rules(schema, result, place)
    if isinstance(schema.get("prefixItems"), list):
        rules["prefixItems"] = [bare(item) for item in schema["prefixItems"]]
    inner = Place(
        pointer=place.pointer + "/[]",
        path=place.path,
        is_required=place.is_required,
        trail=trail,
        arrays=(*place.arrays, {**rules, "nullable": "null" in types_of(schema)}),
        description=_text(schema.get("description")) or place.description,
        container=place.container,
        nulls=place.nulls,
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
            nulls=place.nulls,
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


def token_of(name: str) -> str:
    """Return a property name as a pointer token; names that look like our own markers are escaped with `~2`."""
    token = escaped(name)
    return "~2" + token if token in ("[]", "*", "") or token.startswith("|") else token


def _branches(schema: dict[str, Json]) -> list[Json]:
    for key in ("anyOf", "oneOf"):
        found = schema.get(key)
        if isinstance(found, list) and "type" not in schema:
            return found
    return []


def _has_inside(schema: dict[str, Json]) -> bool:
    rest = schema.get("additionalProperties")
    return bool(schema.get("properties")) or (isinstance(rest, dict) and bool(rest))


def _remember_rules(schema: dict[str, Json], result: Walk, place: Place) -> None:
    required = sorted({name for name in schema.get("required") or () if isinstance(name, str)})
    if required:
        result.required[place.pointer] = required
    _rule(result, place.pointer, bare({key: schema[key] for key in _COMBINATORS if key in schema}))


def _rule(result: Walk, pointer: str, rules: dict[str, Json]) -> None:
    if rules:
        result.combinators[pointer] = {**(result.combinators.get(pointer) or {}), **rules}


def _note_wording(schema: dict[str, Json], result: Walk, place: Place) -> None:
    said = {key: schema[key] for key in WORDING if schema.get(key) not in (None, "", [], False)}
    if said:
        result.wording[place.pointer] = plain(said)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
