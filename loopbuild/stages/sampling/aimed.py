"""Plans cells beside the regular ones for what these are likely to leave short: an edge, a parameter, a value.

Pure: what a cell will show is read off its path, no call is made. A cell that aims has a key of its own, and how many
there are for a target depends on regular cells and on those of its own tool, so that one more moves nothing else. One
that cannot be reached says why when it is sampled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from loopbuild.records import Cell, ToolCatalog, ToolGraph, Topology
from loopbuild.stages.sampling.aims import aiming, goal_of, likely, parts_of, short_of, targets_of
from loopbuild.stages.sampling.feeds import Skeleton
from loopbuild.stages.sampling.forks import forks
from loopbuild.stages.sampling.reach import Reach
from loopbuild.stages.sampling.record import signature_of
from loopbuild.stages.sampling.skeleton import skeletons

_SHAPES: tuple[tuple[Topology, int], ...] = (
    ("single", 1), ("chain", 2), ("chain", 3), ("join", 3), ("chain", 4), ("join", 4), ("join", 5),
)  # fmt: skip
"""Shapes a cell with an aim may have, the shortest first."""
_PAIRS = 24
"""Cells at most for the pairs of one tool's parameters."""

Trains = Callable[[str, int], bool]
"""Path and number of calls -> whether rows that take it train: those of a held-out one do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aiming:
    """What cells with an aim are planned by."""

    reach: Reach
    catalog: ToolCatalog
    graph: ToolGraph
    key_of: Callable[[Cell], str]
    trains: Trains
    rounds: int = 0
    """How often more are planned for what the ones before may have left short."""
    own: dict[str, list[Cell]] = field(default_factory=dict)
    """Target -> the cells that aim at it."""
    shown: dict[str, Counter[str]] = field(default_factory=dict)
    """Tool -> how often cells that aim at its own targets are likely to show each of them."""
    paired: Counter[str] = field(default_factory=Counter)
    """Tool -> cells that aim at a pair of its parameters."""


def plan_aimed(regular: Iterable[tuple[Cell, str, Reach]], goals: Sequence[str], plan: Aiming) -> list[Cell]:
    """Return the cells for targets about `goals` that `regular` ones, given with plan key and reach, leave short."""
    counts: Counter[str] = Counter()
    for cell, key, within in regular:
        counts.update(set(_likely(cell, key, within, plan.trains)))
    targets = targets_of(plan.catalog, plan.graph, goals)
    for turn in range(plan.rounds + 1):
        before = {target: counts[target] + plan.shown.get(goal_of(target), Counter())[target] for target in targets}
        for target, missing in short_of(targets, Counter(before), turn=turn):
            _plan(target, missing, counts, plan, turn=turn)
    return [cell for target in targets for cell in plan.own.get(target, ())]


def _plan(target: str, missing: int, counts: Counter[str], plan: Aiming, *, turn: int) -> None:
    goal, own = goal_of(target), plan.own.setdefault(target, [])
    shown = plan.shown.setdefault(goal, Counter())
    is_pair = parts_of(target)[0] == "pair"
    # One call shows a pair of every two parameters: what another's cell shows needs none of its own.
    if is_pair and (plan.paired[goal] >= _PAIRS * (1 + turn) or counts[target] + shown[target] > 0):
        return
    found = _shape(target, plan, tried={(cell.topology, cell.length) for cell in own if cell.round < turn})
    if found is None and turn:
        return
    shape, length = found or (("chain", 2) if parts_of(target)[0] == "edge" else ("single", 1))
    plan.paired[goal] += missing if is_pair else 0
    for _ in range(missing):
        cell = Cell(
            goal=goal, topology=shape, length=length, index=len(own), purpose="train", aim=target, round=turn
        )  # fmt: skip
        own.append(cell)
        shown.update(set(_likely(cell, plan.key_of(cell), aiming(plan.reach, target), plan.trains)))


def _likely(cell: Cell, key: str, reach: Reach, trains: Trains) -> Iterator[str]:
    """Yield what a cell is going to show: nothing where its rows are held out."""
    if cell.topology == "conditional":
        fork = next(forks(cell.goal, cell.length, reach, key=key), None)
        path = fork.branch(holds=cell.index % 2 == 0) if fork is not None else None
        repeats = 1
    else:
        repeats = 1 if cell.topology != "map" else 3 if cell.index % 3 == 2 and cell.length >= 4 else 2
        path = next(skeletons(cell.goal, cell.topology, cell.length - repeats + 1, reach, key=key), None)
    if path is not None and _is_seen(path, cell.length, trains):
        yield from likely(path.nodes, reach, index=cell.index)


def _is_seen(path: Skeleton, length: int, trains: Trains) -> bool:
    return trains(signature_of(path), length)


def _shape(target: str, plan: Aiming, *, tried: set[tuple[str, int]]) -> tuple[Topology, int] | None:
    """Return the shortest shape in which a path can come to a target and train, after those `tried` already.

    Where none can, the shortest in which one can come to it at all; None where none comes to it.
    """
    within, goal = aiming(plan.reach, target), goal_of(target)
    is_edge = parts_of(target)[0] == "edge"
    shapes: list[tuple[Topology, int]] = list(_SHAPES)
    if is_edge:
        shapes = [("chain", size) for size in range(2, plan.reach.max_steps + 1)]
    found = [
        (shape, path)
        for shape in shapes
        if shape[1] <= plan.reach.max_steps
        if (path := next(skeletons(goal, *shape, within, key=""), None)) is not None
    ]
    possible = [shape for shape, _ in found]
    seen = [shape for shape, path in found if _is_seen(path, shape[1], plan.trains)]
    fresh = [shape for shape in (*seen, *possible) if shape not in tried]
    return next(iter((*fresh, *seen, *possible)), None)
