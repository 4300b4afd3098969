"""What work would cost before it is done: calls to writers, training steps and tokens, going by earlier runs.

Starts nothing. What no earlier run tells is None and said so, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loopbuild.engine.planned import Plan
from loopbuild.engine.query import output
from loopbuild.engine.target import Json
from loopbuild.pipeline.builds import OpenProject

OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Texts that would be asked for."""

    priced_writers: tuple[str, ...]
    calls: int
    """To priced writers; the offline one costs nothing and is not counted."""
    tokens: int | None
    usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What all phases together would do."""

    steps: int
    tokens: int


def writing(settings: Json, planned: Plan) -> Writing:
    """Return what writers would be asked; nothing is known of a priced writer's tokens before its first answers."""
    models = [writer["model"] for writer in settings["synthesis"]["writers"]]
    priced = tuple(model for model in models if model != OFFLINE)
    rows = sum(entry.rows_stale or 0 for entry in (*planned.would, *planned.may) if entry.kind == "tasks")
    calls = round(rows * len(priced) / len(models))
    return Writing(priced_writers=priced, calls=calls, tokens=None if calls else 0, usd=None if calls else 0.0)


def effort(opened: OpenProject, settings: Json, phases: Iterable[str], *, mode: str, rows: int) -> Effort | None:
    """Return steps and tokens of training `rows` rows in some phases, scaled from what each phase last took.

    None when some phase was never trained, or never on any row, or the rows are not known.
    """
    from loopbuild.stages.training.presets import resolve, runs_on_increment

    training = settings["training"]
    steps = tokens = 0.0
    for phase in phases:
        found = output(opened.workspace, f"checkpoint:{phase}")
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
