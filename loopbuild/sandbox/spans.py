"""Pairs of moments by their names: which of two comes first, and a later moment for an earlier one.

Pure. Knows names and values only; whose they are is said in words, since guests arrive before they depart and trains
depart before they arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

_STARTS: tuple[tuple[str, ...], ...] = (("start",), ("from",), ("begin",), ("checkin",), ("check", "in"))
_ENDS: tuple[tuple[str, ...], ...] = (
    ("end",), ("to",), ("until",), ("due",), ("checkout",), ("check", "out"), ("return",),
)  # fmt: skip
END_WORDS = frozenset(words[0] for words in _ENDS if len(words) == 1)
"""Words by which the last of a pair is told from a moment that stands alone."""
_PARTNERS = {
    ("end",): ("start",), ("until",): ("from",), ("to",): ("from",), ("checkout",): ("checkin",),
    ("check", "out"): ("check", "in"), ("return",): ("departure",),
}  # fmt: skip
"""What the first of a pair is called where only the last is known; what is due has often no start."""
_TRAVELS = frozenset(
    ["flight", "train", "bus", "ferry", "ship", "journey", "trip", "leg", "route", "ride", "transfer", "shipment",
     "shuttle", "voyage", "connection", "delivery", "parcel", "vessel"]
)  # fmt: skip
_DAYS = frozenset({"date", "day"})
_LONGEST_DAYS = 14
_QUARTERS = 8


def is_later(last: tuple[str, ...], first: tuple[str, ...], *, about: Collection[str]) -> bool:
    """Say whether what is called `last` comes after what is called `first`; `about` are words for whose both are."""
    return _is_later(last, first, not _TRAVELS.isdisjoint(about))


@lru_cache(maxsize=50_000)
def _is_later(last: tuple[str, ...], first: tuple[str, ...], travels: bool) -> bool:
    goes, comes = _stay(travels)
    pairs = (((*_ENDS, comes), (*_STARTS, goes)), ((("return",),), (("departure",),)))
    return any(
        (rest := _without(last, end)) is not None and rest == _without(first, start)
        for ends, starts in pairs
        for end in ends
        for start in starts
    )


def earlier_name(name: str, *, about: Collection[str]) -> str:
    """Return the column that comes before the one called `name`, `arrival_date` for `departure_date`; empty if none."""
    words = tuple(name.split("_"))
    goes, comes = _stay(not _TRAVELS.isdisjoint(about))
    for end, start in (*_PARTNERS.items(), (comes, goes)):
        place = _place(words, end)
        if place >= 0:
            return "_".join((*words[:place], *start, *words[place + len(end) :]))
    return ""


def later(moment: object, below: Callable[[int], int], *, words: Collection[str] = ()) -> str:
    """Return a moment after one: days after a date, with its time kept; some quarters of an hour after a time of day.

    So also after a moment, where the one that is looked for is the end of a meeting by its `words`. Empty for what is
    no moment; `below` draws.
    """
    text = str(moment)
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return _later_today(text, below)
    if text[10:11] in ("T", " ") and _ends_soon(words) and (end := _soon_after(text, below)):
        return end
    try:
        return (day + timedelta(days=1 + below(_LONGEST_DAYS))).isoformat() + text[10:]
    except OverflowError:
        return ""  # 9999-12-31, as people write "for ever": nothing comes after it


def is_whole_day(words: Sequence[str]) -> bool:
    """Say whether a moment is called a day: the leave that starts and ends on a date begins and ends at midnight."""
    return words[-1:] in (("date",), ("day",))


def _ends_soon(words: Collection[str]) -> bool:
    """Say whether what is called so ends a meeting or a ride, not a stay."""
    if not _DAYS.isdisjoint(words):
        return False
    return "end" in words or {"arrival", "time"} <= set(words)


def _soon_after(text: str, below: Callable[[int], int]) -> str:
    try:
        end = datetime.fromisoformat(text[:16]) + timedelta(minutes=15 * (1 + below(_QUARTERS)))
    except (ValueError, OverflowError):
        return ""
    return f"{end.isoformat(sep=text[10], timespec='minutes')}{text[16:]}"


def _later_today(text: str, below: Callable[[int], int]) -> str:
    hour, minute, rest = text[:2], text[3:5], text[5:]
    if not (hour.isdecimal() and minute.isdecimal() and text[2:3] == ":"):
        return ""
    minutes = min(int(hour) * 60 + int(minute) + 15 * (1 + below(_QUARTERS)), 24 * 60 - 1)
    return f"{minutes // 60:02d}:{minutes % 60:02d}{rest}"


def _stay(travels: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what comes first and what last: a guest's arrival and departure, a train's the other way round."""
    return (("departure",), ("arrival",)) if travels else (("arrival",), ("departure",))


def _without(words: tuple[str, ...], part: tuple[str, ...]) -> tuple[str, ...] | None:
    place = _place(words, part)
    return None if place < 0 else words[:place] + words[place + len(part) :]


def _place(words: tuple[str, ...], part: tuple[str, ...]) -> int:
    return next((at for at in range(len(words)) if words[at : at + len(part)] == part), -1)
