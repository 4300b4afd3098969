"""Which planned trajectories a build did not reach, by goal: what a person should hear about a tool without rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopbuild.engine.query import output
from loopbuild.records import Cell, from_json

if TYPE_CHECKING:
    from loopbuild.engine.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """How many trajectories were planned and how many of them could not be walked."""

    planned: int
    missing: int
    without: tuple[str, ...] = ()
    """Tools that no trajectory ends with."""
    most: str = ""
    """The target with the most of them."""


def unreached(workspace: Workspace, targets: Iterable[str], *, seed: int) -> Unreached | None:
    """Look through the `trajectories:` among `targets`; None when everything planned was reached."""
    from loopbuild.stages.sampling.cells import plan_key

    cells = (output(workspace, "cells:main") or {}).get("cells", {})
    planned: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    by_target: Counter[str] = Counter()
    for target in targets:
        kind, _, name = target.partition(":")
        if kind != "trajectories" or name not in cells:
            continue
        rows = (output(workspace, target) or {}).get("rows", {})
        lost = {key for key, row in rows.items() if "unreachable" in row}
        for value in cells[name]:
            cell = from_json(Cell, value)
            if cell.round:
                continue
            planned[cell.goal] += 1
            # Keys are digests; they are worked out only where something is missing.
            if lost and plan_key(cell, seed=seed) in lost:
                missing[cell.goal] += 1
                by_target[target] += 1
    if not missing:
        return None
    return Unreached(
        planned=sum(planned.values()),
        missing=sum(missing.values()),
        without=tuple(sorted(goal for goal in missing if missing[goal] == planned[goal])),
        most=max(sorted(by_target), key=by_target.__getitem__),
    )
