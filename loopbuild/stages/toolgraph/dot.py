"""The graph in Graphviz' language: one cluster per source, one arrow per edge, its status by colour and line."""

from __future__ import annotations

from loopbuild.records import DataFlowEdge, ToolCatalog, ToolGraph
from loopbuild.visible import visible

_STYLES = {
    "verified": 'color="#2a7f3f" penwidth=2',
    "declared": 'color="#2f6f9f" penwidth=2',
    "observed": 'color="#2a7f3f"',
    "inferred": 'color="#777777"',
}


def to_dot(graph: ToolGraph, catalog: ToolCatalog) -> str:
    """Return a digraph; deterministic, every name escaped."""
    ids = {tool.id: f"t{number}" for number, tool in enumerate(catalog.tools)}
    lines = ["digraph tools {", "  rankdir=LR;", '  node [shape=box style=rounded fontname="monospace"];']
    for number, source in enumerate(sorted({tool.source for tool in catalog.tools})):
        lines += [f"  subgraph cluster_{number} {{", f"    label={_quoted(source)};"]
        lines += [
            f"    {ids[tool.id]} [label={_quoted(tool.name)}];" for tool in catalog.tools if tool.source == source
        ]
        lines.append("  }")
    drawn = (*graph.edges, *graph.unproven)
    lines += [_arrow(edge, ids) for edge in drawn if edge.producer in ids and edge.consumer in ids]
    return "\n".join([*lines, "}"]) + "\n"


def _arrow(edge: DataFlowEdge, ids: dict[str, str]) -> str:
    style = _STYLES.get(edge.status, _STYLES["inferred"])
    dash = " style=dashed" if edge.status == "inferred" and edge.score < 0.85 else ""
    if edge.standing == "unproven":
        dash = " style=dotted constraint=false"
    label = _quoted(edge.consumer_leaf.removeprefix("/"))
    tip = _quoted(f"{edge.producer_leaf} -> {edge.consumer_leaf} ({edge.score:.2f} {edge.rule}, {edge.standing})")
    return f"  {ids[edge.producer]} -> {ids[edge.consumer]} [label={label} tooltip={tip} {style}{dash}];"


def _quoted(text: str) -> str:
    # A backslash starts an escape of its own (`\\N` is the node's name), so it is doubled like the quote is escaped.
    return '"' + visible(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
