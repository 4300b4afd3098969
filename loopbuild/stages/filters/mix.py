"""Cuts row categories back to their shares: more are made than asked for, because not every row of them survives.

Pure. Who stays is decided by row digest, so that one row more elsewhere moves at most a few at the edge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loopbuild.digest import digest
from loopbuild.records import Example, Verdict

OF_SEVERAL = "error_recovery"
"""Its share is of the rows with several calls."""
EXACT = ("clarify", "missing_tool", "confirm", "near_miss", "dialogue", OF_SEVERAL)
"""Made in surplus; of the others about as many are made as asked for, and less than half a point more is let be."""
SLACK = 0.004


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many rows a category has, of how many, and how many it should have."""

    rows: int
    of: int
    share: float

    @property
    def wanted(self) -> int:
        """The number of rows its share comes to."""
        return round(self.share * self.of)


def cut_back(examples: Sequence[Example], *, shares: Mapping[str, float]) -> dict[str, Verdict]:
    """Return a verdict for each row beyond its category's share: `not_selected:<category>`."""
    limits = _limits(examples, shares)
    members: dict[str, list[Example]] = {}
    for example in examples:
        members.setdefault(part_of(example), []).append(example)
    found: dict[str, Verdict] = {}
    for name, limit in limits.items():
        ranked = sorted(members.get(name, ()), key=lambda example: digest("share", example.key))
        for example in ranked[limit:]:
            found[example.key] = Verdict(
                key=example.key, kept=False, filter="share", reason=f"not_selected:{example.category}"
            )
    return dict(sorted(found.items()))


def counted(examples: Sequence[Example], *, shares: Mapping[str, float]) -> dict[str, Count]:
    """Return how many rows each category has that has a share, and of how many."""
    found = Counter(example.category for example in examples)
    several = sum(calls_of(example) > 1 for example in examples)
    return {
        name: Count(rows=found[name], of=several if name == OF_SEVERAL else len(examples), share=share)  # type: ignore[index]
        for name, share in sorted(shares.items())
    }


def part_of(example: Example) -> str:
    """Return what a row is counted as: rows that withhold a tool and rows that ask beyond all tools share one share."""
    return f"{example.category} withheld" if example.withheld else example.category


def calls_of(example: Example) -> int:
    """Return how many calls a row teaches; those it shows as mistakes do not count."""
    return sum(len(message.get("tool_calls") or ()) for message in example.messages if message.get("loss"))


def _limits(examples: Sequence[Example], shares: Mapping[str, float]) -> dict[str, int]:
    """Return how many rows of each part may stay: shares of a total that itself holds only what stays."""
    supply = Counter(part_of(example) for example in examples)
    several = sum(calls_of(example) > 1 for example in examples if example.category != OF_SEVERAL)
    parts = {name: share + (0 if name in EXACT else SLACK) for name, share in shares.items() if share}
    limits: dict[str, int] = {}
    if OF_SEVERAL in parts:
        share = min(parts.pop(OF_SEVERAL), 0.9)
        limits[OF_SEVERAL] = min(supply[OF_SEVERAL], round(several * share / (1 - share)))
    if "missing_tool" in parts:
        parts["missing_tool"] /= 2
        parts["missing_tool withheld"] = parts["missing_tool"]
    stay = dict(supply) | limits
    # Every cut makes the total smaller and with it what a share comes to, until nothing moves any more.
    for _ in range(len(examples)):
        total = sum(stay.values())
        cut = {name: min(stay.get(name, 0), round(share * total)) for name, share in parts.items()}
        if all(stay.get(name, 0) == number for name, number in cut.items()):
            break
        stay |= cut
    return limits | {name: stay.get(name, 0) for name in parts}
