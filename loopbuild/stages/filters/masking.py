"""Texts without their values: what remains is the wording, which is what duplicates and variety are about."""

from __future__ import annotations

import re

from loopbuild.llm.presence import spellings
from loopbuild.pointers import scalars
from loopbuild.records import Example, Json

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_VALUE = re.compile(rf"[\w.+-]+@[\w.-]+|(?:{_MONTHS}) \d{{1,2}}, \d{{4}}|[A-Za-z]*[-_#]?\d[\w:/-]*")
_JOINTS = "first|then|next|after|once|before|finally|so|and|when|please|could|can|would|need|want|like"
_MARKS = re.compile(rf"\b(?:{_JOINTS})\b|->|[?:;\n]|\. ")


def user_text(example: Example) -> str:
    """Return all the person says in a row."""
    return "\n".join(str(message["content"]) for message in example.messages if message["role"] == "user")


def call_values(example: Example) -> list[Json]:
    """Return the scalar arguments of all calls, in order."""
    return [
        value
        for message in example.messages
        for call in message.get("tool_calls") or ()
        for _, value in scalars(call["function"]["arguments"])
    ]


def masked(example: Example) -> str:
    """Return the person's words, lower case, every argument and number a `#`."""
    return mask(user_text(example), call_values(example))


def mask(text: str, values: list[Json]) -> str:
    """Return `text` in lower case with `values` and everything that looks like one replaced by `#`."""
    forms = {form for value in values for form in spellings(value) if len(form) > 1}
    for form in sorted(forms, key=lambda f: (-len(f), f)):
        text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "#", text)
    return re.sub(r"\s+", " ", _VALUE.sub("#", text).lower()).strip()


def said_values(example: Example) -> tuple[str, ...]:
    """Return the arguments the person says, sorted."""
    text = user_text(example)
    return tuple(sorted({str(v) for v in call_values(example) if any(form in text for form in spellings(v))}))


def shape(text: str) -> str:
    """Return a text's structure: its opening word and the joints and marks that follow, values aside."""
    words = text.split()
    opening = words[0].strip(",.:;!?") if words else ""
    return " ".join([opening, *(found[0].strip() or "." for found in _MARKS.finditer(text))][:8])
