"""Plans cells beside the regular ones for what these are likely to leave short: an edge, a parameter, a value.

Pure: what a regular cell will show is read off its path, no call is made. A cell that aims has a key of its own, so
that one more of them moves nothing else; one that cannot be reached says why when it is sampled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from loopbuild.records import Cell, ToolCatalog, ToolGraph, Topology
from loopbuild.stages.sampling.aims import aiming, goal_of, likely, parts_of, short_of, targets_of
from loopbuild.stages.sampling.forks import forks
from loopbuild.stages.sampling.reach import Reach
from loopbuild.stages.sampling.skeleton import skeletons

_SHAPES: tuple[tuple[Topology, int], ...] = (
    ("single", 1), ("chain", 2), ("chain", 3), ("join", 3), ("chain", 4), ("join", 4), ("join", 5),
)  # fmt: skip
"""Shapes a cell with an aim may have, the shortest first."""


def plan_aimed(
    regular: Iterable[tuple[Cell, str, Reach]],
    goals: Sequence[str],
    reach: Reach,
    catalog: ToolCatalog,
    graph: ToolGraph,
) -> list[Cell]:
    """Return the cells for targets about `goals` that `regular` ones, given with plan key and reach, leave short."""
    counts: Counter[str] = Counter()
    for cell, key, within in regular:
        counts.update(set(_likely(cell, key, within)))
    made: list[Cell] = []
    for target, missing in short_of(targets_of(catalog, graph, goals), counts):
        shape, length = _shape(target, reach)
        made += [
            Cell(goal=goal_of(target), topology=shape, length=length, index=index, purpose="train", aim=target)
            for index in range(missing)
        ]
    return made


def _likely(cell: Cell, key: str, reach: Reach) -> Iterator[str]:
    if cell.topology == "conditional":
        fork = next(forks(cell.goal, cell.length, reach, key=key), None)
        path = fork.branch(holds=cell.index % 2 == 0) if fork is not None else None
    else:
        repeats = 1 if cell.topology != "map" else 3 if cell.index % 3 == 2 and cell.length >= 4 else 2
        path = next(skeletons(cell.goal, cell.topology, cell.length - repeats + 1, reach, key=key), None)
    if path is not None:
        yield from likely(path.nodes, reach, index=cell.index)


def _shape(target: str, reach: Reach) -> tuple[Topology, int]:
    """Return the shortest shape in which a path can come to a target; the shortest of all where none can."""
    within, goal = aiming(reach, target), goal_of(target)
    is_edge = parts_of(target)[0] == "edge"
    shapes = [("chain", size) for size in range(2, reach.max_steps + 1)] if is_edge else list(_SHAPES)
    for shape, size in shapes:
        if size <= reach.max_steps and next(skeletons(goal, shape, size, within, key=""), None) is not None:  # type: ignore[arg-type]
            return shape, size  # type: ignore[return-value]
    return ("chain", 2) if is_edge else ("single", 1)
