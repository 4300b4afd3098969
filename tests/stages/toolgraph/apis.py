"""Small OpenAPI documents: operations in a line each."""

from __future__ import annotations

import json
from typing import Any

from loopbuild.records import DataFlowEdge, ToolCatalog, ToolGraph
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources.openapi import read
from loopbuild.stages.toolgraph.build import build_graph

TEXT = {"type": "string"}


def operation(line: str, gives: Any = None, takes: Any = None) -> tuple[str, str, dict[str, Any]]:
    """`GET /orgs/{org}/secrets`, what it returns and what its body holds, properties as schemas."""
    method, path = line.split()
    names = [part.partition("}")[0] for part in path.split("{")[1:]]
    value: dict[str, Any] = {
        "operationId": "_".join([method.lower(), *(part.strip("{}") for part in path.split("/")[1:])]).replace(
            "-", "_"
        ),
        "parameters": [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names],
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": gives}}}},
    }
    if gives is None:
        value["responses"] = {"204": {"description": ""}}
    if takes is not None:
        schema = {"type": "object", "properties": takes, "required": sorted(takes)}
        value["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return path, method.lower(), value


def api(*operations: tuple[str, str, dict[str, Any]]) -> ToolCatalog:
    """The catalog of one document, source `a`."""
    paths: dict[str, Any] = {}
    for path, method, value in operations:
        paths.setdefault(path, {})[method] = value
    document = {"openapi": "3.0.3", "info": {"title": "a", "version": "1"}, "paths": paths}
    return build_catalog([read("a", json.dumps(document).encode(), file="a.json", settings={})])


def many(**properties: Any) -> Any:
    """A list of objects."""
    return {"type": "array", "items": {"type": "object", "properties": properties}}


def between(catalog: ToolCatalog, graph: ToolGraph | None = None) -> dict[str, DataFlowEdge]:
    """Edges by `GET /a leaf -> GET /b leaf`."""
    tools = catalog.by_id()

    def told(tool: str) -> str:
        transport = tools[tool].transport
        return f"{str(transport['method']).upper()} {transport['path']}"

    return {
        f"{told(edge.producer)} {edge.producer_leaf} -> {told(edge.consumer)} {edge.consumer_leaf}": edge
        for edge in (graph or build_graph(catalog, {})).edges
    }
