"""How often a pinned result was asked for anew: as a whole, and for single rows beyond that.

Decides what of it counts. A number that only ever grows, so that no earlier answer is taken for a later one. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from loopbuild.engine.target import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The generation of a target and of the rows that have one of their own; false for what was never refreshed."""

    whole: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)
    """Row key -> how often it was asked for anew apart from the others."""

    def __bool__(self) -> bool:
        return bool(self.whole or self.rows)

    @property
    def told(self) -> Json:
        """What the key covers and the manifest keeps: a number, with rows also their numbers."""
        return [self.whole, dict(self.rows)] if self.rows else self.whole

    def of_row(self, key: str) -> int:
        """Return the generation of one row."""
        return self.whole + self.rows.get(key, 0)

    def raised(self, *, is_whole: bool, rows: Collection[str] = ()) -> Generation:
        """Return the next one, of the whole or of some rows."""
        if not is_whole and not rows:
            return self
        again = {**self.rows, **{key: self.rows.get(key, 0) + 1 for key in rows}}
        return Generation(whole=self.whole + is_whole, rows=dict(sorted(again.items())))


NEVER = Generation()
