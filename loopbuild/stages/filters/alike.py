"""Filter `self_bleu`: of rows one of which is mostly made of runs of words of the other, one stays.

A text is held against each one that stays, by BLEU-4 with one reference. Only rows of one category that call the same
tools in the same order are compared, as for `near_duplicates`. The lower row digest stays, never the first to come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from loopbuild.records import Example, Verdict
from loopbuild.stages.filters.masking import masked, user_text
from loopbuild.stages.filters.near import blocks
from loopbuild.stages.filters.variety import SMOOTHING, bleu, grams, tokens

_RUN = 4


def find_alike(
    examples: Sequence[Example], *, threshold: float, mask: bool = True, texts: Mapping[str, str] | None = None
) -> dict[str, Verdict]:
    """Return a verdict for each row too much like one that stays: `self_bleu:<row key>`, the one most alike.

    `texts` holds the masked text by key where it is known.
    """
    found: dict[str, Verdict] = {}
    for members in blocks(examples):
        stay = _Kept(threshold)
        for example in members:
            words = tokens(_text(example, texts) if mask else user_text(example))
            other, share = stay.nearest(words)
            if other:
                detail = f"BLEU {share:.2f} against it{', values masked' if mask else ''}"
                found[example.key] = Verdict(
                    key=example.key, kept=False, filter="self_bleu", reason=f"self_bleu:{other}", detail=detail
                )
            else:
                stay.add(example.key, words)
    return dict(sorted(found.items()))


class _Kept:
    """The texts that stay, found by their runs of four words."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        # BLEU is at most the fourth root of the share of common runs of four, for no factor exceeds 1.
        self._least = threshold**4
        self._words: dict[str, Sequence[str]] = {}
        self._having: dict[tuple[str, ...], list[str]] = {}

    def add(self, key: str, words: Sequence[str]) -> None:
        self._words[key] = words
        for run in grams(words, _RUN):
            self._having.setdefault(run, []).append(key)

    def nearest(self, words: Sequence[str]) -> tuple[str, float]:
        """Return the one most alike beyond the threshold, and how much; an empty key where none is."""
        own = grams(words, _RUN)
        needed = self._least * max(1, sum(own.values()))
        common: Counter[str] = Counter()
        for run, number in own.items():
            for key in self._having.get(run, ()):
                common[key] += number
        # Where that is next to nothing, a text without any such run in common may be alike, too.
        near = self._words if needed < SMOOTHING else (key for key, number in common.items() if number > needed)
        close = sorted(near)
        scored = [(bleu(words, [self._words[key]]), key) for key in close]
        best, other = max(scored, default=(0.0, ""), key=lambda one: (one[0], one[1]))
        return (other, best) if best > self._threshold else ("", 0.0)


def _text(example: Example, texts: Mapping[str, str] | None) -> str:
    return texts[example.key] if texts is not None else masked(example)
