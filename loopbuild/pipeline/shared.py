"""What every table makes of the inputs that all of them share, for `Action.derived`: made once, read by hundreds.

Each is a function of its arguments alone, and what it returns is never changed by those who get it.
"""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.digest import digest
from loopbuild.engine.target import Json
from loopbuild.records import DataFlowEdge, ToolCatalog, ToolGraph, Trajectory, from_json


def catalog(contract: Json) -> ToolCatalog:
    """Return the catalog."""
    return from_json(ToolCatalog, contract)


def graph(value: Json) -> ToolGraph:
    """Return the graph."""
    return from_json(ToolGraph, value)


def executions(table: Json) -> Mapping[str, Trajectory]:
    """Return the trajectories of a table by their plan keys, without the cells that could not be reached."""
    found = (from_json(Trajectory, row) for row in table["rows"].values() if "unreachable" not in row)
    return {one.key: one for one in found}


def is_dialogue(row: Json) -> bool:
    """Say whether a row of trajectories is a dialogue, which is tried beside the plan and owed to nobody."""
    return "dialogue" in (row.get("category"), row.get("cell", {}).get("category"))


def leaf_facts(contract: Json) -> Mapping[str, str]:
    """Return a fact for every leaf, gate and effect of the catalog."""
    from loopbuild.stages.catalog.facts import facts

    return facts(catalog(contract))


def walk_facts(contract: Json, value: Json) -> Mapping[str, str]:
    """Return what a trajectory can depend on, whatever its subgraph."""
    known = dict(leaf_facts(contract))
    # A leaf nobody reads still stands in the stored results: such a row is replayed, and mostly proven.
    known |= {f"{tool.id} returns": tool.returns for tool in catalog(contract).tools}
    made = graph(value)
    for edge in (*made.edges, *made.beyond):
        known[edge_fact(edge)] = digest("edge", [edge.conversion, *map(list, edge.bound_with)])
    return known


def edge_fact(edge: DataFlowEdge) -> str:
    """Return the name of the fact that an edge exists."""
    return f"edge {edge.producer}#{edge.producer_leaf} -> {edge.consumer}#{edge.consumer_leaf}"


def name_facts(contract: Json) -> Mapping[str, str]:
    """Return the facts of what a model has to write to call each tool."""
    return call_names(catalog(contract))


def call_names(catalog: ToolCatalog) -> dict[str, str]:
    """Return the facts of what a model has to write to call each tool; another source's tool can change it."""
    return {f"{tool.id} call name": digest("call name", tool.call_name) for tool in catalog.tools}


def alike_facts(contract: Json) -> Mapping[str, str]:
    """Return for each tool a fact about those that could be taken for it, or could stand in for it."""
    from loopbuild.stages.synthesis.categories import alike

    known = catalog(contract)
    twins, rivals = alike(known)
    return {f"{tool.id} alike": digest("alike", [twins[tool.id], rivals[tool.id]]) for tool in known.tools}


def cells(value: Json) -> Mapping[str, Json]:
    """Return subgraph -> its cells."""
    found: Mapping[str, Json] = value["cells"]
    return found
