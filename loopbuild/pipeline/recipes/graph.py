"""`graph:main`: the contract, and graph.lock where there is one -> edges and subgraphs."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.records import ToolCatalog, from_json, to_json


def run(action: Action) -> Json:
    """Infer the tool graph."""
    from loopbuild.stages.toolgraph.build import build_graph
    from loopbuild.stages.toolgraph.evidence import read_evidence

    evidence = read_evidence(action.file("evidence")) if action.context["has_evidence"] else ()
    return to_json(build_graph(from_json(ToolCatalog, action.input("contract")), action.params, evidence))
