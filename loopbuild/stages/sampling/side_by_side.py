"""Paths that have nothing to do with each other, put side by side, and the turns in which steps can happen.

Decides which goals stand beside one another and which calls share a turn. How a single path is found is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Protocol

from loopbuild.records import Json, Topology
from loopbuild.stages.sampling.feeds import Node, Skeleton
from loopbuild.stages.sampling.reach import Reach, rank

_OWN = 12
"""Ways of a single path that are put beside others."""


class Shaped(Protocol):
    """Yields the paths of one shape."""

    def __call__(self, goal: str, topology: Topology, size: int, reach: Reach, *, key: str) -> Iterator[Skeleton]:
        """Yield them in the order a plan tries them."""


def levelled(skeleton: Skeleton) -> Skeleton:
    """Return the path with every step in the first turn in which all it needs is known; its goal stays last."""
    depth: list[int] = []
    for node in skeleton.nodes:
        after = max((depth[step] for step in node.steps()), default=-1)
        # What was said for another step is read off its call, so that one comes no later.
        beside = max((depth[feed.step] for feed in node.feeds.values() if feed.said), default=0)
        depth.append(max(1 + after, beside))
    depth[-1] = max(depth)
    order = sorted(range(len(depth)), key=lambda place: (depth[place], place))
    moved = {old: new for new, old in enumerate(order)}
    nodes = tuple(
        replace(
            skeleton.nodes[old],
            feeds={
                pointer: replace(feed, step=moved.get(feed.step, feed.step))
                for pointer, feed in skeleton.nodes[old].feeds.items()
            },
        )
        for old in order
    )
    return replace(
        skeleton, nodes=nodes, turns=tuple(depth[old] for old in order), ends=tuple(moved[end] for end in skeleton.ends)
    )


_PARTS = {2: ((1, 1),), 3: ((2, 1), (1, 1, 1)), 4: ((2, 2), (2, 1, 1), (3, 1))}
"""Steps of the goal's own path, then of those beside it, which are never longer: the goal is to come last."""


def side_by_side(goal: str, size: int, reach: Reach, *, key: str, shaped: Shaped) -> Iterator[Skeleton]:
    """Paths that have nothing to do with each other: their goals are asked for in one breath."""
    parts = _PARTS.get(size, ())
    for number in sorted(range(len(parts)), key=lambda one: rank(key, ["parts", one], 1.0) if key else one):
        own, *others = parts[number]
        for path in islice(_alone(goal, own, reach, key=key, shaped=shaped), _OWN):
            yield from islice(_joined([path], others, reach, key=key, shaped=shaped), _OWN)


def _joined(
    paths: list[tuple[Node, ...]], sizes: list[int], reach: Reach, *, key: str, shaped: Shaped
) -> Iterator[Skeleton]:
    if not sizes:
        # The goal's own path goes last; what was chosen last stands first.
        nodes: list[Node] = []
        ends: list[int] = []
        for path in reversed(paths):
            nodes += _shifted(path, len(nodes))
            ends.append(len(nodes) - 1)
        yield levelled(Skeleton(nodes=tuple(nodes), ends=tuple(ends[:-1])))
        return
    taken = {node.tool for path in paths for node in path}
    for tool in _companions(reach, key=key, step=["beside", len(paths)], source=reach.tools[paths[0][-1].tool].source):
        for path in islice(
            (one for one in _alone(tool, sizes[0], reach, key=key, shaped=shaped) if _fits(one, taken)), 1
        ):
            yield from _joined([*paths, path], sizes[1:], reach, key=key, shaped=shaped)


def _alone(tool: str, size: int, reach: Reach, *, key: str, shaped: Shaped) -> Iterator[tuple[Node, ...]]:
    shape: Topology = "single" if size == 1 else "chain"
    if key:
        yield from (one.nodes for one in islice(shaped(tool, shape, size, reach, key=key), _OWN))
        return
    # Whether a shape is possible is asked for every goal, and of every tool beside it: looked up once.
    if (tool, size) not in reach.alone:
        reach.alone[tool, size] = [one.nodes for one in islice(shaped(tool, shape, size, reach, key=""), _OWN)]
    yield from reach.alone[tool, size]


def _fits(path: tuple[Node, ...], taken: set[str]) -> bool:
    """Other tools than before; one that a person says everything to may be asked again, with other values."""
    if any(node.tool in taken for node in path):
        return len(path) == 1 and bool(path[0].feeds) and not path[0].steps()
    return True


def _companions(reach: Reach, *, key: str, step: list[Json], source: str) -> list[str]:
    if not key:
        return sorted(reach.tools)
    weights = {"read": 1.0, "create": 1.0, "update": 1.0, "unknown": 0.5, "delete": 0.3}
    places = {
        name: rank(key, [*step, name], weights[tool.effect] * (2.0 if tool.source == source else 1.0))
        for name, tool in reach.tools.items()
    }
    return sorted(places, key=lambda name: (places[name], name))


def _shifted(path: tuple[Node, ...], by: int) -> list[Node]:
    return [
        Node(
            tool=node.tool,
            feeds={
                pointer: replace(feed, step=feed.step + by) if feed.step >= 0 else feed
                for pointer, feed in node.feeds.items()
            },
        )
        for node in path
    ]
