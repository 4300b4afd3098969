"""Plans, executed calls, and where every value came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from loopbuild.records.codec import LEFT_OUT, Json, to_json

Topology = Literal["single", "chain", "fan_out", "join", "map", "conditional", "parallel"]
Category = Literal[
    "call",
    "no_tool",
    "out_of_scope",
    "missing_tool",
    "clarify",
    "confirm",
    "near_miss",
    "error_recovery",
    "dialogue",
    "retired",
]
Purpose = Literal["train", "eval"]
FROM_RESULT = ("tool", "derived")
"""Kinds of provenance that name a step whose result the value comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A place in the coverage plan: what one trajectory shall exercise. Nothing in it depends on other tools."""

    goal: str
    """Id of the tool the trajectory ends with (for negatives: the tool asked about, or empty).

    Of a conditional, that of its first branch, whichever is taken."""
    topology: Topology
    length: int
    index: int
    purpose: Purpose
    category: Category = "call"
    aim: str = ""
    """The target it must reach, where it was planned for one (`sampling.aims`)."""
    derives: Literal["", "argument", "answer"] = field(default="", metadata=LEFT_OUT)
    """What must be worked out from results: an argument of its goal, or what is told at the end."""
    round: int = 0
    """From 1 on: planned for what earlier ones may leave short, and of use only where they did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where an argument's value came from."""

    kind: Literal["user", "tool", "derived", "constant"]
    step: int = -1
    """For `tool`: index of the step whose result holds the value. For a `user` who corrects (rule `corrected`): index
    of the step that was called with another value. One who corrects before anything was called: rule `taken_back`."""
    path: str = ""
    """For `tool`: concrete JSON pointer into that result, `/candidate_ids/0`."""
    leaf: str = ""
    """For `tool`: the schema pointer of that path, `/candidate_ids/[]`."""
    rule: str = ""
    """For `tool`: how it was chosen: only, first, second, last, top. For `derived`: the function (`judging.derive`)."""
    by: str = field(default="", metadata=LEFT_OUT)
    """For `derived`: the schema pointer of the other leaf it rests on: what members are compared by, what is taken
    away."""
    given: Json = field(default=None, metadata=LEFT_OUT)
    """For `derived`: the constant in it, which the person says: the value compared with, the days moved by. For a
    value after one that was taken back: that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call: tool id, arguments, and the provenance of every argument leaf by pointer (`/role_id`)."""

    tool: str
    arguments: dict[str, Json] = field(default_factory=dict)
    provenance: dict[str, Provenance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a sandbox answered. `infra_error` says nothing about the call."""

    status: Literal["ok", "tool_error", "infra_error"]
    value: Json = None
    code: str = ""
    """For errors: not_found, invalid_argument, conflict, unknown_tool, timeout, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A call and its result; steps with the same `turn` are issued in one assistant turn."""

    call: ToolCall
    result: ToolResult
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFact:
    """One difference between two states of a sandbox."""

    change: Literal["added", "removed", "changed"]
    entity: str
    key: str
    field: str = ""
    before: Json = None
    after: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a result was looked at for, and the call that would have followed had it been otherwise."""

    step: int
    """Index of the step whose result decides."""
    path: str
    """Where in that result: `/status`; the list itself for `any`."""
    leaf: str
    """The schema pointer that is looked at."""
    test: Literal["is", "any"]
    """`is`: the value equals `value`; `any`: the list holds something."""
    value: Json = None
    holds: bool
    other: ToolCall
    """The branch not taken, as it would have been called here."""
    pair: str
    """Key of the pair: both branches are rows of their own, in two worlds, asked for in the same words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A further time the person speaks: after the answer to what came before, and before the calls of a turn."""

    turn: int
    """The first assistant turn that answers it."""
    kind: Literal["corrected", "same", "refers", "asks"]
    """`corrected`: a value said before was wrong. `same`: once more, for another member of a list. `refers`: goes on
    with what a result showed. `asks`: another thing about what was named before."""
    about: int
    """Index of the earlier step it speaks of."""
    pointer: str = ""
    """Of `corrected`: the argument."""
    path: str = ""
    """Digest of the call path its call ends, as `signature`; empty where that is the call alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """A verified execution of one plan."""

    key: str
    """The plan key: digest of (cell, sampling seed, sampling version)."""
    cell: Cell
    sandbox: str
    fixture: int
    steps: tuple[Step, ...] = ()
    state_diff: tuple[StateFact, ...] = ()
    reads: tuple[str, ...] = ()
    """Names of the catalog facts this row depends on, sorted (see `fact_name`)."""
    digest: str = ""
    """Over calls, values read from results, and the state difference: what texts are written from."""
    signature: str = ""
    """Digest of the call path (tools and data links): the unit of held-out splits."""
    formerly: tuple[str, ...] = ()
    """Its digests under earlier names of its tools and parameters, oldest first: texts about them are still good."""
    condition: Condition | None = None
    """Why the last step was taken and not another."""
    told: Provenance | None = field(default=None, metadata=LEFT_OUT)
    """How what is told at the end is worked out from results, where the person asks for that and not for all of it."""
    later: tuple[Later, ...] = field(default=(), metadata=LEFT_OUT)
    """What the person says after the first request, in order; steps before the first of them answer the request."""


def cell_json(cell: Cell) -> Json:
    """Return a cell as JSON; without an aim or a later round it is as it was before there were any: keys rest on it."""
    value = to_json(cell)
    for name in ("aim", "round"):
        if not value[name]:
            del value[name]
    return value


def trajectory_json(trajectory: Trajectory) -> Json:
    """Return a trajectory as JSON; one without a condition is written as it was before there were any."""
    value = to_json(trajectory)
    value["cell"] = cell_json(trajectory.cell)
    if trajectory.condition is None:
        del value["condition"]
    return value


def segments(trajectory: Trajectory) -> list[tuple[Step, ...]]:
    """Return the steps that answer each turn of the person: those of the request, then those of everything later."""
    starts = [one.turn for one in trajectory.later]
    bounds = [*starts, 1 + max((step.turn for step in trajectory.steps), default=0)]
    made, first = [], 0
    for bound in bounds:
        made.append(tuple(step for step in trajectory.steps if first <= step.turn < bound))
        first = bound
    return made


def opening_tools(trajectory: Trajectory) -> tuple[str, ...]:
    """Return the tools its world is opened for: those of the request, taken or not, and none of what is said later."""
    called = [step.call.tool for step in segments(trajectory)[0]]
    other = [trajectory.condition.other.tool] if trajectory.condition is not None else []
    return tuple(sorted({*called, *other}))


def paths_of(trajectory: Trajectory) -> list[tuple[str, int]]:
    """Return the call paths a trajectory takes, each with its number of calls: its own, then those of what is later."""
    own = (trajectory.signature, len(segments(trajectory)[0]))
    return [own, *((one.path, 2) for one in trajectory.later if one.path)]


def fact_name(tool: str, side: str, pointer: str = "") -> str:
    """Return the name under which a row records that it read a leaf: `hr/get_role input /role_id`, `hr/x gate`."""
    return f"{tool} {side} {pointer}" if pointer else f"{tool} {side}"
