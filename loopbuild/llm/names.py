"""What of the names of tools no text may hold: one rule for what writers are told and for what is dropped afterwards.

An identifier is a leak in any spelling a program would use. The plain words of a tool's name are one from three in a
row, where nobody hits on them by chance. Those of a parameter are none, however many: `date of birth` is what people
say. Knows no tools and no rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_LONG = 3
"""Words of a tool's name in a row that nobody says by chance."""
_NATURAL = re.compile(r"[^\W_]+(?:[ -][^\W_]+)*")
"""Words apart or hyphened, as in any text: `follow-up`."""
IDENTIFIER = re.compile(
    r"(?<![\w/.@-])[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+(?![\w/.@-])|"
    r"(?<![\w/.@-])[a-z]{2,}(?:[A-Z][a-z0-9]+)+(?![\w/.@-])|(?<!\w)[a-z]+[a-z0-9]*\("
)
"""Snake case, camel case (two small letters first: an `iPhone` is none), a call."""


def split_words(name: str) -> list[str]:
    """Return the lower-case words of an identifier: snake, kebab, dotted or camel case."""
    spaced = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)(?=[A-Z][a-z])", r"\1\3 \2", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]


def struck(text: str) -> str:
    """Return a text on one line in which "…" stands for what programs would spell so."""
    return " ".join(IDENTIFIER.sub("…", text).split())


def forbidden_runs(tools: Iterable[str]) -> tuple[str, ...]:
    """Return the runs of words by which the names of tools would be given away, sorted."""
    split = (split_words(name) for name in tools)
    return tuple(sorted({" ".join(words) for words in split if len(words) >= _LONG}))


def runs_in(text: str, runs: Iterable[str]) -> list[str]:
    """Return those of some runs of words that a text holds, whatever stands between the words."""
    plain = f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "
    return [run for run in runs if f" {run} " in plain]


def identifier_in(text: str, *, tools: Iterable[str] = (), parameters: Iterable[str] = ()) -> str:
    """Return the first name that a text spells as programs do; empty for none.

    A tool's own spelling is one however it looks; that of a parameter only where it is no plain English.
    """
    for name in (*tools, *parameters):
        if any(_stands(form, text) for form in _programmed(name)):
            return name
    own = (name for name in tools if len(split_words(name)) > 1)
    return next((name for name in own if _stands(name.lower(), text.lower())), "")


def _programmed(name: str) -> Iterator[str]:
    """`date_of_birth`, `dateOfBirth`, `DateOfBirth`, and as it is declared."""
    words = split_words(name)
    if len(words) < 2:
        return
    camel = "".join(word.capitalize() for word in words)
    yield from ("_".join(words), camel[:1].lower() + camel[1:], camel)
    is_hump = re.search(r"[a-z0-9][A-Z]", name) is not None
    if is_hump or not _NATURAL.fullmatch(name):
        yield name


def _stands(form: str, text: str) -> bool:
    """In snake case whatever the case; elsewhere capitals are what tells `userName` from the word `username`."""
    flags = re.IGNORECASE if "_" in form else 0
    # Nearly no text holds a name at all, and looking for one as it stands costs a hundredth of the pattern.
    if form not in text and not (flags and form.casefold() in text.casefold()):
        return False
    return re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text, flags) is not None
