"""The filters that look at rows together, in cost order, and the table of verdicts they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.records import Example, Json, Verdict
from loopbuild.stages.filters.dedup import find_duplicates
from loopbuild.stages.filters.diversity import select_diverse


def select_rows(examples: Sequence[Example], *, filters: Sequence[Mapping[str, Json]]) -> dict[str, Verdict]:
    """Return a verdict per row, sorted by key; `filters` are the entries of loop.yaml with their defaults."""
    verdicts = {example.key: Verdict(key=example.key, kept=True) for example in examples}
    left = sorted(examples, key=lambda example: example.key)
    for entry in filters:
        if entry["kind"] == "dedup":
            dropped = find_duplicates(left)
        elif entry["kind"] == "diversity":
            dropped = select_diverse(left, max_share=entry.get("max_share", 0.25), floor=entry.get("floor", 4))
        else:
            continue
        verdicts |= dropped
        left = [example for example in left if example.key not in dropped]
    return dict(sorted(verdicts.items()))
