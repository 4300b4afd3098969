"""Rewrites a stored trajectory under the names its tools and parameters have now: values, order and results stay.

A parameter that is gone is left out of the calls that set it, where only the person said its value. Pure. Decides
nothing about whether the calls still hold: that is for a replay to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from loopbuild.pointers import escaped, unescaped
from loopbuild.records import FROM_RESULT, Json, Provenance, Step, ToolCall, ToolSchema, Trajectory, fact_name
from loopbuild.stages.sampling.pointers import schematic
from loopbuild.stages.sampling.record import digest_of, reads_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Renames:
    """What is called otherwise now."""

    tools: Mapping[str, str] = field(default_factory=dict)
    """Old id -> new id."""
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """New tool id -> old input pointer -> new one; the object both stand in is the same."""
    dropped: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """New tool id -> old input pointers of what it no longer takes."""

    def concern(self, trajectory: Trajectory) -> bool:
        """Return whether some call of the trajectory is written otherwise now."""
        tools = {step.call.tool for step in trajectory.steps}
        is_renamed = not tools.isdisjoint(self.tools) or not tools.isdisjoint(self.parameters)
        return is_renamed or any(self.drops(step) for step in trajectory.steps)

    def drops(self, step: Step) -> dict[str, Provenance]:
        """Return the arguments of a step, by path, that its tool no longer takes."""
        gone = self.dropped.get(self.tools.get(step.call.tool, step.call.tool), frozenset())
        return {path: one for path, one in step.call.provenance.items() if schematic(path) in gone} if gone else {}


def renamed(trajectory: Trajectory, renames: Renames, tools: Mapping[str, ToolSchema]) -> Trajectory | None:
    """Return the trajectory under today's names; None where a call has no like.

    It stays the execution of its old plan: the key, the path's signature and hence its texts are kept, and its former
    digest is noted. It depends on the old name of its goal staying free, whose own plan has that key. Where an
    argument was left out the texts say too much: its digest is a new one, and they are made anew.
    """
    dropped = [renames.drops(step) for step in trajectory.steps]
    if any(dropped) and (trajectory.later or not all(_is_free(one) for gone in dropped for one in gone.values())):
        return None  # what led to the argument, or was said about it later, would be left over
    if trajectory.condition is not None:
        return None  # its branch not taken was never executed: both are sampled anew
    steps = tuple(_step(step, renames) for step in trajectory.steps)
    if any(step.call.tool not in tools for step in steps):
        return None
    fields = _fields(trajectory, renames)
    lost = {_name(schematic(path)) for gone in dropped for path in gone}
    kept = [fact for fact in trajectory.state_diff if fact.field not in lost]
    if trajectory.state_diff and not kept:
        return None  # all it did was to write what can no longer be written
    diff = tuple(replace(fact, field=fields.get(fact.field, fact.field)) for fact in kept)
    goal = trajectory.cell.goal
    taken = {fact_name(goal, "gate")} if goal in renames.tools else set()
    reads = reads_of(steps, tools, None, trajectory.later, trajectory.told)
    return replace(
        trajectory,
        cell=replace(trajectory.cell, goal=renames.tools.get(goal, goal)),
        steps=steps,
        state_diff=tuple(sorted(diff, key=lambda fact: (fact.entity, str(fact.key), fact.field))) if fields else diff,
        reads=tuple(sorted({*reads, *vacant(trajectory, tools), *taken})),
        digest=digest_of(steps, diff, tools, None, trajectory.later, trajectory.told),
        formerly=() if any(dropped) else (*trajectory.formerly, trajectory.digest),
    )


def renamed_call(tool: str, arguments: dict[str, Json], renames: Renames) -> tuple[str, dict[str, Json]]:
    """Return a call as it is written today."""
    tool = renames.tools.get(tool, tool)
    pointers, dropped = renames.parameters.get(tool, {}), renames.dropped.get(tool, frozenset())
    arguments = _without(arguments, "", dropped) if dropped else arguments
    return tool, (_value(arguments, "", pointers) if pointers else arguments)


def vacant(trajectory: Trajectory, tools: Mapping[str, ToolSchema]) -> tuple[str, ...]:
    """Return the facts by which a renamed trajectory depends on its goal's earlier names being nobody's."""
    called = {step.call.tool for step in trajectory.steps}
    gates = (name for name in trajectory.reads if name.endswith(" gate"))
    return tuple(name for name in gates if (tool := name.removesuffix(" gate")) not in called and tool not in tools)


def _step(step: Step, renames: Renames) -> Step:
    tool, arguments = renamed_call(step.call.tool, step.call.arguments, renames)
    pointers = renames.parameters.get(tool, {})
    gone = renames.drops(step)
    taken = {path: source for path, source in step.call.provenance.items() if path not in gone}
    provenance = {_path(path, pointers): source for path, source in taken.items()}
    return replace(step, call=ToolCall(tool=tool, arguments=arguments, provenance=provenance))


def _is_free(source: Provenance) -> bool:
    """Say whether a value came from nowhere but the person: no call was made for it."""
    return source.kind not in FROM_RESULT


def _without(value: Json, pointer: str, dropped: frozenset[str]) -> Json:
    """Return a value without what lies at the pointers, nor what holds nothing else."""
    if isinstance(value, list):
        return [_without(item, f"{pointer}/[]", dropped) for item in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, item in value.items():
        place = f"{pointer}/{escaped(name)}"
        if place in dropped or f"{place}/[]" in dropped:
            continue
        inner = _without(item, place, dropped)
        if inner or not isinstance(item, dict) or not item:
            made[name] = inner
    return made


def _value(value: Json, pointer: str, pointers: Mapping[str, str]) -> Json:
    if isinstance(value, list):
        return [_value(item, f"{pointer}/[]", pointers) for item in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, item in value.items():
        place = f"{pointer}/{escaped(name)}"
        new = _new(place, pointers)
        made[unescaped(new.rpartition("/")[2]) if new else name] = _value(item, place, pointers)
    return made


def _new(pointer: str, pointers: Mapping[str, str]) -> str:
    """Return the new pointer of an argument, also of one whose leaf is its items or its parts."""
    for old, new in pointers.items():
        if old == pointer:
            return new
        if old == f"{pointer}/[]" and new.endswith("/[]"):
            return new.removesuffix("/[]")
    return ""


def _path(path: str, pointers: Mapping[str, str]) -> str:
    parts = path.split("/")
    made = [parts[0]]
    for place in range(1, len(parts)):
        new = _new(schematic("/".join(parts[: place + 1])), pointers)
        made.append(new.rpartition("/")[2] if new and not parts[place].isdigit() else parts[place])
    return "/".join(made)


def _fields(trajectory: Trajectory, renames: Renames) -> dict[str, str]:
    """Return old field -> new field of a state in which arguments are kept under their own names."""
    called = {renames.tools.get(step.call.tool, step.call.tool) for step in trajectory.steps}
    pairs = [pair for tool in called for pair in renames.parameters.get(tool, {}).items()]
    return {_name(old): _name(new) for old, new in pairs}


def _name(pointer: str) -> str:
    return unescaped(pointer.removesuffix("/[]").rpartition("/")[2])
