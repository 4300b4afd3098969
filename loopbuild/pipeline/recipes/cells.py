"""`cells:main`: the coverage plan, subgraph by subgraph."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.records import ToolCatalog, ToolGraph, from_json, to_json


def run(action: Action) -> Json:
    """Plan which trajectories shall exist."""
    from loopbuild.stages.sampling.cells import plan_cells

    cells = plan_cells(
        from_json(ToolCatalog, action.input("contract")),
        from_json(ToolGraph, action.input("graph")),
        settings=action.params["sampling"],
        evaluation={"per_tool": action.params["per_tool_eval"]},
    )
    return {"cells": {name: to_json(rows) for name, rows in sorted(cells.items())}}
