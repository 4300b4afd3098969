"""Turns executed steps into the record that travels on: what was read, what it is known by, what its path looks like.

Pure but for asking the sandbox what changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.digest import digest
from loopbuild.judging.derive import derive
from loopbuild.pointers import at, find
from loopbuild.records import (
    FROM_RESULT,
    Cell,
    Condition,
    Json,
    Later,
    Provenance,
    StateFact,
    Step,
    ToolSchema,
    Trajectory,
    fact_name,
    to_json,
)
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.sampling.feeds import Skeleton
from loopbuild.stages.sampling.pointers import schematic

_QUOTED = 8
_TELLING = frozenset({"id", "status", "state", "success"})


def trajectory_of(
    steps: Sequence[Step],
    *,
    cell: Cell,
    key: str,
    fixture: int,
    sandbox: Sandbox,
    skeleton: Skeleton,
    tools: Mapping[str, ToolSchema],
    condition: Condition | None = None,
    later: Sequence[Later] = (),
    told: Provenance | None = None,
) -> Trajectory:
    """Return the finished record; asks the sandbox for the state difference."""
    diff = sandbox.state_diff()
    return Trajectory(
        key=key,
        cell=cell,
        sandbox=cell.goal.partition("/")[0],
        fixture=fixture,
        steps=tuple(steps),
        state_diff=diff,
        reads=reads_of(steps, tools, condition, later, told),
        digest=digest_of(steps, diff, tools, condition, later, told),
        signature=signature_of(skeleton, told),
        condition=condition,
        told=told,
        later=tuple(later),
    )


def reads_of(
    steps: Sequence[Step],
    tools: Mapping[str, ToolSchema],
    condition: Condition | None = None,
    later: Sequence[Later] = (),
    told: Provenance | None = None,
) -> tuple[str, ...]:
    """Return the names of the catalog facts these steps depend on, sorted; with what decided between two branches."""
    names: set[str] = set()
    if told is not None:
        names |= {fact_name(steps[told.step].call.tool, "output", leaf) for leaf in (told.leaf, told.by) if leaf}
    if condition is not None:
        names.add(fact_name(steps[condition.step].call.tool, "output", condition.leaf))
        names |= {fact_name(condition.other.tool, "gate"), fact_name(condition.other.tool, "effect")}
        names |= {fact_name(condition.other.tool, "input", schematic(path)) for path in condition.other.provenance}
    for step in steps:
        tool = step.call.tool
        names |= {fact_name(tool, "gate"), fact_name(tool, "effect")}
        for path, source in step.call.provenance.items():
            names.add(fact_name(tool, "input", schematic(path)))
            if source.kind in FROM_RESULT:
                leaves = filter(None, (source.leaf, source.by))
                names |= {fact_name(steps[source.step].call.tool, "output", leaf) for leaf in leaves}
    for step in steps:
        names |= {fact_name(step.call.tool, "output", leaf) for leaf in quoted(step, steps, tools, later)}
    return tuple(sorted(names))


def digest_of(
    steps: Sequence[Step],
    diff: Sequence[StateFact],
    tools: Mapping[str, ToolSchema],
    condition: Condition | None = None,
    later: Sequence[Later] = (),
    told: Provenance | None = None,
) -> str:
    """Return the digest over calls, values read, and the state difference; other parts of results do not enter."""
    values: list[Json] = []
    for step in steps:
        for path, source in sorted(step.call.provenance.items()):
            if source.kind == "tool":
                values.append([source.step, source.path, at(steps[source.step].result.value, source.path), path])
            elif source.kind == "derived":
                values.append([to_json(source), derive(source, steps[source.step].result.value), path])
    for number, step in enumerate(steps):
        for leaf in quoted(step, steps, tools, later):
            values.append([number, leaf, [found.value for found in find(step.result.value, leaf)]])
    calls = [[step.call.tool, step.call.arguments] for step in steps]
    made: dict[str, Json] = {"calls": calls, "values": values, "diff": [to_json(fact) for fact in diff]}
    if condition is not None:
        seen = at(steps[condition.step].result.value, condition.path)
        made["condition"] = [to_json(condition), seen if condition.test == "is" else bool(seen)]
    if told is not None:
        made["told"] = [to_json(told), derive(told, steps[told.step].result.value)]
    return digest("trajectory", made)


def quoted(
    step: Step, steps: Sequence[Step], tools: Mapping[str, ToolSchema], later: Sequence[Later] = ()
) -> tuple[str, ...]:
    """Return the output leaves an answer tells: what a final read was asked for; ids and statuses of a write.

    Only steps nobody took a value from are told; at most a handful of leaves each, those named first in the schema.
    Every turn of the person is answered: what is used only after the next one is told.
    """
    place = next(number for number, other in enumerate(steps) if other is step)
    is_used = any(
        source.kind in FROM_RESULT and source.step == place
        for other in steps
        if not any(step.turn < one.turn <= other.turn for one in later)
        for source in other.call.provenance.values()
    )
    tool = tools.get(step.call.tool)
    if is_used or tool is None:
        return ()
    leaves = [leaf for leaf in tool.outputs if "boolean" not in leaf.types or len(tool.outputs) <= 2]
    if tool.effect != "read":
        leaves = [leaf for leaf in leaves if leaf.kind == "id" or set(leaf.words) & _TELLING]
    names = [leaf.pointer for leaf in leaves]
    return tuple(sorted(names, key=lambda pointer: (pointer.count("/"), pointer))[:_QUOTED])


def signature_of(skeleton: Skeleton, told: Provenance | None = None) -> str:
    """Return the digest of the call path: tools and the links between them, no values, no number of repetitions.

    What is worked out on the way, or told at the end, is part of a path: it is another thing to do with its results.
    """
    path: list[Json] = [
        [
            node.tool,
            [
                [pointer, feed.step, feed.leaf or feed.said, *([feed.rule, feed.by] if feed.rule else [])]
                for pointer, feed in sorted(node.feeds.items())
                if feed.leaf
            ],
            "each" if skeleton.spread and place == len(skeleton.nodes) - 1 else "",
        ]
        for place, node in enumerate(skeleton.nodes)
    ]
    return digest("path", path if told is None else [*path, [told.rule, told.leaf, told.by]])
