"""Intervals and paired tests on counts, from the standard library alone.

Pure: integers in, numbers out. Decides how sure a figure is; refuses to know which metric or which model it belongs to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from loopbuild.records import Rate

Z95 = 1.959963984540054
"""Two-sided 95%."""
Z95_ONE_SIDED = 1.6448536269514722

Verdict = Literal["pass", "fail", "not enough tasks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedChange:
    """The same `n` tasks before and after a change: how many were right both times, lost, won, wrong both times."""

    kept: int
    lost: int
    won: int
    missed: int
    loss: float
    """Share of tasks lost net of those won; negative is a gain."""
    upper: float
    """One-sided 95% bound of `loss`."""
    p_worse: float
    """Exact one-sided McNemar probability of at least this many losses if the two were equally good."""
    margin: float
    verdict: Verdict

    @property
    def n(self) -> int:
        """Return the number of pairs."""
        return self.kept + self.lost + self.won + self.missed


def wilson(k: int, n: int, *, z: float = Z95) -> Rate:
    """Return k of n with its Wilson interval; 0 to 1 when n is 0."""
    if not 0 <= k <= n:
        raise ValueError(f"`{k}` of `{n}` is no share")
    if n == 0:
        return Rate(k=0, n=0, low=0.0, high=1.0)
    low, high = _wilson_bounds(k, n, z)
    return Rate(k=k, n=n, low=low, high=high)


def mcnemar(lost: int, won: int) -> float:
    """Return the exact two-sided probability of a split at least this uneven when both sides are equally likely."""
    return min(1.0, 2.0 * _binomial_tail(max(lost, won), lost + won))


def mcnemar_worse(lost: int, won: int) -> float:
    """Return the exact one-sided probability of at least `lost` losses among `lost + won` changed tasks."""
    return _binomial_tail(lost, lost + won)


def newcombe_paired(kept: int, lost: int, won: int, missed: int, *, z: float = Z95) -> tuple[float, float]:
    """Return Newcombe's hybrid Wilson interval of the net loss (lost - won) / n.

    Unlike Wald's it does not shrink to a point when nothing changed sides. With n = 0 it is (-1, 1).
    """
    n = kept + lost + won + missed
    if n == 0:
        return (-1.0, 1.0)
    before, after = (kept + lost) / n, (kept + won) / n
    low_before, high_before = _wilson_bounds(kept + lost, n, z)
    low_after, high_after = _wilson_bounds(kept + won, n, z)
    phi = _correlation(kept, lost, won, missed)
    loss = before - after
    down, up = before - low_before, high_after - after
    low = loss - math.sqrt(max(0.0, down * down - 2 * phi * down * up + up * up))
    down, up = after - low_after, high_before - before
    high = loss + math.sqrt(max(0.0, up * up - 2 * phi * up * down + down * down))
    return (max(-1.0, low), min(1.0, high))


def compare_paired(before: Sequence[bool], after: Sequence[bool], *, margin: float = 0.05) -> PairedChange:
    """Compare two runs over the same tasks in the same order: is the loss surely smaller than `margin`?

    `pass` when the loss's upper bound stays below the margin, `fail` when it does not and the loss is significant,
    otherwise the tasks were too few to say. "Not significant" alone never passes.
    """
    kept = sum(a and b for a, b in zip(before, after, strict=True))
    lost = sum(a and not b for a, b in zip(before, after, strict=True))
    won = sum(b and not a for a, b in zip(before, after, strict=True))
    missed = len(before) - kept - lost - won
    upper = newcombe_paired(kept, lost, won, missed, z=Z95_ONE_SIDED)[1]
    p_worse = mcnemar_worse(lost, won)
    verdict: Verdict = "not enough tasks"
    if before and upper < margin:
        verdict = "pass"
    elif before and p_worse < 0.05:
        verdict = "fail"
    loss = (lost - won) / len(before) if before else 0.0
    return PairedChange(
        kept=kept,
        lost=lost,
        won=won,
        missed=missed,
        loss=loss,
        upper=upper,
        p_worse=p_worse,
        margin=margin,
        verdict=verdict,
    )


def _wilson_bounds(k: int, n: int, z: float) -> tuple[float, float]:
    share = k / n
    scale = 1 + z * z / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Rounding may step over the edges at k = 0 and k = n, where the bound is exact.
    low = 0.0 if k == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if k == n else min(1.0, (centre + half) / scale)
    return low, high


def _correlation(kept: int, lost: int, won: int, missed: int) -> float:
    """Pearson's phi of the 2 x 2 table, pulled towards 0 by Newcombe's continuity correction when positive."""
    product = (kept + lost) * (won + missed) * (kept + won) * (lost + missed)
    if product == 0:
        return 0.0
    excess = kept * missed - lost * won
    if excess > 0:
        return max(0.0, excess - (kept + lost + won + missed) / 2) / math.sqrt(product)
    return excess / math.sqrt(product)


def _binomial_tail(at_least: int, n: int) -> float:
    if at_least <= 0:
        return 1.0
    # Integer sums, one division: exact for any n a report can hold.
    ways: int = sum(math.comb(n, i) for i in range(at_least, n + 1))
    return ways / (1 << n)
