"""The units of work: the goal tools of one entity of one source, and all that can feed them.

A tool's group is read off its own name; adding a tool elsewhere never renames a unit or moves a tool between units.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from loopbuild.records import DataFlowEdge, Subgraph, ToolSchema

REACH = 5
"""Edges walked back from a goal; longer plans are not sampled."""
MAX_TOOLS = 40


def subgraphs(tools: Sequence[ToolSchema], edges: Sequence[DataFlowEdge]) -> tuple[Subgraph, ...]:
    """Return the subgraphs sorted by name; every tool is a goal of exactly one."""
    feeders: dict[str, list[str]] = {}
    for edge in edges:
        feeders.setdefault(edge.consumer, []).append(edge.producer)
    groups: dict[str, list[str]] = {}
    for tool in tools:
        groups.setdefault(group_of(tool), []).append(tool.id)
    return tuple(
        Subgraph(name=name, goals=tuple(sorted(goals)), tools=tuple(sorted(_reaching(goals, feeders))))
        for name, goals in sorted(groups.items())
    )


def group_of(tool: ToolSchema) -> str:
    """Return the name of the subgraph a tool is a goal of: `source/entity`."""
    entity = re.sub(r"[^\w]+", "-", tool.entity).strip("-")
    return f"{tool.source}/{entity or 'general'}"


def _reaching(goals: Sequence[str], feeders: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the goals and their feeders, nearest first, at most MAX_TOOLS beyond the goals themselves."""
    found = dict.fromkeys(sorted(goals))
    frontier = sorted(goals)
    for _ in range(REACH):
        frontier = sorted({tool for goal in frontier for tool in feeders.get(goal, ()) if tool not in found})
        found.update(dict.fromkeys(frontier[: max(0, MAX_TOOLS - len(found))]))
    return list(found)
