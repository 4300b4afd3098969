"""Whether a value stands in a text: byte for byte, or as people write dates, times, numbers and words of choice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from loopbuild.llm.names import split_words
from loopbuild.llm.offline.morphology import number_word, spoken_date
from loopbuild.llm.readings import blanked, meaning, readings
from loopbuild.records import Json

_NUMBER = re.compile(r"(?<![\w.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w])|(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")


def spellings(value: Json) -> tuple[str, ...]:
    """Return how the offline writer may spell `value`: as it is, an ISO date spoken, underscores as spaces."""
    if isinstance(value, bool):
        return ("true",) if value else ("false",)
    text = str(value)
    forms = [text, spoken_date(text)]
    if re.fullmatch(r"[a-z]+(_[a-z]+)+", text):
        forms.append(text.replace("_", " "))
    return tuple(dict.fromkeys(forms))


def is_told(value: Json, text: str) -> bool:
    """Return whether an answer tells `value`: numbers also with thousands apart, without idle zeros, or as a word."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return is_said(value, text) or is_said(value, text.lower())
    if isinstance(value, int) and 0 <= value <= 12 and stands_in(number_word(value), text.lower()):
        return True
    numbers = (found[0].replace(",", "") for found in _NUMBER.finditer(text))
    return any(float(number) == float(value) for number in numbers)


def is_said(value: Json, text: str, *, among: Sequence[Json] = ()) -> bool:
    """Return whether `text` says `value` in any way that means it and nothing else.

    `among` are the values it is one of, where a list of them is known: their words count in any case and however they
    are joined, and the longest that fits is meant (`very high` says no `high`).
    """
    means = meaning(value)
    if means is not None:
        return any(one.means == means for one in readings(text))
    if among and isinstance(value, str) and value in among:
        return value in _chosen(text, among)
    return stands_in(value, text)


def stands_in(value: Json, text: str) -> bool:
    """Return whether `text` holds a spelling of `value` as a whole word or run of words."""
    return any(form and form in text and re.search(_whole(form), text) for form in spellings(value))


def without(text: str, values: Iterable[Json]) -> str:
    """Return `text` with blanks for all that says one of `values`."""
    known = list(values)
    meant = {means for value in known if (means := meaning(value)) is not None}
    spans = [one.span for one in readings(text) if one.means in meant] if meant else []
    for value in known:
        # The digits of a number or a date stand in others, too.
        if isinstance(value, bool) or meaning(value) is None:
            spans += [found.span() for form in spellings(value) if form for found in re.finditer(_whole(form), text)]
    return blanked(text, spans)


def _chosen(text: str, among: Sequence[Json]) -> set[Json]:
    """The members of a choice that a text says, each phrase for the longest of them."""
    found: set[Json] = set()
    members = [one for one in among if isinstance(one, str) and one]
    for member in sorted(members, key=len, reverse=True):
        for pattern in _ways(member):
            if re.search(pattern, text):
                found.add(member)
                text = re.sub(pattern, lambda hit: " " * len(hit[0]), text)
    return found


def _ways(member: str) -> Iterator[str]:
    yield _whole(member)
    words = split_words(member) if member.isascii() else []
    if len(words) > 1 or (words and len(member) > 2):  # `US` is no `us`
        yield r"(?i)(?<!\w)" + r"[\s_-]+".join(map(re.escape, words)) + r"(?!\w)"


def _whole(form: str) -> str:
    return rf"(?<!\w){re.escape(form)}(?!\w)"
