"""Filter `near_duplicates`: of rows that differ in a word or two, one stays.

Decides what counts as near: which text (values masked or not), cut into what (words or characters, one or several in a
row), how much in common (Jaccard). Only rows of one category that call the same tools in the same order are compared:
two tools alike are told apart by a word. The lower row digest stays, never the first to come.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loopbuild.records import Example, Json, Verdict
from loopbuild.stages.filters.join import join
from loopbuild.stages.filters.masking import masked, user_text

PRESETS: dict[str, dict[str, Any]] = {
    "default": {"threshold": 0.85, "n": 1, "mask": True},
    "strict": {"threshold": 0.7, "n": 3, "mask": True},
    # "MinHash .85" as published names neither unit nor mask. Unmasked, other identifiers pass for other texts.
    "essay": {"threshold": 0.85, "n": 1, "mask": False},
}
"""One changed word of twelve leaves .85 of the words in common, but .54 of the trigrams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """Everything that decides whether two texts are near."""

    threshold: float = 0.85
    n: int = 1
    """Units in a row that make one item of the set."""
    unit: str = "words"
    mask: bool = True
    method: str = "exact"
    permutations: int = 128

    @classmethod
    def of(cls, entry: Mapping[str, Json]) -> Nearness:
        """Return the settings of an entry of loop.yaml: what it says itself goes before its preset."""
        said = {name: value for name, value in entry.items() if value is not None and name not in ("kind", "preset")}
        return cls(**PRESETS[entry.get("preset", "default")] | said)


def find_near_duplicates(
    examples: Sequence[Example], *, nearness: Nearness, texts: Mapping[str, str] | None = None
) -> dict[str, Verdict]:
    """Return a verdict for each row near one that stays: `near_duplicate_of:<row key>`.

    `texts` holds the masked text by key where it is known. Raises MissingExtra for `minhash` without its package.
    """
    found: dict[str, Verdict] = {}
    for ordered in blocks(examples):
        sets = [items(_text(example, nearness, texts), n=nearness.n, unit=nearness.unit) for example in ordered]
        for place, (other, share) in join(sets, nearness=nearness).items():
            key, stays = ordered[place].key, ordered[other].key
            found[key] = Verdict(
                key=key,
                kept=False,
                filter="near_duplicates",
                reason=f"near_duplicate_of:{stays}",
                detail=f"{share:.2f} of {_words(nearness)} in common",
            )
    return dict(sorted(found.items()))


def blocks(examples: Sequence[Example]) -> list[list[Example]]:
    """Return the rows that may be alike at all: of one category, with the same calls; each block by row digest."""
    found: dict[tuple[str, ...], list[Example]] = {}
    for example in examples:
        names = [call["function"]["name"] for m in example.messages for call in m.get("tool_calls") or ()]
        found.setdefault((example.category, *names), []).append(example)
    return [sorted(rows, key=lambda example: (example.digest, example.key)) for _, rows in sorted(found.items())]


def items(text: str, *, n: int, unit: str) -> frozenset[str]:
    """Return the set a text is compared by; a text shorter than `n` units is one item."""
    units = re.findall(r"[\w#]+", text.lower()) if unit == "words" else list(re.sub(r"\s+", " ", text.lower()))
    return frozenset(" ".join(units[i : i + n]) for i in range(max(1, len(units) - n + 1)))


def _text(example: Example, nearness: Nearness, texts: Mapping[str, str] | None) -> str:
    if not nearness.mask:
        return user_text(example)
    return texts[example.key] if texts is not None else masked(example)


def _words(nearness: Nearness) -> str:
    size = f"runs of {nearness.n} " if nearness.n > 1 else ""
    return f"{size}{nearness.unit}{', values masked,' if nearness.mask else ''}"
