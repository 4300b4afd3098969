"""Tone and small noise: politeness, greeting, case of the first letter, a dropped function word, a rare typo.

Works on text with placeholders, so that no value can be touched. Pure given its choices.
"""

from __future__ import annotations

import re

from loopbuild.llm.offline.choices import Choices

_LEADS = (
    "please {}",
    "can you {}?",
    "could you {}?",
    "could you please {}?",
    "would you {}?",
    "can you please {}?",
    "kindly {}",
    "I need you to {}",
    "I'd like you to {}",
    "help me {}",
    "would you mind: {}",
    "go ahead and {}",
    "I want you to {}",
    "we should {}",
    "be so kind and {}",
    "it would be great if you could {}",
    "let's {}",
    "will you {}?",
    "may I ask you to {}?",
    "you can {} now",
    "time to {}",
)
_GREETINGS = (
    "hi, {}",
    "hello, {}",
    "hey, {}",
    "good morning, {}",
    "hi there, {}",
    "quick one: {}",
    "next: {}",
    "okay, {}",
    "now {}",
    "so, {}",
    "good afternoon, {}",
    "hello again, {}",
    "right, {}",
    "alright, {}",
    "one more thing: {}",
    "dear assistant, {}",
)
_TAILS = (
    " please",
    " for me",
    " for me please",
    " now",
    " when you can",
    ", would you",
    " right away",
    " if you can",
    " straight away",
    " while you are at it",
)
_TAILS_AFTER_VALUE = (
    ", thanks",
    ", thank you",
    ", please",
    ". Thanks",
    ". Thank you",
    ". That's all",
    ". Many thanks",
    ". Thanks a lot",
    ", many thanks",
)
"""A value at the end must not run into other words."""
_UNREQUESTED = re.compile(r"^(please|can you|could you|would you|will you|I |kindly|we |let's|help me)")
_FUNCTION_WORD = re.compile(r" (the|a|an|please|all|our) (?=[a-z\ue000])")
_LONG_WORD = re.compile(r"(?<![\w\ue000-\ue001])[a-z]{5,}(?![\w\ue000-\ue001])")


def polish(text: str, choices: Choices, *, is_open: bool) -> str:
    """Return a finished request: at most one frame around it, light noise, a person's punctuation."""
    draw = choices.unit()
    is_asking = text.endswith("?")
    if is_open and not is_asking and "\n" not in text:
        if draw < 0.42:
            text = _framed(text, choices)
        elif draw < 0.56:
            text = choices.pick(_GREETINGS).format(text)
        elif draw < 0.68:
            text += choices.pick(
                _TAILS_AFTER_VALUE if text.endswith(("\ue001", '"')) or choices.chance(0.5) else _TAILS
            )
    elif draw < 0.12 and not text.startswith(("hi", "hello")):
        text = choices.pick(_GREETINGS[:5]).format(text)
    elif 0.12 <= draw < 0.2 and not is_asking and "\n" not in text:
        text += choices.pick(_TAILS_AFTER_VALUE)
    if choices.chance(0.08):
        text = _FUNCTION_WORD.sub(" ", text, count=1)
    if choices.chance(0.03):
        text = _typo(text, choices)
    return _punctuated(_cased(text, choices), choices)


def sentence(text: str) -> str:
    """Return `text` as the assistant writes it: a capital and a full stop."""
    text = text.strip()
    text = text[:1].upper() + text[1:] if text[:1].islower() else text
    return text if text.endswith((".", "?", "!")) else text + "."


def _framed(text: str, choices: Choices) -> str:
    lead = choices.pick(_LEADS)
    if ". " in text and lead.endswith("?"):
        lead = "please {}"
    if lead in ("help me {}", "let's {}", "we should {}", "you can {} now", "time to {}") and re.match(
        r"^(tell|give|show|get|find|send|let) me\b|^let\b", text
    ):
        lead = "please {}"
    text = lead.format(text)
    return text.rstrip("?") if text.endswith("?") and choices.chance(0.3) else text


def _cased(text: str, choices: Choices) -> str:
    if choices.chance(0.24):
        return text
    text = text[:1].upper() + text[1:]
    return re.sub(r"(?:(?<=[.!?] )|(?<=\n)|(?<=\n[-*] )|(?<=\d[.)] ))([a-z])", lambda found: found[1].upper(), text)


def _punctuated(text: str, choices: Choices) -> str:
    if text.endswith(("?", ".", "!")) or "\n" in text:
        return text
    return text + "." if choices.chance(0.6) else text


def _typo(text: str, choices: Choices) -> str:
    """Swap two inner letters of one longer word that is no value."""
    found = list(_LONG_WORD.finditer(text))
    if not found:
        return text
    at = found[int(choices.unit() * len(found))].start() + 1 + int(choices.unit() * 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
