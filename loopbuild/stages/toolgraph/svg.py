"""The graph as one self-contained SVG: tools in columns from left to right, edges as curves, no script, no font file.

Decides the layout: a tool's column is its distance from the tools nobody feeds; within a column, barycentres of the
neighbours, ties by id. Same graph, same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from loopbuild.records import DataFlowEdge, ToolCatalog, ToolGraph

_BOX_HEIGHT = 26
_ROW = 40
_GAP = 120
_MARGIN = 16
_CHAR = 7.2
"""Pixels of one character at the font size below, wide enough for the usual monospace fonts."""
_COLOURS = {"read": "#2f6f9f", "create": "#3a7d44", "update": "#a8650f", "delete": "#a33a3a", "unknown": "#666666"}
_SWEEPS = 4


def to_svg(graph: ToolGraph, catalog: ToolCatalog) -> str:
    """Return the drawing; tools without any edge stand below the rest, in rows."""
    links = sorted({(edge.producer, edge.consumer) for edge in graph.edges})
    joined = sorted({tool for link in links for tool in link})
    lonely = [tool.id for tool in catalog.tools if tool.id not in set(joined)]
    columns = _ordered(_columns(joined, links), links)
    names = {tool.id: _label(tool.name) for tool in catalog.tools}
    effects = {tool.id: tool.effect for tool in catalog.tools}
    boxes, width, height = _places(columns, names)
    lonely_boxes, width, height = _rows(lonely, names, width, height)
    boxes.update(lonely_boxes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12" role="img" aria-label="tool graph">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#888888"/></marker></defs>',
    ]
    parts += [_curve(link, boxes, graph.edges) for link in links if link[0] in boxes and link[1] in boxes]
    for tool in sorted(boxes):
        x, y, box_width = boxes[tool]
        colour = _COLOURS.get(effects.get(tool, "unknown"), _COLOURS["unknown"])
        parts.append(
            f"<g><title>{_text(tool)} ({effects.get(tool, 'unknown')})</title>"
            f'<rect x="{x}" y="{y}" width="{box_width}" height="{_BOX_HEIGHT}" rx="5" fill="#ffffff" '
            f'stroke="{colour}"/>'
            f'<text x="{x + 8}" y="{y + 17}" fill="{colour}">{_text(names.get(tool, tool))}</text></g>'
        )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


Boxes = dict[str, tuple[int, int, int]]


def _columns(tools: Sequence[str], links: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the tools by longest distance from a start; a link that closes a cycle does not count."""
    feeders: dict[str, list[str]] = {tool: [] for tool in tools}
    for producer, consumer in links:
        feeders[consumer].append(producer)
    depth: dict[str, int] = {}
    for root in tools:
        stack: list[tuple[str, bool]] = [(root, False)]
        open_now: set[str] = set()
        while stack:
            tool, is_done = stack.pop()
            if is_done:
                open_now.discard(tool)
                depth[tool] = max((depth[item] + 1 for item in feeders[tool] if item in depth), default=0)
            elif tool not in depth and tool not in open_now:
                open_now.add(tool)
                stack.append((tool, True))
                stack += [(item, False) for item in feeders[tool] if item not in depth and item not in open_now]
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for tool in tools:
        columns[depth[tool]].append(tool)
    return columns


def _ordered(columns: list[list[str]], links: Sequence[tuple[str, str]]) -> list[list[str]]:
    near: dict[str, list[str]] = {}
    for producer, consumer in links:
        near.setdefault(producer, []).append(consumer)
        near.setdefault(consumer, []).append(producer)
    for _ in range(_SWEEPS):
        place = {tool: row / max(1, len(column)) for column in columns for row, tool in enumerate(column)}
        for column in columns:
            middle = {tool: sum(place[item] for item in near[tool]) / len(near[tool]) for tool in column}
            column.sort(key=lambda tool: (round(middle[tool], 6), tool))
    return columns


def _places(columns: Sequence[Sequence[str]], names: Mapping[str, str]) -> tuple[Boxes, int, int]:
    boxes: Boxes = {}
    x = _MARGIN
    tallest = max((len(column) for column in columns), default=0)
    for column in columns:
        widest = max(_width(names.get(tool, tool)) for tool in column)
        top = _MARGIN + (tallest - len(column)) * _ROW // 2
        for row, tool in enumerate(column):
            boxes[tool] = (x, top + row * _ROW, widest)
        x += widest + _GAP
    return boxes, max(x - _GAP, 200) + _MARGIN, tallest * _ROW + 2 * _MARGIN


def _rows(tools: Sequence[str], names: Mapping[str, str], width: int, height: int) -> tuple[Boxes, int, int]:
    boxes: Boxes = {}
    limit = max(width, 900)
    x, y = _MARGIN, height
    for tool in tools:
        box = _width(names.get(tool, tool))
        if x > _MARGIN and x + box > limit:
            x, y = _MARGIN, y + _ROW
        boxes[tool] = (x, y, box)
        x += box + _MARGIN
        width = max(width, x)
    return boxes, width, y + _ROW + _MARGIN if tools else height


def _curve(link: tuple[str, str], boxes: Boxes, edges: Sequence[DataFlowEdge]) -> str:
    own = [edge for edge in edges if (edge.producer, edge.consumer) == link]
    (x1, y1, w1), (x2, y2, _) = boxes[link[0]], boxes[link[1]]
    start, end = (x1 + w1, y1 + _BOX_HEIGHT // 2), (x2, y2 + _BOX_HEIGHT // 2)
    pull = max(40, abs(end[0] - start[0]) // 2)
    dash = "" if max(edge.score for edge in own) >= 0.85 else ' stroke-dasharray="4 3"'
    title = "\n".join(f"{edge.producer_leaf} → {edge.consumer_leaf} ({edge.score:.2f}, {edge.status})" for edge in own)
    return (
        f'<path d="M{start[0]} {start[1]} C{start[0] + pull} {start[1]} {end[0] - pull} {end[1]} {end[0]} {end[1]}" '
        f'fill="none" stroke="#888888"{dash} marker-end="url(#arrow)"><title>{_text(title)}</title></path>'
    )


def _label(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"


def _width(label: str) -> int:
    return int(len(label) * _CHAR) + 16


def _text(text: str) -> str:
    """Escape for XML, which has no place at all for most control characters."""
    return escape("".join(char if char.isprintable() or char == "\n" else f"\\u{ord(char):04x}" for char in text))
