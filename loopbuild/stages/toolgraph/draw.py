"""The graph as text for a terminal and as Mermaid for a page; SVG comes from `svg`.

Deterministic; every name is escaped for the place it goes to, a tool's name is somebody else's text.
"""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.records import DataFlowEdge, ToolCatalog, ToolGraph, ToolSchema
from loopbuild.stages.toolgraph.svg import to_svg
from loopbuild.visible import visible

__all__ = ["to_mermaid", "to_svg", "to_text"]


def to_text(graph: ToolGraph, catalog: ToolCatalog) -> str:
    """Return the graph as a plain tree: subgraph, goal tools, and below each what feeds its inputs."""
    tools = catalog.by_id()
    into: dict[str, list[DataFlowEdge]] = {}
    for edge in graph.edges:
        into.setdefault(edge.consumer, []).append(edge)
    lines: list[str] = []
    for group in graph.subgraphs:
        feeders = len(group.tools) - len(group.goals)
        goals = "1 goal" if len(group.goals) == 1 else f"{len(group.goals)} goals"
        feeding = "1 feeding tool" if feeders == 1 else f"{feeders} feeding tools"
        lines.append(f"{visible(group.name)}  {goals}, {feeding}")
        for at, goal in enumerate(group.goals):
            is_last = at == len(group.goals) - 1
            effect = tools[goal].effect if goal in tools else "unknown"
            lines.append(f"{'└─' if is_last else '├─'} {visible(goal)} ({effect})")
            edges = into.get(goal, [])
            for row, edge in enumerate(edges):
                stem = "   " if is_last else "│  "
                branch = "└─" if row == len(edges) - 1 else "├─"
                lines.append(f"{stem}{branch} {_edge(edge)}")
    lines += unproven_lines(graph)
    lines += [f"note: {visible(note)}" for note in graph.notes]
    return "\n".join(lines) + "\n"


def unproven_lines(graph: ToolGraph, limit: int = 40) -> list[str]:
    """Return the edges that a guess alone speaks for, with what that means; nothing where there are none."""
    if not graph.unproven:
        return []
    count = "1 edge" if len(graph.unproven) == 1 else f"{len(graph.unproven):,} edges"
    lines = [f"unproven  {count}, never sampled before a replay or `graph.edges.allow` speaks for it"]
    lines += [f"   {visible(edge.consumer)} {_edge(edge)}" for edge in graph.unproven[:limit]]
    return [*lines, f"   and {len(graph.unproven) - limit:,} more"] if len(graph.unproven) > limit else lines


def to_mermaid(graph: ToolGraph, catalog: ToolCatalog) -> str:
    """Return a Mermaid flowchart: one box per source, one arrow per edge; dotted arrows are below certainty 0.85."""
    ids = {tool.id: f"t{number}" for number, tool in enumerate(catalog.tools)}
    lines = ["flowchart LR"]
    by_source: dict[str, list[ToolSchema]] = {}
    for tool in catalog.tools:
        by_source.setdefault(tool.source, []).append(tool)
    for number, source in enumerate(sorted(by_source)):
        lines.append(f'  subgraph s{number}["{_quoted(source)}"]')
        lines += [f'    {ids[tool.id]}["{_quoted(tool.name)}"]' for tool in by_source[source]]
        lines.append("  end")
    lines += [_arrow(edge, ids) for edge in graph.edges if edge.producer in ids and edge.consumer in ids]
    return "\n".join(lines) + "\n"


def _edge(edge: DataFlowEdge) -> str:
    reshaped = "" if edge.conversion == "same" else f", {edge.conversion}"
    if edge.bound_with:
        reshaped += f", same {visible(' and '.join(wanted.removeprefix('/') for _, wanted in edge.bound_with))}"
    left, right = visible(edge.producer_leaf), visible(edge.consumer_leaf)
    return f"{right} <- {visible(edge.producer)} {left}  {edge.score:.2f} {edge.rule}{reshaped}, {edge.standing}"


def _arrow(edge: DataFlowEdge, ids: Mapping[str, str]) -> str:
    line = "-->" if edge.score >= 0.85 else "-.->"
    label = _quoted(edge.consumer_leaf.removeprefix("/"))
    return f'  {ids[edge.producer]} {line}|"{label}"| {ids[edge.consumer]}'


def _quoted(text: str) -> str:
    """Escape for a quoted Mermaid label: entities for everything that is markup to it or to HTML."""
    return "".join(char if char.isalnum() or char in " _-./[]" else f"#{ord(char)};" for char in text)
