"""Paths on which an argument is worked out: the largest of a list, all that match, a sum, a date moved by some days.

Decides which inputs of a goal may be worked out and from which step. Pure: a plain path is taken and one of its feeds
exchanged, or a reading step put in front of the goal for a value that a person would otherwise say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from loopbuild.digest import unit_interval
from loopbuild.judging.derive import head_of
from loopbuild.records import Cell, Json, SchemaLeaf, Topology
from loopbuild.sandbox.spans import END_WORDS
from loopbuild.stages.sampling.feeds import Feed, Node, Skeleton
from loopbuild.stages.sampling.reach import Reach, rank
from loopbuild.stages.sampling.side_by_side import levelled
from loopbuild.stages.sampling.skeleton import fed, skeletons
from loopbuild.stages.sampling.working_out import is_moment, lists_of, measure, rules_beside

FORMS: tuple[tuple[str, Topology, int], ...] = (
    ("argument", "chain", 2), ("argument", "chain", 3), ("argument", "chain", 4), ("argument", "map", 2),
    ("argument", "map", 3), ("answer", "single", 1), ("answer", "chain", 2), ("answer", "chain", 3),
)  # fmt: skip
"""What is worked out, the shape around it, and the number of distinct steps."""
WEIGHTS = {"argument": 2.0, "answer": 1.0}
_DAYS = (1, 2, 3, 5, 7, 10, 14, 21, 28, 30, 45, 60, 90)
_PATHS = 24
"""Plain paths looked at; of each the ways to work something out on it."""
_READS = 3
"""Reading steps tried in front of a goal."""
_RULE_WEIGHT = {"match": 1.0, "matching": 2.0, "sum": 5.0, "difference": 5.0, "count": 4.0, "shift": 5.0}


def derived_paths(cell: Cell, size: int, reach: Reach, *, key: str) -> Iterator[Skeleton]:
    """Yield paths for a cell that derives, best first; `size` counts distinct steps."""
    if cell.derives == "answer":
        if lists_of(reach.tools[cell.goal]):
            yield from skeletons(cell.goal, cell.topology, size, reach, key=key)
        return
    plain = list(islice(skeletons(cell.goal, cell.topology, size, reach, key=key), _PATHS))
    found = [one for path in plain for one in _ways(path, reach, key=key)]
    if cell.topology == "chain":
        shorter: Topology = "single" if size == 2 else "chain"
        for path in islice(skeletons(cell.goal, shorter, size - 1, reach, key=key), _PATHS // 4):
            found += _with_read(path, reach, key=key)
    if not key:
        yield from found
        return
    yield from sorted(found, key=lambda one: _place(one, key))


def _place(path: Skeleton, key: str) -> tuple[float, str]:
    way = [[p, f.rule, f.leaf, f.by] for p, f in sorted(path.nodes[-1].feeds.items()) if f.rule]
    weight = max((_RULE_WEIGHT.get(feed.rule, 1.0) for feed in path.nodes[-1].feeds.values() if feed.rule), default=1.0)
    names = [node.tool for node in path.nodes]
    return rank(key, ["derives", names, way], weight), repr(way)


def _ways(path: Skeleton, reach: Reach, *, key: str) -> Iterator[Skeleton]:
    """The same path with one feed of its goal worked out."""
    goal = path.nodes[-1]
    for pointer, feed in sorted(goal.feeds.items()):
        if path.spread:
            if pointer == path.spread:
                yield from _chosen(path, pointer, feed, reach, wanted=("matching",))
        elif "/[]" in feed.leaf:
            is_list = pointer.endswith("/[]") and pointer.count("[]") == 1
            wanted = ("matching",) if is_list else ("largest", "smallest", "latest", "earliest", "match")
            yield from _chosen(path, pointer, feed, reach, wanted=wanted)
        elif not feed.said and reach.leaves[goal.tool, pointer].kind != "id":
            for step, node in enumerate(path.nodes[:-1]):
                yield from _computed(path, pointer, step, node, reach, key=key)


def _chosen(path: Skeleton, pointer: str, feed: Feed, reach: Reach, *, wanted: tuple[str, ...]) -> Iterator[Skeleton]:
    """A member of a list taken for what it is, not for its place."""
    if "/[]" not in feed.leaf or "|" in feed.leaf:
        return
    before = [(one.step, one.leaf) for node in path.nodes[:-1] for one in node.feeds.values()]
    if (feed.step, feed.leaf) in before:
        return  # which one it is was settled on the way already
    producer = path.nodes[feed.step]
    narrowed = {pointer.rpartition("/")[2] for pointer in producer.feeds}
    for rule, by in rules_beside(feed.leaf, reach.tools[producer.tool].outputs):
        if rule in wanted and by.rpartition("/")[2] not in narrowed:
            goal = _with(path.nodes[-1], pointer, replace(feed, rule=rule, by=by))
            yield replace(path, nodes=(*path.nodes[:-1], goal))


def _computed(path: Skeleton, pointer: str, step: int, node: Node, reach: Reach, *, key: str) -> Iterator[Skeleton]:
    goal = path.nodes[-1]
    leaf = reach.leaves[goal.tool, pointer]
    for feed in _sources(leaf, goal, step, node.tool, reach, key=key):
        yield replace(path, nodes=(*path.nodes[:-1], _with(goal, pointer, feed)))


def _with(node: Node, pointer: str, feed: Feed) -> Node:
    return replace(node, feeds={**node.feeds, pointer: feed})


def _sources(leaf: SchemaLeaf, goal: Node, step: int, producer: str, reach: Reach, *, key: str) -> Iterator[Feed]:
    """Ways to work out an input, which a person would say otherwise, from the result of one step."""
    if "[]" in leaf.pointer or leaf.enum or (goal.tool, leaf.pointer) in reach.said:
        return
    outputs = reach.tools[producer].outputs
    if is_moment(leaf):
        others = [p for p in goal.feeds if p != leaf.pointer and is_moment(reach.leaves[goal.tool, p])]
        if others and END_WORDS & set(leaf.words):
            return  # it follows the other date of the call
        for one in outputs:
            if "[]" not in one.pointer and "|" not in one.pointer and is_moment(one) and one.format == leaf.format:
                days = min(_DAYS, key=lambda n: rank(key, ["days", goal.tool, leaf.pointer, n], 1.0))
                yield Feed(step=step, leaf=one.pointer, rule="shift", given=days)
        return
    wanted = measure(leaf)
    if not wanted:
        return
    flat = [one for one in outputs if "[]" not in one.pointer and "|" not in one.pointer and measure(one) == wanted]
    for one in outputs:
        if one.pointer.count("[]") == 1 and "|" not in one.pointer and measure(one) == wanted:
            yield Feed(step=step, leaf=one.pointer, rule="sum")
    for one in flat:
        for other in flat:
            if one is not other:
                yield Feed(step=step, leaf=one.pointer, rule="difference", by=other.pointer)
    if wanted == "count":
        keys = sorted(one.pointer for one in outputs if one.kind == "id" and one.pointer.count("[]") == 1)
        for pointer in {head_of(one): one for one in reversed(keys)}.values():
            yield Feed(step=step, leaf=pointer, rule="count")


def _with_read(path: Skeleton, reach: Reach, *, key: str) -> Iterator[Skeleton]:
    """The path with a reading step before its goal, from whose result an input is worked out."""
    names = [node.tool for node in path.nodes]
    said = [pointer for pointer, feed in sorted(path.nodes[-1].feeds.items()) if not feed.leaf and not feed.said]
    for pointer in said:
        others = [
            tool for tool in sorted(reach.tools) if tool not in names and reach.tools[tool].effect == "read"
            and any(True for _ in _sources(reach.leaves[names[-1], pointer], path.nodes[-1], 0, tool, reach, key=key))
        ]  # fmt: skip
        others.sort(key=lambda tool: rank(key, ["reads", pointer, tool], 1.0) if key else 0.0)
        for tool in others[:_READS]:
            place, before = len(names) - 1, list(path.nodes[:-1])
            node = fed(tool, place, [*names[:-1], tool, names[-1]], before, [], reach, key=key, near=range(place))
            goal = _about_the_same(path.nodes[-1], node, place, reach) if node is not None else None
            if node is None or goal is None:
                continue
            longer = Skeleton(nodes=(*before, node, goal))
            for way in _computed(longer, pointer, place, node, reach, key=key):
                yield levelled(way) if reach.parallel_turns else way


def _about_the_same(goal: Node, read: Node, place: int, reach: Reach) -> Node | None:
    """Return the goal, speaking of what the step before it reads; None where that is about something else."""
    feeds = dict(goal.feeds)
    keys = [pointer for pointer in read.feeds if reach.leaves[read.tool, pointer].kind == "id"]
    is_related = not keys
    for pointer in keys:
        own, entity = read.feeds[pointer], reach.leaves[read.tool, pointer].entity
        for name, feed in goal.feeds.items():
            leaf = reach.leaves[goal.tool, name]
            if leaf.kind != "id" or leaf.entity != entity or "[]" in name:
                continue
            if feed == Feed():
                feeds[name] = own if own != Feed() else Feed(step=place, said=pointer)
            is_related = is_related or feeds[name] == own or feeds[name].step == place
    return replace(goal, feeds=feeds) if is_related else None


def derived_cells(goal: str, purpose: str, wanted: int, reach: Reach) -> list[Cell]:
    """Return `wanted` cells of a goal in which something is worked out, spread over the forms it allows."""
    forms = possible(goal, reach) if wanted else []
    made: list[Cell] = []
    counts: dict[tuple[Json, ...], int] = {}
    for turn in range(wanted if forms else 0):
        best = min(forms, key=lambda f: rank("derived", [goal, purpose, turn, *f], WEIGHTS[f[0]]))
        kind, topology, size = best
        length = size + 1 if topology == "map" else size
        index = counts[best] = counts.get(best, -1) + 1
        made.append(
            Cell(goal=goal, topology=topology, length=length, index=index, purpose=purpose, derives=kind)  # type: ignore[arg-type]
        )
    return made


def possible(goal: str, reach: Reach) -> list[tuple[str, Topology, int]]:
    """Return the forms in which something can be worked out on the way to a goal."""
    found = []
    for kind, topology, size in FORMS:
        probe = Cell(goal=goal, topology=topology, length=size, index=0, purpose="train", derives=kind)  # type: ignore[arg-type]
        if size <= reach.max_steps - (topology == "map") and next(derived_paths(probe, size, reach, key=""), None):
            found.append((kind, topology, size))
    return found


def share_of(goal: str, purpose: str, share: float, wanted: int) -> int:
    """Return how many cells of a goal a share comes to: rounded by hash, so that it holds over all goals."""
    return int(share * wanted + unit_interval("derived share", [goal, purpose]))
