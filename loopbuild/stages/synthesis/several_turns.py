"""Dialogues: executed trajectories in which the person speaks again; how many are due, and what is written about them.

They are trajectories of their own, walked beside the plain ones, so that none of those moves. Training only: what a
person says next depends on what the assistant did, and a roll-out has nobody to say it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loopbuild.digest import unit_interval
from loopbuild.llm.protocol import WriteRequest
from loopbuild.records import Cell, Level, ToolCatalog, Trajectory
from loopbuild.stages.synthesis.requests import request

MARGIN = 2.0
"""How many times its share of the texts is tried: not every path can be gone on from, and some rows are dropped."""


def due(share: float, *, texts: int) -> float:
    """Return the part of the training cells that is walked as a dialogue too: once told, a plain one in `texts`."""
    return min(1.0, share * texts * MARGIN)


def dialogue_cell(cell: Cell, *, part: float, seed: int) -> Cell | None:
    """Return the cell of the dialogue that begins like `cell`; None where none is due."""
    if cell.purpose != "train" or cell.category != "call" or cell.aim or cell.topology in ("conditional", "parallel"):
        return None
    key = [seed, cell.goal, cell.topology, cell.length, cell.index]
    return replace(cell, category="dialogue") if unit_interval("dialogue", key) < part else None


def dialogue_request(
    trajectory: Trajectory,
    catalog: ToolCatalog,
    *,
    levels: Sequence[Level],
    seed: int = 0,
    lexicon: Mapping[str, Sequence[str]] | None = None,
) -> WriteRequest:
    """Return the one text about a dialogue, at one of the levels."""
    level = levels[int(unit_interval("level of", ["dialogue", trajectory.key]) * len(levels))]
    return request(trajectory, catalog, level=level, seed=seed, lexicon=lexicon, category="dialogue")
