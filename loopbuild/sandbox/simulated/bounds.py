"""Which column of an answer a filter speaks of, and which side of it the filter bounds. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

from loopbuild.digest import seed
from loopbuild.records import Json, SchemaLeaf

Bound = Literal["", "low", "high"]

_LOW = frozenset({"min", "minimum", "from", "since", "after", "start", "begin"})
_HIGH = frozenset({"max", "maximum", "to", "until", "before", "end", "through"})
RANGE_WORDS = _LOW | _HIGH
_DAYS = ((), ("date",), ("time",), ("day",), ("datetime",), ("timestamp",))
"""What is left of a bound's name that speaks of the one moment a row shows."""


def spoken_of(leaf: SchemaLeaf, columns: Sequence[tuple[str, SchemaLeaf]], name: str) -> tuple[str, Bound]:
    """Return the column that a filter called `name` speaks of, empty for none, and from which side it bounds it.

    A bound is a bound of numbers or moments: `from` of a message that shows who it is from is compared as it stands.
    """
    side: Bound = "low" if _LOW & set(leaf.words) else "high" if _HIGH & set(leaf.words) else ""
    own = next((shown for column, shown in columns if column == name), None)
    if own is not None:
        return name, side if _is_ordered(own) else ""
    if not side:
        return "", ""
    rest = tuple(word for word in leaf.words if word not in RANGE_WORDS)
    is_number = bool({"integer", "number"} & set(leaf.types))
    alike = [(column, out) for column, out in columns if (_is_moment(out) if not is_number else _is_number(out))]
    if rest not in _DAYS:
        alike = [pair for pair in alike if set(rest) <= set(pair[1].words)]
        alike = [pair for pair in alike if pair[1].words == rest] or alike
    elif is_number:
        return "", ""
    return (alike[0][0], side) if len(alike) == 1 else ("", "")


def is_within(held: Json, bound: Json, side: Bound, *, words: Sequence[str] = ()) -> bool:
    """Say whether what a row holds lies on the right side; of moments no more is compared than the bound names."""
    if isinstance(held, str) and isinstance(bound, str):
        size = min(len(held), len(bound), 19)
        held, bound = held[:size], bound[:size]
    elif not isinstance(held, int | float) or not isinstance(bound, int | float):
        return False
    if held == bound:
        return not {"after", "before"} & set(words)
    return bool(held > bound) if side == "low" else bool(held < bound)


def beyond(held: Json, side: Bound, leaf: SchemaLeaf, key: Json) -> Json:
    """Return a bound within which a row lies that holds `held`; None where the leaf allows none."""
    step = 1 + seed("bound", key) % 9
    if isinstance(held, str):
        try:
            day = date.fromisoformat(held[:10]) + timedelta(days=-step if side == "low" else step)
        except (ValueError, OverflowError):
            return None
        return day.isoformat() + ("T00:00:00Z" if leaf.format == "date-time" else "")
    if isinstance(held, bool) or not isinstance(held, int | float):
        return None
    unit = 10.0 ** (math.floor(math.log10(abs(held))) - 1) if held else 1.0
    made = math.floor(held / unit - step) * unit if side == "low" else math.ceil(held / unit + step) * unit
    if leaf.minimum is not None:
        made = max(made, leaf.minimum)
    if leaf.maximum is not None:
        made = min(made, leaf.maximum)
    if "number" not in leaf.types:
        made = math.floor(made) if side == "low" else math.ceil(made)
    else:
        made = round(made, 4)
    return made if is_within(held, made, side, words=leaf.words) else None


def _is_ordered(leaf: SchemaLeaf) -> bool:
    return _is_number(leaf) or _is_moment(leaf)


def _is_number(leaf: SchemaLeaf) -> bool:
    return bool({"integer", "number"} & set(leaf.types)) and not leaf.enum


def _is_moment(leaf: SchemaLeaf) -> bool:
    return leaf.format in ("date", "date-time") or (not leaf.format and leaf.kind in ("date", "datetime"))
