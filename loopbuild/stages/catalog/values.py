"""Which values a leaf allows, and the fingerprint of that: everything about it but its name and its place. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

from loopbuild.digest import canonical, digest
from loopbuild.records import Json, Side
from loopbuild.stages.catalog.found import Found
from loopbuild.stages.catalog.references import Shared
from loopbuild.stages.catalog.spelling import ordered, plain

MAX_ENUM = 1000
"""Values of an enum kept in a leaf; its fingerprint and the schema itself have them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What a leaf's schema says about its values."""

    format: str
    enum: tuple[Json, ...]
    default: Json
    has_default: bool
    minimum: float | None
    maximum: float | None
    pattern: str
    examples: tuple[Json, ...]
    fingerprint: str


def values_of(found: Found, side: Side, shared: Shared | None) -> Values:
    """Return what a leaf's schema says; of a leaf within a shared schema worked out once for all its places."""
    if shared is None or side == "input" or not found.is_shared:
        return _values(found, side)
    # Whatever is shared keeps its rules alive in the templates, so no other object can have their number.
    key = (id(found.rules), found.is_required, found.nulls)
    known = shared.values.get(key)
    if known is None:
        known = shared.values[key] = _values(found, side)
    return known


def _values(found: Found, side: Side) -> Values:
    schema = found.schema
    rules = dict(found.rules)
    if side == "output":
        rules["required"] = found.is_required
        if found.nulls:  # of an input, the gate says so
            rules["nulls"] = list(found.nulls)
    return Values(
        format=schema["format"] if isinstance(schema.get("format"), str) else "",
        enum=tuple(ordered(schema["enum"])[:MAX_ENUM]) if isinstance(schema.get("enum"), list) else (),
        default=plain(schema.get("default")),
        has_default="default" in schema,
        minimum=_bound(schema, "minimum", "exclusiveMinimum", 1, found.types),
        maximum=_bound(schema, "maximum", "exclusiveMaximum", -1, found.types),
        pattern=schema["pattern"] if isinstance(schema.get("pattern"), str) else "",
        examples=_examples(schema),
        fingerprint=digest("leaf", rules),
    )


def _bound(schema: dict[str, Json], plain_key: str, open_key: str, step: int, types: tuple[str, ...]) -> float | None:
    """Return a bound as an inclusive one; an exclusive bound of a real number stays as it is."""
    value, opened = schema.get(plain_key), schema.get(open_key)
    if opened is True:  # draft 4 spelling
        opened, value = value, None
    bounds = [float(value)] if _is_number(value) else []
    if _is_number(opened):
        bounds.append(float(opened) + (step if "integer" in types else 0))
    if not bounds:
        return None
    return max(bounds) if step > 0 else min(bounds)


def _is_number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _examples(schema: dict[str, Json]) -> tuple[Json, ...]:
    listed = schema.get("examples")
    values = list(listed) if isinstance(listed, list) else []
    if "example" in schema:
        values.append(schema["example"])
    return tuple(sorted((plain(value) for value in values), key=canonical)[:20])
