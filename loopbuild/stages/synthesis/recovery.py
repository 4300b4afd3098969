"""Rows in which one or two calls fail and are put right: what was refused stands there, and is not learned.

Every failure is one the sandbox gave when it was asked; only a full service (`rate_limit`) is played, because none can
be made to be busy. Decides which step goes wrong and how; knows no words but the names of arguments.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from loopbuild.digest import canonical, digest, unit_interval
from loopbuild.pointers import escaped
from loopbuild.records import (
    Failure,
    Json,
    Proof,
    SchemaLeaf,
    Step,
    ToolCall,
    ToolCatalog,
    ToolSchema,
    Trajectory,
    opening_tools,
)
from loopbuild.sandbox.answers import refused
from loopbuild.sandbox.protocol import Sandbox

TWICE = 0.25
"""Share of the rows with two failures."""
BUSY = refused("rate_limited", "429: too many requests, try again in a moment")
Fault = tuple[str, str, ToolCall]
"""Kind, pointer of the argument at fault, and the wrong call."""


def is_possible(trajectory: Trajectory) -> bool:
    """Return whether there are several calls, and one of them alone in its turn."""
    return len(trajectory.steps) > 1 and bool(_alone(trajectory))


def prove(trajectory: Trajectory, catalog: ToolCatalog, *, key: str, sandbox: Sandbox) -> Proof:
    """Run the trajectory with failures in between and return them; none where no call could be made to fail.

    A wrong call that is taken is undone and forgotten. Raises SandboxError when the sandbox is lost.
    """
    tools = catalog.by_id()
    wanted = 2 if unit_interval("failures", key) < TWICE else 1
    places = sorted(_alone(trajectory), key=lambda index: digest("fails", [key, index]))
    for first in range(len(places)):
        chosen = places[first : first + 1] if wanted == 1 or unit_interval("same step", key) < 0.5 else places[first:]
        proof = _run(trajectory, tools, set(chosen), wanted, key=key, sandbox=sandbox)
        if proof.failures:
            return proof
    return Proof()


def _run(trajectory: Trajectory, tools: dict[str, ToolSchema], chosen: set[int], wanted: int, *, key: str,
         sandbox: Sandbox) -> Proof:  # fmt: skip
    sandbox.open(trajectory.fixture, opening_tools(trajectory))
    failures: list[Failure] = []
    is_restored = True
    each = 1 if len(chosen) > 1 else wanted
    for index, step in enumerate(trajectory.steps):
        if index in chosen:
            most = min(each, wanted - len(failures))
            failures += _refusals(step, index, tools[step.call.tool], most, key=key, sandbox=sandbox)
        result = sandbox.call(step.call.tool, step.call.arguments)
        is_restored &= canonical([result.status, result.value]) == canonical([step.result.status, step.result.value])
    if sandbox.sees_state:
        is_restored &= sandbox.state_diff() == trajectory.state_diff
    return Proof(failures=tuple(failures), is_restored=is_restored)


def _refusals(step: Step, index: int, tool: ToolSchema, most: int, *, key: str, sandbox: Sandbox) -> list[Failure]:
    """Try wrong calls, each kind once, until so many were refused without a trace."""
    found: list[Failure] = []
    token = sandbox.snapshot()
    before = sandbox.state_diff() if sandbox.sees_state else ()
    ranked = sorted(faults(step.call, tool), key=lambda fault: digest("fault", [key, index, fault[0], fault[1]]))
    for kind, pointer, call in ranked:
        if len(found) >= most:
            break
        if kind in {one.kind for one in found}:
            continue
        result = BUSY if kind == "rate_limit" else sandbox.call(call.tool, call.arguments)
        is_traceless = kind == "rate_limit" or not sandbox.sees_state or sandbox.state_diff() == before
        if result.status == "tool_error" and is_traceless:
            found.append(Failure(before=index, kind=kind, pointer=pointer, call=call, result=result))  # type: ignore[arg-type]
        else:
            sandbox.restore(token)
    return found


def faults(call: ToolCall, tool: ToolSchema) -> Iterator[Fault]:
    """Yield ways to get a call wrong, those that people and models know."""
    leaves = {leaf.pointer: leaf for leaf in tool.inputs}
    required = set((tool.input_schema or {}).get("required", ()))
    for name, value in sorted(call.arguments.items()):
        pointer = f"/{escaped(name)}"
        if name in required:
            left = {key: one for key, one in call.arguments.items() if key != name}
            yield "missing_required", pointer, ToolCall(tool=call.tool, arguments=left)
        leaf = leaves.get(pointer)
        for kind, wrong in _wrong(leaf, value) if leaf is not None else _wrong_list(value):
            yield kind, pointer, ToolCall(tool=call.tool, arguments={**call.arguments, name: wrong})
    yield "rate_limit", "", ToolCall(tool=call.tool, arguments=dict(call.arguments))


def _wrong_list(value: Json) -> Iterator[tuple[str, Json]]:
    """A list as its first member, and with a member that lacks something."""
    if isinstance(value, list) and value:
        yield "wrong_type", value[0]
        first = value[0]
        if isinstance(first, dict) and first:
            gone = max(first)
            yield "missing_required", [{key: one for key, one in first.items() if key != gone}, *value[1:]]


def _wrong(leaf: SchemaLeaf, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, bool):
        yield "wrong_type", "yes" if value else "no"
    elif isinstance(value, int | float):
        yield "wrong_type", str(value)
    elif isinstance(value, str) and leaf.enum:
        wrong = value.replace("_", " ").title()
        yield "bad_enum", wrong if wrong not in leaf.enum else f"{value}s"
    elif isinstance(value, str) and "integer" not in leaf.types and "number" not in leaf.types:
        digits = re.sub(r"\D", "", value)
        yield "wrong_type", int(digits) if digits and leaf.kind == "id" and len(digits) < 16 else [value]
    if isinstance(value, str) and leaf.kind == "id":
        stale = _stale(value)
        if stale != value:
            yield "stale_id", stale


def _stale(value: str) -> str:
    """Return an id of the same form that is most likely nobody's; as it is where it has no digits."""
    new = iter(str(int(digest("stale", value)[:15], 16)).rjust(18, "7"))
    return re.sub(r"\d", lambda found: next(new, "7"), value)


def _alone(trajectory: Trajectory) -> list[int]:
    counts = Counter(step.turn for step in trajectory.steps)
    return [index for index, step in enumerate(trajectory.steps) if counts[step.turn] == 1]
