"""Rows in which another tool would take the same call: same verb on another entity or in another application, or
another verb on the same.

Found by names and leaves; that the other call comes to something else is found by running it in the right one's place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from loopbuild.digest import canonical, digest, unit_interval
from loopbuild.judging.validate import Validator
from loopbuild.pointers import escaped, unescaped
from loopbuild.records import Json, Proof, SchemaLeaf, ToolCall, ToolCatalog, ToolSchema, Trajectory, opening_tools
from loopbuild.sandbox.protocol import Sandbox

MOST = 3
"""Tools alike that are tried for one step, of the same source."""
FOREIGN = 2
"""Those of other sources."""
ELSEWHERE = 0.5
"""Share of the rows for which other sources come first: the right verb in the wrong application."""


def twins(catalog: ToolCatalog) -> Mapping[str, tuple[str, ...]]:
    """Return for each tool at most `MOST` of its own source and `FOREIGN` others that want as many values of its sorts.

    Nearest first: those of the same source, and of them those that take the very same things; of other sources those of
    the same verb and entity. Others are of one verb or one entity.
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

    tools = catalog.by_id()

    def nearness(one: str, other: str) -> tuple[int, bool, str]:
        # A name that could be either's is what applications are mistaken for each other by.
        unlike = (tools[one].verb != tools[other].verb) + (tools[one].entity != tools[other].entity)
        apart = unlike if is_foreign(one, other) else 0
        return apart, takes[one] != takes[other], digest("twin", [one, other])

    def nearest(one: str) -> tuple[str, ...]:
        ranked = sorted(found[one], key=lambda other: nearness(one, other))
        own = [other for other in ranked if not is_foreign(one, other)]
        return (*own[:MOST], *[other for other in ranked if is_foreign(one, other)][:FOREIGN])

    return {one: nearest(one) for one in found}


def is_foreign(one: str, other: str) -> bool:
    """Return whether two tools are of different sources."""
    return one.partition("/")[0] != other.partition("/")[0]


def is_possible(trajectory: Trajectory, known: Mapping[str, Sequence[str]], *, elsewhere: bool = False) -> bool:
    """Return whether some step's tool has a twin where the trajectory runs, or `elsewhere` too."""
    return any(_within(trajectory, known.get(step.call.tool, ()), elsewhere) for step in trajectory.steps)


def prove(trajectory: Trajectory, catalog: ToolCatalog, *, known: Mapping[str, Sequence[str]], sandbox: Sandbox,
          validator: Validator, key: str, elsewhere: bool = False) -> Proof:  # fmt: skip
    """Return the twin's call that comes to something else, best one that is not even refused; the goal's come first.

    With `elsewhere` the sandbox runs every source, and for some rows the twins of other sources come first.

    Without one, what the last that was tried came to. Raises SandboxError when the sandbox is lost.
    """
    tools = catalog.by_id()
    best = Proof()
    for index in reversed(range(len(trajectory.steps))):
        step = trajectory.steps[index]
        twins = _within(trajectory, known.get(step.call.tool, ()), elsewhere)
        if elsewhere and unit_interval("elsewhere", key) < ELSEWHERE:
            twins.sort(key=lambda other, tool=step.call.tool: not is_foreign(tool, other))  # type: ignore[misc]
        for other in twins:
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


def _within(trajectory: Trajectory, tools: Sequence[str], elsewhere: bool) -> list[str]:
    """The tools of the sources a trajectory calls; others need not be there to be tried, unless `elsewhere` says so."""
    if elsewhere:
        return list(tools)
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
