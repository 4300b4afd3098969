"""Two values of one keyword of a schema -> whether every value that passed the old one passes the new one.

Sound, not complete: "wider" is only said where it is certain, whatever else the schema says. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import ceil
from typing import TypeGuard

from loopbuild.digest import canonical
from loopbuild.records import Json
from loopbuild.stages.catalog.jsontypes import types_of
from loopbuild.stages.catalog.spelling import plain

LOW = ("minLength", "minItems", "minProperties", "minContains")
HIGH = ("maxLength", "maxItems", "maxProperties", "maxContains")
_ASKS_LESS_ABSENT = frozenset(
    (*LOW, *HIGH, "uniqueItems", "multipleOf", "contains", "pattern", "format", "enum", "anyOf", "oneOf", "not", "if",
     "then", "else", "propertyNames", "dependentRequired", "dependentSchemas", "prefixItems")
)  # fmt: skip
"""Without the keyword whatever passed it passes; of `patternProperties` that is not so, names would be left over."""
_WITHOUT = {"minContains": 1}
"""What holds where the keyword is absent, if not nothing."""
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def is_wider(key: str, old: Json, new: Json) -> bool:
    """Say whether the new value of a keyword allows all that the old one did; None stands for an absent keyword."""
    if canonical(old) == canonical(new):
        return True
    if key == "nullable":
        return new is True
    if key in _WITHOUT:
        old, new = (_WITHOUT[key] if value is None else value for value in (old, new))
    if new is None or new is False:
        return key in _ASKS_LESS_ABSENT
    if key == "enum":
        return old is not None and {canonical(value) for value in old} <= {canonical(value) for value in new}
    if key in ("anyOf", "oneOf"):
        return _offers_more(old, new, is_one_of=key == "oneOf")
    if not _is_number(old) or not _is_number(new):
        return False
    if key == "multipleOf":
        return new > 0 and (_exact(old) / _exact(new)).denominator == 1
    return new <= old if key in LOW else new >= old if key in HIGH else False


def _offers_more(old: Json, new: Json, *, is_one_of: bool) -> bool:
    """Say whether all alternatives are still there; where only one may fit, no value of theirs may fit a new one."""
    if not isinstance(old, list) or not isinstance(new, list):
        return False
    known = {canonical(part) for part in old}
    if not known <= {canonical(part) for part in new}:
        return False
    fresh = [part for part in new if canonical(part) not in known]
    return not is_one_of or all(_exclude(one, other) for one in old for other in fresh)


def are_apart(parts: Sequence[Json]) -> bool:
    """Say whether no value can be of two of these schemas."""
    return all(_exclude(one, other) for one, other in combinations(parts, 2))


def _exclude(one: Json, other: Json) -> bool:
    """Say whether no value is of both: by types, by listed values, or by those of a property both cannot do without."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    if _are_disjoint(one, other):
        return True
    if not ("type" in one and "type" in other):
        return False
    left, right = (_kinds(part) for part in (one, other))
    if left and right and not left & right:
        return True
    shared = set(one.get("required") or ()) & set(other.get("required") or ())
    properties = [part.get("properties") or {} for part in (one, other)]
    return left == right == {"object"} and any(
        _are_disjoint(*(inner.get(name) for inner in properties)) for name in shared
    )


def _kinds(schema: dict[str, Json]) -> set[str]:
    return {"number" if name == "integer" else name for name in types_of(schema)}


def _are_disjoint(one: Json, other: Json) -> bool:
    """Say whether both list their values, and none is listed by both."""
    left, right = ({canonical(plain(value)) for value in _listed(schema)} for schema in (one, other))
    return bool(left) and bool(right) and not left & right


def _listed(schema: Json) -> list[Json]:
    if not isinstance(schema, dict):
        return []
    return [schema["const"]] if "const" in schema else schema.get("enum") or []


def bounds_wider(old: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
    """Say whether the range of numbers that the rules `new` allow holds that of `old`."""
    return _cut(new, *_LOW_END) <= _cut(old, *_LOW_END) and _cut(new, *_HIGH_END) <= _cut(old, *_HIGH_END)


def bounds_text(rules: Mapping[str, Json]) -> str:
    """Return a range for a screen: `1..9`, `above 3..9`; `none` without bounds."""
    low, high = (_end(rules, *keys) for keys in (_LOW_END[:2], _HIGH_END[:2]))
    return f"{low}..{high}" if low or high else "none"


_LOW_END = ("minimum", "exclusiveMinimum", 1)
_HIGH_END = ("maximum", "exclusiveMaximum", -1)


def _end(rules: Mapping[str, Json], plain: str, opened: str) -> str:
    if _is_number(rules.get(opened)):
        return f"{'above' if plain == 'minimum' else 'below'} {rules[opened]}"
    return "" if rules.get(plain) is None else f"{rules[plain]}"


def _cut(rules: Mapping[str, Json], plain: str, opened: str, sign: int) -> tuple[int, Fraction, bool]:
    """Return how much is cut off at one end: nothing, else up to where, and whether that goes as well."""
    included, excluded = rules.get(plain), rules.get(opened)
    if excluded is True:  # draft 4 spelling
        included, excluded = None, included
    types = rules.get("type") or ()
    is_whole = "integer" in types and "number" not in types
    ends = [_cut_at(sign * _exact(included), is_whole, False)] if _is_number(included) else []
    ends += [_cut_at(sign * _exact(excluded), is_whole, True)] if _is_number(excluded) else []
    return max(ends, default=(0, Fraction(0), False))


def _cut_at(value: Fraction, is_whole: bool, is_open: bool) -> tuple[int, Fraction, bool]:
    """Return a cut; of whole numbers the first that is left is named, however it was spelt."""
    if is_whole:
        first = value + 1 if is_open and value.denominator == 1 else Fraction(ceil(value))
        return 1, first, False
    return 1, value, is_open


def _exact(value: float) -> Fraction:
    return Fraction(str(value))


def _is_number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
