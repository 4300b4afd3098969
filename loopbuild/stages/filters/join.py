"""Which sets of a list are near one that stands before it: exactly, or among the candidates MinHash proposes.

The exact join is complete. MinHash finds candidates through datasketch and compares them exactly, so it may miss a pair
but never names a wrong one; it pays where texts are long (benchmarks/data/dedup.py). Pure; the order given decides who
stays, and only what stays is compared with.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from loopbuild.errors import MissingExtra

_EPSILON = 1e-9
_BATCH = 2000


class Near(Protocol):
    """What a join has to know."""

    @property
    def threshold(self) -> float:
        """Jaccard similarity from which two sets are near."""

    @property
    def method(self) -> str:
        """`exact` or `minhash`."""

    @property
    def permutations(self) -> int:
        """Hash functions of a MinHash."""


def join(sets: Sequence[frozenset[str]], *, nearness: Near) -> dict[int, tuple[int, float]]:
    """Return place -> (place of the first kept set near it, their Jaccard similarity)."""
    if nearness.method == "minhash":
        return _minhash(sets, nearness.threshold, nearness.permutations)
    return _exact(sets, nearness.threshold)


def _exact(sets: Sequence[frozenset[str]], threshold: float) -> dict[int, tuple[int, float]]:
    """Prefix filter: with items in one order, rarest first, two near sets share one of their first few items."""
    counts = Counter(item for one in sets for item in one)
    rank = {item: place for place, item in enumerate(sorted(counts, key=lambda item: (counts[item], item)))}
    index: dict[int, list[int]] = {}
    same: dict[frozenset[str], int] = {}
    found: dict[int, tuple[int, float]] = {}
    for place, one in enumerate(sets):
        if one in same:
            found[place] = (same[one], 1.0)
            continue
        size = len(one)
        first = sorted(rank[item] for item in one)[: size - math.ceil(threshold * size - _EPSILON) + 1]
        low, high = threshold * size - _EPSILON, size / threshold + _EPSILON
        others = {other for item in first for other in index.get(item, ()) if low <= len(sets[other]) <= high}
        match = _first_near(one, sets, sorted(others), threshold)
        if match is not None:
            found[place] = match
            continue
        same[one] = place
        for item in first:
            index.setdefault(item, []).append(place)
    return found


def _minhash(sets: Sequence[frozenset[str]], threshold: float, permutations: int) -> dict[int, tuple[int, float]]:
    try:
        from datasketch import MinHashLSH
    except ImportError as exc:
        raise MissingExtra("`method: minhash`", extra="minhash") from exc
    # Weighted towards recall: wrong candidates cost a comparison, missed ones are gone. datasketch's own weights (.5,
    # .5) give 9 bands of 13 rows at .85, which miss 31% of the pairs that lie exactly there.
    lsh = MinHashLSH(threshold=threshold, num_perm=permutations, weights=(0.05, 0.95))
    same: dict[frozenset[str], int] = {}
    found: dict[int, tuple[int, float]] = {}
    for place, (one, sketch) in enumerate(zip(sets, _sketches(sets, permutations), strict=True)):
        if one in same:
            found[place] = (same[one], 1.0)
            continue
        match = _first_near(one, sets, sorted(lsh.query(sketch)), threshold)
        if match is not None:
            found[place] = match
            continue
        same[one] = place
        lsh.insert(place, sketch, check_duplication=False)
    return found


def _sketches(sets: Sequence[frozenset[str]], permutations: int) -> Iterator[object]:
    """A batch at a time: all of them at once would take half a kilobyte a row."""
    from datasketch import MinHash

    hashes: dict[str, int] = {}
    for start in range(0, len(sets), _BATCH):
        batch = [
            [hashes.setdefault(item, zlib.crc32(item.encode())) for item in sorted(one)]
            for one in sets[start : start + _BATCH]
        ]
        yield from MinHash.bulk(batch, num_perm=permutations, seed=1, hashfunc=int)


def _first_near(
    one: frozenset[str], sets: Sequence[frozenset[str]], others: Iterable[int], threshold: float
) -> tuple[int, float] | None:
    for other in others:
        shared = len(one & sets[other])
        union = len(one) + len(sets[other]) - shared
        if shared >= threshold * union - _EPSILON:
            return other, shared / union
    return None
