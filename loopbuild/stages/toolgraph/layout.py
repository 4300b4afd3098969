"""Where the tools of a drawing stand: in columns from left to right, the ways of their edges between them.

Decides the layout: a tool's column is its distance from the tools nobody feeds; an edge over several columns keeps a
free place in each; within a column, barycentres of the neighbours, ties by id. Same graph, same places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from loopbuild.records import ToolCatalog, ToolGraph

BOX_HEIGHT = 26
_ROW = 40
_GAP = 120
_MARGIN = 16
_CHAR = 7.2
"""Pixels of one character at 12 px, wide enough for the usual monospace fonts."""
_SWEEPS = 4
_MANY = 1_500
"""Links from which on they go straight: nobody follows one by eye, and ways of their own take a minute to find."""

Place = str | tuple[int, int]
"""A tool by its id, or the free place of link number n in column c."""
Box = tuple[int, int, int]
Boxes = dict[Place, Box]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A drawing's places in pixels; tools without any edge stand below the rest, in rows."""

    boxes: Boxes
    routes: dict[tuple[str, str], list[Place]]
    """(producer, consumer) -> its way, both ends included; sorted."""
    names: dict[str, str]
    """Tool id -> label."""
    width: int
    height: int


def lay_out(graph: ToolGraph, catalog: ToolCatalog) -> Plan:
    """Return the places of all tools and edges."""
    links = sorted({(edge.producer, edge.consumer) for edge in graph.edges})
    joined = sorted({tool for link in links for tool in link})
    lonely = [tool.id for tool in catalog.tools if tool.id not in set(joined)]
    if len(links) > _MANY:
        columns: list[list[Place]] = [list(column) for column in _columns(joined, links)]
        routes: dict[tuple[str, str], list[Place]] = {link: list(link) for link in links}
    else:
        columns, routes = _routed(_columns(joined, links), links)
    columns = _ordered(columns, [pair for route in routes.values() for pair in pairwise(route)])
    names = {tool.id: _label(tool.name) for tool in catalog.tools}
    boxes, width, height = _places(columns, names)
    lonely_boxes, width, height = _rows(lonely, names, width, height)
    boxes.update(lonely_boxes)
    return Plan(boxes=boxes, routes=routes, names=names, width=width, height=height)


def curve(way: Sequence[Box]) -> str:
    """Return the SVG path of a way: curved between columns, straight through the free places."""
    (x, y, width), middle = way[0], BOX_HEIGHT // 2
    x += width
    path = [f"M{x} {y + middle}"]
    for at, (next_x, next_y, next_width) in enumerate(way[1:], start=1):
        pull = max(40, abs(next_x - x) // 2)
        path.append(f"C{x + pull} {y + middle} {next_x - pull} {next_y + middle} {next_x} {next_y + middle}")
        x, y = next_x, next_y
        if at < len(way) - 1:
            x += next_width
            path.append(f"L{x} {y + middle}")
    return " ".join(path)


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


def _routed(
    columns: Sequence[Sequence[str]], links: Sequence[tuple[str, str]]
) -> tuple[list[list[Place]], dict[tuple[str, str], list[Place]]]:
    """Return the columns with free places added, and each link's way through them."""
    depth = {tool: at for at, column in enumerate(columns) for tool in column}
    out: list[list[Place]] = [list(column) for column in columns]
    routes: dict[tuple[str, str], list[Place]] = {}
    for number, (producer, consumer) in enumerate(links):
        passed: list[Place] = [(number, at) for at in range(depth[producer] + 1, depth[consumer])]
        for at, place in enumerate(passed, start=depth[producer] + 1):
            out[at].append(place)
        routes[producer, consumer] = [producer, *passed, consumer]
    return out, routes


def _ordered(columns: list[list[Place]], links: Sequence[tuple[Place, Place]]) -> list[list[Place]]:
    near: dict[Place, list[Place]] = {}
    for producer, consumer in links:
        near.setdefault(producer, []).append(consumer)
        near.setdefault(consumer, []).append(producer)
    row = {place: at / max(1, len(each)) for each in columns for at, place in enumerate(each)}
    for _ in range(_SWEEPS):
        for column in columns:
            middle = {place: sum(row[item] for item in near[place]) / len(near[place]) for place in column}
            column.sort(key=lambda place, middle=middle: (round(middle[place], 6), str(place)))  # type: ignore[misc]
            row.update({place: at / max(1, len(column)) for at, place in enumerate(column)})
    return columns


def _places(columns: Sequence[Sequence[Place]], names: Mapping[str, str]) -> tuple[Boxes, int, int]:
    boxes: Boxes = {}
    x = _MARGIN
    tallest = max((len(column) for column in columns), default=0)
    for column in columns:
        widest = max(_width(names.get(place, place)) for place in column if isinstance(place, str))
        top = _MARGIN + (tallest - len(column)) * _ROW // 2
        for row, place in enumerate(column):
            boxes[place] = (x, top + row * _ROW, widest)
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


def _label(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"


def _width(label: str) -> int:
    return int(len(label) * _CHAR) + 16
