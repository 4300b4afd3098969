"""Whether a decision taken otherwise is bad, decided by running it: from the snapshot before it, then what follows.

Pure but for the sandbox. What still comes to the same end is no lesson and is refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from loopbuild.digest import canonical
from loopbuild.errors import SandboxError
from loopbuild.judging.compare import same_state
from loopbuild.judging.validate import Validator
from loopbuild.llm.presence import is_said
from loopbuild.pointers import at
from loopbuild.records import Json, StateFact, Step, ToolCatalog, Trajectory, opening_tools
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.synthesis.contrast.decision import Contrast

UNINFORMATIVE = "uninformative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Why it is bad; `uninformative` where it is not."""

    code: str
    detail: str = ""


def prove(
    contrast: Contrast,
    *,
    validator: Validator,
    catalog: ToolCatalog,
    sandbox: Sandbox,
    sources: Collection[str],
) -> Proof:
    """Return what the decision comes to. Raises SandboxError where the sandbox gives no answer.

    A call of a tool of none of these `sources` runs nowhere: it is as if it changed nothing and told nothing.
    """
    if contrast.fault == "contradicts":
        is_seen = is_said(contrast.invented, contrast.decision.before)
        return (
            Proof(code=UNINFORMATIVE) if is_seen else Proof(code="ungrounded_answer", detail=f"`{contrast.invented}`")
        )
    for tool, arguments in contrast.calls:
        faults = validator.check(tool, arguments)
        if faults:
            return Proof(code=faults[0].code, detail=faults[0].message)
    ended = run(contrast, catalog=catalog, sandbox=sandbox, sources=sources)
    if contrast.fault == "asks_again" and ended.code != UNINFORMATIVE:
        return Proof(code="contract:call", detail=f"asks for `{contrast.invented}`, which was said; {ended.code}")
    return ended


def run(contrast: Contrast, *, catalog: ToolCatalog, sandbox: Sandbox, sources: Collection[str]) -> Proof:
    """Run the trajectory with the decision taken otherwise, and compare where it ends."""
    trajectory = contrast.decision.trajectory
    start = contrast.decision.steps[0]
    sandbox.open(trajectory.fixture, opening_tools(trajectory))
    results: dict[int, Json] = {}
    for place in range(start):
        results[place] = _call(sandbox, trajectory.steps[place].call.tool, trajectory.steps[place].call.arguments).value
    for (tool, arguments), place in zip(contrast.calls, contrast.stands_for, strict=True):
        if tool.partition("/")[0] not in sources:
            continue
        result = _call(sandbox, tool, arguments)
        if result.status == "tool_error":
            return Proof(code="tool_error", detail=f"{tool}: {result.code}")
        if place >= 0:
            results[place] = result.value
    stopped = _follow(contrast, results, sandbox)
    gold = trajectory.state_diff
    if sandbox.sees_state and not same_state(sandbox.state_diff(), gold):
        return Proof(code="other_state", detail=stopped or _difference(sandbox.state_diff(), gold))
    return _told(trajectory, results, catalog, stopped)


def _difference(got: Sequence[StateFact], gold: Sequence[StateFact]) -> str:
    """Return the first fact that one of the two has and the other has not."""
    for told, facts, others in (("missing", gold, got), ("surplus", got, gold)):
        for fact in facts:
            if fact not in others:
                place = f"{fact.entity} {fact.key}" + (f" {fact.field}" if fact.field else "")
                return f"{told}: {place} = {json.dumps(fact.after, ensure_ascii=False)}"
    return ""


def _follow(contrast: Contrast, results: dict[int, Json], sandbox: Sandbox) -> str:
    """Run the rest, each value taken from where the gold call takes it; return why it went no further."""
    steps = contrast.decision.trajectory.steps
    for place in contrast.rest:
        arguments = _bound(steps[place], results)
        if arguments is None:
            return f"`{steps[place].call.tool}` lacks a value"
        result = _call(sandbox, steps[place].call.tool, arguments)
        if result.status == "tool_error":
            return f"`{steps[place].call.tool}` is refused later: {result.code}"
        results[place] = result.value
    return ""


def _bound(step: Step, results: dict[int, Json]) -> dict[str, Json] | None:
    arguments: Any = _copy(step.call.arguments)
    for pointer, source in step.call.provenance.items():
        if source.kind != "tool":
            continue
        value = at(results.get(source.step), source.path)
        if value is None:
            return None
        if at(arguments, pointer) is not None and canonical(at(arguments, pointer)) != canonical(value):
            _put(arguments, pointer, value)
    return arguments  # type: ignore[no-any-return]


def _told(trajectory: Trajectory, results: dict[int, Json], catalog: ToolCatalog, stopped: str) -> Proof:
    """Compare what reads were asked for: those nobody takes a value from."""
    tools = catalog.by_id()
    used = {source.step for step in trajectory.steps for source in step.call.provenance.values()}
    for place, step in enumerate(trajectory.steps):
        if place in used or tools[step.call.tool].effect != "read":
            continue
        if place not in results:
            return Proof(code="not_read", detail=stopped or f"`{step.call.tool}` is never called")
        if canonical(results[place]) != canonical(step.result.value):
            return Proof(code="other_result", detail=f"`{step.call.tool}` answers something else")
    missing = [place for place in range(len(trajectory.steps)) if place not in results]
    if missing and stopped:
        return Proof(code="cannot_go_on", detail=stopped)
    return Proof(code=UNINFORMATIVE)


def gold_end(trajectory: Trajectory, *, sandbox: Sandbox) -> bool:
    """Return whether the gold calls reach the gold state: what the chosen side of every pair rests on."""
    sandbox.open(trajectory.fixture, opening_tools(trajectory))
    for step in trajectory.steps:
        if _call(sandbox, step.call.tool, step.call.arguments).status != "ok":
            return False
    return not sandbox.sees_state or same_state(sandbox.state_diff(), trajectory.state_diff)


def _call(sandbox: Sandbox, tool: str, arguments: dict[str, Json]) -> Any:
    result = sandbox.call(tool, arguments)
    if result.status == "infra_error":
        raise SandboxError(f"`{tool}` gave no answer ({result.code})")
    return result if result.status == "ok" else replace(result, value=None)


def _copy(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value


def _put(root: Any, pointer: str, value: Json) -> None:
    *parts, last = pointer.split("/")[1:]
    for part in parts:
        root = root[int(part)] if isinstance(root, list) else root[part]
    if isinstance(root, list):
        root[int(last)] = value
    else:
        root[last] = value
