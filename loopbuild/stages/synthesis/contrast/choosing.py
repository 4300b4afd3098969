"""Which proven pairs make the set: classes at their shares, faults at theirs inside, few of any one execution.

Pure. Where a class is short the whole set shrinks to keep the shares, but not below half; what is missing then is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loopbuild.digest import digest
from loopbuild.records import PairClass, PreferencePair
from loopbuild.stages.synthesis.contrast.faults import FAULTS, weights_of

TOLERANCE = 0.02
_LEAST = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The set, and why a share is not what it should be."""

    pairs: tuple[PreferencePair, ...]
    excuses: tuple[str, ...] = ()


def choose_pairs(
    supply: Sequence[PreferencePair],
    *,
    shares: Mapping[str, float],
    weights: Mapping[str, float],
    per_trajectory: int,
    most: int | None = None,
) -> Chosen:
    """Return the pairs that train, sorted by key."""
    total = sum(shares.values()) or 1.0
    wanted = {kind: shares.get(kind, 0.0) / total for kind in FAULTS if shares.get(kind, 0.0) > 0}
    executions = {pair.trajectory or pair.row for pair in supply}
    size = per_trajectory * len(executions)
    size = min(size, most) if most is not None else size
    best: list[PreferencePair] = []
    for scale in _sizes(size, supply, wanted):
        best = _drawn(supply, wanted, weights, scale, per_trajectory)
        if len(best) >= scale:
            break
    return Chosen(pairs=tuple(sorted(best, key=lambda pair: pair.key)), excuses=_excuses(best, wanted, supply))


def _sizes(size: int, supply: Sequence[PreferencePair], wanted: Mapping[PairClass, float]) -> list[int]:
    """Return sizes to try, the largest first; the last is the least that is shrunk to."""
    there = Counter(pair.kind for pair in supply)
    least = max(1, int(size * _LEAST))
    fitting = min((int(there[kind] / share) for kind, share in wanted.items()), default=0)
    first = min(size, max(fitting, least))
    return sorted({first - step * (first - least) // 12 for step in range(13)}, reverse=True)


def _drawn(
    supply: Sequence[PreferencePair],
    wanted: Mapping[PairClass, float],
    weights: Mapping[str, float],
    size: int,
    per_trajectory: int,
) -> list[PreferencePair]:
    by_kind: dict[PairClass, list[PreferencePair]] = {kind: [] for kind in wanted}
    for pair in sorted(supply, key=lambda one: digest("drawn", one.key)):
        if pair.kind in by_kind:
            by_kind[pair.kind].append(pair)
    taken: Counter[str] = Counter()
    drawn: list[PreferencePair] = []
    # The scarcest class first: it must not lose its executions to classes that have plenty.
    for kind in sorted(by_kind, key=lambda one: (len(by_kind[one]) / wanted[one], one)):
        quota = _inside(kind, weights, round(wanted[kind] * size), Counter(pair.fault for pair in by_kind[kind]))
        for pair in by_kind[kind]:
            where = pair.trajectory or pair.row
            if quota.get(pair.fault, 0) > 0 and taken[where] < per_trajectory:
                quota[pair.fault] -= 1
                taken[where] += 1
                drawn.append(pair)
    return drawn


def _inside(kind: PairClass, weights: Mapping[str, float], count: int, there: Mapping[str, int]) -> dict[str, int]:
    """Return how many of each fault: by weight, what one lacks going to those that have more."""
    shares = weights_of(kind, weights)
    quota = dict.fromkeys(shares, 0)
    left = min(count, sum(there.get(fault, 0) for fault in shares))
    while left > 0:
        open_ = {fault: share for fault, share in shares.items() if quota[fault] < there.get(fault, 0)}
        total = sum(open_.values())
        if not open_:
            break
        given = 0
        for fault, share in sorted(open_.items()):
            part = min(int(left * share / total), there[fault] - quota[fault])
            quota[fault] += part
            given += part
        if not given:
            fault = max(open_, key=lambda one: (open_[one], one))
            quota[fault] += 1
            given = 1
        left -= given
    return quota


def _excuses(
    pairs: Sequence[PreferencePair], wanted: Mapping[PairClass, float], supply: Sequence[PreferencePair]
) -> tuple[str, ...]:
    made, there = Counter(pair.kind for pair in pairs), Counter(pair.kind for pair in supply)
    found = []
    for kind, share in wanted.items():
        is_share = made[kind] / len(pairs) if pairs else 0.0
        if abs(is_share - share) > TOLERANCE:
            found.append(f"{kind}: {is_share:.0%} instead of {share:.0%}, {there[kind]:,} of its pairs could be proven")
    return tuple(found)
