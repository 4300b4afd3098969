"""A stream of seeded choices, the same in every process."""

from __future__ import annotations

from collections.abc import Sequence

from loopbuild.digest import seed
from loopbuild.records import Json

_MASK = (1 << 64) - 1


class Draws:
    """A stream of choices (splitmix64); cheaper to start than `random.Random`, which matters at thousands of values."""

    __slots__ = ("_state",)

    def __init__(self, key: Json) -> None:
        self._state = seed("draws", key)

    def below(self, n: int) -> int:
        """Return an integer in [0, n)."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return (z ^ (z >> 31)) % n

    def pick(self, options: Sequence[str]) -> str:
        """Return one of the options."""
        return options[self.below(len(options))]
