"""What an assistant says in place of a call: as long as the call, within the tolerance of a pair."""

from __future__ import annotations

from loopbuild.digest import digest
from loopbuild.records import Json

TOLERANCE = 0.30
"""Sides of a pair differ at most by this share of the chosen one's length: length itself shall teach nothing."""

DONE = (
    "That is done.",
    "Everything you asked for is in place now.",
    "All of it has been taken care of.",
    "This is finished, as you wanted it.",
    "I have done what you asked me to do.",
)
ANSWERED = (
    "I have looked into this already, and everything is in order.",
    "There is nothing more to be done about this.",
    "This should be as you want it already.",
    "I know this one without looking: all is well with it.",
    "It is all set, so no further step is needed.",
)
_MORE = (
    "Just let me know.",
    "Please tell me if something is missing.",
    "If anything should change later, say so and I will see to it.",
    "You can come back to this at any time, and we go on from here.",
    "Is there something else that I can help you with at the moment?",
    "I am glad that I could help you with this, and I am here for whatever comes up next.",
)


def asking(noun: str) -> tuple[str, ...]:
    """Return questions for a thing."""
    return (
        f"Which {noun} do you mean?",
        f"Could you tell me the {noun} first?",
        f"Before I go on, I need to know the {noun}.",
        f"What is the {noun} that this is about?",
    )


def said_within(sayings: tuple[str, ...], length: int, *, key: Json) -> str:
    """Return one of the sayings, with more said after it, about as long as asked for; empty where none can be."""
    for first in sorted(sayings, key=lambda text: digest("saying", [key, text])):
        text = first
        for more in sorted(_MORE, key=lambda one: digest("more", [key, one])):
            if fits(len(text), length):
                break
            if len(text) + 1 + len(more) <= length * (1 + TOLERANCE):
                text = f"{text} {more}"
        if fits(len(text), length):
            return text
    return ""


def fits(length: int, gold: int) -> bool:
    """Return whether a side is about as long as the other."""
    return abs(length - gold) <= TOLERANCE * gold
