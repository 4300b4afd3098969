"""Which settings of `sampling:` decide what is planned, and which how it is walked.

What came later and is off by default is named only where it is on, and moves no key.
"""

from __future__ import annotations

from collections.abc import Callable

from loopbuild.engine.target import Json

CHOICES = "choices "
"""Begins the names of facts on which calls a dialogue of a subgraph could go on with."""


def planning(sampling: Json) -> dict[str, Json]:
    """What decides which cells there are."""
    off = {key for key in ("coverage", "derived", "lengths", "parallel_turns", "rounds") if not sampling[key]}
    off |= set() if sampling["coverage"] else {"optional"}
    return {key: value for key, value in sampling.items() if key not in off}


def training_paths(settings: Json) -> dict[str, Json]:
    """What decides which paths train; cells that aim at something go by it, and no others."""
    return {"held_out": settings["evaluation"]["held_out"]} if settings["sampling"]["coverage"] else {}


def training(held_out: float) -> Callable[[str, int], bool]:
    """Return what says of a path whether rows that take it train."""
    from loopbuild.stages.evaluation.tasks import is_held_out

    return lambda path, length: not is_held_out(path, held_out, length=length)


def walking(sampling: Json) -> dict[str, Json]:
    """What decides how a cell is walked."""
    chosen = {key: sampling[key] for key in ("seed", "optional", "user_known", "max_steps")}
    return chosen | {key: sampling[key] for key in ("parallel_turns", "rounds") if sampling[key]}
