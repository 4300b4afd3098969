"""Plans which trajectories shall exist: so many per goal tool, spread over the shapes that tool can have.

Pure. A cell names its goal and shape only; which shapes are possible is the one thing other tools have a say in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from loopbuild.digest import digest, unit_interval
from loopbuild.records import Cell, Json, Purpose, ToolCatalog, ToolGraph, Topology, cell_json
from loopbuild.stages.sampling.aimed import Aiming, Trains, plan_aimed
from loopbuild.stages.sampling.derived_paths import derived_cells, share_of
from loopbuild.stages.sampling.forks import forks
from loopbuild.stages.sampling.reach import Reach, beside, reach_of
from loopbuild.stages.sampling.skeleton import skeletons

SAMPLING_VERSION = 1
"""Part of every plan key; raised when the same cell would be walked differently."""

_SHAPES: tuple[Topology, ...] = ("single", "chain", "fan_out", "join", "map", "parallel", "conditional")
_WIDE = ("parallel", "conditional")
"""Shapes that are looked for among all tools of a source, and only where loop.yaml gives them a share."""
_SIZES: dict[Topology, tuple[int, ...]] = {
    "single": (1,), "chain": (2, 3, 4), "fan_out": (3, 4), "join": (3, 4, 5), "map": (2, 3),
    "parallel": (2, 3, 4), "conditional": (2, 3, 4),
}  # fmt: skip
"""Distinct steps a shape may have; of a map without the repetitions of its last step."""
_SIZE_WEIGHTS = {1: 1.0, 2: 2.0, 3: 3.0, 4: 2.0, 5: 1.0}
_LENGTHS = {"two": (2,), "three": (3,), "four": (4,), "five": (5,), "six": (6,), "more": (7, 8)}
"""What the keys of `sampling.lengths` stand for."""


FAR = 6
"""Steps a subgraph goes back; longer chains are looked for among all tools of the source."""


def plan_key(cell: Cell, *, seed: int) -> str:
    """Return the key of a cell's plan: nothing of the graph enters, so a new tool moves no plan."""
    return digest("plan", {"cell": cell_json(cell), "seed": seed, "version": SAMPLING_VERSION})


def pair_key(cell: Cell, *, seed: int) -> str:
    """Return the key a cell's path is chosen by: its plan key, or that of the first cell of its pair."""
    return plan_key(first_of(cell) if cell.topology == "conditional" else cell, seed=seed)


def goes_far(cell: Cell) -> bool:
    """Return whether a cell's path is looked for among all tools of its source."""
    return cell.topology in _WIDE or bool(cell.derives) or (cell.topology == "chain" and cell.length > FAR)


def first_of(cell: Cell) -> Cell:
    """Return the cell whose plan key both cells of a pair share."""
    return replace(cell, index=cell.index - cell.index % 2)


def repeats_of(cell: Cell) -> int:
    """Return how often the goal is called: two or three times for a map, once otherwise."""
    if cell.topology != "map":
        return 1
    return 3 if cell.index % 3 == 2 and cell.length >= 4 else 2


def plan_cells(
    catalog: ToolCatalog,
    graph: ToolGraph,
    *,
    settings: Json,
    evaluation: Json,
    trains: Trains = lambda path, length: True,
) -> dict[str, list[Cell]]:
    """Return the cells of each subgraph, training before evaluation, goal by goal.

    `settings` and `evaluation` are the sections of loop.yaml as JSON, `trains` says which paths are not held out.
    Shares of shapes a goal cannot have go to the others; a goal that cannot be reached at all gets `single` cells,
    whose sampling says why.
    """
    planned: dict[str, list[Cell]] = {}
    weights = chain_weights(settings)
    shares: Mapping[str, float] = settings.get("topologies", {})
    for subgraph in graph.subgraphs:
        reach = reach_of(catalog, graph, subgraph, settings)
        wished = [shape for shape in _WIDE if shares.get(shape)]
        is_wide = wished or settings.get("derived") or max(weights, default=0) > FAR
        wide = reach_of(catalog, graph, beside(catalog, subgraph), settings) if is_wide else None
        cells: list[Cell] = []
        for purpose, wanted in (("train", settings["per_tool"]), ("eval", evaluation["per_tool"])):
            for goal in sorted(subgraph.goals):
                if goal in reach.tools:
                    shapes = feasible(goal, reach, wide=wide, wished=wished, chains=tuple(weights))
                    shapes = shapes or {"single": (1,)}
                    cells += _cells(goal, purpose, wanted, reach.max_steps, shapes, shares, weights)  # type: ignore[arg-type]
        for purpose, wanted in (("train", settings["per_tool"]), ("eval", evaluation["per_tool"])):
            for goal in sorted(subgraph.goals) if settings.get("derived") else ():
                if goal in reach.tools and wide is not None:
                    cells += derived_cells(goal, purpose, share_of(goal, purpose, settings["derived"], wanted), wide)
        if settings.get("coverage"):
            # Which path a cell takes depends on its key; those that aim are planned last and move none of these.
            seed = int(settings.get("seed", 0))
            regular = [
                (cell, pair_key(cell, seed=seed), wide if wide is not None and goes_far(cell) else reach)
                for cell in cells
                if cell.purpose == "train" and not cell.derives
            ]
            goals = [goal for goal in sorted(subgraph.goals) if goal in reach.tools]
            plan = Aiming(
                reach=reach, catalog=catalog, graph=graph, key_of=partial(plan_key, seed=seed), trains=trains,
                rounds=int(settings.get("rounds", 0)),
            )  # fmt: skip
            cells += plan_aimed(regular, goals, plan)
        planned[subgraph.name] = cells
    return planned


def feasible(
    goal: str, reach: Reach, *, wide: Reach | None = None, wished: Sequence[str] = (), chains: Sequence[int] = ()
) -> dict[Topology, tuple[int, ...]]:
    """Return the shapes a goal can have and for each the possible numbers of distinct steps; `chains`, where given, are
    those looked for of chains.

    Those `wished` that need other goals of the source are looked for in `wide`.
    """
    found: dict[Topology, tuple[int, ...]] = {}
    for shape in _SHAPES:
        within = wide if shape in _WIDE else reach
        if within is None or (shape in _WIDE and shape not in wished):
            continue
        most = reach.max_steps - (1 if shape == "map" else 0)
        looked_for = chains if chains and shape == "chain" else _SIZES[shape]
        sizes = tuple(
            size for size in looked_for
            if size <= most and _is_possible(goal, shape, size, wide if size > FAR and wide is not None else within)
        )  # fmt: skip
        if sizes:
            found[shape] = sizes
    return found


def _is_possible(goal: str, shape: Topology, size: int, reach: Reach) -> bool:
    if shape == "conditional":
        return next(forks(goal, size, reach, key=""), None) is not None
    return next(skeletons(goal, shape, size, reach, key=""), None) is not None


def _cells(
    goal: str,
    purpose: Purpose,
    wanted: int,
    max_steps: int,
    shapes: Mapping[Topology, tuple[int, ...]],
    shares: Mapping[str, float],
    weights: Mapping[int, float],
) -> list[Cell]:
    parts = {shape: float(shares.get(shape, 0.0)) for shape in shapes}
    pairs = _pairs(parts, wanted, goal, purpose)
    counts = _apportioned({shape: part for shape, part in parts.items() if shape != "conditional"}, wanted - 2 * pairs)
    counts["conditional"] = 2 * pairs
    cells: list[Cell] = []
    for shape, sizes in shapes.items():
        for index in range(counts[shape]):
            # The two cells of a pair are as long as each other.
            turn = index - index % 2 if shape == "conditional" else index
            by_size = weights if weights and shape == "chain" else _SIZE_WEIGHTS
            size = _size(goal, shape, turn, purpose, sizes, by_size)
            length = _map_length(index, size, max_steps) if shape == "map" else size
            cells.append(Cell(goal=goal, topology=shape, length=length, index=index, purpose=purpose))
    return cells


def _pairs(parts: Mapping[Topology, float], wanted: int, goal: str, purpose: str) -> int:
    """Return how many pairs of conditionals a goal gets: their share over all goals, rounded by hash for each."""
    share = parts.get("conditional", 0.0)
    if not share:
        return 0
    if len(parts) == 1:
        return wanted // 2
    expected = share / sum(parts.values()) * wanted / 2
    return min(int(expected + unit_interval("pairs", [goal, purpose])), wanted // 2)


def _map_length(index: int, size: int, max_steps: int) -> int:
    """Return the calls of a map; every third calls its goal three times, as far as `max_steps` allows."""
    if index % 3 != 2:
        return size + 1
    return size + 2 if size + 2 <= max_steps else min(max_steps, 4) if max_steps > 3 else 3


def chain_weights(settings: Json) -> dict[int, float]:
    """Return how often a chain has which number of calls, as `lengths` says; empty where it says nothing."""
    lengths: Mapping[str, float] = settings.get("lengths") or {}
    return {
        size: lengths[name] / len(sizes) for name, sizes in _LENGTHS.items() for size in sizes if lengths.get(name)
    }  # fmt: skip


def _size(goal: str, shape: str, index: int, purpose: str, sizes: tuple[int, ...], weights: Mapping[int, float]) -> int:
    """Choose a size by weighted hashing: a size that becomes possible later takes its share and moves no other."""

    def place(size: int) -> float:
        u = unit_interval("size", [goal, shape, index, purpose, size])
        return -math.log(max(u, 1e-300)) / weights.get(size, 1.0)

    return min(sizes, key=place)


def _apportioned(shares: Mapping[Topology, float], wanted: int) -> dict[Topology, int]:
    """Return whole numbers in proportion to the shares, by largest remainder; equal shares when all are zero."""
    total = sum(shares.values())
    parts = {shape: (share / total if total else 1 / len(shares)) * wanted for shape, share in shares.items()}
    counts = {shape: int(part) for shape, part in parts.items()}
    left = wanted - sum(counts.values())
    for shape in sorted(parts, key=lambda name: (counts[name] - parts[name], name))[:left]:
        counts[shape] += 1
    return counts
