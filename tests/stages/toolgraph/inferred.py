"""Small builders: a graph from tools in the plain spelling."""

from __future__ import annotations

import json
from typing import Any

from loopbuild.records import ToolCatalog, ToolGraph
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources.toolspec import read
from loopbuild.stages.toolgraph.build import build_graph


def catalog(**sources: list[dict[str, Any]]) -> ToolCatalog:
    """The catalog of several sources, each a list of plain entries."""
    return build_catalog(
        [read(name, json.dumps(tools).encode(), file=f"{name}.json", settings={}) for name, tools in sources.items()]
    )


def tool(name: str, parameters: Any = None, returns: Any = None) -> dict[str, Any]:
    """A plain entry."""
    return {"name": name, "parameters": parameters or {}, **({"returns": returns} if returns else {})}


def graph(*tools: dict[str, Any], **settings: Any) -> ToolGraph:
    """The graph of one source `s`."""
    return build_graph(catalog(s=list(tools)), settings)


def drawn(found: ToolGraph) -> list[str]:
    """Edges as `producer leaf -> consumer leaf score rule`, sources left out."""
    short = [(edge, edge.producer.partition("/")[2], edge.consumer.partition("/")[2]) for edge in found.edges]
    return [
        f"{producer}{edge.producer_leaf} -> {consumer}{edge.consumer_leaf} {edge.score:g} {edge.rule}"
        for edge, producer, consumer in short
    ]
