"""In which order rows meet the optimizer: one flat sequence over all epochs, a function of content and seed alone.

Pure. The trainer reads the sequence from front to back, so that taking up a killed run means nothing but skipping; no
sampler state and no generator has to survive. Rows of like length meet in a batch, which saves padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from random import Random

from loopbuild.digest import seed

WINDOW_BATCHES = 24
"""Rows are sorted by length inside windows of this many batches: longer windows save little more padding, and mix
less."""


def schedule(lengths: Sequence[int], keys: Sequence[str], *, epochs: float, batch: int, salt: int) -> list[int]:
    """Return indices of rows: every row once per epoch (the last epoch may be a part), batches of `batch` in sequence.

    `keys` decide the shuffle, so that the order does not depend on how the rows were listed.
    """
    total = max(1, ceil(len(lengths) * epochs)) if lengths else 0
    stream: list[int] = []
    epoch = 0
    by_key = sorted(range(len(keys)), key=lambda index: keys[index])
    while len(stream) < total:
        turn = list(by_key)
        Random(seed("training-order", [salt, epoch])).shuffle(turn)
        stream += turn
        epoch += 1
    stream = stream[:total]
    made: list[int] = []
    for start in range(0, total, batch * WINDOW_BATCHES):
        window = sorted(stream[start : start + batch * WINDOW_BATCHES], key=lambda index: (lengths[index], keys[index]))
        batches = [window[at : at + batch] for at in range(0, len(window), batch)]
        # A short batch may only stand at the very end, or all later batches would straddle two groups.
        tail = batches.pop() if len(batches[-1]) < batch else []
        Random(seed("training-batches", [salt, start])).shuffle(batches)
        made += [index for group in batches for index in group] + tail
    return made
