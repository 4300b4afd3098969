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
from loopbuild.stages.sampling.feeds import Skeleton
from loopbuild.stages.sampling.order import commutes
from loopbuild.stages.sampling.pointers import find
from loopbuild.stages.sampling.reach import Reach, beside, reach_of
from loopbuild.stages.sampling.record import trajectory_of
from loopbuild.stages.sampling.skeleton import skeletons

_CALLS = 200
_PATHS = 20
_TRIES = 4
_INFRA_TRIES = 3
_KEPT = 4
"""Indexes of subgraphs kept at a time."""
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
    within = beside(catalog, subgraph) if cell.topology == "parallel" else subgraph
    reach, validator = _prepared(catalog, graph, within, settings)
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
        start = sandbox.snapshot() if skeleton.is_abreast else None
        steps = _execute(run, skeleton, (), {})
        if steps is not None and skeleton.is_abreast and not _commutes(run, steps, start):
            continue
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
    # The same tool asked twice in one breath gets other words: each time is an item of its own.
    item = sum(before.tool == node.tool for before in skeleton.nodes[:place])
    token = run.sandbox.snapshot()
    for attempt in range(_TRIES):
        chosen = picks_of(node, steps, picks, key=run.key, attempt=attempt)
        if chosen is None:
            return None
        call = bind(node, steps, chosen, run.reach, run.sandbox, key=run.key, index=run.cell.index,
                    purpose=run.purpose, attempt=attempt, item=item)  # fmt: skip
        if call is None:
            return None
        if item and any(call.arguments == step.call.arguments for step in steps if step.call.tool == call.tool):
            run.refused = f"{call.tool}: asked twice for the same"
            continue
        before = _state(run, call.tool, is_goal=skeleton.is_goal(place))
        step = _call(run, call, turn=skeleton.turn(place))
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
            turn = skeleton.turn(len(steps), repetition=item)
            step = None if call is None else _call(run, call, turn=turn)
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


def _commutes(run: _Run, steps: tuple[Step, ...], start: object) -> bool:
    """Say whether the calls of each turn come to the same in the other order; leaves the sandbox as it is."""
    tools = run.reach.tools
    if not run.sandbox.sees_state and any(tools[step.call.tool].effect != "read" for step in steps):
        run.refused = "nobody can see whether the order of its calls matters"
        return False
    found = commutes(steps, run.sandbox, start)
    run.calls += len(steps)
    if not found:
        run.refused = f"{steps[-1].call.tool}: the order of calls in one turn matters"
    return found


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


_LAST: list[tuple[tuple[ToolCatalog, ToolGraph, Json], Validator, dict[Subgraph, Reach]]] = []


def _prepared(catalog: ToolCatalog, graph: ToolGraph, subgraph: Subgraph, settings: Json) -> tuple[Reach, Validator]:
    """Return the index of a subgraph; those of the last project are kept, since its plans come one after the other."""
    asked = (catalog, graph, settings)
    if not _LAST or any(one is not other for one, other in zip(_LAST[0][0], asked, strict=True)):
        _LAST[:] = [(asked, Validator(catalog), {})]
    _, validator, known = _LAST[0]
    if subgraph not in known:
        if len(known) >= _KEPT:
            known.clear()
        known[subgraph] = reach_of(catalog, graph, subgraph, settings)
    return known[subgraph], validator
