"""What a filter sees: one row with its words and its execution, and the finding it may return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from loopbuild.pointers import scalars
from loopbuild.records import (
    Example,
    Json,
    Proof,
    Provenance,
    SchemaLeaf,
    Step,
    Task,
    ToolResult,
    ToolSchema,
    Trajectory,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A candidate row; rows without calls have no trajectory."""

    example: Example
    task: Task
    trajectory: Trajectory | None = None
    """What the words are about; a row may execute less of it."""
    proof: Proof = field(default_factory=Proof)

    @property
    def said(self) -> str:
        """All the person says."""
        return "\n".join(self.task.user_turns)

    def heard(self, step: int) -> str:
        """Return what the person had said when the call of number `step` was made.

        That is all of it where the person does not speak again, or only before anything is called.
        """
        if self.trajectory is None or not (self.trajectory.later or self.is_asked_late):
            return self.said
        return "\n".join(self.task.user_turns[: 1 + self.place_of(step)])

    @property
    def is_asked_late(self) -> bool:
        """Whether a clarifying row calls something before it asks."""
        return self.example.category == "clarify" and bool(self.example.messages[1].get("tool_calls"))

    def place_of(self, step: int) -> int:
        """Return which turn of the person the call of number `step` answers, from 0."""
        assert self.trajectory is not None
        if self.is_asked_late:
            asked = next(n for n, message in enumerate(self.example.messages) if n and message["role"] == "user")
            before = sum(len(message.get("tool_calls") or ()) for message in self.example.messages[:asked])
            return int(step >= before)
        turn = self.trajectory.steps[max(0, min(step, len(self.trajectory.steps) - 1))].turn
        return sum(one.turn <= turn for one in self.trajectory.later)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Why a row must go: a reason code, and what a person should look at."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One scalar of a call with where it came from."""

    step: int
    tool: str
    pointer: str
    value: Json
    origin: Provenance


def bound_values(trajectory: Trajectory) -> Iterator[Bound]:
    """Yield every scalar argument of a trajectory, in order of steps and pointers."""
    for number, step in enumerate(trajectory.steps):
        for pointer, value in scalars(step.call.arguments):
            yield Bound(step=number, tool=step.call.tool, pointer=pointer, value=value, origin=_origin(step, pointer))


def asked_values(trajectory: Trajectory) -> Iterator[Bound]:
    """Yield what `bound_values` does, and the arguments of a branch that was asked for and not taken."""
    yield from bound_values(trajectory)
    if trajectory.condition is not None:
        call = trajectory.condition.other
        left = Step(call=call, result=ToolResult(status="ok"), turn=len(trajectory.steps))
        for pointer, value in scalars(call.arguments):
            origin = _origin(left, pointer)
            yield Bound(step=len(trajectory.steps), tool=call.tool, pointer=pointer, value=value, origin=origin)


def leaf_pointer(pointer: str) -> str:
    """Return the schema pointer of a concrete one: `/names/0` is `/names/[]`."""
    return "/".join("[]" if part.isdigit() else part for part in pointer.split("/"))


def called_in(message: Mapping[str, Json]) -> list[str]:
    """Return the names that a message of the model calls."""
    return [call["function"]["name"] for call in message.get("tool_calls") or ()]


def input_leaf(one: Bound, tool: ToolSchema) -> SchemaLeaf | None:
    """Return the leaf of `tool` that a value is given for; None where it has none there."""
    return next((leaf for leaf in tool.inputs if leaf.pointer == leaf_pointer(one.pointer)), None)


def _origin(step: Step, pointer: str) -> Provenance:
    while pointer:
        if pointer in step.call.provenance:
            return step.call.provenance[pointer]
        pointer = pointer.rpartition("/")[0]
    return Provenance(kind="user")
