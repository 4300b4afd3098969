"""The graph as one self-contained SVG: tools in columns from left to right, edges as curves, no script, no font file.

Decides colours and marks; places come from `layout`. Same graph, same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from loopbuild.records import DataFlowEdge, ToolCatalog, ToolGraph
from loopbuild.stages.toolgraph.layout import BOX_HEIGHT, Box, curve, lay_out
from loopbuild.visible import visible

COLOURS = {"read": "#2f6f9f", "create": "#3a7d44", "update": "#a8650f", "delete": "#a33a3a", "unknown": "#666666"}


def to_svg(graph: ToolGraph, catalog: ToolCatalog) -> str:
    """Return the drawing; tools without any edge stand below the rest, in rows."""
    plan = lay_out(graph, catalog)
    boxes, width, height, names = plan.boxes, plan.width, plan.height, plan.names
    effects = {tool.id: tool.effect for tool in catalog.tools}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12" role="img" aria-label="tool graph">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#888888"/></marker></defs>',
    ]
    own: dict[tuple[str, str], list[DataFlowEdge]] = {}
    for edge in graph.edges:
        own.setdefault((edge.producer, edge.consumer), []).append(edge)
    parts += [_curve([boxes[place] for place in way], own[link]) for link, way in plan.routes.items()]
    for tool in sorted(place for place in boxes if isinstance(place, str)):
        x, y, box_width = boxes[tool]
        colour = COLOURS.get(effects.get(tool, "unknown"), COLOURS["unknown"])
        parts.append(
            f"<g><title>{_text(tool)} ({effects.get(tool, 'unknown')})</title>"
            f'<rect x="{x}" y="{y}" width="{box_width}" height="{BOX_HEIGHT}" rx="5" fill="#ffffff" '
            f'stroke="{colour}"/>'
            f'<text x="{x + 8}" y="{y + 17}" fill="{colour}">{_text(names.get(tool, tool))}</text></g>'
        )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _curve(way: Sequence[Box], edges: Sequence[DataFlowEdge]) -> str:
    """Return a link as one path: curved between columns, straight through the free places."""
    dash = "" if max(edge.score for edge in edges) >= 0.85 else ' stroke-dasharray="4 3"'
    title = "\n".join(
        f"{edge.producer_leaf} → {edge.consumer_leaf} ({edge.score:.2f}, {edge.status})" for edge in edges
    )
    return (
        f'<path d="{curve(way)}" fill="none" stroke="#888888"{dash} marker-end="url(#arrow)">'
        f"<title>{_text(title)}</title></path>"
    )


def _text(text: str) -> str:
    """Escape for XML, which has no place at all for most control characters."""
    return escape(visible(text, keep="\n"))
