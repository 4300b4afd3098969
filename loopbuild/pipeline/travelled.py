"""Edges along which a value travelled on a real service, read off the trajectories in force.

Decides what counts: the service took a value that an earlier answer of its own gave, that nobody said, and that hardly
occurs by chance. Enters no key and changes no result: screens say `observed` instead of `inferred`. In a simulated
sandbox nothing is observed, it answers by the same names the edges were inferred from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from loopbuild.engine.query import output, targets_in_force
from loopbuild.engine.target import Json
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.sandbox_settings import live_settings
from loopbuild.pipeline.tools import CurrentTools
from loopbuild.pointers import scalars
from loopbuild.records import Step, Trajectory, from_json

_LEAST_CHARACTERS = 3
_LEAST_INTEGER = 1_000
"""Smaller numbers are counts and positions, equal by chance."""
Edge = tuple[str, str, str, str]
"""Producer, its leaf, consumer, its leaf."""


def observed(opened: OpenProject, tools: CurrentTools) -> CurrentTools:
    """Return the tools with the edges marked that a value travelled along."""
    real = {name for name in tools.settings["sources"] if live_settings(tools.settings, name)["kind"] != "simulated"}
    if not real:
        return tools
    counts = _counted(opened, real)
    edges = tuple(
        replace(edge, status="observed")
        if edge.status == "inferred" and counts[edge.producer, edge.producer_leaf, edge.consumer, edge.consumer_leaf]
        else edge
        for edge in tools.graph.edges
    )
    return replace(tools, graph=replace(tools.graph, edges=edges))


def _counted(opened: OpenProject, real: set[str]) -> Counter[Edge]:
    found: Counter[Edge] = Counter()
    for target in targets_in_force(opened.workspace):
        if target.startswith("trajectories:"):
            rows: Mapping[str, Json] = (output(opened.workspace, target) or {"rows": {}})["rows"]
            for row in rows.values():
                if "unreachable" not in row:
                    found.update(set(travelled(from_json(Trajectory, row), real)))
    return found


def travelled(trajectory: Trajectory, real: set[str]) -> Iterator[Edge]:
    """Yield the edges of one execution along which a telling value went, from whichever step gave it first."""
    from loopbuild.pointers import at
    from loopbuild.stages.sampling.pointers import schematic

    said = {repr(value) for value in _said(trajectory.steps)}
    for step in trajectory.steps:
        for path, source in step.call.provenance.items():
            if source.kind != "tool":
                continue
            producer = trajectory.steps[source.step]
            value = at(dict(step.call.arguments), path)
            is_real = {step.call.tool.partition("/")[0], producer.call.tool.partition("/")[0]} <= real
            is_first = not any(_holds(one.result.value, value) for one in trajectory.steps[: source.step])
            if is_real and is_first and is_telling(value) and repr(value) not in said:
                yield (producer.call.tool, source.leaf, step.call.tool, schematic(path))


def is_telling(value: Json) -> bool:
    """Say whether two places hold a value hardly by chance."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return value >= _LEAST_INTEGER
    return isinstance(value, float) or (isinstance(value, str) and len(value) >= _LEAST_CHARACTERS)


def _said(steps: tuple[Step, ...]) -> Iterator[Json]:
    from loopbuild.pointers import at

    for step in steps:
        for path, source in step.call.provenance.items():
            if source.kind == "user":
                yield at(dict(step.call.arguments), path)


def _holds(result: Json, value: Json) -> bool:
    return any(one == value for _, one in scalars(result))
