"""What a value worked out from a result is: counted, added up, compared, moved in time.

One list of functions for sampling, filters and scores, so that a derived value is the same wherever it is made anew.
Pure and total: a result that does not allow it gives None. Knows no tools.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from loopbuild.pointers import Found, at, find
from loopbuild.records import Json, Provenance

EXTREMES = {"largest": max, "smallest": min, "latest": max, "earliest": min}
"""The member of a list whose number or date, `by`, is the last or first of all; no two may share it."""
CHOICES = (*EXTREMES, "match", "matching")
"""Rules by which members of a list are chosen. `match`: the one whose `by` is `given`. `matching`: each that has it."""
COMPUTED = ("count", "sum", "difference", "shift")
"""Rules that give a value which stands nowhere: how many members (whose `by` is `given`), the sum of a leaf, a leaf
less another, a date some days later."""
RULES = (*CHOICES, *COMPUTED)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def derive(source: Provenance, result: Json) -> Json:
    """Return the value that `source`, of kind `derived`, gives over the result of its step; None where it gives none.

    A chosen value is looked for anew; of several that match, the one at the path of `source`.
    """
    if source.rule in CHOICES:
        found = chosen(source, result)
        if source.rule == "matching":
            found = tuple(one for one in found if one.path == source.path)
        return found[0].value if len(found) == 1 else None
    if source.rule == "count":
        items = _items(result, source.leaf)
        if source.by:
            items = [item for item in items if _beside(result, item, source.by) == source.given]
        return len(items) if items or _is_list(result, source.leaf) else None
    values = [one.value for one in find(result, source.leaf)]
    if source.rule == "sum":
        return _number(sum(map(_exact, values), Decimal(0))) if len(values) > 1 and _are_numbers(values) else None
    if len(values) != 1:
        return None
    if source.rule == "difference":
        others = [one.value for one in find(result, source.by)]
        if len(others) != 1 or not _are_numbers([*values, *others]):
            return None
        return _number(_exact(values[0]) - _exact(others[0]))
    return _moved(values[0], source.given) if source.rule == "shift" else None


def chosen(source: Provenance, result: Json) -> tuple[Found, ...]:
    """Return the values at the leaf of `source` in the members that its rule chooses; none where that is in doubt."""
    items = _items(result, source.leaf)
    known = [(_beside(result, item, source.by), item) for item in items]
    if source.rule in EXTREMES:
        values = [value for value, _ in known]
        if len(values) < 2 or any(value is None for value in values) or not (_are_numbers(values) or _are_days(values)):
            return ()
        best = EXTREMES[source.rule](values)
        picked = [item for value, item in known if value == best]
        picked = picked if len(picked) == 1 else []
    else:
        picked = [item for value, item in known if value == source.given and type(value) is type(source.given)]
        if source.rule == "match" and len(picked) != 1:
            return ()
    found = [Found(path=item + _rest(source.leaf), value=_beside(result, item, source.leaf)) for item in picked]
    return tuple(one for one in found if one.value is not None)


def head_of(leaf: str) -> str:
    """Return the schema pointer of the innermost member of a list that a leaf lies in: `/invoices/[]`."""
    return leaf[: leaf.rindex("/[]") + 3] if "/[]" in leaf else ""


def _rest(leaf: str) -> str:
    return leaf[len(head_of(leaf)) :]


def _items(result: Json, leaf: str) -> list[str]:
    """Return the paths of the members of the list that a leaf lies in."""
    return [one.path for one in find(result, head_of(leaf))] if head_of(leaf) else []


def _beside(result: Json, item: str, leaf: str) -> Json:
    return at(result, item + _rest(leaf))


def _is_list(result: Json, leaf: str) -> bool:
    return any(isinstance(one.value, list) for one in find(result, head_of(leaf).removesuffix("/[]")))


def _are_numbers(values: Sequence[Json]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _are_days(values: Sequence[Json]) -> bool:
    """Whether all are moments written alike, so that the order of their texts is that of time."""
    return all(isinstance(value, str) and _DAY.match(value) for value in values) and len({len(v) for v in values}) == 1


def _exact(value: float) -> Decimal:
    return Decimal(str(value))


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)


def _moved(value: Json, days: Json) -> Json:
    if not isinstance(value, str) or not isinstance(days, int) or not _DAY.match(value):
        return None
    try:
        return (date.fromisoformat(value[:10]) + timedelta(days=days)).isoformat() + value[10:]
    except (ValueError, OverflowError):
        return None
