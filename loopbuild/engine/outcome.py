"""What a build tells: events while it runs, an outcome at its end. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from loopbuild.engine.staleness import StaleReason
from loopbuild.errors import LoopbuildError

What = Literal[
    "fresh",
    "built",
    "cut_off",
    "revalidated",
    "restored",
    "adopted",
    "borrowed",
    "failed",
    "skipped",
    "deferred",
    "interrupted",
]
"""fresh: nothing to do. built: ran, new bytes. cut_off: ran, same bytes as before. revalidated: rows proven good, none
run. restored: found in the store, nothing ran. adopted: another build made it meanwhile. borrowed: taken as another
lock names it, not put in force. skipped: something it needs failed. deferred: left to another build that makes it.
interrupted: to be resumed."""
RAN: frozenset[What] = frozenset({"built", "cut_off", "revalidated", "failed", "interrupted"})
BAD: frozenset[What] = frozenset({"failed", "skipped", "deferred", "interrupted"})
"""Outcomes after which nothing can rest on the target."""
_NOTHING: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something a watcher may show; `done` of `total` targets are settled."""

    kind: Literal["started", "finished", "progress", "note"]
    target: str = ""
    outcome: What | None = None
    seconds: float = 0.0
    rows_run: int = 0
    rows_total: int = 0
    message: str = ""
    done: int = 0
    total: int = 0
    spent: Mapping[str, float] = field(default_factory=dict)


class Result(NamedTuple):
    """What happened to one target. A tuple, because a walk makes one for every target there is."""

    target: str
    outcome: What
    output: str = ""
    """Digest of the output, empty when there is none."""
    seconds: float = 0.0
    reasons: tuple[StaleReason, ...] = ()
    rows_run: int = 0
    rows_revalidated: int = 0
    rows_failed: int = 0
    rows_total: int = 0
    error: LoopbuildError | None = None
    cause: str = ""
    """For a skipped target, the target that broke."""
    spent: Mapping[str, float] = _NOTHING
    """What its action said it used up, summed by name."""
    began: float = 0.0
    """When work on it began, in seconds after the build did; not told of what was up to date."""

    def event(self, *, done: int, total: int) -> Event:
        """Return what watchers are told."""
        return Event(
            kind="finished",
            target=self.target,
            outcome=self.outcome,
            seconds=self.seconds,
            rows_run=self.rows_run,
            rows_total=self.rows_total,
            message=self.error.message if self.error else "",
            done=done,
            total=total,
            spent=self.spent,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a build did; `results` holds every wanted target, also the fresh ones, in declared order."""

    results: Mapping[str, Result]
    seconds: float
    is_interrupted: bool = False
    notes: tuple[str, ...] = ()
    lock_changes: tuple[str, ...] = ()
    """Of a frozen build: the ids whose lines of loop.lock would not stay as they are."""

    def of(self, *outcomes: What) -> tuple[Result, ...]:
        """Return the results with one of these outcomes."""
        return tuple(result for result in self.results.values() if result.outcome in outcomes)

    @property
    def counts(self) -> dict[What, int]:
        """How many targets had which outcome."""
        found: dict[What, int] = {}
        for result in self.results.values():
            found[result.outcome] = found.get(result.outcome, 0) + 1
        return found

    @property
    def ran(self) -> frozenset[str]:
        """Targets whose recipe ran or was asked to prove rows."""
        return frozenset(result.target for result in self.of(*RAN))

    @property
    def errors(self) -> tuple[LoopbuildError, ...]:
        """The errors of all failed targets, in declared order."""
        return tuple(result.error for result in self.results.values() if result.error is not None)

    @property
    def word(self) -> Literal["done", "failed", "interrupted", "deferred"]:
        """How it ended; `deferred` when nothing failed and something was left to another build."""
        if self.is_interrupted:
            return "interrupted"
        if self.is_success:
            return "done"
        return "deferred" if self.of("deferred") and not self.of("failed") else "failed"

    @property
    def is_success(self) -> bool:
        """Whether everything wanted is now in force."""
        bad = self.is_interrupted or self.lock_changes or self.of(*BAD)
        return not bad
