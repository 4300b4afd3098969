"""The filters that look at rows together, in cost order, and the table of verdicts they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.records import Example, Json, Verdict
from loopbuild.stages.filters.alike import find_alike
from loopbuild.stages.filters.dedup import find_duplicates
from loopbuild.stages.filters.diversity import select_diverse
from loopbuild.stages.filters.masking import masked
from loopbuild.stages.filters.near import Nearness, find_near_duplicates
from loopbuild.stages.filters.quota import select_quota

TOGETHER = ("dedup", "near_duplicates", "self_bleu", "diversity", "quota")
"""Cheapest first, whatever the order in loop.yaml."""


def select_rows(examples: Sequence[Example], *, filters: Sequence[Mapping[str, Json]]) -> dict[str, Verdict]:
    """Return a verdict per row, sorted by key; `filters` are the entries of loop.yaml with their defaults."""
    verdicts = {example.key: Verdict(key=example.key, kept=True) for example in examples}
    left = sorted(examples, key=lambda example: example.key)
    chosen = {entry["kind"]: entry for entry in filters}
    if not chosen.keys() & set(TOGETHER):
        return dict(sorted(verdicts.items()))
    texts = {example.key: masked(example) for example in left}
    for kind in TOGETHER:
        if kind not in chosen:
            continue
        dropped = _dropped(kind, chosen[kind], left, texts)
        verdicts |= dropped
        left = [example for example in left if example.key not in dropped]
    return dict(sorted(verdicts.items()))


def _dropped(
    kind: str, entry: Mapping[str, Json], left: Sequence[Example], texts: Mapping[str, str]
) -> dict[str, Verdict]:
    if kind == "dedup":
        return find_duplicates(left, texts=texts)
    if kind == "near_duplicates":
        return find_near_duplicates(left, nearness=Nearness.of(entry), texts=texts)
    if kind == "self_bleu":
        return find_alike(left, threshold=entry["threshold"], mask=entry["mask"], texts=texts)
    if kind == "diversity":
        return select_diverse(left, max_share=entry.get("max_share", 0.25), floor=entry.get("floor", 4), texts=texts)
    return select_quota(left, rows=entry["rows"], floor=entry.get("floor", 4), texts=texts)
