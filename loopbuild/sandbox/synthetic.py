"""Makes one plausible value for one schema leaf, from nothing but the leaf and a seed.

The same leaf and seed give the same value in every process; no other leaf, tool or earlier value plays a part. Ids are
not made here: who invents an id lies. Dates lie around the frozen clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import lru_cache

from loopbuild.digest import unit_interval
from loopbuild.records import Json, Purpose, SchemaLeaf
from loopbuild.sandbox import pools
from loopbuild.sandbox.draws import Draws
from loopbuild.sandbox.particular import coded, file_path, filed, particular, serial
from loopbuild.sandbox.patterns import from_pattern
from loopbuild.sandbox.pools import side_of
from loopbuild.sandbox.spans import is_whole_day

_TODAY = date(2026, 1, 15)
_TRIES = 64


def synthesize(leaf: SchemaLeaf, key: Json, *, purpose: Purpose, entity: str = "") -> Json:
    """Return a value that fits `leaf`; `entity` says whose name, title or status it is where the leaf itself does not.

    Texts come from the side of the pools that `purpose` names; enums, booleans and numbers have no sides.
    """
    draws = Draws(key)
    if leaf.enum:
        return shown_choice(leaf.enum, key)
    kinds = set(leaf.types) - {"null"}
    if not kinds:
        kinds = {"string"}
    if "string" in kinds:
        return _sided(_text_maker(leaf, entity), draws, purpose)
    if "integer" in kinds:
        return _integer(leaf, draws)
    if "number" in kinds:
        return _number(leaf, draws)
    if "boolean" in kinds:
        return bool(draws.below(2))
    return [] if "array" in kinds else {} if "object" in kinds else None


def shown_choice(options: Sequence[Json], key: Json) -> Json:
    """Return one of several values; one value more moves only what now gets it."""
    return max(options, key=lambda value: unit_interval("choice", [key, value]))


def person_name(key: Json, *, purpose: Purpose) -> str:
    """Return a full name."""
    return _sided(_person, Draws(key), purpose)


def email_of(name: str, key: Json) -> str:
    """Return the address of the person or thing called `name`; different keys may give different domains."""
    plain = "".join(char if char.isascii() and char.isalnum() else "." for char in name.casefold()).strip(".")
    head = Draws(key).pick(pools.COMPANY_HEADS).casefold().replace(" ", "")
    return f"{plain}@{head}.example"


def _sided(make: Callable[[Draws], str], draws: Draws, purpose: Purpose) -> str:
    value = make(draws)
    for _ in range(_TRIES):
        if side_of(value) == purpose:
            return value
        value = make(draws)
    return value  # a pool with a single side (a pattern that allows one value) cannot be held out


def _integer(leaf: SchemaLeaf, draws: Draws) -> int:
    low, high = _range(leaf)
    low, high = int(low), max(int(low), int(high))
    if leaf.minimum is not None and low < leaf.minimum:
        low += 1
    return low + draws.below(max(1, high - low + 1))


def _number(leaf: SchemaLeaf, draws: Draws) -> float:
    if set(leaf.words) & {"score", "probability", "confidence", "rating", "similarity", "ratio", "share"} and (
        leaf.minimum is None and leaf.maximum is None
    ):
        return (40 + draws.below(60)) / 100
    low, high = _range(leaf)
    if not _COUNTED.isdisjoint(leaf.words[-1:]) and math.ceil(low) <= high:
        return _integer(leaf, draws)
    cents = round((high - low) * 100)
    return round(low + draws.below(max(1, cents + 1)) / 100, 2)


_COUNTED = frozenset({"count", "head", "limit", "line", "month", "offset", "page", "tail", "year"})
"""What such a word counts is whole, also where the schema says no more than `number`."""
_RANGES: tuple[tuple[tuple[str, ...], float, float], ...] = (
    (("year", "experience"), 0, 30),
    (("year",), 2024, 2027),
    (("month",), 1, 12),
    (("day",), 1, 30),
    (("hour",), 1, 24),
    (("minute",), 5, 90),
    (("second",), 1, 120),
    (("age",), 19, 80),
    (("lat",), -60, 70),
    (("latitude",), -60, 70),
    (("lon",), -170, 170),
    (("longitude",), -170, 170),
    (("percent",), 1, 100),
    (("percentage",), 1, 100),
    (("limit",), 1, 20),
    (("page",), 1, 5),
    (("offset",), 0, 40),
    (("priority",), 1, 5),
    (("rating",), 1, 5),
    (("floor",), 1, 30),
    (("quantity",), 1, 40),
    (("count",), 1, 40),
    (("amount",), 10, 2500),
    (("price",), 5, 900),
    (("salary",), 32000, 140000),
    (("budget",), 1000, 90000),
    (("total",), 20, 4000),
)


def _range(leaf: SchemaLeaf) -> tuple[float, float]:
    low, high = 1.0, 100.0
    for words, lowest, highest in _RANGES:
        if all(word in leaf.words for word in words):
            low, high = lowest, highest
            break
    if leaf.minimum is not None and leaf.maximum is not None:
        is_usual = leaf.minimum <= low and high <= leaf.maximum and (low, high) != (1.0, 100.0)
        return (low, high) if is_usual else (leaf.minimum, leaf.maximum)
    if leaf.minimum is not None and not low <= leaf.minimum <= high:
        return leaf.minimum, leaf.minimum + (high - low)
    if leaf.maximum is not None and not low <= leaf.maximum <= high:
        return leaf.maximum - (high - low), leaf.maximum
    low = low if leaf.minimum is None else leaf.minimum
    high = high if leaf.maximum is None else leaf.maximum
    return low, high


def _person(draws: Draws) -> str:
    return f"{draws.pick(pools.FIRST)} {draws.pick(pools.LAST)}"


def _title(draws: Draws) -> str:
    return f"{draws.pick(pools.TITLE_LEVELS)} {draws.pick(pools.TITLE_FIELDS)} {draws.pick(pools.TITLE_ROLES)}"


def _company(draws: Draws) -> str:
    return f"{draws.pick(pools.COMPANY_HEADS)} {draws.pick(pools.COMPANY_TAILS)}"


def _department(draws: Draws) -> str:
    return f"{draws.pick(pools.DEPARTMENT_SCOPES)} {draws.pick(pools.DEPARTMENTS)}"


def _topic(draws: Draws) -> str:
    return f"{draws.pick(pools.ADJECTIVES)} {draws.pick(pools.NOUNS)}"


def _subject(draws: Draws) -> str:
    topic = _topic(draws)
    return topic[0].upper() + topic[1:]


def _reason(draws: Draws) -> str:
    return f"{draws.pick(pools.REASON_HEADS)} the {_topic(draws)}"


def _sentence(draws: Draws) -> str:
    return f"{draws.pick(pools.SENTENCE_HEADS)} the {_topic(draws)} {draws.pick(pools.SENTENCE_TAILS)}."


def _day(draws: Draws) -> str:
    return (_TODAY + timedelta(days=3 + draws.below(330))).isoformat()


def _past_day(draws: Draws) -> str:
    return (_TODAY - timedelta(days=1 + draws.below(330))).isoformat()


def _past_moment(draws: Draws) -> str:
    return f"{_past_day(draws)}T{_time(draws)}:00Z"


def _time(draws: Draws) -> str:
    return f"{8 + draws.below(10):02d}:{15 * draws.below(4):02d}"


def _birthday(draws: Draws) -> str:
    """Somebody between one and ninety, by the frozen clock."""
    return (_TODAY - timedelta(days=365 + draws.below(32_500))).isoformat()


def _moment(draws: Draws) -> str:
    return f"{_day(draws)}T{_time(draws)}:00Z"


def _at_midnight(make: Callable[[Draws], str]) -> Callable[[Draws], str]:
    return lambda draws: f"{make(draws)}T00:00:00Z"


def _email(draws: Draws) -> str:
    name = _person(draws).casefold().replace(" ", ".")
    return f"{name}@{draws.pick(pools.COMPANY_HEADS).casefold().replace(' ', '')}.example"


def _url(draws: Draws) -> str:
    head = draws.pick(pools.COMPANY_HEADS).casefold().replace(" ", "")
    return f"https://{head}.example/{draws.pick(pools.NOUNS).replace(' ', '-')}"


def _phone(draws: Draws) -> str:
    return f"+{30 + draws.below(69)} {100 + draws.below(900)} {1000 + draws.below(9000)} {10 + draws.below(90)}"


def _address(draws: Draws) -> str:
    return f"{1 + draws.below(180)} {draws.pick(pools.STREETS)}, {draws.pick(pools.CITIES)}"


def _version(draws: Draws) -> str:
    return f"{1 + draws.below(6)}.{draws.below(20)}.{draws.below(10)}"


def _model(draws: Draws) -> str:
    return f"{draws.pick(pools.COMPANY_HEADS)} {100 * (1 + draws.below(9)) + 10 * draws.below(10)}"


def _hex(size: int) -> Callable[[Draws], str]:
    return lambda draws: "".join("0123456789abcdef"[draws.below(16)] for _ in range(size))


def _uuid(draws: Draws) -> str:
    text = _hex(32)(draws)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _from(options: Sequence[str]) -> Callable[[Draws], str]:
    return lambda draws: draws.pick(options)


_BY_FORMAT: dict[str, Callable[[Draws], str]] = {
    "date": _day,
    "time": lambda draws: _time(draws) + ":00Z",
    "date-time": _moment,
    "datetime": _moment,
    "email": _email,
    "uri": _url,
    "url": _url,
    "uuid": _uuid,
    "phone": _phone,
    "duration": lambda draws: f"PT{15 * (1 + draws.below(16))}M",
}
_BY_KIND = _BY_FORMAT | {
    "time": _time,
    "person": _person,
    "city": _from(pools.CITIES),
    "country": _from(pools.COUNTRIES),
    "currency": _from(pools.CURRENCIES),
    "timezone": _from(pools.TIMEZONES),
    "language": _from(pools.LANGUAGES),
    "path": file_path,
    "sha": _hex(40),
    "text": _sentence,
}
_BY_WORD: tuple[tuple[tuple[str, ...], Callable[[Draws], str]], ...] = (
    (("email",), _email),
    (("phone", "mobile", "tel", "fax"), _phone),
    (("url", "link", "uri", "website"), _url),
    (("date", "deadline", "due", "birthday"), _day),
    (("time",), _time),
    (("timestamp", "datetime"), _moment),
    (("city", "location", "place", "destination", "origin"), _from(pools.CITIES)),
    (("country",), _from(pools.COUNTRIES)),
    (("address", "street"), _address),
    (("department", "team", "division"), _department),
    (("company", "organization", "organisation", "vendor", "supplier", "brand", "employer"), _company),
    (("currency",), _from(pools.CURRENCIES)),
    (("language", "lang", "locale"), _from(pools.LANGUAGES)),
    (("timezone", "zone"), _from(pools.TIMEZONES)),
    (("path", "file", "filename"), file_path),
    (("sha", "hash", "checksum"), _hex(40)),
    (("serial", "sku", "barcode"), serial),
    (("version",), _version),
    (("model",), _model),
    (("reason", "cause", "justification"), _reason),
    (("status", "state", "stage"), _from(pools.STATUSES)),
    (("type", "kind", "category"), _from(pools.KINDS_OF_THINGS)),
    (("relation",), _from(pools.RELATIONS)),
    (("position", "job"), _title),
    (("subject", "title", "topic", "label", "tag", "keyword", "query", "headline"), _subject),
    (
        ("message", "body", "text", "content", "note", "comment", "description", "feedback", "observation", "summary",
         "detail", "answer", "remark"),
        _sentence,
    ),
)  # fmt: skip
_DONE = frozenset(
    ["created", "updated", "modified", "changed", "sent", "received", "posted", "uploaded", "registered", "joined",
     "hired", "opened", "submitted", "signed", "seen", "founded", "purchased", "ordered", "paid", "reported"]
)  # fmt: skip
"""What such a word dates has happened, so it lies before the frozen clock."""
_TITLED = frozenset({"role", "job", "position", "vacancy", "opening"})
_COMPANIES = frozenset({"company", "organization", "vendor", "supplier", "account", "partner"})


def _text_maker(leaf: SchemaLeaf, entity: str) -> Callable[[Draws], str]:
    if leaf.pattern:
        return lambda draws: from_pattern(leaf.pattern, draws.below)
    if leaf.is_sensitive:
        return _digits if leaf.words[-1:] in (("pin",), ("cvc",), ("cvv",)) else _secret
    return _maker(leaf.format, leaf.kind, leaf.words, leaf.entity or entity)


@lru_cache(maxsize=10_000)
def _maker(form: str, kind: str, words: tuple[str, ...], entity: str) -> Callable[[Draws], str]:
    is_birth = not {"birth", "birthday", "dob"}.isdisjoint(words)
    if is_birth and (form == "date" or (not form and kind in ("date", ""))):
        return _birthday
    if not _DONE.isdisjoint(words) and (form or kind) in ("date", "date-time", "datetime"):
        return _past_day if (form or kind) == "date" else _past_moment
    if (form or kind) in ("date-time", "datetime") and is_whole_day(words):
        return _at_midnight(_day)
    if form in _BY_FORMAT:
        return _BY_FORMAT[form]
    exact = filed(words, entity) or coded(words if words != ("name",) else (*entity.split(), "name"))
    if exact is not None:
        return exact
    if "name" in words or "title" in words:
        return _naming(words, entity)
    if kind in _BY_KIND and kind != "text":
        return _BY_KIND[kind]
    for word in reversed(words):
        for names, make in _BY_WORD:
            if word in names:
                return _relation(words) or make
        if word in pools.PEOPLE:
            return _person
    return _BY_KIND.get(kind) or particular(words) or _topic


def _secret(draws: Draws) -> str:
    """Return what nobody takes for a real password, token or key."""
    return f"test-{_hex(12)(draws)}"


def _digits(draws: Draws) -> str:
    return f"{draws.below(900) + 100}{draws.below(10)}"


def _naming(words: tuple[str, ...], entity: str) -> Callable[[Draws], str]:
    """What a `name` or `title` is made of depends on whose it is: the leaf's own words first, then the entity."""
    owners = [word for word in words if word not in ("name", "title", "full", "display", "new", "old")]
    owners = owners or entity.split()
    if "full" in words:
        return _person  # only people have a full name
    if "first" in owners:
        return _from(pools.FIRST)
    if "last" in owners or "family" in owners:
        return _from(pools.LAST)
    for owner in owners:
        if owner in pools.PEOPLE:
            return _person
        if owner in _TITLED:
            return _title
        if owner in _COMPANIES:
            return _company
        if owner in ("department", "team"):
            return _department
        if owner in ("entity", "node", "record"):
            return _anyone
        if owner in ("file", "path"):
            return _from(pools.FILES)
    return _person if not owners else _subject


def _anyone(draws: Draws) -> str:
    return (_person, _company, _from(pools.CITIES))[draws.below(3)](draws)


def _relation(words: tuple[str, ...]) -> Callable[[Draws], str] | None:
    return _from(pools.RELATIONS) if "relation" in words and "type" in words else None
