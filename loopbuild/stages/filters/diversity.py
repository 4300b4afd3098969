"""Filter `diversity`: no wording structure may crowd a call path out of its goal tool's rows.

Buckets are (goal tool, path, structure). A bucket keeps its share, never fewer than the floor; who stays is decided by
row digest, so one row more moves at most one other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.digest import digest
from loopbuild.records import Example, Verdict
from loopbuild.stages.filters.masking import masked, shape


def select_diverse(
    examples: Sequence[Example],
    *,
    max_share: float = 0.25,
    floor: int = 4,
    texts: Mapping[str, str] | None = None,
) -> dict[str, Verdict]:
    """Return a verdict for each row beyond its bucket's share: `not_selected:<goal tool>`."""
    by_goal: dict[str, list[Example]] = {}
    for example in examples:
        if example.tools:
            by_goal.setdefault(example.tools[-1], []).append(example)
    found: dict[str, Verdict] = {}
    for goal, members in sorted(by_goal.items()):
        limit = max(floor, int(max_share * len(members)))
        buckets: dict[tuple[str, ...], list[Example]] = {}
        for example in members:
            text = texts[example.key] if texts is not None else masked(example)
            buckets.setdefault((*example.tools, shape(text)), []).append(example)
        for bucket, rows in sorted(buckets.items()):
            ranked = sorted(rows, key=lambda example: digest("rank", example.key))
            for example in ranked[limit:]:
                found[example.key] = Verdict(
                    key=example.key, kept=False, filter="diversity", reason=f"not_selected:{goal}", detail=bucket[-1]
                )
    return dict(sorted(found.items()))
