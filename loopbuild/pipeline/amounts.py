"""How many trajectories and texts a change concerns, and what that means for training: one count for every screen.

`status`, `plan`, `why`, `diff` and `check` all quote an `Amounts`; its fields are the words they use. The engine's plan
counts exactly what is wanted (`planned_amounts`); `diff` and `check` plan nothing and count what was recorded. A build
makes at least `least` and at most `most` of the trajectories.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from loopbuild.digest import digest
from loopbuild.engine.history import Cost
from loopbuild.engine.planned import PlanEntry
from loopbuild.engine.target import Json

Row = tuple[str, str]
"""(target, row key)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Trajectories and texts after a change; kept, to check and new are all trajectories that are wanted."""

    wanted: int = 0
    new: int = 0
    """That no build has made."""
    check: int = 0
    """Of those there are and that are wanted still, whose reads changed: validated and replayed, kept if they hold."""
    invalid: int = 0
    """Of those to check, with a call that no longer validates: they are made anew for certain."""
    gone: int = 0
    """That there are now and nobody wants any more."""
    texts_each: float = 0.0
    """Of one trajectory, going by those there are."""
    is_about: bool = False
    """Counted without planning: what is new, gone and wanted may be a few more or fewer."""
    moves: bool = False
    """Some rows are planned by what the others are like: so many, more or less, are kept and checked, too."""

    @property
    def kept(self) -> int:
        """Return how many stay as they are, unseen."""
        return self.wanted - self.new - self.check

    @property
    def least(self) -> int:
        """Return how many a build makes for certain."""
        return self.new + self.invalid

    @property
    def most(self) -> int:
        """Return how many a build makes if none of those to check holds."""
        return self.new + self.check

    @property
    def texts(self) -> int:
        """Return about how many texts are written at most."""
        return round(self.most * self.texts_each)

    @property
    def share(self) -> float:
        """Return which share of what is wanted may change."""
        return self.most / self.wanted if self.wanted else 0.0


def planned_amounts(entries: Iterable[PlanEntry], *, invalid: frozenset[Row], texts_each: float) -> Amounts:
    """Return the amounts of a plan; `invalid` are rows in force with a call that no longer validates."""
    tables = [entry for entry in entries if entry.kind == "trajectories"]
    # What loop.lock names is no new row: at most its bytes have to be fetched.
    made = [entry for entry in tables if not entry.is_locked]
    checked = [(e.target, row.key) for e in made for row in e.rows if row.verdict == "revalidate"]
    return Amounts(
        wanted=sum(entry.rows_total or 0 for entry in tables),
        new=sum(entry.rows_stale or 0 for entry in made),
        check=sum(entry.rows_revalidate for entry in made),
        invalid=sum(row in invalid for row in checked),
        texts_each=texts_each,
    )


def seconds_of(amounts: Amounts, known: Mapping[str, Cost]) -> float | None:
    """Return about how long sampling, writing and judging take at most; None when no earlier build tells."""
    times = {"trajectories": amounts.most, "tasks": amounts.texts, "rows": amounts.texts}
    timed = [known[recipe].seconds * times[recipe] for recipe in times if times[recipe] and recipe in known]
    return sum(timed) if timed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How training would go on."""

    mode: Literal["fresh", "continue"]
    parent: str = ""
    """Digest of the weights it continues."""
    delta: int = 0
    replay: int = 0
    share: float = 1.0
    """Of the rows wanted, those made anew, at most."""


def course_of(amounts: Amounts, *, head: Json | None, training_rows: int, incremental: Json) -> Course:
    """Return how training would go on from the last checkpoint `head`, if there is one."""
    share = amounts.share if amounts.wanted else 1.0
    if head is None or share > incremental["full_rebuild_above"]:
        return Course(mode="fresh", share=share)
    delta = min(incremental["max_rows"], round(share * training_rows))
    return Course(
        mode="continue",
        parent=digest("model", head["files"]),
        delta=delta,
        replay=round(delta * incremental["replay"]),
        share=share,
    )
