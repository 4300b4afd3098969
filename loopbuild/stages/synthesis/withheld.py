"""Rows whose tool is missing from the list the model is shown: it says so, and calls nothing until the tool is there.

Half of them reveal it: a system message brings the schema, the person asks to go on. Where no tools are listed,
withholding one shows nothing: such rows take part only in training that lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loopbuild.digest import unit_interval
from loopbuild.llm.offline import turns
from loopbuild.llm.protocol import WriteRequest
from loopbuild.records import Task, ToolCatalog, Trajectory

REVEALED = 0.5
"""Share of the rows in which the tool becomes available."""


def is_possible(trajectory: Trajectory, catalog: ToolCatalog) -> bool:
    """Return whether one call is all there is to do: of several, some could be done without the tool."""
    return len(trajectory.steps) == 1


def is_revealed(key: str) -> bool:
    """Return whether the row `key` brings the tool in its second turn."""
    return unit_interval("revealed", key) < REVEALED


def rivals(catalog: ToolCatalog) -> Mapping[str, tuple[str, ...]]:
    """Return for each tool those that could do its work in its stead: the same effect on the same entity."""
    groups: dict[tuple[str, str], list[str]] = {}
    for tool in catalog.tools:
        groups.setdefault((tool.effect, tool.entity or tool.id), []).append(tool.id)
    return {one: tuple(other for other in group if other != one) for group in groups.values() for one in group}


def in_dialogue(request: WriteRequest, task: Task) -> Task:
    """Return the words of a plain request with the answer that no tool does it, and what follows once one does."""
    choices = turns.choices_for(task.key, task.voice)
    no_way = turns.no_way(request.steps[-1], choices)
    if not is_revealed(task.key):
        return replace(task, reasoning=(), answer=no_way)
    return replace(
        task,
        user_turns=(*task.user_turns, turns.available(choices)),
        assistant_turns=(*task.assistant_turns, no_way),
    )
