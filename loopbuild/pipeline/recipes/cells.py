"""`cells:main`: the coverage plan, subgraph by subgraph."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.pipeline.sampling_settings import training
from loopbuild.records import Subgraph, ToolCatalog, ToolGraph, cell_json, from_json


def run(action: Action) -> Json:
    """Plan which trajectories shall exist, and say which other sources feed a subgraph and where their calls run."""
    from loopbuild.stages.sampling.cells import plan_cells

    graph = from_json(ToolGraph, action.input("graph"))
    cells = plan_cells(
        from_json(ToolCatalog, action.input("contract")),
        graph,
        settings=action.params["sampling"],
        evaluation={"per_tool": action.params["per_tool_eval"]},
        trains=training(action.params.get("held_out", 0.0)),
    )
    planned: dict[str, Json] = {
        "cells": {name: [cell_json(cell) for cell in rows] for name, rows in sorted(cells.items())}
    }
    beside = {subgraph.name: _others(subgraph) for subgraph in graph.subgraphs}
    if any(beside.values()):
        sandboxes = action.params["sandboxes"]
        planned["beside"] = {
            name: {other: sandboxes[other] for other in others} for name, others in sorted(beside.items()) if others
        }
    return planned


def _others(subgraph: Subgraph) -> list[str]:
    sources = {tool.partition("/")[0] for tool in subgraph.tools}
    return sorted(sources - {subgraph.name.partition("/")[0]})
