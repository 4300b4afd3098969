"""A lint for composed English: doubled words, wrong articles, dangling prepositions, odd collocations.

Pure. Finds slips a reader stumbles over; knows no values, so what it reports must be certain.
"""

from __future__ import annotations

import re

_NOUNS = "roles|candidates|interviews|employees|entities|relations|observations|nodes|people"
_VOWEL_NOUNS = "interview|employee|entity|observation|offer|order|hour|item|account|address|event"
_LINKS = "for|of|with|from|about|until"
_DETERMINERS = "the|a|an|this|those|these|every|each|our|my"
_PARTICLES = "off|out|up|down|in|through"

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("doubled_word", re.compile(r"\b([a-z]+) \1\b", re.IGNORECASE)),
    ("article_before_plural", re.compile(rf"\b[Aa]n? (?:open |new )?(?:{_NOUNS})\b")),
    (
        "wrong_article",
        re.compile(rf"\b[Aa] (?=[aeio])(?!one\b|eu)|\b[Aa]n (?=[bcdfgjklmnpqrstvwxyz])|\b[Aa] (?:{_VOWEL_NOUNS})\b"),
    ),
    (
        "dangling_preposition",
        re.compile(rf"\b(?:{_LINKS}|to|at|by) ?(?:[.,;?!:]|$)(?! ?[A-Z\"])|\b(?:{_LINKS}) (?:then|and|or|{_LINKS})\b"),
    ),
    (
        "article_twice",
        re.compile(rf"\b(?:that|{_DETERMINERS}) (?:{_DETERMINERS})\b|\b(?:the|an?) that\b", re.IGNORECASE),
    ),
    ("number_for_noun", re.compile(r"\bthe \d\b(?!\d)")),
    ("space", re.compile(r" {2,}| [,.;?!](?: |$)|^\s|\s$")),
    ("punctuation", re.compile(r"[,;:]{2,}|\.\.|[?!]\.|,\.|:\.|\?\?|, ,")),
    ("empty_slot", re.compile(r"[{}\ue000\ue001]|\bNone\b|\[\]")),
    ("plural_plural", re.compile(r"\b\w+ieses\b")),
    (
        "particle_pronoun",
        re.compile(rf"\b(?:call|take|put|wave|let|bring|pull|dig|track) (?:{_PARTICLES}) (?:it|them)\b"),
    ),
)
_HARMLESS = re.compile(r"\b(?:had had|that that|C C|A A)\b")


def slips_in(text: str) -> list[str]:
    """Return the codes of the slips in `text`, sorted; empty when it reads well."""
    clean = _HARMLESS.sub("", text)
    return sorted({code for code, rule in _RULES if rule.search(clean)})
