"""Rows whose tool is missing from the list the model is shown: it says so, and calls nothing until the tool is there.

It is the tool everything begins with: of a single call, or of several that all rest on the first one. Half of the rows
reveal it: a system message brings the schema, the person asks to go on. Where no tools are listed,
withholding one shows nothing: such rows take part only in training that lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loopbuild.digest import unit_interval
from loopbuild.llm.offline import turns
from loopbuild.llm.protocol import WriteRequest
from loopbuild.records import FROM_RESULT, Task, ToolCatalog, ToolSchema, Trajectory

REVEALED = 0.5
"""Share of the rows in which the tool becomes available."""


def is_possible(trajectory: Trajectory, catalog: ToolCatalog) -> bool:
    """Return whether nothing can be done without the first call: every later one takes something that came of it."""
    resting = {0}
    for place, step in enumerate(trajectory.steps[1:], 1):
        sources = {origin.step for origin in step.call.provenance.values() if origin.kind in FROM_RESULT}
        if not sources & resting or step.call.tool == trajectory.steps[0].call.tool:
            return False
        resting.add(place)
    if len({step.turn for step in trajectory.steps}) < len(trajectory.steps):
        return False
    # A tool that finds the ids as well could begin in the first one's stead, and is needed later.
    return not _finders(trajectory, catalog) & {step.call.tool for step in trajectory.steps[1:]}


def hidden(trajectory: Trajectory, catalog: ToolCatalog, rivals: Sequence[str]) -> tuple[str, ...]:
    """Return the tools a row withholds: the first, what could do its work, and what finds the ids that are taken on."""
    first, *later = [step.call.tool for step in trajectory.steps]
    return tuple(sorted({first, *((_finders(trajectory, catalog) | set(rivals)) - set(later))}))


def _finders(trajectory: Trajectory, catalog: ToolCatalog) -> frozenset[str]:
    """Return the tools that find what later calls take from the first."""
    first, *later = trajectory.steps
    taken = {
        leaf.entity
        for step in later
        for origin in step.call.provenance.values()
        if origin.kind == "tool" and origin.step == 0
        for leaf in catalog.by_id()[first.call.tool].outputs
        if leaf.pointer == origin.leaf and leaf.kind == "id"
    }
    return frozenset(tool.id for tool in catalog.tools if any(_finds(tool, entity) for entity in taken))


def _finds(tool: ToolSchema, entity: str) -> bool:
    """Return whether a tool shows ids of an entity to who knows none."""
    is_told = any(leaf.is_required and leaf.kind == "id" and leaf.entity == entity for leaf in tool.inputs)
    return (
        tool.effect == "read"
        and not is_told
        and any(leaf.kind == "id" and leaf.entity == entity for leaf in tool.outputs)
    )


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
    no_way = turns.no_way(request.steps[0], choices)
    if not is_revealed(task.key):
        return replace(task, reasoning=(), answer=no_way)
    return replace(
        task,
        user_turns=(*task.user_turns, turns.available(choices)),
        assistant_turns=(*task.assistant_turns, no_way),
    )
