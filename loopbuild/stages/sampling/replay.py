"""Executes a stored trajectory again, call by call, and says whether it still holds.

What was read must come out the same: arguments taken from results, leaves the answer tells, the state difference. Parts
of results nobody read may differ. The path is not planned again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from loopbuild.digest import canonical
from loopbuild.judging.derive import derive
from loopbuild.judging.validate import Validator
from loopbuild.pointers import at, find
from loopbuild.records import (
    FROM_RESULT,
    Condition,
    Json,
    Provenance,
    Step,
    ToolCatalog,
    Trajectory,
    opening_tools,
    to_json,
)
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.sampling.record import digest_of, quoted, reads_of
from loopbuild.stages.sampling.renaming import vacant


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFault:
    """Why a trajectory no longer holds; `step` counts from 0, -1 for the state at the end."""

    code: Literal["invalid_call", "tool_error", "infra_error", "value_differs", "state_differs"]
    step: int
    detail: str = ""


def replay(trajectory: Trajectory, *, catalog: ToolCatalog, sandbox: Sandbox) -> Trajectory | ReplayFault:
    """Return the trajectory with today's results, or the first thing that differs.

    `infra_error` is no verdict on the trajectory. Raises SandboxError when the sandbox cannot be opened.
    """
    tools = catalog.by_id()
    validator = _validator(catalog)
    sandbox.open(trajectory.fixture, opening_tools(trajectory))
    steps: list[Step] = []
    for number, old in enumerate(trajectory.steps):
        faults = validator.check(old.call.tool, old.call.arguments)
        if faults:
            return ReplayFault(code="invalid_call", step=number, detail=f"{faults[0].code} {faults[0].pointer}")
        for path, source in sorted(old.call.provenance.items()):
            if source.kind in FROM_RESULT and not _same(_due(source, steps), at(old.call.arguments, path)):
                return ReplayFault(code="value_differs", step=source.step, detail=source.path)
        result = sandbox.call(old.call.tool, old.call.arguments)
        if result.status != "ok":
            code: Literal["tool_error", "infra_error"] = (
                "tool_error" if result.status == "tool_error" else "infra_error"
            )
            said = result.value.get("error") if code == "infra_error" and isinstance(result.value, dict) else ""
            return ReplayFault(code=code, step=number, detail=f"{old.call.tool}: {said}" if said else result.code)
        steps.append(replace(old, result=result))
    for number, (old, new) in enumerate(zip(trajectory.steps, steps, strict=True)):
        for leaf in quoted(old, trajectory.steps, tools, trajectory.later):
            before = [found.value for found in find(old.result.value, leaf)]
            after = [found.value for found in find(new.result.value, leaf)]
            # A leaf that is told now but was not there before is news, not a difference.
            if before and not _same(before, after):
                return ReplayFault(code="value_differs", step=number, detail=leaf)
    told = trajectory.condition
    if told is not None and _seen(steps, told) != _seen(trajectory.steps, told):
        return ReplayFault(code="value_differs", step=told.step, detail=told.path)
    asked = trajectory.told
    if asked is not None and not _same(_due(asked, steps), _due(asked, trajectory.steps)):
        return ReplayFault(code="value_differs", step=asked.step, detail=asked.leaf)
    diff = sandbox.state_diff()
    if not _same(to_json(diff), to_json(trajectory.state_diff)):
        return ReplayFault(code="state_differs", step=-1, detail=f"{len(trajectory.state_diff)} facts, now {len(diff)}")
    return replace(
        trajectory,
        steps=tuple(steps),
        state_diff=diff,
        reads=tuple(sorted({*reads_of(steps, tools, told, trajectory.later, asked), *vacant(trajectory, tools)})),
        digest=digest_of(steps, diff, tools, told, trajectory.later, asked),
    )


def _due(source: Provenance, steps: Sequence[Step]) -> Json:
    """Return the value that comes from a result: as it stands there, or worked out from it."""
    result = steps[source.step].result.value
    return derive(source, result) if source.kind == "derived" else at(result, source.path)


def _seen(steps: Sequence[Step], condition: Condition) -> Json:
    """Return what a condition looks at: the value, or whether there is any."""
    value = at(steps[condition.step].result.value, condition.path)
    return value if condition.test == "is" else bool(value)


def _same(one: object, other: object) -> bool:
    return canonical(one) == canonical(other)


_LAST: list[tuple[ToolCatalog, Validator]] = []


def _validator(catalog: ToolCatalog) -> Validator:
    """Return the catalog's validator; the last one is kept, since rows are replayed one after the other."""
    if not _LAST or _LAST[0][0] is not catalog:
        _LAST[:] = [(catalog, Validator(catalog))]
    return _LAST[0][1]
