"""Turns declared bars into verdicts.

Pure. Fails closed: a metric that was not measured is a failure, and too few tasks are named as such instead of passing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loopbuild.records import REGRESSION, Json
from loopbuild.stages.evaluation.statistics import PairedChange, Verdict

MIN_TASKS = 20
"""Below this a share says too little to pass: 19 of 20 is 76% to 99%."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """One declared bar and what was found."""

    metric: str
    split: str
    wanted: float
    value: float | None
    """The point estimate (for a regression the loss's upper bound); None when nothing was measured."""
    k: int
    n: int
    verdict: Verdict
    reason: str


def check_gates(
    summary: Json, gate: Mapping[str, float], *, change: PairedChange | None = None, has_predecessor: bool = False
) -> list[GateResult]:
    """Return a result per declared bar, sorted by name.

    A bar names a metric of the split `values` (`tool_selection`), or a split and a metric (`paths.solved`); metrics
    that only the split `negative` has are found there. `change` answers `max_regression`; without a predecessor to lose
    against, that bar does not apply and yields no result.
    """
    results = []
    for name, wanted in sorted(gate.items()):
        if name == REGRESSION:
            if change is not None:
                results.append(_regression(wanted, change))
            elif has_predecessor:
                results.append(_incomparable(wanted))
            continue
        results.append(_floor(name, wanted, summary.get("splits", {})))
    return results


def worst(results: Iterable[GateResult]) -> Verdict:
    """Return the verdict of all bars together: a failure first, then doubt, else a pass."""
    verdicts = [result.verdict for result in results]
    order: tuple[Verdict, ...] = ("fail", "not enough tasks")
    return next((verdict for verdict in order if verdict in verdicts), "pass")


def _floor(name: str, wanted: float, splits: Mapping[str, Json]) -> GateResult:
    split, _, metric = name.rpartition(".")
    places = [split] if split else ["values", "negative"]
    place = next((one for one in places if metric in splits.get(one, {})), places[0])
    rate = splits.get(place, {}).get(metric)
    if rate is None or rate["n"] == 0:
        reason = f"`{metric}` was not measured on the split `{place}`"
        return GateResult(
            metric=metric, split=place, wanted=wanted, value=None, k=0, n=0, verdict="fail", reason=reason
        )
    value = rate["k"] / rate["n"]
    verdict: Verdict = "pass"
    found = f"{rate['k']} of {rate['n']} is {value:.3f}"
    if value < wanted:
        verdict, reason = "fail", f"{found}, below {wanted:g}"
    elif rate["n"] < MIN_TASKS:
        verdict, reason = "not enough tasks", f"{found}, but fewer than {MIN_TASKS} tasks decide nothing"
    else:
        reason = f"{found}, at least {wanted:g}"
    return GateResult(
        metric=metric,
        split=place,
        wanted=wanted,
        value=value,
        k=rate["k"],
        n=rate["n"],
        verdict=verdict,
        reason=reason,
    )


def _incomparable(wanted: float) -> GateResult:
    reason = "the model before has another base, adapter or prompt, or no task in common with this one"
    return GateResult(
        metric=REGRESSION,
        split="paired",
        wanted=wanted,
        value=None,
        k=0,
        n=0,
        verdict="not enough tasks",
        reason=reason,
    )


def _regression(wanted: float, change: PairedChange) -> GateResult:
    decided: Verdict = change.verdict
    if change.margin != wanted:
        raise ValueError(f"the comparison was made for a margin of `{change.margin}`, not `{wanted}`")
    return GateResult(
        metric=REGRESSION,
        split="paired",
        wanted=wanted,
        value=change.upper,
        k=change.lost,
        n=change.n,
        verdict=decided,
        reason=(
            f"{change.lost} lost and {change.won} won of {change.n}: "
            f"a loss of at most {100 * change.upper:.1f} points, {100 * wanted:g} allowed"
        ),
    )
