"""Seeded choices within one text, and who may use which production.

Decides the voices: every production belongs to some of the voices by its own hash, a fifth of all to the held-out
voice alone. Knows nothing of language.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random

from loopbuild import digest

TRAINING_VOICES = ("a", "b", "c")
HELD_OUT_VOICE = "d"
RESERVED = 0.2
"""Share of productions no training text uses."""

_OPEN, _CLOSE = "\ue000", "\ue001"


@cache
def allowed(options: tuple[str, ...], voice: str) -> tuple[str, ...]:
    """Return the productions `voice` may use; short lists (under 4) are common to all."""
    if len(options) < 4:
        return options
    reserved = [o for o in options if digest.unit_interval("production", o) < RESERVED]
    common = [o for o in options if o not in reserved] or list(options)
    if voice == HELD_OUT_VOICE:
        return tuple(reserved + [o for o in common if digest.unit_interval("production:d", o) < 0.4]) or tuple(common)
    own = [o for o in common if digest.unit_interval(f"production:{voice}", o) < 0.75]
    return tuple(own) if len(own) > 1 else tuple(common)


def voice_of(key: str, *, is_held_out: bool) -> str:
    """Return the voice that writes the row `key`."""
    if is_held_out:
        return HELD_OUT_VOICE
    return TRAINING_VOICES[int(digest.unit_interval("voice", key) * len(TRAINING_VOICES))]


class Choices:
    """The random side of one text: a local generator, and the values said so far, kept out of harm's way.

    `say` returns a placeholder; casing, dropout and typos work on text with placeholders, `fill` puts the values in.
    """

    def __init__(self, key: str, *, voice: str, attempt: int = 0) -> None:
        self.voice = voice
        self._random = Random(digest.seed("offline writer", [key, attempt]))
        self._values: list[str] = []
        self.spoken_dates = self.chance(0.2)
        self.enum_spaces = self.chance(0.08)

    def unit(self) -> float:
        """Return the next number in [0, 1)."""
        return self._random.random()

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self._random.random() < probability

    def pick(self, options: Sequence[str]) -> str:
        """Return one of the productions this voice may use."""
        pool = allowed(tuple(options), self.voice)
        return pool[int(self._random.random() * len(pool))]

    def among(self, options: Sequence[str]) -> str:
        """Return one of the options, whatever the voice."""
        return options[int(self._random.random() * len(options))]

    def say(self, text: str) -> str:
        """Return a placeholder for `text`, which will stand in the result byte for byte."""
        self._values.append(text)
        return f"{_OPEN}{len(self._values) - 1}{_CLOSE}"

    def fill(self, text: str) -> str:
        """Return `text` with all placeholders replaced."""
        for index, value in enumerate(self._values):
            text = text.replace(f"{_OPEN}{index}{_CLOSE}", value)
        return text
