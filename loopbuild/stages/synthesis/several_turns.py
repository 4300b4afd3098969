"""Dialogues: executed trajectories in which the person speaks again; how many are due, and what is written about them.

They are trajectories of their own, walked beside the plain ones, so that none of those moves. Training only: what a
person says next depends on what the assistant did, and a roll-out has nobody to say it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loopbuild.digest import unit_interval
from loopbuild.llm.protocol import Argument, LaterWords, WriteRequest
from loopbuild.pointers import unescaped
from loopbuild.records import Cell, Level, Step, ToolCatalog, ToolSchema, Trajectory
from loopbuild.stages.synthesis.arguments import argument_words
from loopbuild.stages.synthesis.naming import spoken
from loopbuild.stages.synthesis.requests import request

MARGIN = 3.0
"""How many times its share of the texts is tried: not every path can be gone on from, and some rows are dropped."""


def due(share: float, *, texts: int) -> float:
    """Return the part of the training cells that is walked as a dialogue too: once told, a plain one in `texts`."""
    return min(1.0, share * texts * MARGIN)


def dialogue_cell(cell: Cell, *, part: float, seed: int) -> Cell | None:
    """Return the cell of the dialogue that begins like `cell`; None where none is due."""
    if (
        cell.purpose != "train"
        or cell.category != "call"
        or cell.aim
        or cell.derives
        or cell.topology in ("conditional", "parallel")
    ):
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
    made = request(trajectory, catalog, level=level, seed=seed, lexicon=lexicon, category="dialogue")
    tools = catalog.by_id()
    return replace(made, later=later_words(trajectory, tools), slip=_slip_words(trajectory, tools))


def _slip_words(trajectory: Trajectory, tools: Mapping[str, ToolSchema]) -> LaterWords | None:
    """Return the value that was said first and taken back, in words; None in most dialogues."""
    for index, step in enumerate(trajectory.steps):
        for pointer, source in step.call.provenance.items():
            if source.rule == "taken_back":
                argument = _said_argument(trajectory, step, pointer, tools)
                return LaterWords(kind="corrected", step=index, argument=argument, old=source.given)
    return None


def _said_argument(trajectory: Trajectory, step: Step, pointer: str, tools: Mapping[str, ToolSchema]) -> Argument:
    tool, value = tools[step.call.tool], step.call.arguments[unescaped(pointer[1:])]
    return argument_words(pointer, pointer, value, step, tool, spoken(tool).noun, trajectory, tools, "")


def later_words(trajectory: Trajectory, tools: Mapping[str, ToolSchema]) -> tuple[LaterWords, ...]:
    """Return what the person says after the request, in words."""
    made = []
    for one in trajectory.later:
        index, step = next((n, step) for n, step in enumerate(trajectory.steps) if step.turn == one.turn)
        words = LaterWords(kind=one.kind, step=index)
        if one.kind == "corrected":
            old = trajectory.steps[one.about].call.arguments[unescaped(one.pointer[1:])]
            words = replace(words, argument=_said_argument(trajectory, step, one.pointer, tools), old=old)
        made.append(words)
    return tuple(made)
