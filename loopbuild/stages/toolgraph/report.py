"""What a graph can and cannot do, said per source: where returns come from, what is out of reach, what hangs together.

Pure; a report never hides a source that offers no chains, and names what would change that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set

from loopbuild.records import DataFlowEdge, SchemaLeaf, ToolCatalog, ToolGraph, ToolSchema
from loopbuild.visible import visible

_SHOWN = 12


def to_report(graph: ToolGraph, catalog: ToolCatalog) -> str:
    """Return the report as text for a terminal."""
    lines: list[str] = []
    for source in sorted({tool.source for tool in catalog.tools}):
        tools = [tool for tool in catalog.tools if tool.source == source]
        lines += _source(source, tools, graph)
    parts = components(catalog.tools, graph.edges)
    large = [part for part in parts if len(part) > 1]
    alone = len(parts) - len(large)
    lines.append(f"{_count(len(large), 'component')} of connected tools, {_count(alone, 'tool')} without any edge")
    for part in large[:_SHOWN]:
        lines.append(f"  {_count(len(part), 'tool')}: {_names(part)}")
    if len(large) > _SHOWN:
        lines.append(f"  and {len(large) - _SHOWN} more")
    lines += [f"note: {visible(note)}" for note in graph.notes]
    return "\n".join(lines) + "\n"


def components(tools: Sequence[ToolSchema], edges: Iterable[DataFlowEdge]) -> list[list[str]]:
    """Return the sets of tools that edges connect, whatever their direction, largest first; each sorted."""
    above = {tool.id: tool.id for tool in tools}

    def root(tool: str) -> str:
        while above[tool] != tool:
            above[tool] = above[above[tool]]
            tool = above[tool]
        return tool

    for edge in edges:
        one, other = sorted((root(edge.producer), root(edge.consumer)))
        above[other] = one
    found: dict[str, list[str]] = {}
    for tool in sorted(above):
        found.setdefault(root(tool), []).append(tool)
    return sorted(found.values(), key=lambda part: (-len(part), part))


def out_of_reach(tools: Sequence[ToolSchema], edges: Iterable[DataFlowEdge]) -> list[tuple[ToolSchema, SchemaLeaf]]:
    """Return the required ids that no other tool gives and no schema lists: only a person can know them."""
    fed = {(edge.consumer, edge.consumer_leaf) for edge in edges}
    return [
        (tool, leaf)
        for tool in tools
        for leaf in tool.inputs
        if leaf.is_required and (tool.id, leaf.pointer) not in fed and _is_opaque(leaf)
    ]


def _source(source: str, tools: Sequence[ToolSchema], graph: ToolGraph) -> list[str]:
    names = {tool.id for tool in tools}
    edges = [edge for edge in graph.edges if edge.consumer in names]
    statuses: Counter[str] = Counter(edge.status for edge in edges)
    origins: Counter[str] = Counter(tool.returns_known for tool in tools)
    rules = Counter(edge.rule for edge in edges)
    fed = {(edge.consumer, edge.consumer_leaf) for edge in edges}
    required = [(tool, leaf) for tool in tools for leaf in tool.inputs if leaf.is_required]
    opaque = out_of_reach(tools, edges)
    given = sum((tool.id, leaf.pointer) in fed for tool, leaf in required)
    lines = [
        f"source `{visible(source)}`: {_count(len(tools), 'tool')}, {_count(len(edges), 'edge')}{_told(statuses)}",
        f"  returns:{_told(origins, brackets=False)}",
        f"  evidence:{_told(rules, brackets=False) or ' none'}",
        *_guessed(names, graph),
        f"  required inputs: {len(required)}, of which {given} are fed by tools, "
        f"{len(required) - given - len(opaque)} can be asked for, {len(opaque)} are out of reach",
    ]
    unknown: dict[str, list[str]] = {}
    for tool, leaf in opaque:
        unknown.setdefault(leaf.pointer, []).append(tool.id)
    ordered = sorted(unknown.items(), key=lambda item: (-len(item[1]), item[0]))
    for pointer, owners in ordered[:_SHOWN]:
        lines.append(f"    {visible(pointer)} of {_count(len(owners), 'tool')}: {_names(owners, 3)}")
    if len(ordered) > _SHOWN:
        lines.append(f"    and {len(ordered) - _SHOWN} more names")
    if source in graph.flat_sources:
        them = "this tool offers" if len(tools) == 1 else f"these {len(tools)} tools offer"
        lines.append(f"  flat: {them} no chains: {_names(sorted(names))}")
    hubs = Counter(edge.producer for edge in {(edge.producer, edge.consumer): edge for edge in graph.edges}.values())
    busy = [(tool, count) for tool, count in hubs.most_common() if tool in names and count >= 5]
    if busy:
        told = ", ".join(f"{visible(tool)} feeds {count}" for tool, count in sorted(busy, key=_by_count)[:_SHOWN])
        lines.append(f"  hubs: {told}")
    return lines


def _guessed(names: Set[str], graph: ToolGraph) -> list[str]:
    """Say what was guessed of the tools of a source and whom it would feed."""
    found = [edge for edge in graph.unproven if edge.producer in names]
    if not found:
        return []
    leaves = sorted({(edge.producer, edge.producer_leaf) for edge in found})
    fed = _count(len({(edge.consumer, edge.consumer_leaf) for edge in found}), "required input")
    told = ", ".join(visible(f"{tool.partition('/')[2]} {pointer}") for tool, pointer in leaves[:_SHOWN])
    more = f", and {len(leaves) - _SHOWN} more" if len(leaves) > _SHOWN else ""
    return [
        f"  guessed returns: {len(leaves)} that would feed {fed}, unproven and never sampled so: {told}{more}",
    ]


def _by_count(item: tuple[str, int]) -> tuple[int, str]:
    return (-item[1], item[0])


def _is_opaque(leaf: SchemaLeaf) -> bool:
    return leaf.kind in ("id", "sha") and not leaf.enum and not leaf.has_default


def _told(counts: Counter[str], *, brackets: bool = True) -> str:
    if not counts:
        return ""
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=_by_count))
    return f" ({told})" if brackets else f" {told}"


def _names(tools: Sequence[str], limit: int = _SHOWN) -> str:
    shown = ", ".join(visible(tool.partition("/")[2]) for tool in tools[:limit])
    return f"{shown}, and {len(tools) - limit} more" if len(tools) > limit else shown


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
