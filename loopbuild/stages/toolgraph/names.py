"""Names as words: readings, roles, and names that say too little to join on. Pure text."""

from __future__ import annotations

import re
from functools import lru_cache

from loopbuild.stages.toolgraph.lists import GENERIC, IDENTIFIERS, ROLES

Words = tuple[str, ...]
SHORTEST = 3
"""Letters of a noun that is cut short; fewer say nothing."""
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")


def is_generic(words: Words) -> bool:
    """Say whether a name consists of words that say too little to join on."""
    if len(words) > 1 and words[-1] in IDENTIFIERS:
        return all(word in ROLES for word in words[:-1])  # the `order_id` of an order is nobody else's
    return all(word in GENERIC or word in ROLES for word in words)


def is_bare_id(words: Words) -> bool:
    """Say whether a name is `id` alone, so that only its surroundings tell whose."""
    return len(words) == 1 and words[0] in IDENTIFIERS


def without_roles(words: Words) -> Words:
    """Return `words` without leading and trailing role words."""
    start, end = 0, len(words)
    while start < end and words[start] in ROLES:
        start += 1
    while end > start and words[end - 1] in ROLES:
        end -= 1
    return words[start:end]


def is_short_for(one: Words, other: Words) -> bool:
    """Say whether two nouns are one, or one of them cut short: `org` and `organization`, `repo` and `repository`."""
    if one == other:
        return True
    if not one or not other or one[:-1] != other[:-1]:
        return False
    short, long = sorted((one[-1], other[-1]), key=len)
    return len(short) >= SHORTEST and long.startswith(short)


def alternatives(words: Words) -> list[Words]:
    """Return the readings of `a_or_b_id`: (a, id) and (b, id); one reading for any other name."""
    if "or" not in words[1:-1]:
        return [words]
    parts: list[Words] = []
    current: list[str] = []
    for word in words:
        if word == "or":
            parts.append(tuple(current))
            current = []
        else:
            current.append(word)
    parts.append(tuple(current))
    tail = parts[-1][-1:]
    if tail and tail[0] in IDENTIFIERS and len(parts[-1]) > 1:
        parts = [part if part[-1:] == tail else (*part, *tail) for part in parts]
    return [part for part in parts if part]


@lru_cache(maxsize=65536)
def split_name(name: str) -> Words:
    """Return the words of a name, roughly in the singular."""
    return tuple(_singular(word.casefold()) for word in _PARTS.findall(name))


def _singular(word: str) -> str:
    # Crude is enough here: both sides of a comparison pass through it or through the catalog's own.
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
