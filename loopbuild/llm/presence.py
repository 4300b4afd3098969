"""Whether a value stands in a text: byte for byte, or as one of the accepted spellings."""

from __future__ import annotations

import re

from loopbuild.llm.offline.morphology import number_word, spoken_date
from loopbuild.records import Json

_NUMBER = re.compile(r"(?<![\w.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w])|(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")


def spellings(value: Json) -> tuple[str, ...]:
    """Return how a text may spell `value`: as it is, an ISO date spoken, underscores as spaces."""
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
    if isinstance(value, int) and 0 <= value <= 12 and is_said(number_word(value), text.lower()):
        return True
    numbers = (found[0].replace(",", "") for found in _NUMBER.finditer(text))
    return any(float(number) == float(value) for number in numbers)


def is_said(value: Json, text: str) -> bool:
    """Return whether `text` holds `value` as a whole word or run of words."""
    return any(form and re.search(rf"(?<![\w]){re.escape(form)}(?![\w])", text) for form in spellings(value))
