"""What a plan says, as data: targets that would run, may run or stay, their rows, reasons and estimates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from loopbuild.engine.staleness import StaleReason
from loopbuild.engine.target import Target
from loopbuild.errors import LoopbuildError

Will = Literal["run", "maybe", "reuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """A row that would run, or be proven again."""

    key: str
    verdict: Literal["revalidate", "run"]
    reasons: tuple[StaleReason, ...]


class PlanEntry(NamedTuple):
    """What would happen to one target. A tuple, because a plan makes one for every target there is."""

    target: str
    kind: str
    recipe: str
    will: Will
    reasons: tuple[StaleReason, ...] = ()
    rows: tuple[PlannedRow, ...] = ()
    """Of a table whose inputs are all known: exactly these rows."""
    rows_stale: int | None = None
    """Rows that would run; of a "may" an estimate; None when nothing is known, or the target has no rows."""
    rows_revalidate: int = 0
    rows_total: int | None = None
    seconds: float | None = None
    """Estimate from earlier runs of the recipe: their median."""
    seconds_high: float | None = None
    """The same from the slow ones among them: their 95th percentile."""
    is_cheap: bool = False
    """It was evaluated in memory to make this plan."""
    output: str = ""
    """Digest of the output if known already."""
    key: str = ""
    """Empty while an input's output is not known."""
    is_locked: bool = False
    """loop.lock names its output for this very key: at most the bytes are not here."""
    error: LoopbuildError | None = None
    """It would fail like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafChange:
    """A file that is not what some target read; an absent side is None."""

    path: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`would`, `may` and `fresh` in declared order; what ran afterwards is all of `would` and some of `may`."""

    would: tuple[PlanEntry, ...]
    may: tuple[PlanEntry, ...]
    fresh: tuple[PlanEntry, ...]
    leaf_changes: tuple[LeafChange, ...]
    open_ended: tuple[str, ...]
    """Targets that would run and only then tell which further targets exist."""
    targets: Mapping[str, Target] = field(default_factory=dict)
    """Everything declared, wanted or not."""
    lock_changes: tuple[str, ...] = ()
    """Lines of loop.lock that are not what is in force; without what would run, which is not known yet."""
    missing: tuple[PlanEntry, ...] = ()
    """Of `may`: what loop.lock names and only the bytes are not here, so that a cache would do."""

    @property
    def entries(self) -> dict[str, PlanEntry]:
        """All entries by target id."""
        return {entry.target: entry for entry in (*self.would, *self.may, *self.fresh)}

    @property
    def seconds(self) -> float:
        """Sum of the estimates of `would`."""
        return sum(entry.seconds or 0.0 for entry in self.would)

    @property
    def is_nothing_to_do(self) -> bool:
        """Whether a build would run nothing."""
        return not self.would and not self.may
