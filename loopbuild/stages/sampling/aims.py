"""What a dataset shall have shown at least so often: tools, edges, parameters given or not, alone and in pairs, values.

Decides the targets, which of them a trajectory reaches, and which a planned path is likely to. Pure: an aim is a text
that names one target, so that a cell can carry it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from loopbuild.judging.derive import CHOICES
from loopbuild.pointers import find
from loopbuild.records import DataFlowEdge, Json, SchemaLeaf, ToolCatalog, ToolGraph, ToolSchema, Trajectory
from loopbuild.stages.sampling.combinations import combined, paired
from loopbuild.stages.sampling.feeds import Node
from loopbuild.stages.sampling.pointers import schematic
from loopbuild.stages.sampling.reach import Reach, own_keys
from loopbuild.stages.sampling.values import enum_turn, is_cursor

NEEDED = {"tool": 8, "edge": 3, "with": 1, "without": 1, "pair": 1, "value": 1}
"""Rows of each kind of target."""
_SPARE = 2
"""What is only likely must be so a little oftener: some of those calls are refused, some rows dropped."""
_VALUES = 24
"""Values of one leaf that are aimed at; of a list of all countries some will do."""


def aim(kind: str, *names: Json) -> str:
    """Return the text that names a target: `["edge", "hr/a", "/x", "hr/b", "/y"]`."""
    return json.dumps([kind, *names], ensure_ascii=False)


def parts_of(target: str) -> list[Json]:
    """Return what a target's text says: its kind, then what it is about."""
    made: list[Json] = json.loads(target)
    return made


def aim_words(target: str) -> str:
    """Return a target for people: `hr/a#/x -> hr/b#/y`, `hr/b with /p`, `hr/b /p = "x"`."""
    kind, *names = parts_of(target)
    if kind == "edge":
        return f"{names[0]}#{names[1]} -> {names[2]}#{names[3]}"
    if kind == "value":
        return f"{names[0]} {names[1]} = {json.dumps(names[2], ensure_ascii=False)}"
    if kind == "pair":
        first, second = (f"{'with' if is_given else 'without'} {name}" for name, is_given in (names[1:3], names[3:5]))
        return f"{names[0]} {first} and {second}"
    return str(names[0]) if kind == "tool" else f"{names[0]} {kind} {names[1]}"


def targets_of(catalog: ToolCatalog, graph: ToolGraph, goals: Iterable[str] | None = None) -> list[str]:
    """Return every target about `goals` (all tools when None), in a fixed order."""
    wanted = None if goals is None else set(goals)
    tools = {tool.id: tool for tool in catalog.tools if wanted is None or tool.id in wanted}
    found = [aim("tool", name) for name in sorted(tools)]
    inside = {goal: set(sub.tools) | set(sub.goals) for sub in graph.subgraphs for goal in sub.goals}
    known = catalog.by_id()
    effects = {tool.id: tool.effect for tool in catalog.tools}
    for edge in graph.edges:
        is_active = edge.status != "rejected" and edge.producer != edge.consumer
        is_active = is_active and effects.get(edge.producer, "delete") != "delete" and not _is_undone(edge, known)
        if is_active and edge.consumer in tools and edge.producer in inside.get(edge.consumer, ()):
            found.append(aim("edge", edge.producer, edge.producer_leaf, edge.consumer, edge.consumer_leaf))
    for name, tool in sorted(tools.items()):
        for pointer in optional_of(tool):
            found += [aim("with", name, pointer), aim("without", name, pointer)]
        found += [aim("pair", name, *pair) for pair in combined(tool, optional_of(tool))]
        for leaf in tool.inputs:
            found += [aim("value", name, leaf.pointer, value) for value in values_of(leaf)]
    return found


def _is_undone(edge: DataFlowEdge, tools: Mapping[str, ToolSchema]) -> bool:
    """Say whether an edge leads from making a thing to taking that thing away: no path may be just that."""
    maker, taker = tools.get(edge.producer), tools.get(edge.consumer)
    if maker is None or taker is None or maker.effect != "create" or taker.effect != "delete":
        return False
    return any(leaf.pointer == edge.consumer_leaf for leaf in own_keys(taker))


def optional_of(tool: ToolSchema) -> list[str]:
    """Return the pointers of the parameters a call may leave out."""
    required = set((tool.input_schema or {}).get("required", ()))
    names = {leaf.pointer.split("/")[1] for leaf in tool.inputs if not is_cursor(leaf)}
    return [f"/{name}" for name in sorted(names) if name not in required and name != "*"]


def values_of(leaf: SchemaLeaf) -> list[Json]:
    """Return the values of a leaf that each shall be seen: all of a choice, both bounds of a number."""
    if leaf.enum:
        return list(leaf.enum[:_VALUES])
    if not {"integer", "number"} & set(leaf.types):
        return []
    bounds = [bound for bound in (leaf.minimum, leaf.maximum) if bound is not None]
    return [int(bound) if "number" not in leaf.types and bound == int(bound) else bound for bound in bounds]


def reached(trajectory: Trajectory, tools: Mapping[str, ToolSchema]) -> set[str]:
    """Return the targets a trajectory shows."""
    found: set[str] = set()
    for step in trajectory.steps:
        tool = tools.get(step.call.tool)
        if tool is None:
            continue
        found.add(aim("tool", tool.id))
        for path, source in step.call.provenance.items():
            if source.kind == "tool" or source.rule in CHOICES:
                producer = trajectory.steps[source.step].call.tool
                found.add(aim("edge", producer, source.leaf, tool.id, schematic(path)))
        found.update(_given_or_not(tool, step.call.provenance))
        for leaf in tool.inputs:
            wanted = values_of(leaf)
            seen = [one.value for one in find(step.call.arguments, leaf.pointer)] if wanted else ()
            found |= {aim("value", tool.id, leaf.pointer, value) for value in wanted if value in seen}
    return found


def likely(nodes: Sequence[Node], reach: Reach, *, index: int) -> Iterator[str]:
    """Yield the targets a path is going to show when its calls run as planned."""
    for node in nodes:
        tool = reach.tools[node.tool]
        yield aim("tool", tool.id)
        for pointer, feed in node.feeds.items():
            if feed.leaf:
                yield aim("edge", nodes[feed.step].tool, feed.leaf, tool.id, pointer)
        yield from _given_or_not(tool, node.feeds)
        for leaf in tool.inputs:
            own = node.feeds.get(leaf.pointer)
            if leaf.enum and own is not None and not own.leaf and not own.said:
                yield aim("value", tool.id, leaf.pointer, leaf.enum[enum_turn(tool, leaf, index) % len(leaf.enum)])


def _given_or_not(tool: ToolSchema, paths: Iterable[str]) -> Iterator[str]:
    """Yield what a call that sets `paths` shows of parameters: each given or left out, and so each two of them."""
    known, places = optional_of(tool), tuple(paths)
    given = {one for one in known if any(path == one or path.startswith(one + "/") for path in places)}
    for pointer in known:
        yield aim("with" if pointer in given else "without", tool.id, pointer)
    for first, second in combinations(paired(tool, known), 2):
        yield aim("pair", tool.id, first, first in given, second, second in given)


def short_of(targets: Iterable[str], counts: Counter[str], *, turn: int = 0) -> Iterator[tuple[str, int]]:
    """Yield the targets that likely `counts` leave short, with how many are missing.

    Tools have cells of their own and are looked at in later turns only.
    """
    for target in targets:
        kind = parts_of(target)[0]
        missing = NEEDED[kind] + _SPARE - counts[target]
        if missing > 0 and (turn or kind != "tool"):
            yield target, min(missing, NEEDED[kind])


def goal_of(target: str) -> str:
    """Return the tool a path to a target ends with."""
    kind, *names = parts_of(target)
    return str(names[2] if kind == "edge" else names[0])


def aiming(reach: Reach, target: str) -> Reach:
    """Return `reach` for plans that must come to `target`."""
    kind, *names = parts_of(target)
    if kind == "tool":
        return reach
    if kind == "edge":
        return replace(reach, through=tuple(names), alone={})
    if kind == "pair":
        given = {(str(names[0]), str(names[1])): names[2], (str(names[0]), str(names[3])): names[4]}
        return replace(reach, given=given, alone={})
    tool, pointer = str(names[0]), "/" + str(names[1]).split("/")[1]
    if kind != "value":
        return replace(reach, given={(tool, pointer): kind == "with"}, alone={})
    return replace(reach, given={(tool, pointer): True}, said={(tool, str(names[1])): names[2]}, alone={})
