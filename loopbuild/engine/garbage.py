"""How often Python looks for garbage while a graph is walked."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_YOUNG, _MIDDLE = 200_000, 100


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Let the collector run once in 200,000 allocations instead of 700, and past the youngest once in 20 million.

    Graph, index and results are tens of thousands of live records without cycles; looking through them again and again
    took a sixth of a walk over 20,000 targets, and at every 50,000 still a twelfth.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _YOUNG) if before[0] else 0, max(before[1], _MIDDLE), before[2])
    try:
        yield
    finally:
        gc.set_threshold(*before)
