"""`graph:main`: the contract -> edges and subgraphs."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.records import ToolCatalog, from_json, to_json


def run(action: Action) -> Json:
    """Infer the tool graph."""
    from loopbuild.stages.toolgraph.build import build_graph

    return to_json(build_graph(from_json(ToolCatalog, action.input("contract")), action.params))
