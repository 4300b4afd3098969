"""Clarifying rows of another kind: it is left open which of several things is to be destroyed.

The assistant looks them up, names them and asks; the person names one, and only that one is destroyed. Decides which
trajectories can be told so and what the person could have meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loopbuild.digest import unit_interval
from loopbuild.judging.effects import destroys
from loopbuild.llm.names import split_words
from loopbuild.llm.presence import is_said
from loopbuild.llm.protocol import WriteRequest
from loopbuild.pointers import unescaped
from loopbuild.records import Json, Level, Provenance, Step, Task, ToolCatalog, Trajectory
from loopbuild.stages.synthesis.requests import request, row_key

OPEN = "open"
"""The rule of an argument of which the request does not say which one is meant."""
_FEWEST, _MOST = 2, 6
"""Of so many things one can be asked about in a sentence."""


def is_possible(trajectory: Trajectory, catalog: ToolCatalog) -> bool:
    """Return whether one thing out of a short list that was read is destroyed at the end, and nothing written before.

    For training only: what a roll-out says to a question is known beforehand, that it is asked in time is not.
    """
    cell = trajectory.cell
    if cell.purpose != "train" or cell.category != "call" or trajectory.condition is not None:
        return False
    return cell.topology in ("chain", "join", "fan_out") and bool(_choice(trajectory, catalog))


def _choice(trajectory: Trajectory, catalog: ToolCatalog) -> str:
    """The argument that says what is destroyed; empty where there was nothing to choose from."""
    tools = catalog.by_id()
    *before, last = trajectory.steps
    tool = tools[last.call.tool]
    if not destroys(tool) or not before or any(tools[step.call.tool].effect != "read" for step in before):
        return ""
    for leaf in tool.inputs:
        source = last.call.provenance.get(leaf.pointer)
        is_own = leaf.kind == "id" and leaf.entity == tool.entity and leaf.is_required
        if is_own and source is not None and source.kind == "tool" and "/[]" in source.leaf:
            return leaf.pointer if _FEWEST <= len(options(trajectory.steps, source)) <= _MOST else ""
    return ""


def options(steps: Sequence[Step], source: Provenance) -> list[tuple[Json, str]]:
    """Return what could have been taken in place of a value: each with the name that stands beside it, if one does."""
    head, _, tail = source.leaf.partition("/[]")
    found: Json = steps[source.step].result.value
    for part in head.split("/")[1:]:
        found = found.get(unescaped(part)) if isinstance(found, dict) else None
    names: dict[str, tuple[Json, str]] = {}
    for member in found if isinstance(found, list) and "[]" not in tail else ():
        value = member
        for part in tail.split("/")[1:]:
            value = value.get(unescaped(part)) if isinstance(value, dict) else None
        if isinstance(value, str | int) and not isinstance(value, bool):
            names.setdefault(str(value), (value, _name(member)))
    return list(names.values())


def _name(member: Json) -> str:
    for key, value in sorted(member.items()) if isinstance(member, dict) else ():
        if split_words(key)[-1:] in (["name"], ["title"], ["subject"]) and isinstance(value, str):
            return value
    return ""


def choice_request(
    trajectory: Trajectory,
    catalog: ToolCatalog,
    *,
    seed: int = 0,
    lexicon: Mapping[str, Sequence[str]] | None = None,
) -> WriteRequest:
    """Return the request of such a dialogue: a plain one that does not say which."""
    level: Level = "low" if unit_interval("level of", ["choice", trajectory.key]) < 0.5 else "high"
    made = request(trajectory, catalog, level=level, seed=seed, lexicon=lexicon, category="clarify")
    pointer, last = _choice(trajectory, catalog), made.steps[-1]
    source = trajectory.steps[-1].call.provenance[pointer]
    known = options(trajectory.steps, source)
    told = tuple(f"{value} ({name})" if name and name != value else str(value) for value, name in known)
    name = unescaped(pointer[1:])
    value = trajectory.steps[-1].call.arguments[name]
    arguments = tuple(
        replace(one, rule=OPEN, picked=told) if one.origin == "step" and one.is_key and one.value == value else one
        for one in last.arguments
    )
    key = row_key(trajectory, level, 0, "seen", seed=seed, kind="choice")
    return replace(made, key=key, steps=(*made.steps[:-1], replace(last, arguments=arguments)))


def is_choice(trajectory: Trajectory, task: Task, catalog: ToolCatalog) -> bool:
    """Return whether a clarifying row leaves open what its last call destroys: only the reply names it."""
    if task.category != "clarify" or len(task.user_turns) < 2 or not is_possible(trajectory, catalog):
        return False
    value = trajectory.steps[-1].call.arguments[unescaped(_choice(trajectory, catalog)[1:])]
    return is_said(value, task.user_turns[1]) and not is_said(value, task.user_turns[0])
