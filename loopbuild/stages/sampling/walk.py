"""Samples one cell: plans paths backwards from the goal, executes them, goes back where a call is refused.

A pure function of (cell, seed, catalog, graph, sandbox): the choices are seeded from the plan key, the sandbox is reset
to the plan's fixture first. Calls are bounded; what cannot be reached says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loopbuild.digest import seed as seed_of
from loopbuild.errors import SandboxError
from loopbuild.judging.validate import Validator
from loopbuild.records import (
    Cell,
    Json,
    Purpose,
    StateFact,
    Step,
    Subgraph,
    ToolCall,
    ToolCatalog,
    ToolGraph,
    ToolResult,
    Trajectory,
)
from loopbuild.sandbox.protocol import EVAL_FIXTURES, Sandbox
from loopbuild.stages.sampling.arguments import Picks, bind, is_blank, picks_of
from loopbuild.stages.sampling.cells import plan_key, repeats_of
from loopbuild.stages.sampling.pointers import find
from loopbuild.stages.sampling.reach import Reach, reach_of
from loopbuild.stages.sampling.record import trajectory_of
from loopbuild.stages.sampling.skeleton import Skeleton, skeletons

_CALLS = 200
_PATHS = 20
_TRIES = 4
_INFRA_TRIES = 3
_CERTAIN = frozenset({"not_recorded", "no_method", "state_lost"})
"""Answers that asking again cannot change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """Why a cell has no trajectory."""

    reason: Literal["no_producer", "opaque_id", "exhausted", "sandbox_error"]
    detail: str = ""


@dataclass(slots=True)
class _Run:
    """One plan being executed."""

    cell: Cell
    key: str
    purpose: Purpose
    reach: Reach
    sandbox: Sandbox
    validator: Validator
    calls: int = 0
    broken: str = ""
    refused: str = ""


def sample(
    cell: Cell,
    *,
    seed: int,
    catalog: ToolCatalog,
    graph: ToolGraph,
    subgraph: Subgraph,
    sandbox: Sandbox,
    settings: Json,
) -> Trajectory | Unreachable:
    """Return an executed trajectory for `cell`, or why there is none.

    `settings` are the `sampling:` section as JSON. The sandbox is left in the trajectory's final state. Raises
    SandboxError when the sandbox cannot be opened.
    """
    reach, validator = _prepared(catalog, graph, subgraph, settings)
    key = plan_key(cell, seed=seed)
    if cell.goal not in reach.tools:
        return Unreachable(reason="no_producer", detail=f"`{cell.goal}` is not in `{subgraph.name}`")
    purpose = cell.purpose
    fixture = seed_of("fixture", key) % max(1, sandbox.fixtures) + (EVAL_FIXTURES if purpose == "eval" else 0)
    run = _Run(cell=cell, key=key, purpose=purpose, reach=reach, sandbox=sandbox, validator=validator)
    size = cell.length - repeats_of(cell) + 1
    tried = 0
    for skeleton in skeletons(cell.goal, cell.topology, size, reach, key=key):
        if tried >= _PATHS or run.calls >= _CALLS or run.broken:
            break
        tried += 1
        sandbox.open(fixture)
        steps = _execute(run, skeleton, (), {})
        if steps is not None:
            return trajectory_of(
                steps, cell=cell, key=key, fixture=fixture, sandbox=sandbox, skeleton=skeleton, tools=reach.tools
            )
    if run.broken:
        return Unreachable(reason="sandbox_error", detail=run.broken)
    if not tried or not (run.calls or run.refused):
        return _why(cell, reach)
    ways = "1 path" if tried == 1 else f"{tried} paths"
    return Unreachable(reason="exhausted", detail=run.refused or f"{ways}, {run.calls} calls")


def _execute(run: _Run, skeleton: Skeleton, steps: tuple[Step, ...], picks: Picks) -> tuple[Step, ...] | None:
    """Execute the rest of a path; None when no way through was found (the sandbox is back where it was)."""
    place = len(steps)
    if place == len(skeleton.nodes):
        return steps
    if skeleton.spread and place == len(skeleton.nodes) - 1:
        return _spread(run, skeleton, steps, picks)
    node = skeleton.nodes[place]
    needed = _needed(skeleton, place)
    token = run.sandbox.snapshot()
    for attempt in range(_TRIES):
        chosen = picks_of(node, steps, picks, key=run.key, attempt=attempt)
        if chosen is None:
            return None
        call = bind(node, steps, chosen, run.reach, run.sandbox, key=run.key, index=run.cell.index,
                    purpose=run.purpose, attempt=attempt)  # fmt: skip
        if call is None:
            return None
        before = _state(run, call.tool, is_goal=place == len(skeleton.nodes) - 1)
        step = _call(run, call, turn=place)
        if before is not None and run.sandbox.state_diff() == before:
            run.refused, step = f"{call.tool}: nothing changed", None
        if step is not None and not _disappoints(step, needed, is_last=attempt == _TRIES - 1):
            rest = _execute(run, skeleton, (*steps, step), chosen)
            if rest is not None:
                return rest
        run.sandbox.restore(token)
        if run.calls >= _CALLS or run.broken:
            return None
    return None


def _spread(run: _Run, skeleton: Skeleton, steps: tuple[Step, ...], picks: Picks) -> tuple[Step, ...] | None:
    """Call the goal once per item, in consecutive turns."""
    node = skeleton.nodes[-1]
    feed = node.feeds[skeleton.spread]
    wanted = repeats_of(run.cell)
    done = steps
    token = run.sandbox.snapshot()
    for item in range(wanted):
        chosen = picks_of(node, steps, picks, key=run.key, attempt=0, spread=(feed, item))
        if chosen is None:
            run.sandbox.restore(token)
            return None
        for attempt in range(_TRIES):
            call = bind(node, steps, chosen, run.reach, run.sandbox, key=run.key, index=run.cell.index,
                        purpose=run.purpose, attempt=attempt, item=item)  # fmt: skip
            step = None if call is None else _call(run, call, turn=len(done))
            if step is not None:
                done = (*done, step)
                break
        else:
            run.sandbox.restore(token)
            return None
    return done


def _call(run: _Run, call: ToolCall, *, turn: int) -> Step | None:
    """Run one call; None when it is refused."""
    faults = run.validator.check(call.tool, call.arguments)
    if faults:
        run.refused = f"{call.tool}: {faults[0].code} {faults[0].pointer}"
        return None
    for _ in range(_INFRA_TRIES):
        run.calls += 1
        try:
            result = run.sandbox.call(call.tool, call.arguments)
        except SandboxError as error:
            run.broken = error.message
            return None
        if result.status == "ok":
            return Step(call=call, result=result, turn=turn)
        if result.status == "tool_error":
            run.refused = f"{call.tool}: {result.code}"
            return None
        run.broken = _unanswered(call, result)
        if result.code in _CERTAIN:
            break
    return None


def _unanswered(call: ToolCall, result: ToolResult) -> str:
    said = result.value if isinstance(result.value, dict) else {}
    told = [str(said[key]) for key in ("error", "hint") if said.get(key)]
    return f"{call.tool}: no answer ({result.code})" + (f": {'; '.join(told)}" if told else "")


def _state(run: _Run, tool: str, *, is_goal: bool) -> tuple[StateFact, ...] | None:
    """Return the state difference before a goal that writes; None where a change is not owed or cannot be seen."""
    is_write = is_goal and run.reach.tools[tool].effect in ("create", "update", "delete")
    return run.sandbox.state_diff() if is_write and run.sandbox.sees_state else None


def _needed(skeleton: Skeleton, place: int) -> set[str]:
    return {feed.leaf for node in skeleton.nodes for feed in node.feeds.values() if feed.step == place and feed.leaf}


def _disappoints(step: Step, needed: set[str], *, is_last: bool) -> bool:
    if any(not find(step.result.value, leaf) for leaf in needed):
        return True
    # An empty answer is a legal answer, but a dull row: kept only when nothing better was found.
    return not needed and not is_last and is_blank(step.result.value)


def _why(cell: Cell, reach: Reach) -> Unreachable:
    for leaf in reach.tools[cell.goal].inputs:
        if leaf.is_required and leaf.kind == "id" and not reach.into.get((cell.goal, leaf.pointer)):
            return Unreachable(reason="opaque_id", detail=f"nothing yields `{leaf.pointer}` of `{cell.goal}`")
    return Unreachable(reason="no_producer", detail=f"no {cell.topology} of {cell.length} steps leads to `{cell.goal}`")


_LAST: list[tuple[tuple[object, ...], tuple[Reach, Validator]]] = []


def _prepared(catalog: ToolCatalog, graph: ToolGraph, subgraph: Subgraph, settings: Json) -> tuple[Reach, Validator]:
    """Return the index of a subgraph; the last one is kept, since plans of a subgraph come one after the other."""
    if _LAST:
        (old, kept) = _LAST[0]
        if all(one is other for one, other in zip(old, (catalog, graph, subgraph, settings), strict=True)):
            return kept
    made = (reach_of(catalog, graph, subgraph, settings), Validator(catalog))
    _LAST[:] = [((catalog, graph, subgraph, settings), made)]
    return made
