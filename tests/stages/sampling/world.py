"""The HR example as catalog, graph and sandbox, and one call that samples everything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from loopbuild.records import Cell, Json, Subgraph, ToolCatalog, ToolGraph, Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sampling.cells import plan_cells
from loopbuild.stages.sampling.walk import sample
from loopbuild.stages.sources.toolspec import read
from loopbuild.stages.toolgraph.build import build_graph

EXAMPLES = Path(__file__).parents[3] / "examples"
HR = EXAMPLES / "hr" / "tools" / "hr.json"
HR_NEXT = EXAMPLES / "hr" / "next" / "hr.json"
SHARES = {"single": 0.35, "chain": 0.3, "fan_out": 0.1, "join": 0.1, "map": 0.15}


def settings(**over: Json) -> dict[str, Json]:
    return {"per_tool": 10, "max_steps": 6, "topologies": SHARES, "seed": 0, "user_known": [], "optional": 0.3, **over}


def catalog_of(content: bytes, source: str = "hr") -> ToolCatalog:
    return build_catalog([read(source, content, file=f"{source}.json", settings={})])


@lru_cache(maxsize=4)
def hr(path: Path = HR) -> tuple[ToolCatalog, ToolGraph]:
    catalog = catalog_of(path.read_bytes())
    return catalog, build_graph(catalog, {})


def hr_with(*entries: Mapping[str, Json]) -> tuple[ToolCatalog, ToolGraph]:
    tools = [*json.loads(HR.read_text()), *entries]
    catalog = catalog_of(json.dumps(tools).encode())
    return catalog, build_graph(catalog, {})


def cells(
    catalog: ToolCatalog, graph: ToolGraph, chosen: Mapping[str, Json], per_tool_eval: int = 4
) -> Iterator[tuple[Subgraph, Cell]]:
    planned = plan_cells(catalog, graph, settings=dict(chosen), evaluation={"per_tool": per_tool_eval})
    for subgraph in graph.subgraphs:
        for cell in planned[subgraph.name]:
            yield subgraph, cell


def sampled(
    catalog: ToolCatalog, graph: ToolGraph, chosen: Mapping[str, Json] | None = None, *, source: str = "hr"
) -> dict[Cell, Trajectory]:
    chosen = settings() if chosen is None else dict(chosen)
    sandbox = SimulatedSandbox(catalog, source=source)
    found = {}
    for subgraph, cell in cells(catalog, graph, chosen):
        outcome = sample(
            cell, seed=0, catalog=catalog, graph=graph, subgraph=subgraph, sandbox=sandbox, settings=chosen
        )
        if isinstance(outcome, Trajectory):
            found[cell] = outcome
    return found
