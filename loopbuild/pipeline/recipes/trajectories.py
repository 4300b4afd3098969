"""`trajectories:<subgraph>`: cells -> executed trajectories, one row each.

A row depends on its cell, the sandbox, and the facts it read: the leaves, gates and edges its calls really used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from loopbuild.digest import digest
from loopbuild.engine.target import Action, Json, RowResult, WantedRow
from loopbuild.errors import SandboxError
from loopbuild.pipeline.sandboxes import kept_open, opened, server_facts, twice
from loopbuild.records import Cell, DataFlowEdge, Subgraph, ToolCatalog, ToolGraph, Trajectory, from_json, to_json


def wanted(action: Action) -> Iterable[WantedRow]:
    """One row per cell; its key is the plan key."""
    from loopbuild.stages.sampling.cells import plan_key

    seed = action.params["sampling"]["seed"]
    for value in action.input("cells")["cells"][action.params["subgraph"]]:
        yield WantedRow(key=plan_key(from_json(Cell, value), seed=seed), request=value)


def facts(action: Action) -> Mapping[str, str]:
    """Every leaf of the catalog, every edge, the subgraph as a whole, and the project's own server programs."""
    from loopbuild.stages.catalog.facts import facts as catalog_facts

    graph = from_json(ToolGraph, action.input("graph"))
    catalog = from_json(ToolCatalog, action.input("contract"))
    known = dict(catalog_facts(catalog))
    # A leaf nobody reads still stands in the stored results: such a row is replayed, and mostly proven.
    known |= {f"{tool.id} returns": tool.returns for tool in catalog.tools}
    for edge in graph.edges:
        known[edge_fact(edge)] = digest("edge", [edge.conversion])
    subgraph = _subgraph(graph, action.params["subgraph"])
    inside = [to_json(edge) for edge in graph.edges if edge.consumer in subgraph.tools]
    known[f"subgraph {subgraph.name}"] = digest("subgraph", [to_json(subgraph), inside])
    return known | server_facts(action)


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Sample and execute; a cell that cannot be reached is a row that says why.

    A sandbox that broke is no finding about the cell: its row fails and is asked for again by the next build.
    """
    from loopbuild.stages.sampling.walk import Unreachable, sample

    catalog = from_json(ToolCatalog, action.input("contract"))
    graph = from_json(ToolGraph, action.input("graph"))
    subgraph = _subgraph(graph, action.params["subgraph"])
    settings = action.params["sampling"]
    servers = tuple(sorted(server_facts(action)))
    with opened(action.params["sandbox"], catalog, root=action.root) as sandbox:
        for row in rows:

            def attempt(row: WantedRow = row) -> Trajectory | Unreachable:
                return sample(
                    from_json(Cell, row.request),
                    seed=settings["seed"],
                    catalog=catalog,
                    graph=graph,
                    subgraph=subgraph,
                    sandbox=sandbox,
                    settings=settings,
                )

            outcome = twice(attempt)
            if isinstance(outcome, SandboxError):
                last = outcome.hint.strip().rpartition("\n")[2]  # of a server: what it wrote to stderr last
                yield RowResult(key=row.key, error=f"{outcome.message} ({last})" if last else outcome.message)
                continue
            if isinstance(outcome, Unreachable):
                reads = (f"subgraph {subgraph.name}", *servers)
                told = {"unreachable": to_json(outcome), "goal": row.request["goal"]}
                yield RowResult(key=row.key, output=told, reads=tuple(sorted(reads)))
            else:
                yield RowResult(key=row.key, output=to_json(outcome), reads=_reads(outcome, servers))


def revalidate(action: Action, row: WantedRow, old_output: Json, changed: tuple[str, ...]) -> RowResult | None:
    """Keep a trajectory whose calls still validate and replay to the same bytes under the changed facts."""
    from loopbuild.stages.sampling.replay import ReplayFault, replay

    if "unreachable" in old_output:
        return None
    old = from_json(Trajectory, old_output)
    catalog = from_json(ToolCatalog, action.input("contract"))
    known = facts(action)
    servers = tuple(sorted(server_facts(action)))
    if any(name.startswith("edge ") and name not in known for name in _reads(old, servers)):
        return None
    sandbox = kept_open(action, catalog)
    outcome = twice(lambda: replay(old, catalog=catalog, sandbox=sandbox))
    if isinstance(outcome, ReplayFault | SandboxError) or outcome.digest != old.digest:
        return None
    return RowResult(key=row.key, output=to_json(outcome), reads=_reads(outcome, servers))


def edge_fact(edge: DataFlowEdge) -> str:
    """Return the name of the fact that an edge exists."""
    return f"edge {edge.producer}#{edge.producer_leaf} -> {edge.consumer}#{edge.consumer_leaf}"


def _reads(trajectory: Trajectory, servers: tuple[str, ...]) -> tuple[str, ...]:
    from loopbuild.stages.sampling.pointers import schematic

    reads = {*trajectory.reads, *servers, *(f"{step.call.tool} returns" for step in trajectory.steps)}
    for step in trajectory.steps:
        for pointer, source in step.call.provenance.items():
            if source.kind == "tool":
                producer = trajectory.steps[source.step].call.tool
                reads.add(f"edge {producer}#{source.leaf} -> {step.call.tool}#{schematic(pointer)}")
    return tuple(sorted(reads))


def _subgraph(graph: ToolGraph, name: str) -> Subgraph:
    return next(subgraph for subgraph in graph.subgraphs if subgraph.name == name)
