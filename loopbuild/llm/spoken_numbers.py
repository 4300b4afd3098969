"""Numbers in words: `five`, `twenty-one`, `two hundred and fifty`.

Decides where `one` is a number and where it stands for a thing: the first one, one of them. Pure.
"""

from __future__ import annotations

import re

_UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
          "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: number for number, word in enumerate(_UNITS)} | {w: 20 + 10 * n for n, w in enumerate(_TENS)}
_UNIT, _TEN = "|".join(_UNITS[::-1]), "|".join(_TENS)
_SMALL = rf"(?:(?:{_TEN})(?:[- ](?:{'|'.join(_UNITS[1:10])}))?|{_UNIT})"
_HUNDREDS = rf"(?:(?:{_UNIT}|an?)\shundred(?:\s(?:and\s)?{_SMALL})?)"
SPOKEN = re.compile(
    rf"(?<![\w-])(?:(?:{_HUNDREDS}|{_SMALL}|a)\sthousand(?:\s(?:and\s)?(?:{_HUNDREDS}|{_SMALL}))?|{_HUNDREDS}|{_SMALL})"
    r"(?![\w-])",
    re.IGNORECASE,
)
"""A number in words, as long as it goes."""
_POINTING_WORDS = """the this that these those which any each every no some first second third last next other another
same latest newest oldest new old best top right wrong"""
_POINTING = frozenset(_POINTING_WORDS.split())
_AFTER_A_THING = frozenset({"of", "that", "which", "who", "whose", "is", "was", "has", "from", "by"})


def value_of(found: re.Match[str], text: str) -> int | None:
    """Return the number a match of `SPOKEN` says; None for a `one` that stands for a thing."""
    words = re.findall(r"[a-z]+", found[0].lower())
    if words == ["one"] and _is_a_thing(text[: found.start()], text[found.end() :]):
        return None
    total, current = 0, 0
    for word in words:
        if word == "hundred":
            current *= 100
        elif word == "thousand":
            total, current = total + current * 1000, 0
        elif word in ("a", "an"):
            current = 1
        elif word != "and":
            current += _VALUES[word]
    return total + current


def _is_a_thing(before: str, after: str) -> bool:
    previous = re.search(r"(\w+)\s*$", before)
    following = re.match(r"\s*(\w+)", after)
    if following is None:
        return bool(before.strip())
    return following[1].lower() in _AFTER_A_THING or (previous is not None and previous[1].lower() in _POINTING)
