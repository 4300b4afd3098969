"""A lint for composed English: doubled words, wrong articles, dangling prepositions, odd collocations.

Pure. Finds slips a reader stumbles over; knows no values, so what it reports must be certain.
"""

from __future__ import annotations

import re

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("doubled_word", re.compile(r"\b([a-z]+) \1\b(?<!that that)", re.IGNORECASE)),
    ("article_before_plural", re.compile(r"\b[Aa]n? (?:open |new )?(?:roles|candidates|interviews|employees|entities|relations|observations|nodes|people)\b")),
    ("wrong_article", re.compile(r"\b[Aa] (?=[aeio])(?!one\b|eu)|\b[Aa]n (?=[bcdfgjklmnpqrstvwxyz])|\b[Aa] (?:interview|employee|entity|observation|offer|order|hour)\b")),
    ("dangling_preposition", re.compile(r"\b(?:for|of|with|from|to|at|by|about|until) ?(?:[.,;?!:]|$)(?! ?[A-Z\"])|\b(?:for|of|with|from|about|until) (?:then|and|or|for|of|with|from|about|until)\b")),
    ("article_twice", re.compile(r"\b(?:the|a|an|that|this|those|these|every|each) (?:the|a|an|this|those|these|every|each|our|my)\b", re.IGNORECASE)),
    ("number_for_noun", re.compile(r"\bthe \d\b(?!\d)")),
    ("space", re.compile(r" {2,}| [,.;?!](?: |$)|^\s|\s$")),
    ("punctuation", re.compile(r"[,;:]{2,}|\.\.|[?!]\.|,\.|:\.|\?\?|, ,")),
    ("empty_slot", re.compile(r"[{}\ue000\ue001]|\bNone\b|\[\]")),
    ("plural_plural", re.compile(r"\b\w+sses\b(?<!classes)(?<!addresses)(?<!processes)(?<!businesses)(?<!passes)(?<!accesses)|\b\w+ieses\b")),
    ("particle_pronoun", re.compile(r"\b(?:call|take|put|wave|let|bring|pull|look|dig|track) (?:off|out|up|down|in|through) (?:it|them)\b")),
)  # fmt: skip
_HARMLESS = re.compile(r"\b(?:had had|that that|C C|A A)\b")


def slips_in(text: str) -> list[str]:
    """Return the codes of the slips in `text`, sorted; empty when it reads well."""
    clean = _HARMLESS.sub("", text)
    return sorted({code for code, rule in _RULES if rule.search(clean)})
