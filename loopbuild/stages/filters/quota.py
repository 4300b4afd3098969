"""Filter `quota`: at most so many rows, spread over what the rows are about rather than over what there is most of.

A bucket is (source, shape, number of calls, level, category); each gets a share by the square root of its supply.
Inside, wordings take turns, and the row digest decides who of one wording comes first. Values are no feature: other
ids would make every row look new. A row more or less moves at most a few others, without any memory of earlier picks.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from loopbuild.digest import digest
from loopbuild.records import Example, Verdict
from loopbuild.stages.filters.masking import masked, shape

_STEP = 1.01
"""Shares move in steps of one per cent: else one row more would shift the limit of every bucket."""


def select_quota(
    examples: Sequence[Example], *, rows: int, floor: int = 4, texts: Mapping[str, str] | None = None
) -> dict[str, Verdict]:
    """Return a verdict for each row that is one too many: `not_selected:<bucket>`; no tool falls below `floor`."""
    if len(examples) <= rows:
        return {}
    buckets: dict[str, list[Example]] = {}
    for example in examples:
        buckets.setdefault(bucket_of(example), []).append(example)
    limits = _limits({name: len(members) for name, members in buckets.items()}, rows, floor)
    left_out: list[tuple[str, Example]] = []
    used: Counter[str] = Counter()
    for name, members in sorted(buckets.items()):
        ranked = _in_turn(members, texts)
        used.update(tool for example in ranked[: limits[name]] for tool in example.tools)
        left_out += [(name, example) for example in ranked[limits[name] :]]
    found: dict[str, Verdict] = {}
    for name, example in sorted(left_out, key=lambda one: digest("rank", one[1].key)):
        if any(used[tool] < floor for tool in example.tools):
            used.update(example.tools)
            continue
        found[example.key] = Verdict(key=example.key, kept=False, filter="quota", reason=f"not_selected:{name}")
    return dict(sorted(found.items()))


def bucket_of(example: Example) -> str:
    """Return the name of a row's bucket."""
    calls = sum(len(message.get("tool_calls") or ()) for message in example.messages)
    source = example.tools[-1].partition("/")[0] if example.tools else "-"
    return f"{source} {example.category} {example.topology} {calls} {example.level}"


def _limits(supply: Mapping[str, int], rows: int, floor: int) -> dict[str, int]:
    def at(step: int) -> dict[str, int]:
        scale = _STEP**step
        return {name: min(n, max(floor, int(scale * math.sqrt(n)))) for name, n in supply.items()}

    low, high = 0, 2000  # 1.01 ** 2000 is 4e8: more than any root of a supply
    while low < high:
        middle = (low + high + 1) // 2
        if sum(at(middle).values()) <= rows:
            low = middle
        else:
            high = middle - 1
    return at(low)


def _in_turn(members: Sequence[Example], texts: Mapping[str, str] | None) -> list[Example]:
    by_wording: dict[tuple[str, ...], list[Example]] = {}
    for example in members:
        text = texts[example.key] if texts is not None else masked(example)
        by_wording.setdefault((*example.tools, shape(text)), []).append(example)
    turns = []
    for wording, same in by_wording.items():
        place = digest("wording", list(wording))
        ranked = sorted(same, key=lambda example: digest("rank", example.key))
        turns += [(turn, place, example) for turn, example in enumerate(ranked)]
    return [example for _, _, example in sorted(turns, key=lambda one: one[:2])]
