"""Plans the shape of a path backwards from its goal: which tools, in which order, and what feeds each input.

Pure: no calls are made and no values chosen. A path is closed when every required input is fed by an earlier step or
may be said by a person; ids are never anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from loopbuild.records import DataFlowEdge, SchemaLeaf, ToolSchema, Topology
from loopbuild.stages.sampling.alternatives import alternative
from loopbuild.stages.sampling.feeds import Feed, Node, Skeleton
from loopbuild.stages.sampling.parents import Parents, in_order, same_member
from loopbuild.stages.sampling.pointers import shared_item
from loopbuild.stages.sampling.reach import CONTROL, Reach, own_keys, rank, ranked
from loopbuild.stages.sampling.side_by_side import levelled, side_by_side
from loopbuild.stages.sampling.values import is_given

_TRIES = 60
_LOOKS, _SHORT = 3_000, 4
"""Beginnings of longer chains that are looked at: most of them lead nowhere, and there are very many."""
_OPTIONAL = 6.0
"""Optional parameters of one call at most, on average."""


def skeletons(goal: str, topology: Topology, size: int, reach: Reach, *, key: str) -> Iterator[Skeleton]:
    """Yield paths to `goal` in the order a plan tries them; `size` counts distinct steps (a spread goal once).

    With an empty key the order is fixed: that is how a topology is asked whether it is possible at all.
    """
    if goal not in reach.tools:
        return
    if reach.parallel_turns:
        for one in _shaped(goal, topology, size, reach, key=key):
            yield one if one.turns else levelled(one)
    else:
        yield from _shaped(goal, topology, size, reach, key=key)


def _shaped(goal: str, topology: Topology, size: int, reach: Reach, *, key: str) -> Iterator[Skeleton]:
    if reach.through:
        yield from _through(goal, size, reach, key=key)
    elif topology == "single":
        nodes = _assigned([goal], reach, key=key)
        if nodes is not None and not nodes[0].steps():
            yield Skeleton(nodes=nodes)
    elif topology in ("chain", "map"):
        yield from _chains(goal, size, reach, key=key, is_map=topology == "map")
    elif topology == "fan_out":
        yield from _fans(goal, size, reach, key=key)
    elif topology == "join":
        yield from _joins(goal, size, reach, key=key)
    elif topology == "parallel":
        yield from side_by_side(goal, size, reach, key=key, shaped=_shaped)


def _through(goal: str, size: int, reach: Reach, *, key: str) -> Iterator[Skeleton]:
    """Paths that take one certain edge into their goal."""
    edge = next((one for one in _into(goal, reach) if _name_of(one) == reach.through), None)
    if edge is None:
        return
    for path in islice(_closed([edge.producer, goal], size, reach, key=key), _TRIES):
        nodes = _assigned(path, reach, key=key, joined=(edge,))
        if nodes is not None:
            yield Skeleton(nodes=nodes)


def _name_of(edge: DataFlowEdge) -> tuple[str, ...]:
    return (edge.producer, edge.producer_leaf, edge.consumer, edge.consumer_leaf)


def _chains(goal: str, size: int, reach: Reach, *, key: str, is_map: bool) -> Iterator[Skeleton]:
    budget, looks = [_TRIES], [_LOOKS]

    def grow(path: list[str], links: list[DataFlowEdge]) -> Iterator[Skeleton]:
        looks[0] -= 1
        if budget[0] <= 0 or (looks[0] < 0 and size > _SHORT):
            return
        if len(path) == size:
            budget[0] -= 1
            nodes = _assigned(path, reach, key=key, links=links)
            if nodes is not None:
                spread = _spread(nodes, links) if is_map else ""
                if spread or not is_map:
                    yield Skeleton(nodes=nodes, spread=spread)
            return
        for edge in ranked(_into(path[0], reach), reach, key=key, step=len(path)):
            if edge.producer in path or (is_map and len(path) == 1 and not _is_listed(edge)):
                continue
            yield from grow([edge.producer, *path], [edge, *links])

    yield from grow([goal], [])


def _fans(goal: str, size: int, reach: Reach, *, key: str) -> Iterator[Skeleton]:
    tries = 0
    for edge in ranked(_into(goal, reach), reach, key=key, step="fan"):
        for other in ranked(reach.out_of.get(edge.producer, ()), reach, key=key, step="fan-other"):
            if other.consumer in (goal, edge.producer) or other.producer_leaf != edge.producer_leaf:
                continue
            for path in _closed([edge.producer, other.consumer, goal], size, reach, key=key):
                tries += 1
                nodes = _assigned(path, reach, key=key, forced={other.consumer: other, goal: edge})
                if nodes is not None and len(nodes) - 2 not in nodes[-1].steps():
                    yield Skeleton(nodes=nodes)
                if tries >= _TRIES:
                    return


def _joins(goal: str, size: int, reach: Reach, *, key: str) -> Iterator[Skeleton]:
    tries = 0
    edges = ranked(_into(goal, reach), reach, key=key, step="join")
    for first in edges:
        for second in edges:
            if first.consumer_leaf >= second.consumer_leaf or first.producer == second.producer:
                continue
            if shared_item(first.consumer_leaf, second.consumer_leaf):
                continue  # the parts of one item belong together
            for path in _closed([first.producer, second.producer, goal], size, reach, key=key):
                tries += 1
                nodes = _assigned(path, reach, key=key, joined=(first, second))
                if nodes is not None and _is_join(nodes, path, first, second):
                    yield Skeleton(nodes=nodes)
                if tries >= _TRIES:
                    return


def _is_join(nodes: tuple[Node, ...], path: list[str], first: DataFlowEdge, second: DataFlowEdge) -> bool:
    one, other = path.index(first.producer), path.index(second.producer)
    feeds = nodes[-1].feeds
    is_fed = (
        feeds.get(first.consumer_leaf, Feed()).step == one and feeds.get(second.consumer_leaf, Feed()).step == other
    )
    return is_fed and one not in _ancestors(nodes, other) and other not in _ancestors(nodes, one)


def _closed(path: list[str], size: int, reach: Reach, *, key: str) -> Iterator[list[str]]:
    """Yield `path` with producers put in front of whatever lacks an input, up to `size` steps."""
    if len(path) > size:
        return
    for place, tool in enumerate(path):
        for leaf in reach.tools[tool].inputs:
            if not leaf.is_required or reach.may_be_said(leaf, tool):
                continue
            edges = reach.into.get((tool, leaf.pointer), ())
            if any(edge.producer in path[:place] for edge in edges):
                continue
            for edge in ranked(edges, reach, key=key, step=["close", tool]):
                if edge.producer not in path:
                    yield from _closed([*path[:place], edge.producer, *path[place:]], size, reach, key=key)
            return
    if len(path) == size:
        yield path


def _assigned(
    path: list[str],
    reach: Reach,
    *,
    key: str,
    links: list[DataFlowEdge] | None = None,
    forced: dict[str, DataFlowEdge] | None = None,
    joined: tuple[DataFlowEdge, ...] = (),
) -> tuple[Node, ...] | None:
    """Return the path with a feed for each input that is set; None when an input has none or a step feeds nothing."""
    nodes: list[Node] = []
    for place, tool in enumerate(path):
        asked = [links[place - 1]] if links and place else []
        asked += [forced[tool]] if forced and tool in forced else []
        asked += [edge for edge in joined if edge.consumer == tool]
        node = fed(tool, place, path, nodes, asked, reach, key=key)
        if node is None:
            return None
        nodes.append(node)
    used = set().union(*(node.steps() for node in nodes))
    is_branch = {len(path) - 2} if forced else set()
    if any(place not in used and place not in is_branch for place in range(len(path) - 1)):
        return None
    return None if _undoes_itself(nodes, reach) else tuple(nodes)


def _undoes_itself(nodes: Sequence[Node], reach: Reach) -> bool:
    """Say whether a path only makes something and takes it away again: who does nothing gets as far."""
    for node in nodes:
        tool = reach.tools[node.tool]
        makers = {
            node.feeds[leaf.pointer].step
            for leaf in own_keys(tool)
            if tool.effect == "delete" and leaf.pointer in node.feeds
        }
        if makers and all(step >= 0 and reach.tools[nodes[step].tool].effect == "create" for step in makers):
            others = [reach.tools[other.tool] for place, other in enumerate(nodes) if place not in makers]
            return all(other.effect == "read" or other.entity == tool.entity for other in others)
    return False


def fed(
    tool: str,
    place: int,
    path: list[str],
    nodes: list[Node],
    asked: list[DataFlowEdge],
    reach: Reach,
    *,
    key: str,
    near: Iterable[int] = (),
) -> Node | None:
    """Return a step with a feed for each input that is set; None when a required one has none.

    It speaks of what the steps that feed it are about, and of what those `near` are.
    """
    wanted = {edge.consumer_leaf: edge for edge in asked}
    feeds: dict[str, Feed] = {
        leaf: Feed(step=path.index(edge.producer), leaf=edge.producer_leaf, conversion=edge.conversion)
        for leaf, edge in wanted.items()
    }
    owed, share = alternative(reach.tools[tool], reach, key=key), _share(reach.tools[tool], reach)
    parents = Parents(nodes)
    for edge in wanted.values():
        if not parents.take(edge, path.index(edge.producer), feeds):
            return None  # branches of two organisations feed no common call
    about = set(near).union(*({feed.step} | _ancestors(nodes, feed.step) for feed in feeds.values()))
    for leaf in in_order(reach.tools[tool], reach.into):
        if leaf.pointer in feeds:
            upstream = _inherited(leaf, about, nodes, reach)
            if upstream is not None and (upstream.step, upstream.leaf) != (
                feeds[leaf.pointer].step,
                feeds[leaf.pointer].leaf,
            ):
                return None  # a candidate of one role is not interviewed for another
            continue
        if leaf.pointer in parents.feeds:
            feeds[leaf.pointer] = parents.feeds[leaf.pointer]
            continue
        if not leaf.is_required and not _is_set(leaf, reach.tools[tool], reach, owed, share, key=key):
            continue
        if (tool, leaf.pointer) in reach.said:
            feeds[leaf.pointer] = Feed()
            continue
        feed = (
            _inherited(leaf, about, nodes, reach)
            or same_member(leaf, reach.tools[tool], nodes, reach.tools)
            or _from_earlier(leaf, tool, path[:place], feeds, parents, reach)
        )
        if feed is None:
            if not reach.may_be_said(leaf, tool):
                return None
            feed = Feed()
        feeds[leaf.pointer] = feed
    if reach.tools[tool].effect == "update" and all(reach.leaves[tool, pointer].kind == "id" for pointer in feeds):
        changed = _changed(reach.tools[tool], reach, key=key)
        feeds |= {changed: Feed()} if changed and changed not in feeds else {}
    return Node(tool=tool, feeds=feeds)


def _changed(tool: ToolSchema, reach: Reach, *, key: str) -> str:
    """Return the leaf that a call sets which would change nothing otherwise; empty where the tool itself is the change.

    Leaves inside lists and objects are left alone, and what a plan wants left out.
    """
    free = [
        leaf.pointer for leaf in tool.inputs
        if leaf.kind != "id" and leaf.pointer.count("/") == 1 and leaf.pointer[1:] not in CONTROL | _REMARKS
        and reach.given.get((tool.id, leaf.pointer)) is not False
    ]  # fmt: skip
    return min(free, key=lambda pointer: rank(key, ["changes", tool.id, pointer], 1.0)) if free else ""


_REMARKS = frozenset({"reason", "note", "comment", "message", "remark"})
"""What is said about a change is no change."""


def _share(tool: ToolSchema, reach: Reach) -> float:
    """Return how often an optional parameter is given: of three hundred a request gets a handful, not ninety."""
    free = len({one.pointer.split("/")[1] for one in tool.inputs if not one.is_required})
    return min(reach.optional, _OPTIONAL / max(1, free))


def _is_set(
    leaf: SchemaLeaf, tool: ToolSchema, reach: Reach, owed: Mapping[str, bool], share: float, *, key: str
) -> bool:
    """Say whether a call gives an optional leaf: as the plan aims at, else by chance; ids only where an edge asks."""
    name = leaf.pointer.split("/")[1]
    wished = reach.given.get((tool.id, f"/{name}"))
    if wished is not None:
        return wished
    if name in owed:
        return owed[name]
    if name in CONTROL or leaf.kind == "id":
        return False
    return is_given(tool, leaf, key=key, share=share)


def _inherited(leaf: SchemaLeaf, near: set[int], nodes: list[Node], reach: Reach) -> Feed | None:
    """Return the source an upstream step uses for the same entity: the candidate's role is the role asked for."""
    if leaf.kind != "id" or not leaf.entity or "[]" in leaf.pointer:
        return None
    for step in sorted(near, reverse=True):
        for pointer, feed in sorted(nodes[step].feeds.items()):
            other = reach.leaves[nodes[step].tool, pointer]
            if other.kind == "id" and other.entity == leaf.entity and "[]" not in pointer:
                return feed if feed.leaf or feed.said else Feed(step=step, said=pointer)
    return None


def _from_earlier(
    leaf: SchemaLeaf, tool: str, earlier: list[str], feeds: dict[str, Feed], parents: Parents, reach: Reach
) -> Feed | None:
    taken = {(feed.step, feed.leaf) for feed in feeds.values() if feed.leaf}
    for edge in sorted(
        (edge for edge in reach.into.get((tool, leaf.pointer), ()) if edge.producer in earlier),
        key=lambda edge: (-earlier.index(edge.producer), -edge.score, edge.producer_leaf),
    ):
        source = (earlier.index(edge.producer), edge.producer_leaf)
        is_free = source not in taken or "/[]" in edge.producer_leaf
        if is_free and parents.take(edge, source[0], feeds):
            return Feed(step=source[0], leaf=source[1], conversion=edge.conversion)
    return None


def _ancestors(nodes: list[Node] | tuple[Node, ...], place: int) -> set[int]:
    found: set[int] = set()
    pending = [place]
    while pending:
        for step in nodes[pending.pop()].steps() - found:
            found.add(step)
            pending.append(step)
    return found


def _into(tool: str, reach: Reach) -> list[DataFlowEdge]:
    return [edge for leaf in reach.tools[tool].inputs for edge in reach.into.get((tool, leaf.pointer), ())]


def _is_listed(edge: DataFlowEdge) -> bool:
    return "/[]" in edge.producer_leaf and "[]" not in edge.consumer_leaf


def _spread(nodes: tuple[Node, ...], links: list[DataFlowEdge]) -> str:
    last = links[-1] if links else None
    return last.consumer_leaf if last is not None and _is_listed(last) else ""
