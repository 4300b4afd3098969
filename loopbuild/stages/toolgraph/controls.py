"""Values for a counterfactual: shaped like a real one, but of nothing that exists; and what counts as an answer.

Pure; seeded by the edge and the value, so the same replay makes the same calls.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Set
from datetime import date, timedelta

from loopbuild.digest import seed
from loopbuild.records import Json, SchemaLeaf, ToolResult

SMALL = 1_000
"""Integers below are as often counts as they are ids."""
_TRIES = 16
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_SPOKEN = re.compile(
    r"not.found|no such|does not exist|doesn't exist|could not find|unknown|no .* (named|with id)", re.I
)


def control(value: Json, leaf: SchemaLeaf, key: Json, *, taken: Set[str]) -> Json:
    """Return a stand-in for `value` that a caller might as well have passed; None when there is none.

    `taken` holds the `repr` of values known to exist. A leaf with an enum gets another member: what lies outside of it
    would be refused for its form, which proves nothing.
    """
    if leaf.enum:
        others = [item for item in leaf.enum if item != value and item is not None]
        return others[seed("control", key) % len(others)] if others else None
    for attempt in range(_TRIES):
        made = _stand_in(value, leaf, seed("control", [key, attempt]))
        if made is not None and made != value and repr(made) not in taken:
            return made
    return None


def values_needed(value: Json) -> int:
    """Return how many different values have to be accepted before that is no coincidence."""
    if isinstance(value, bool):
        return 1_000_000
    if isinstance(value, int | float):
        return 5 if abs(value) < SMALL else 2
    text = str(value)
    return 2 if len(text) >= 3 and (len(text) >= 10 or any(char.isdigit() for char in text)) else 3


def is_refused(result: ToolResult) -> bool:
    """Say whether a call was turned down, be it in words only."""
    if result.status == "tool_error":
        return True
    value = result.value
    if isinstance(value, dict) and set(value) == {"error"}:
        return True
    return isinstance(value, str) and len(value) < 300 and _SPOKEN.search(value) is not None


def is_empty(value: Json, arguments: Mapping[str, Json]) -> bool:
    """Say whether an answer tells nothing: no item, no text, no number but zero, only what was asked repeated."""
    if isinstance(value, dict):
        return all(is_empty(item, arguments) for item in value.values())
    if isinstance(value, list):
        return all(is_empty(item, arguments) for item in value)
    return not value or value in arguments.values()


def _stand_in(value: Json, leaf: SchemaLeaf, number: int) -> Json:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        low = 10 ** max(3, len(str(abs(value))))
        made = low + number % (9 * low)
        return made if leaf.maximum is None or made <= leaf.maximum else None
    if isinstance(value, float):
        return round(value + 1 + number % 9_000 / 7, 2)
    if not isinstance(value, str):
        return None
    day = _DATE.match(value)
    if day:
        try:
            moved = date(int(day[1]), int(day[2]), int(day[3])) + timedelta(days=30 + number % 300)
        except ValueError:
            return None
        return moved.isoformat() + value[10:]
    return _scrambled(value, leaf.format, number)


def _scrambled(value: str, form: str, number: int) -> str:
    """Return `value` with every digit and letter exchanged for one of its sort, prefix and punctuation kept."""
    # `R-1234` keeps its `R`: a server may refuse another prefix for its form alone.
    start = re.match(r"[A-Za-z]{1,5}(?=[-_:#/.]?\d)", value)
    head = start.end() if start and form != "uuid" else 0
    keep = value.rfind(".") if form in ("email", "uri", "url") and "." in value else len(value)
    out = list(value)
    for place in range(head, keep):
        number, draw = divmod(number * 6364136223846793005 + 1442695040888963407, 1 << 61)
        char = out[place]
        pool = string.digits if char.isdigit() else string.ascii_lowercase if char.islower() else string.ascii_uppercase
        if form == "uuid":
            pool = "0123456789abcdef"
        if char.isascii() and char.isalnum():
            out[place] = pool[draw % len(pool)]
        number += draw
    return "".join(out)
