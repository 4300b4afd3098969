"""The graph as one HTML file that works from a mail attachment: no network, no library, a few lines of script.

Drag and wheel move and zoom, a click on a tool shows what it takes and gives, boxes choose statuses. Foreign text gets
into the page as escaped markup or as JSON that the script only ever writes as text; a policy in the page forbids it to
load anything. Same graph, same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from loopbuild.records import DataFlowEdge, ToolCatalog, ToolGraph
from loopbuild.stages.toolgraph.layout import BOX_HEIGHT, curve, lay_out
from loopbuild.stages.toolgraph.page import SCRIPT, STYLE
from loopbuild.stages.toolgraph.report import out_of_reach
from loopbuild.visible import visible

_ORDER = ("verified", "declared", "observed", "inferred", "weak", "unproven")
"""Statuses as the page shows them, strongest first; `weak` is inferred below certainty."""


def to_html(graph: ToolGraph, catalog: ToolCatalog) -> str:
    """Return the page; what is unproven is drawn apart."""
    told = f"{len(catalog.tools):,} tools, {len(graph.edges):,} edges"
    graph = replace(graph, edges=(*graph.edges, *graph.unproven))
    plan = lay_out(graph, catalog)
    number = {tool.id: at for at, tool in enumerate(catalog.tools)}
    own: dict[tuple[str, str], list[DataFlowEdge]] = {}
    for edge in graph.edges:
        own.setdefault((edge.producer, edge.consumer), []).append(edge)
    links = [
        f'<path class="link {_strongest(own[link])}" data-from="{number[link[0]]}" data-to="{number[link[1]]}" '
        f'data-statuses="{" ".join(sorted({_shown(edge) for edge in own[link]}))}" '
        f'd="{curve([plan.boxes[place] for place in way])}"/>'
        for link, way in plan.routes.items()
        if link[0] in number and link[1] in number
    ]
    boxes = []
    for tool in catalog.tools:
        x, y, width = plan.boxes[tool.id]
        boxes.append(
            f'<g class="tool {tool.effect}" data-tool="{number[tool.id]}" tabindex="0" role="button">'
            f"<title>{_text(tool.id)}</title>"
            f'<rect x="{x}" y="{y}" width="{width}" height="{BOX_HEIGHT}" rx="5"/>'
            f'<text x="{x + 8}" y="{y + 17}">{_text(plan.names[tool.id])}</text></g>'
        )
    statuses = sorted({_shown(edge) for edge in graph.edges}, key=_ORDER.index)
    counts = {name: sum(_shown(edge) == name for edge in graph.edges) for name in statuses}
    choices = "".join(
        f'<label><input type="checkbox" value="{name}" checked> <i class="{name}"></i>{name} '
        f"<small>{counts[name]}</small></label>"
        for name in statuses
    )
    notes = "".join(f"<li>{_text(note)}</li>" for note in graph.notes)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Tool graph: {told}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<strong>Tool graph</strong> <span>{told}</span>
<input id="find" type="search" placeholder="Find a tool" aria-label="Find a tool">
{choices}
<button id="fit" type="button">Fit</button>
</header>
<main>
<svg id="graph" viewBox="0 0 {plan.width} {plan.height}" role="img" aria-label="tool graph">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0 L8 4 L0 8 z"/></marker></defs>
{chr(10).join(links)}
{chr(10).join(boxes)}
</svg>
<aside id="side" aria-live="polite"><p>Click a tool to see what feeds it and what it feeds.</p>\
{f"<ul>{notes}</ul>" if notes else ""}</aside>
</main>
<script type="application/json" id="data">{_json(graph, catalog, number)}</script>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _json(graph: ToolGraph, catalog: ToolCatalog, number: dict[str, int]) -> str:
    sure = [edge for edge in graph.edges if edge.standing != "unproven"]
    lost = {(tool.id, leaf.pointer) for tool, leaf in out_of_reach(catalog.tools, sure)}
    tools = [
        {
            "id": visible(tool.id),
            "about": visible(tool.description)[:400],
            "effect": tool.effect,
            "returns": tool.returns_known,
            "inputs": [
                [visible(leaf.pointer), leaf.is_required, (tool.id, leaf.pointer) in lost] for leaf in tool.inputs
            ],
        }
        for tool in catalog.tools
    ]
    edges = [
        [
            number[edge.producer],
            visible(edge.producer_leaf),
            number[edge.consumer],
            visible(edge.consumer_leaf),
            edge.score,
            edge.rule,
            _shown(edge),
        ]
        for edge in graph.edges
        if edge.producer in number and edge.consumer in number
    ]
    # `<` would end the element or open a comment in it, whatever quotes it stands in.
    return json.dumps({"tools": tools, "edges": edges}, sort_keys=True).replace("<", "\\u003c")


def _shown(edge: DataFlowEdge) -> str:
    return "weak" if edge.standing == "inferred" and edge.score < 0.85 else edge.standing


def _strongest(edges: Sequence[DataFlowEdge]) -> str:
    return min((_shown(edge) for edge in edges), key=_ORDER.index)


def _text(text: str) -> str:
    return escape(visible(text))
