"""Whether a question asks for one thing and for no other, by the words these are called by.

Pure, about words alone: who judges a row and who asks a writer again decide alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from loopbuild.llm.offline.morphology import singular
from loopbuild.llm.presence import is_said
from loopbuild.records import Json

_ASKS = re.compile(r"\?|\b(?:tell|give|need|name|provide|specify|share|choose|pick|let me know)\b", re.IGNORECASE)


def asks_wrongly(question: str, names: Iterable[str], given: Iterable[tuple[str, Json]] = (), *, deed: str = "") -> str:
    """Return what is wrong with a question for what `names` call the same thing; empty when nothing is.

    It names that thing, by a name nothing `given` has. Of what is given, (name, value), it may name only what the
    missing name or the `deed` is made of, or what it says together with its value.
    """
    said, of_deed = _words(question), _words(deed)
    others = [(_words(name), value) for name, value in given]
    telling = [words for words in map(_words, names) if words and words not in [other for other, _ in others]]
    found = [words for words in telling if words <= said]
    if not found:
        return "it does not name what is missing"
    if not _ASKS.search(question):
        return "it is no question"
    for words, value in others:
        is_excused = any(words <= name | of_deed for name in found) or is_said(value, question)
        if words and words <= said and not is_excused:
            return f"it names `{' '.join(sorted(words))}`, which was given"
    return ""


def _words(text: str) -> frozenset[str]:
    return frozenset(singular(word) for word in re.findall(r"[a-z0-9]+", text.lower()))
