"""`trajectories:<subgraph>`: cells -> executed trajectories, one row each.

A row depends on its cell, the sandbox, and the facts it read: the leaves, gates and edges its calls really used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from loopbuild.digest import digest
from loopbuild.engine.target import Action, Json, RowResult, WantedRow
from loopbuild.errors import SandboxError
from loopbuild.pipeline import shared
from loopbuild.pipeline.renaming import former_plans, place_of, since_last
from loopbuild.pipeline.sampling_settings import CHOICES, training
from loopbuild.pipeline.sandboxes import around, opened, opened_again, server_facts, server_reads, settings_of, twice
from loopbuild.records import (
    Cell,
    Subgraph,
    ToolCatalog,
    ToolGraph,
    Trajectory,
    cell_json,
    from_json,
    opening_tools,
    to_json,
    trajectory_json,
)


def wanted(action: Action) -> Iterable[WantedRow]:
    """One row per cell; its key is the plan key, and it may be there already under the former name of its goal."""
    from loopbuild.stages.sampling.cells import plan_key

    seed = action.params["sampling"]["seed"]
    renames = since_last(action)
    names = {new: old for old, new in renames.tools.items()} if renames else {}
    former = (action.since(former_plans, "cells") or {}) if names else {}
    for cell in _cells(action):
        plain = replace(cell, category="call")
        before = former.get(names.get(cell.goal, ""), {}).get(place_of(plain))
        formerly = plan_key(replace(before, category=cell.category), seed=seed) if before else ""
        yield WantedRow(key=plan_key(cell, seed=seed), request=cell_json(cell), formerly=formerly)


def _cells(action: Action) -> Iterator[Cell]:
    """The cells of the plan, then those of them that are walked as dialogues too."""
    from loopbuild.stages.synthesis.several_turns import dialogue_cell

    planned = [from_json(Cell, value) for value in action.derived(shared.cells, "cells")[action.params["subgraph"]]]
    yield from planned
    part, seed = action.params.get("dialogues", 0.0), action.params["sampling"]["seed"]
    for cell in planned if part else ():
        dialogue = dialogue_cell(cell, part=part, seed=seed)
        if dialogue is not None:
            yield dialogue


def facts(action: Action) -> Mapping[str, str]:
    """Every leaf of the catalog, every edge, the subgraph as a whole, and the project's own server programs."""
    graph = action.derived(shared.graph, "graph")
    known = dict(action.derived(shared.walk_facts, "contract", "graph"))
    subgraph = _subgraph(graph, action.params["subgraph"])
    inside = [to_json(edge) for edge in graph.edges if edge.consumer in subgraph.tools]
    known[f"subgraph {subgraph.name}"] = digest("subgraph", [to_json(subgraph), inside])
    known[CHOICES + subgraph.name] = _choices(graph, action.derived(shared.catalog, "contract"), subgraph)
    known[f"tools {subgraph.name}"] = _tried(action.derived(shared.catalog, "contract"), subgraph)
    return known | server_facts(action, action.derived(shared.catalog, "contract"))


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Sample and execute; a cell that cannot be reached is a row that says why."""
    from loopbuild.stages.sampling.walk import Unreachable, sample

    catalog = action.derived(shared.catalog, "contract")
    graph = action.derived(shared.graph, "graph")
    subgraph = _subgraph(graph, action.params["subgraph"])
    settings = action.params["sampling"] | {
        "talk": action.params.get("talk", {}),
        "trains": training(action.params.get("held_out", 0.0)),
    }
    servers = server_facts(action, catalog)
    with opened(settings_of(action), catalog, root=action.root) as sandbox:
        for row in rows:

            def attempt(row: WantedRow = row) -> Trajectory | Unreachable:
                outcome = sample(
                    from_json(Cell, row.request),
                    seed=settings["seed"],
                    catalog=catalog,
                    graph=graph,
                    subgraph=subgraph,
                    sandbox=sandbox,
                    settings=settings,
                )
                if isinstance(outcome, Unreachable) and outcome.reason == "sandbox_error":
                    raise SandboxError(outcome.detail)
                return outcome

            outcome = twice(attempt)
            if isinstance(outcome, SandboxError):
                # The third state is no result: the row is asked again next time.
                yield RowResult(key=row.key, error="; ".join(filter(None, [outcome.message, outcome.hint])))
                continue
            if isinstance(outcome, Unreachable):
                # Every tool around was there to be tried: any of them may be what opens the way.
                reads = (f"subgraph {subgraph.name}", f"tools {subgraph.name}", *around(servers, subgraph.tools))
                told = {"unreachable": to_json(outcome), "goal": row.request["goal"]}
                told |= {"purpose": "eval"} if row.request["purpose"] == "eval" else {}
                told |= {name: row.request[name] for name in ("aim", "derives", "round") if row.request.get(name)}
                told |= {"category": "dialogue"} if row.request["category"] == "dialogue" else {}
                yield RowResult(key=row.key, output=told, reads=tuple(sorted(reads)))
            else:
                reads = _reads(outcome, servers, subgraph.name)
                yield RowResult(key=row.key, output=trajectory_json(outcome), reads=reads)


def revalidate(action: Action, row: WantedRow, old_output: Json, changed: tuple[str, ...]) -> RowResult | None:
    """Keep a trajectory whose calls, under today's names, validate and replay to the same bytes."""
    from loopbuild.stages.sampling.renaming import renamed
    from loopbuild.stages.sampling.replay import ReplayFault, replay

    if "unreachable" in old_output:
        return None
    old = from_json(Trajectory, old_output)
    catalog = action.derived(shared.catalog, "contract")
    renames = since_last(action)
    if renames is not None and renames.concern(old):
        rewritten = renamed(old, renames, catalog.by_id())
        if rewritten is None:
            return None
        old = rewritten
    if old.cell.goal != row.request["goal"] or _is_taken(old, catalog):
        return None
    known = action.derived(shared.walk_facts, "contract", "graph")
    servers = server_facts(action, catalog)
    name = action.params["subgraph"]
    if any(fact.startswith("edge ") and fact not in known for fact in _reads(old, servers, name)):
        return None
    with opened_again(action, catalog, facts=servers) as sandbox:
        outcome = twice(lambda: replay(old, catalog=catalog, sandbox=sandbox))
    if isinstance(outcome, ReplayFault | SandboxError) or outcome.digest != old.digest:
        return None
    return RowResult(key=row.key, output=trajectory_json(outcome), reads=_reads(outcome, servers, name))


def _is_taken(trajectory: Trajectory, catalog: ToolCatalog) -> bool:
    """Return whether a tool has the former name of the goal again, and so its own plan under the row's key."""
    called = {step.call.tool for step in trajectory.steps}
    gates = {name.removesuffix(" gate") for name in trajectory.reads if name.endswith(" gate")}
    return not (gates - called).isdisjoint(tool.id for tool in catalog.tools)


def _reads(trajectory: Trajectory, servers: Mapping[str, str], subgraph: str) -> tuple[str, ...]:
    from loopbuild.judging.derive import CHOICES as CHOSEN
    from loopbuild.stages.sampling.pointers import schematic

    tools = {step.call.tool for step in trajectory.steps}
    reads = {*trajectory.reads, *(f"{tool} returns" for tool in tools)}
    reads |= {*server_reads(servers, tools.union(opening_tools(trajectory)))}
    for step in trajectory.steps:
        for pointer, source in step.call.provenance.items():
            if source.kind == "tool" or source.rule in CHOSEN:
                producer = trajectory.steps[source.step].call.tool
                reads.add(f"edge {producer}#{source.leaf} -> {step.call.tool}#{schematic(pointer)}")
    if trajectory.cell.category == "dialogue":
        reads.add(CHOICES + subgraph)  # its turns are chosen among all of them
    return tuple(sorted(reads))


def _choices(graph: ToolGraph, catalog: ToolCatalog, subgraph: Subgraph) -> str:
    """Return the digest of the tools around a subgraph and of what feeds them; of each there are facts of its own."""
    from loopbuild.stages.sampling.reach import beside

    around = set(beside(catalog, subgraph).tools)
    present = sorted(tool.id for tool in catalog.tools if tool.id in around)
    fed = sorted(shared.edge_fact(edge) for edge in graph.edges if edge.consumer in around)
    return digest("choices", [present, fed])


def _tried(catalog: ToolCatalog, subgraph: Subgraph) -> str:
    """Return the digest of all that makes calls of the tools around a subgraph succeed or fail."""
    from loopbuild.stages.sampling.reach import beside

    around = set(beside(catalog, subgraph).tools)
    told = [
        [tool.id, tool.effect, tool.entity, tool.gate, tool.params, tool.returns]
        for tool in catalog.tools
        if tool.id in around
    ]
    return digest("tools", told)


def _subgraph(graph: ToolGraph, name: str) -> Subgraph:
    return next(subgraph for subgraph in graph.subgraphs if subgraph.name == name)
