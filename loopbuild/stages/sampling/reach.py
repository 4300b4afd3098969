"""What can be reached from what: edges by consumer, which leaves a person may fill, and in which order ways are tried.

Built once per catalog and graph. Ranking is weighted rendezvous hashing: a new candidate wins a place or not, it never
reorders the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from loopbuild.digest import unit_interval
from loopbuild.records import DataFlowEdge, Json, SchemaLeaf, Subgraph, ToolCatalog, ToolGraph, ToolSchema

CONTROL = frozenset(
    [
        "limit", "offset", "page", "per_page", "cursor", "page_token", "page_size", "starting_after", "sort", "order",
        "direction", "fields", "expand", "include", "lang", "verbose", "dry_run",
    ]
)  # fmt: skip
"""Parameters that shape an answer without choosing what it is about; never given unless required."""

_BY_EFFECT = {"read": 2.0, "create": 1.0, "update": 0.5, "unknown": 0.5, "delete": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Tools and edges of one subgraph, ready for planning."""

    tools: dict[str, ToolSchema]
    into: dict[tuple[str, str], tuple[DataFlowEdge, ...]]
    """(consumer, input leaf) -> edges that may feed it."""
    out_of: dict[str, tuple[DataFlowEdge, ...]]
    """Producer -> edges it feeds."""
    user_known: tuple[str, ...] = ()
    optional: float = 0.3
    max_steps: int = 6
    parallel_turns: bool = False
    """Steps without order between them go out in one turn, whatever the shape."""
    leaves: dict[tuple[str, str], SchemaLeaf] = field(default_factory=dict)
    through: tuple[str, ...] = ()
    """An edge that paths must take: producer, output leaf, consumer, input leaf."""
    given: dict[tuple[str, str], bool] = field(default_factory=dict)
    """(tool, parameter) -> whether calls give it, where chance shall not decide."""
    said: dict[tuple[str, str], Json] = field(default_factory=dict)
    """(tool, input leaf) -> the value a person says."""
    alone: dict[tuple[str, int], list[Any]] = field(default_factory=dict, compare=False)
    """Paths already looked for in the fixed order, by (tool, steps)."""
    only_made: frozenset[tuple[str, str]] = frozenset()
    """(tool, input leaf) of what a tool takes away and no other finds: only making it would tell its id."""

    def may_be_said(self, leaf: SchemaLeaf, tool: str) -> bool:
        """Say whether a person may give this value: anything but ids, and ids that are known or that nothing yields.

        What is to be taken away was there before: where only making it would tell its id, the person knows it.
        """
        if leaf.kind != "id":
            return True
        name = [part for part in leaf.pointer.split("/") if part != "[]"][-1]
        if any(fnmatchcase(name, pattern) for pattern in self.user_known):
            return True
        return not self.into.get((tool, leaf.pointer)) or (tool, leaf.pointer) in self.only_made


def reach_of(catalog: ToolCatalog, graph: ToolGraph, subgraph: Subgraph, settings: Mapping[str, Json]) -> Reach:
    """Return what can be reached inside `subgraph` under the sampling `settings`."""
    wanted = {*subgraph.tools, *subgraph.goals}
    tools = {tool.id: tool for tool in catalog.tools if tool.id in wanted}
    into: dict[tuple[str, str], list[DataFlowEdge]] = {}
    out_of: dict[str, list[DataFlowEdge]] = {}
    for edge in graph.edges:
        is_inside = edge.producer in tools and edge.consumer in tools and edge.producer != edge.consumer
        if edge.status == "rejected" or not is_inside or tools[edge.producer].effect == "delete":
            continue
        into.setdefault((edge.consumer, edge.consumer_leaf), []).append(edge)
        out_of.setdefault(edge.producer, []).append(edge)
    leaves = {(tool.id, leaf.pointer): leaf for tool in tools.values() for leaf in tool.inputs}
    return Reach(
        tools=tools,
        into={key: tuple(edges) for key, edges in into.items()},
        out_of={key: tuple(edges) for key, edges in out_of.items()},
        user_known=tuple(settings.get("user_known", ())),
        optional=float(settings.get("optional", 0.3)),
        max_steps=int(settings.get("max_steps", 6)),
        parallel_turns=bool(settings.get("parallel_turns", False)),
        leaves=leaves,
        only_made=_only_made(tools, into),
    )


def _only_made(
    tools: Mapping[str, ToolSchema], into: Mapping[tuple[str, str], Sequence[DataFlowEdge]]
) -> frozenset[tuple[str, str]]:
    """Return the inputs that name what a tool takes away, where no tool finds it that does not need its id already."""
    return frozenset(
        (tool.id, leaf.pointer)
        for tool in tools.values()
        if tool.effect == "delete"
        for leaf in own_keys(tool)
        if not any(_finds(tools[edge.producer], leaf.entity) for edge in into.get((tool.id, leaf.pointer), ()))
    )


def own_keys(tool: ToolSchema) -> tuple[SchemaLeaf, ...]:
    """Return the inputs that say which thing of its own kind a tool is about; `reading list` of a `reading`, too."""
    return tuple(
        leaf
        for leaf in tool.inputs
        if leaf.kind == "id" and tool.entity and f"{leaf.entity} ".startswith(f"{tool.entity} ")
    )


def _finds(tool: ToolSchema, entity: str) -> bool:
    is_told = any(leaf.is_required and leaf.kind == "id" and leaf.entity == entity for leaf in tool.inputs)
    return tool.effect != "create" and not is_told


def beside(catalog: ToolCatalog, subgraph: Subgraph) -> Subgraph:
    """Return `subgraph` with all tools of its own source: what a person may ask for in the same breath."""
    source = subgraph.name.partition("/")[0]
    own = {tool.id for tool in catalog.tools if tool.source == source}
    return Subgraph(name=subgraph.name, goals=subgraph.goals, tools=tuple(sorted(own | set(subgraph.tools))))


def ranked(edges: Iterable[DataFlowEdge], reach: Reach, *, key: str, step: Json) -> list[DataFlowEdge]:
    """Return edges in the order in which a plan tries them; with an empty key, in their own order."""
    if not key:
        return list(edges)
    scored = []
    for edge in edges:
        name = [edge.producer, edge.producer_leaf, edge.consumer, edge.consumer_leaf]
        weight = edge.score * _BY_EFFECT[reach.tools[edge.producer].effect]
        weight *= 1.5 if edge.status in ("verified", "declared", "observed") else 1.0
        leaf = reach.leaves.get((edge.consumer, edge.consumer_leaf))
        weight *= 1.0 if leaf is not None and leaf.is_required else 0.4
        if weight > 0:
            scored.append((rank(key, [step, name], weight), name, edge))
    return [edge for _, _, edge in sorted(scored, key=lambda item: (item[0], item[1]))]


def rank(key: str, candidate: Json, weight: float) -> float:
    """Return the place of a candidate: the lowest goes first, a weight of 2 wins twice as often as a weight of 1."""
    return -math.log(max(unit_interval("rank", [key, candidate]), 1e-300)) / weight
