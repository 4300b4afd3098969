"""Rows in which another tool would take the same call: same verb on another entity, or another verb on the same.

Found by names and leaves; that the other call comes to something else is found by running it in the right one's place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from loopbuild.digest import canonical, digest
from loopbuild.judging.validate import Validator
from loopbuild.pointers import escaped, unescaped
from loopbuild.records import Json, Proof, SchemaLeaf, ToolCall, ToolCatalog, ToolSchema, Trajectory, opening_tools
from loopbuild.sandbox.protocol import Sandbox

MOST = 3
"""Tools alike that are tried for one step."""


def twins(catalog: ToolCatalog) -> Mapping[str, tuple[str, ...]]:
    """Return for each tool at most `MOST` others that want as many values of the same sorts.

    Nearest first: those of the same source, and of them those that take the very same things. Others are of one verb or
    one entity.
    """
    groups: dict[tuple[object, ...], list[str]] = {}
    takes: dict[str, tuple[str, ...]] = {}
    for tool in catalog.tools:
        leaves = _required(tool)
        if leaves is None:
            continue
        takes[tool.id] = tuple(sorted(leaf.pointer for leaf in leaves))
        sorts = tuple(sorted(_sort(leaf) for leaf in leaves))
        names = [("takes", takes[tool.id])] if leaves else []
        for name in (*names, ("verb", tool.verb), ("entity", tool.entity)):
            if name[1]:
                groups.setdefault((*name, sorts), []).append(tool.id)
    found: dict[str, set[str]] = {tool.id: set() for tool in catalog.tools}
    for group in groups.values():
        for one in group:
            found[one].update(other for other in group if other != one)

    def nearness(one: str, other: str) -> tuple[bool, bool, str]:
        is_foreign = one.partition("/")[0] != other.partition("/")[0]
        return is_foreign, takes[one] != takes[other], digest("twin", [one, other])

    return {one: tuple(sorted(others, key=lambda other, one=one: nearness(one, other))[:MOST])  # type: ignore[misc]
            for one, others in found.items()}  # fmt: skip


def is_possible(trajectory: Trajectory, known: Mapping[str, Sequence[str]]) -> bool:
    """Return whether some step's tool has a twin where the trajectory runs."""
    return any(_here(trajectory, known.get(step.call.tool, ())) for step in trajectory.steps)


def prove(trajectory: Trajectory, catalog: ToolCatalog, *, known: Mapping[str, Sequence[str]], sandbox: Sandbox,
          validator: Validator) -> Proof:  # fmt: skip
    """Return the twin's call that comes to something else, best one that is not even refused; the goal's come first.

    Without one, what the last that was tried came to. Raises SandboxError when the sandbox is lost.
    """
    tools = catalog.by_id()
    best = Proof()
    for index in reversed(range(len(trajectory.steps))):
        step = trajectory.steps[index]
        for other in _here(trajectory, known.get(step.call.tool, ())):
            arguments = carried_over(step.call, tools[step.call.tool], tools[other])
            if arguments is None or validator.check(other, arguments):
                continue
            call = ToolCall(tool=other, arguments=arguments)
            outcome = _difference(trajectory, index, call, sandbox)
            if outcome in ("answer", "state"):
                return Proof(other=call, outcome=outcome)
            if outcome == "refused" and best.other is None:
                best = Proof(other=call, outcome=outcome)
            elif outcome == "same" and best.other is None:
                best = Proof(outcome=outcome)
    return best


def _here(trajectory: Trajectory, tools: Sequence[str]) -> list[str]:
    """The tools of the sources a trajectory calls: others need not be there to be tried."""
    sources = {step.call.tool.partition("/")[0] for step in trajectory.steps}
    return [tool for tool in tools if tool.partition("/")[0] in sources]


def carried_over(call: ToolCall, tool: ToolSchema, other: ToolSchema) -> dict[str, Json] | None:
    """Return the arguments of `call` under the names `other` has for them; None when one it needs is not there."""
    left = [leaf for leaf in tool.inputs if leaf.pointer.count("/") == 1 and _name(leaf) in call.arguments]
    made: dict[str, Json] = {}
    for wanted in _required(other) or ():
        taken = next(iter(_matching(wanted, left)), None)
        if taken is None:
            return None
        left.remove(taken)
        made[_name(wanted)] = call.arguments[_name(taken)]
    return made


def _matching(wanted: SchemaLeaf, leaves: Sequence[SchemaLeaf]) -> Iterator[SchemaLeaf]:
    yield from (leaf for leaf in leaves if leaf.pointer == wanted.pointer)
    yield from (leaf for leaf in leaves if _sort(leaf) == _sort(wanted) and leaf.is_required)


def _required(tool: ToolSchema) -> list[SchemaLeaf] | None:
    """The scalar values a call must give; None where it must give lists or objects: such a tool has no twin."""
    needed = {name for name in (tool.input_schema or {}).get("required", ())}
    leaves = [leaf for leaf in tool.inputs if leaf.pointer.count("/") == 1 and leaf.is_required]
    return leaves if {f"/{escaped(name)}" for name in needed} == {leaf.pointer for leaf in leaves} else None


def _name(leaf: SchemaLeaf) -> str:
    return unescaped(leaf.pointer[1:])


def _sort(leaf: SchemaLeaf) -> str:
    return f"{leaf.kind or leaf.format or 'text'} {'/'.join(leaf.types)} {bool(leaf.enum)}"


def _difference(
    trajectory: Trajectory, index: int, call: ToolCall, sandbox: Sandbox
) -> Literal["", "refused", "answer", "state", "same"]:
    """Run the steps before, then `call` and, from the same state, the right call; compare what they come to."""
    sandbox.open(trajectory.fixture, opening_tools(trajectory))
    for step in trajectory.steps[:index]:
        sandbox.call(step.call.tool, step.call.arguments)
    token = sandbox.snapshot()
    result = sandbox.call(call.tool, call.arguments)
    if result.status != "ok":
        # A sandbox that does not have the tool says nothing about it.
        is_answer = result.status == "tool_error" and result.code != "unknown_tool"
        return "refused" if is_answer else ""
    state = sandbox.state_diff() if sandbox.sees_state else ()
    sandbox.restore(token)
    right = trajectory.steps[index]
    answer = sandbox.call(right.call.tool, right.call.arguments)
    end = sandbox.state_diff() if sandbox.sees_state else ()
    if state != end:
        return "state"
    return "same" if canonical(result.value) == canonical(answer.value) else "answer"
