"""Dates, times and numbers as people write them -> what they mean, one spelling for each meaning.

Decides which ways of writing are understood: `May 8th`, `8 May 2026`, `2:30 pm`, `1,500`, `five`. What has two
meanings (5/8/2026, half past an hour nobody names) has none here. A phrase is read whole: no 5 in 5,000, no 2:30 in
2:30 pm. Pure; knows no values of rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise
from typing import Any

from loopbuild.llm.spoken_numbers import SPOKEN, value_of
from loopbuild.records import Json

THIS_YEAR = 2026
"""Of a date without a year in a text without any: the one every sandbox's clock stands in."""

Meaning = tuple[str, Any]
"""(`date`, `2026-05-08`), (`time`, `14:30:00`), (`datetime`, both), (`number`, 5); (`day`, `05-08`): no year said."""

_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY = r"(\d{1,2})(?:st|[nr]d|th)?"
_YEAR = r"(?:,?\s+((?:19|20)\d\d))?(?!\d)(?!\w)"
_ISO_DATE = re.compile(r"(?<!\w)(\d{4})[-/](\d\d)[-/](\d\d)(?!\w)")
_MONTH_FIRST = re.compile(rf"(?<!\w){_MONTH}\s+(?:the\s+)?{_DAY}(?!\d){_YEAR}", re.IGNORECASE)
_DAY_FIRST = re.compile(rf"(?<!\w){_DAY}\s+(?:of\s+)?{_MONTH}{_YEAR}", re.IGNORECASE)
_DAYS = re.compile(rf"(?<!\w){_MONTH}\s+{_DAY}\s?[-–]\s?{_DAY}{_YEAR}", re.IGNORECASE)
"""`March 2-6, 2026`: two dates."""
_SLASHED = re.compile(r"(?<![\w/])(\d{1,2})/(\d{1,2})/(\d{4})(?![\w/])")
_ISO_DATETIME = re.compile(r"(?<!\w)(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?(?!\w)")
_HALF_DAY = re.compile(
    r"(?<![\w:.])(\d{1,2})(?:[:.]([0-5]\d))?(?::([0-5]\d))?\s?([ap])(?:\.m\.|\.?m(?!\w))", re.IGNORECASE
)
_WHOLE_DAY = re.compile(r"(?<![\w:.])(\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?Z?(?![\w:])(?!\s?[ap]\.?m)")
_NAMED = re.compile(r"(?<!\w)(noon|midnight)(?!\w)", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"(?:(k)|\s(hundred|thousand|million))?(?!\w)(?!,\d{3}(?!\d))"
)
_TIMES = {"k": 1_000, "hundred": 100, "thousand": 1_000, "million": 1_000_000}
_WEEKDAY = r"(?:(?:Mon|Tue|Tues|Wednes|Wed|Thurs|Thu|Fri|Satur|Sat|Sun)(?:day)?,?\s*)?"
_DATE_TO_TIME = re.compile(r"[\s,]*(at|from|by|until|till|@|around|starting at)?\s*")
_TIME_TO_DATE = re.compile(rf"[\s,]*(on|of)?\s*{_WEEKDAY}(?:the\s)?", re.IGNORECASE)
_TO = re.compile(r"\s*(?:to|until|till|and|-|–)\s*")


@dataclass(frozen=True, slots=True)
class Reading:
    """One phrase of a text and what it means."""

    start: int
    end: int
    means: Meaning

    @property
    def span(self) -> tuple[int, int]:
        """From where to where it goes."""
        return self.start, self.end


def meaning(value: Json) -> Meaning | None:
    """Return what a value means that people write in several ways; None for all others, ids of digits among them."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _number(str(value))
    if not isinstance(value, str):
        return None
    if found := _ISO_DATETIME.fullmatch(value):
        return _datetime(found)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return _date(int(value[:4]), int(value[5:7]), int(value[8:]))
    if (found := _WHOLE_DAY.fullmatch(value)) and int(found[1]) < 24:
        return ("time", _clock(int(found[1]), found[2], found[3], found[4]))
    return None


@lru_cache(maxsize=64)  # A row asks for each of its texts about seven times.
def readings(text: str) -> tuple[Reading, ...]:
    """Return every date, time and number of a text, in no order; a date with its time is each alone and both."""
    whole = [Reading(*found.span(), made) for found in _ISO_DATETIME.finditer(text) if (made := _datetime(found))]
    rest = blanked(text, (one.span for one in whole))
    dates = list(_dates(rest))
    rest = blanked(rest, (one.span for one in dates))
    times = list(_times(rest))
    together = list(_together(text, [one for one in dates if one.means[0] == "date"], times))
    rest = blanked(rest, (one.span for one in times))
    return (*whole, *dates, *times, *together, *_numbers(rest))


def days_of(found: list[Reading]) -> set[Meaning]:
    """Return the dates among readings as days of any year."""
    dates = (one.means[1] for one in found if one.means[0] in ("date", "datetime"))
    return {("day", str(text)[5:10]) for text in dates}


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the text with blanks for parts of it, all else in its place."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


# -- dates ---------------------------------------------------------------------------------------------------------


def _dates(text: str) -> Iterator[Reading]:
    found = list(_dated(text))
    years = {year for _, _, year, _, _ in found if year} or {THIS_YEAR}
    # One year said holds for all dates of a text; where two are, a date without one means nothing.
    unsaid = years.pop() if len(years) == 1 else 0
    for start, end, year, month, day in found:
        means = _date(year or unsaid, month, day)
        if means is not None:
            yield Reading(start, end, means)
        if not year:
            yield Reading(start, end, ("day", f"{month:02}-{day:02}"))


def _dated(text: str) -> Iterator[tuple[int, int, int, int, int]]:
    """Places, year (0: none said), month and day."""
    taken: set[int] = set()
    for pattern in (_ISO_DATE, _DAYS, _MONTH_FIRST, _DAY_FIRST, _SLASHED):
        for found in pattern.finditer(text):
            start, end = found.span()
            if taken & set(range(start, end)):
                continue
            parts = list(_parts(pattern, found))
            taken |= set(range(start, end)) if parts else set()
            yield from ((start, end, *part) for part in parts)


def _parts(pattern: re.Pattern[str], found: re.Match[str]) -> Iterator[tuple[int, int, int]]:
    if pattern is _ISO_DATE:
        yield int(found[1]), int(found[2]), int(found[3])
    elif pattern is _SLASHED:
        one, two, year = int(found[1]), int(found[2]), int(found[3])
        if one == two or two > 12:
            yield year, one, two
        elif one > 12:
            yield year, two, one
    elif pattern is _DAYS:
        for day in (found[2], found[3]):
            yield int(found[4] or 0), _month(found[1]), int(day)
    else:
        month, day = (found[1], found[2]) if pattern is _MONTH_FIRST else (found[2], found[1])
        yield int(found[3] or 0), _month(month), int(day)


def _month(name: str) -> int:
    return _NAMES.index(name[:3].lower()) + 1


def _date(year: int, month: int, day: int) -> Meaning | None:
    try:
        return ("date", date(year, month, day).isoformat())
    except ValueError:
        return None


# -- times ---------------------------------------------------------------------------------------------------------


def _times(text: str) -> Iterator[Reading]:
    for found in _HALF_DAY.finditer(text):
        if 1 <= int(found[1]) <= 12:
            hour = int(found[1]) % 12 + (12 if found[4] in "pP" else 0)
            yield Reading(*found.span(), ("time", _clock(hour, found[2], found[3], "")))
    for found in _WHOLE_DAY.finditer(text):
        if int(found[1]) < 24:
            yield Reading(*found.span(), ("time", _clock(int(found[1]), found[2], found[3], found[4])))
    for found in _NAMED.finditer(text):
        yield Reading(*found.span(), ("time", "12:00:00" if found[1].lower() == "noon" else "00:00:00"))


def _clock(hour: int, minute: str | None, second: str | None, part: str | None) -> str:
    split = (part or "").rstrip("0")
    return f"{hour:02}:{minute or '00'}:{second or '00'}" + (f".{split}" if split else "")


def _datetime(found: re.Match[str]) -> Meaning | None:
    """An offset is part of the meaning; without one, or with none to speak of, it is the day's own time."""
    clock = _WHOLE_DAY.fullmatch(found[2])
    year, month, day = (int(part) for part in found[1].split("-"))
    if clock is None or int(clock[1]) > 23 or _date(year, month, day) is None:
        return None
    offset = "" if found[3] in (None, "Z", "+00:00", "+0000") else found[3].replace(":", "")
    return ("datetime", f"{found[1]}T{_clock(int(clock[1]), clock[2], clock[3], clock[4])}{offset}")


def _together(text: str, dates: list[Reading], times: list[Reading]) -> Iterator[Reading]:
    """`June 30, 2026 at 3 pm`; each time goes with one date, that with `at` or `on` between them before another."""
    times = sorted(times, key=lambda one: one.start)
    day_of = {one: found for one in times if (found := _day_of(one, text, dates)) is not None}
    for one, other in (*pairwise(times), *((b, a) for a, b in pairwise(times))):
        first, last = sorted((one, other), key=lambda reading: reading.start)
        if one in day_of and other not in day_of and _TO.fullmatch(text[first.end : last.start]):
            day_of[other] = day_of[one]
    for one, day in day_of.items():
        means = ("datetime", f"{day.means[1]}T{one.means[1]}")
        yield Reading(min(one.start, day.start), max(one.end, day.end), means)


def _day_of(time: Reading, text: str, dates: list[Reading]) -> Reading | None:
    found: list[tuple[bool, Reading]] = []
    for day in dates:
        if day.end <= time.start:
            gap = _DATE_TO_TIME.fullmatch(text[day.end : time.start])
        else:
            gap = _TIME_TO_DATE.fullmatch(text[time.end : day.start])
        if gap is not None:
            found.append((gap[1] is None, day))
    return min(found, key=lambda pair: (pair[0], pair[1].start))[1] if found else None


# -- numbers -------------------------------------------------------------------------------------------------------


def _numbers(text: str) -> Iterator[Reading]:
    for found in _NUMBER.finditer(text):
        means = _number(found[1].replace(",", ""), times=_TIMES.get(found[2] or found[3] or "", 1))
        if means is not None:
            yield Reading(*found.span(), means)
    for found in SPOKEN.finditer(text):
        said = value_of(found, text)
        if said is not None:
            yield Reading(*found.span(), ("number", Decimal(said)))


def _number(text: str, *, times: int = 1) -> Meaning | None:
    try:
        value = Decimal(text) * times
    except InvalidOperation:
        return None
    return ("number", value.normalize() + 0) if value.is_finite() else None
