"""What training would cost before it is done: steps and tokens, going by earlier runs.

Starts nothing. What no earlier run tells is None and said so, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loopbuild.engine.query import surviving
from loopbuild.engine.target import Json
from loopbuild.pipeline.builds import OpenProject


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What all phases together would do."""

    steps: int
    tokens: int


def effort(opened: OpenProject, settings: Json, phases: Iterable[str], *, mode: str, rows: int) -> Effort | None:
    """Return steps and tokens of training `rows` rows in some phases, scaled from what each phase last took.

    None when some phase was never trained, or never on any row, or the rows are not known.
    """
    from loopbuild.stages.training.presets import resolve
    from loopbuild.stages.training.taking_part import runs_on_increment

    training = settings["training"]
    steps = tokens = 0.0
    for phase in phases:
        found = surviving(opened.workspace, f"checkpoint:{phase}")
        wanted = resolve(training, phase, base=training["base"], has_cuda=False)
        if mode == "continue" and not runs_on_increment(training, phase):
            continue
        if found is None or not found.get("rows"):
            return None
        most = wanted["max_rows"] if mode == "fresh" else 0
        share = (min(rows, most) if most else rows) * _epochs(wanted, training, mode)
        share /= found["rows"] * _epochs(wanted, training, found["mode"])
        steps += found["steps"] * share
        tokens += found["tokens"] * share
    if not rows:
        return None
    return Effort(steps=round(steps), tokens=round(tokens))


def _epochs(resolved: Json, training: Mapping[str, Json], mode: str) -> float:
    return float(training["incremental"]["epochs"] if mode == "continue" else resolved["epochs"])
