"""What earlier builds did and how long recipes take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loopbuild.engine.journal import Journal
from loopbuild.engine.outcome import Outcome
from loopbuild.engine.target import Json
from loopbuild.engine.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRun:
    """One target within an earlier build."""

    target: str
    outcome: str
    seconds: float
    rows_run: int
    rows_total: int
    reasons: tuple[str, ...]
    """Codes."""
    message: str = ""
    output: str = ""
    """First digits of its output's digest, empty when there is none."""
    spent: Mapping[str, float] = field(default_factory=dict)
    """What its action said it used up."""
    began: float | None = None
    """Seconds after the build began; None in builds of releases that did not note it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One earlier build; targets that were fresh are not listed."""

    number: int
    started: float
    """Seconds since the epoch."""
    seconds: float
    outcome: str
    """`done`, `failed`, `interrupted`, or `deferred` when something was left to another build."""
    code_version: str
    targets: tuple[TargetRun, ...]


def last_outcome(ws: Workspace, target: str, *, limit: int) -> str:
    """Return how a target came out when one of the last `limit` builds last did something about it, else ""."""
    with ws.reading() as journal:
        found = journal.last_result(target, limit)
    return "" if found is None else str(found[1])


def history(ws: Workspace, limit: int = 20) -> tuple[Run, ...]:
    """Return the newest builds first."""
    with ws.reading() as journal:
        return tuple(
            Run(
                number=number,
                started=started,
                seconds=seconds,
                outcome=outcome,
                code_version=version,
                targets=tuple(
                    TargetRun(
                        target=row[0],
                        outcome=row[1],
                        seconds=row[2],
                        rows_run=row[3],
                        rows_total=row[4],
                        reasons=tuple(row[5]),
                        message=row[6],
                        output=row[7] if len(row) > 7 else "",
                        spent=row[8] if len(row) > 8 else {},
                        began=row[9] if len(row) > 9 else None,
                    )
                    for row in results
                ),
            )
            for number, started, seconds, outcome, version, results in journal.runs(limit)
        )


def summary(outcome: Outcome) -> Json:
    """Return what the journal keeps of a build."""
    return [
        [
            result.target,
            result.outcome,
            round(result.seconds, 4),
            result.rows_run,
            result.rows_total,
            list(dict.fromkeys(reason.code for reason in result.reasons)),
            result.error.message if result.error else "",
            result.output[:16],
            dict(sorted(result.spent.items())),
            round(result.began, 4),
        ]
        for result in outcome.results.values()
        if result.outcome not in ("fresh", "borrowed")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a recipe took so far."""

    seconds: float
    """Median of a whole run; of one row for tables."""
    seconds_high: float
    """95th percentile of the same."""
    is_per_row: bool


def costs(journal: Journal) -> Mapping[str, Cost]:
    """Return what a recipe costs by its name, from the last 50 runs of each."""
    found: dict[str, Cost] = {}
    for recipe, runs in journal.costs().items():
        per_row = [seconds / rows for seconds, rows in runs[-50:] if rows > 0]
        whole = [seconds for seconds, rows in runs[-50:] if rows < 0]
        chosen = per_row or whole
        if chosen:
            high = sorted(chosen)[min(len(chosen) - 1, len(chosen) * 95 // 100)]
            found[recipe] = Cost(seconds=_median(chosen), seconds_high=high, is_per_row=bool(per_row))
    return found


def _median(values: list[float]) -> float:
    # The module statistics costs as much to import as a whole no-op.
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
