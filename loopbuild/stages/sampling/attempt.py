"""Runs a trajectory's calls as they stand, whatever they come to: for controls, which are meant to fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loopbuild.records import StateFact, Trajectory, opening_tools
from loopbuild.sandbox.protocol import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """How it ended: the first refusal, a broken sandbox, or the state difference at the end."""

    status: Literal["ok", "tool_error", "infra_error"]
    diff: tuple[StateFact, ...] = ()
    detail: str = ""


def attempt(trajectory: Trajectory, *, sandbox: Sandbox) -> Attempted | None:
    """Run all calls from the trajectory's fixture; None where the sandbox does not see its state."""
    if not sandbox.sees_state:
        return None
    sandbox.open(trajectory.fixture, opening_tools(trajectory))
    for step in trajectory.steps:
        result = sandbox.call(step.call.tool, step.call.arguments)
        if result.status != "ok":
            return Attempted(status=result.status, detail=result.code)
    return Attempted(status="ok", diff=sandbox.state_diff())
