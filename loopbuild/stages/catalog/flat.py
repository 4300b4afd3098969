"""A schema without what can be spelt otherwise: `allOf` merged, `const` as an enum, scalar unions as one list of types.

What no merged keyword can say is kept beside, for the fingerprint. Pure.
"""

from __future__ import annotations

from loopbuild.digest import canonical
from loopbuild.records import Json
from loopbuild.stages.catalog.jsontypes import types_of
from loopbuild.stages.catalog.references import Resolver
from loopbuild.stages.catalog.spelling import bare
from loopbuild.stages.catalog.widths import are_apart

MAX_FOLLOWED = 20_000
"""References and alternatives followed within one schema; beyond lies nothing but malice."""
ALSO = "also"
"""Our own keyword for rules that hold as well, though another rule has their place."""
_MERGED = ("properties", "$defs", "definitions", "required", ALSO)


def flat(schema: dict[str, Json], resolver: Resolver, trail: tuple[str, ...], depth: int = 0) -> dict[str, Json]:
    """Return `schema` with `allOf` merged, `const` as an enum, and unions of scalars as one list of types."""
    if depth > 8 or resolver.followed > MAX_FOLLOWED:
        return schema
    if isinstance(schema.get("allOf"), list):
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            part, _, is_cycle = resolver.follow(part, trail)
            if isinstance(part, dict) and not is_cycle:
                merged = _both(merged, flat(part, resolver, trail, depth + 1))
        schema = merged
    if "const" in schema:
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
    merged = _with(merged, _overruled(one, other))
    if isinstance(one.get("required"), list) or isinstance(other.get("required"), list):
        merged["required"] = sorted({*(one.get("required") or ()), *(other.get("required") or ())})
    return merged


def _union(
    schema: dict[str, Json], key: str, resolver: Resolver, trail: tuple[str, ...], depth: int
) -> dict[str, Json]:
    parts: list[dict[str, Json]] = []
    nulls: list[dict[str, Json]] = []
    for part in schema[key]:
        part, _, is_cycle = resolver.follow(part, trail)
        if not isinstance(part, dict) or is_cycle:
            return schema
        part = flat(part, resolver, trail, depth + 1)
        if types_of(part) == ("null",):
            nulls.append(part)
        else:
            parts.append(part)
    rest = {name: value for name, value in schema.items() if name != key}
    if key == "oneOf" and not are_apart([*parts, *nulls]):
        rest = _with(rest, {key: sorted((bare(part) for part in schema[key]), key=canonical)})
    if len(parts) == 1:
        merged = _with({**parts[0], **rest}, _overruled(rest, parts[0]))
        types = list(types_of(parts[0]))
        return {**merged, "type": [*types, "null"]} if nulls and types else merged
    types_found = sorted({name for part in parts for name in types_of(part)})
    if any(not types_of(part) or {"object", "array"} & set(types_of(part)) for part in parts):
        return schema
    merged = {**rest, "type": [*types_found, "null"] if nulls else types_found}
    if all(isinstance(part.get("enum"), list) for part in parts):
        merged["enum"] = [value for part in parts for value in part["enum"]] + ([None] if nulls else [])
    else:
        # Kept for the fingerprint alone: a bound of one alternative is no bound of the whole.
        merged["anyOf"] = sorted((bare(part) for part in parts), key=canonical)
    return _with(merged, _overruled({key: merged[key] for key in ("type", "enum") if key in merged}, rest))


def _overruled(kept: dict[str, Json], other: dict[str, Json]) -> dict[str, Json]:
    """Return the rules of `other` in whose place those of `kept` stand, though both hold."""
    rules = bare({key: other[key] for key in other if key in kept and key not in _MERGED})
    return {key: rule for key, rule in rules.items() if canonical(rule) != canonical(bare({key: kept[key]}).get(key))}


def _with(schema: dict[str, Json], overruled: dict[str, Json]) -> dict[str, Json]:
    """Return `schema`, with the rules it overrules kept for the fingerprint alone."""
    return {**schema, ALSO: [*(schema.get(ALSO) or ()), overruled]} if overruled else schema
