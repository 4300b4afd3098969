"""Figures for how varied texts are: Self-BLEU against twenty others, distinct word pairs, distinct masked texts.

Standard library only. The number of references belongs to the name: against more of them the same texts score higher.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from loopbuild.digest import digest

REFERENCES = 20
SMOOTHING = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Variety:
    """Figures over one set of texts."""

    texts: int
    self_bleu_20: float
    """Mean BLEU-4 of each text against 20 others, 0 (all different) to 1."""
    distinct_2: float
    """Distinct word pairs / word pairs."""
    distinct_masked: float
    """Distinct texts with values masked / texts."""


def variety(texts: Sequence[str], *, masked: Sequence[str] = (), sample: int = 400) -> Variety:
    """Return the figures of `texts`; Self-BLEU over at most `sample` of them, chosen by digest."""
    split = [tokens(text) for text in texts]
    pairs = [pair for words in split for pair in pairwise(words)]
    told = masked or texts
    return Variety(
        texts=len(texts),
        self_bleu_20=self_bleu(split, sample=sample),
        distinct_2=len(set(pairs)) / len(pairs) if pairs else 0.0,
        distinct_masked=len(set(told)) / len(told) if told else 0.0,
    )


def self_bleu(texts: Sequence[Sequence[str]], *, sample: int = 400) -> float:
    """Return the mean BLEU-4 (smoothing .1) of each text against 20 others drawn by digest."""
    count = len(texts)
    if count < 2:
        return 0.0
    chosen = sorted(range(count), key=lambda i: digest("bleu sample", [i, count]))[:sample]
    scores = []
    for index in chosen:
        others = [
            (index + 1 + int(digest("bleu", [index, n])[:12], 16) % (count - 1)) % count for n in range(REFERENCES)
        ]
        references = [texts[other] for other in dict.fromkeys(others)]
        scores.append(bleu(texts[index], references))
    return sum(scores) / len(scores)


def tokens(text: str) -> list[str]:
    """Return the words and marks of a text, in lower case."""
    return re.findall(r"\w+|[^\w\s]", text.lower())


def bleu(words: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return BLEU-4 of a text against others, 0 to 1; what has no run of some length counts as a tenth of one."""
    if not words:
        return 0.0
    total = 0.0
    for size in range(1, 5):
        own = grams(words, size)
        best: Counter[tuple[str, ...]] = Counter()
        for reference in references:
            best |= grams(reference, size)
        matched = sum((own & best).values())
        total += math.log(max(matched, SMOOTHING) / max(sum(own.values()), 1))
    closest = min((len(reference) for reference in references), key=lambda n: (abs(n - len(words)), n))
    brevity = 1.0 if len(words) > closest else math.exp(1 - closest / len(words))
    return brevity * math.exp(total / 4)


def grams(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    """Return how often a text has each run of so many words."""
    return Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
