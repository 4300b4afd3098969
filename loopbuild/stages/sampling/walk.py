"""Samples one cell: plans paths backwards from the goal, executes them, goes back where a call is refused.

A pure function of (cell, seed, catalog, graph, sandbox): the choices are seeded from the plan key, the sandbox is reset
to the plan's fixture first. Calls are bounded; what cannot be reached says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from loopbuild.digest import digest
from loopbuild.digest import seed as seed_of
from loopbuild.judging.validate import Validator
from loopbuild.records import Cell, Json, Later, Subgraph, ToolCatalog, ToolGraph, Trajectory
from loopbuild.sandbox.protocol import EVAL_FIXTURES, Sandbox
from loopbuild.stages.sampling.aims import aim_words, aiming
from loopbuild.stages.sampling.cells import first_of, goes_far, plan_key, repeats_of
from loopbuild.stages.sampling.derived_paths import derived_paths
from loopbuild.stages.sampling.execution import CALLS, Run, comes_to_nothing, execute, orders_agree
from loopbuild.stages.sampling.going_on import go_on
from loopbuild.stages.sampling.pairs import sample_pair
from loopbuild.stages.sampling.reach import Reach, beside, reach_of
from loopbuild.stages.sampling.record import signature_of, trajectory_of
from loopbuild.stages.sampling.skeleton import skeletons
from loopbuild.stages.sampling.working_out import told_of

_PATHS = 20
_KEPT = 4
"""Indexes of subgraphs kept at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """Why a cell has no trajectory."""

    reason: Literal["no_producer", "opaque_id", "exhausted", "one_branch", "sandbox_error"]
    detail: str = ""


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
    walk = partial(_sample, cell, seed, catalog=catalog, graph=graph, subgraph=subgraph, sandbox=sandbox,
                   settings=settings)  # fmt: skip
    first = walk(turn=0)
    # A pair has tried all worlds; where no path is there is none in another world either.
    is_final = isinstance(first, Trajectory) or first.reason != "exhausted" or cell.topology == "conditional"
    for turn in () if is_final else range(1, 1 + int(settings.get("rounds", 0))):
        again = walk(turn=turn)
        if isinstance(again, Trajectory) or again.reason == "sandbox_error":
            return again
    return first


def _sample(
    cell: Cell,
    seed: int,
    *,
    catalog: ToolCatalog,
    graph: ToolGraph,
    subgraph: Subgraph,
    sandbox: Sandbox,
    settings: Json,
    turn: int,
) -> Trajectory | Unreachable:
    """Sample a cell by its plan key, or by one of those further keys that it has for later turns."""
    within = beside(catalog, subgraph) if goes_far(cell) else subgraph
    reach, validator = _prepared(catalog, graph, within, settings)
    name = plan_key(cell, seed=seed)
    key = digest("again", [name, turn]) if turn else name
    if cell.goal not in reach.tools:
        return Unreachable(reason="no_producer", detail=f"`{cell.goal}` is not in `{subgraph.name}`")
    if cell.aim:
        reach = aiming(reach, cell.aim)
    purpose = cell.purpose
    fixture = seed_of("fixture", key) % max(1, sandbox.fixtures) + (EVAL_FIXTURES if purpose == "eval" else 0)
    run = Run(
        cell=cell, key=key, purpose=purpose, reach=reach, sandbox=sandbox, validator=validator,
        talk=settings.get("talk") or {}, trains=settings.get("trains") or (lambda path, length: True),
        most=_most(0 if cell.topology == "conditional" else int(settings.get("rounds", 0)), turn=turn),
    )  # fmt: skip
    if cell.topology == "conditional":
        return _conditional(run, seed)
    size = cell.length - repeats_of(cell) + 1
    tried = 0
    paths = (
        derived_paths(cell, size, reach, key=key)
        if cell.derives
        else skeletons(cell.goal, cell.topology, size, reach, key=key)
    )
    for skeleton in paths:
        if tried >= _PATHS or run.calls >= run.most or run.broken:
            break
        tried += 1
        run.reach = reach
        sandbox.open(fixture, sorted({node.tool for node in skeleton.nodes}))
        start = sandbox.snapshot() if skeleton.is_abreast else None
        steps = execute(run, skeleton, (), {})
        if steps is not None and skeleton.is_abreast and not orders_agree(run, steps, start):
            continue
        told = None
        if steps is not None and cell.derives == "answer":
            told = told_of(len(steps) - 1, steps[-1], reach.tools[cell.goal], key=key)
            if told is None:
                run.refused = f"{cell.goal}: nothing of its answer is worth working out"
                continue
        later: tuple[Later, ...] = ()
        if steps is not None and cell.category == "dialogue":
            # Later on the person may want anything of the same application.
            run.reach = _prepared(catalog, graph, beside(catalog, subgraph), settings)[0]
            if not run.trains(signature_of(skeleton), len(steps)):
                run.refused = f"{cell.goal}: its path is held out"
                continue
            steps, later = go_on(run, skeleton, steps)
            if not later or run.broken:
                continue
        if steps is not None and comes_to_nothing(run, steps):
            continue
        if steps is not None:
            return trajectory_of(
                steps, cell=cell, key=name, fixture=fixture, sandbox=sandbox, skeleton=skeleton, tools=run.reach.tools,
                later=later, told=told,
            )  # fmt: skip
    if run.broken:
        return Unreachable(reason="sandbox_error", detail=run.broken)
    if not tried or not (run.calls or run.refused):
        return _why(cell, reach)
    ways = "1 path" if tried == 1 else f"{tried} paths"
    return Unreachable(reason="exhausted", detail=run.refused or f"{ways}, {run.calls} calls")


def _most(rounds: int, *, turn: int) -> int:
    """Return how many calls a turn may make: where there are further ones, a third is the first's, a third all theirs.

    What a hundred calls did not find in one world, the next hundred seldom do. A conditional has one turn, in all of
    them.
    """
    return CALLS if not rounds else CALLS // 3 if not turn else CALLS // 3 // rounds


def _conditional(run: Run, seed: int) -> Trajectory | Unreachable:
    """Sample one cell of a pair: everything is chosen by the key of the pair, in as many worlds as it takes."""
    cell, key = run.cell, run.key
    run.cell = first_of(cell)
    run.key = plan_key(run.cell, seed=seed)
    start, count = seed_of("fixture", run.key), max(1, run.sandbox.fixtures)
    ground = EVAL_FIXTURES if run.purpose == "eval" else 0
    outcome = sample_pair(run, cell=cell, key=key, fixtures=[(start + turn) % count + ground for turn in range(count)])
    if isinstance(outcome, Trajectory):
        return outcome
    if run.broken:
        return Unreachable(reason="sandbox_error", detail=run.broken)
    return Unreachable(reason="one_branch", detail=outcome) if outcome else _why(run.cell, run.reach)


def _why(cell: Cell, reach: Reach) -> Unreachable:
    for leaf in reach.tools[cell.goal].inputs:
        if leaf.is_required and leaf.kind == "id" and not reach.into.get((cell.goal, leaf.pointer)):
            return Unreachable(reason="opaque_id", detail=f"nothing yields `{leaf.pointer}` of `{cell.goal}`")
    if cell.aim:
        detail = f"no path of at most {reach.max_steps} steps to `{cell.goal}` comes to {aim_words(cell.aim)}"
        return Unreachable(reason="no_producer", detail=detail)
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
