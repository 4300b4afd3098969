"""Texts of schemas that speak to a model, or that hold what no reader sees.

Looks at every text a model could be shown. Patterns are linear; matches are quoted, never obeyed. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from loopbuild.records import Json, ToolSchema

_MOST_TEXTS = 5000
_MOST_CHARACTERS = 20_000
_QUOTED = 80
_TRIGGERS_TEXT = """ignore disregard forget override n't never not without system important instruction secret admin
must have need should always first before instead now ssh id_rsa passwd conversation"""
_TRIGGERS = tuple(_TRIGGERS_TEXT.split())
"""One of these is in every passage the pattern finds; most texts hold none and do without the pattern."""
_PASSAGES = r"""
      \b(?:ignore|disregard|forget|override)\b [^.\n]{0,40} \b(?:previous|prior|above|earlier|preceding|other|all)\b
        [^.\n]{0,30} \b(?:instruction|prompt|rule|message|context|tool)s?\b
    | \b(?:do\ not|don't|never|without)\b [^.\n]{0,15} \b(?:tell|inform|telling|informing|notify|notifying|alert|reveal)
        (?:ing)?\b [^.\n]{0,20} \b(?:user|human|person)\b
    | \b(?:do\ not|don't|never)\b [^.\n]{0,15} \bmention\b [^.\n]{0,30} \b(?:user|human|this)\b
    | <\s*/?\s*(?:system|important|instructions?|secret|admin|override)\s*>
    | \byou\ (?:must|have\ to|need\ to|should)\ (?:(?:always|first|never|now)\ (?:use|run|read|send)\b
        | (?:(?:always|first|never|only|now)\ )?(?:call|invoke)\b)
    | \b(?:always|must|first)\ (?:call|use|invoke|run)\ (?:this|the)\ (?:tool|function)\b
    | \b(?:before|instead\ of)\ (?:using|calling)\ any\ other\ tools?\b
    | \b(?:your|the)\ system\ prompt\b
    | \byou\ are\ now\b
    | (?:~/\.ssh|\bid_rsa\b|/etc/passwd|\bconversation\ history\b|\bentire\ conversation\b)
    """
_UNSEEN = frozenset(
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\ufeff"
)
_JOINERS = "\u200c\u200d"


def texts_of(tool: ToolSchema) -> Iterator[str]:
    """Yield the name, the description, and every key and text in the schemas."""
    yield tool.name
    yield tool.description
    stack: list[Json] = [tool.output_schema, tool.input_schema]
    for _ in range(_MOST_TEXTS):
        if not stack:
            return
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack.extend(item.values())
            stack.extend(item.keys())
        elif isinstance(item, list):
            stack.extend(item[:_MOST_TEXTS])


def orders(text: str) -> Iterator[str]:
    """Yield the passages that tell a model what to do."""
    if len(text) < 6:
        return
    folded = unicodedata.normalize("NFKC", text[:_MOST_CHARACTERS])
    lowered = folded.lower()
    if not any(word in lowered for word in _TRIGGERS):
        return
    for found in _pattern().finditer(folded):
        yield " ".join(found[0].split())[:_QUOTED]


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(_PASSAGES, re.IGNORECASE | re.VERBOSE)


def hidden(text: str) -> set[str]:
    """Return the code points of a text that have no look of their own: `U+202E`, `U+E0041`."""
    if text.isascii() and text.isprintable():
        return set()
    found = set()
    for at, character in enumerate(text[:_MOST_CHARACTERS]):
        if character in "\n\t\r" or (character.isprintable() and character not in _UNSEEN and ord(character) < 0xE0000):
            continue
        if character in _JOINERS:
            # Joiners belong to emoji and to several scripts; between Latin letters they only hide.
            around = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
            if not (around.isascii() and around):
                continue
        if character == "\ufeff" and at == 0:
            continue
        if unicodedata.category(character) == "Zs":
            continue
        found.add(f"U+{ord(character):04X}")
    return found
