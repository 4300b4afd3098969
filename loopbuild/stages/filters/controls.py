"""Filter `controls`: a row that writes must be failed by an agent that does nothing and by one that mixes up arguments.

Success proves nothing where the check can be passed without the work: real services report success for nonsense. The
caller brings the execution; this file decides what the controls are and what their outcome means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, Protocol

from loopbuild.digest import canonical
from loopbuild.judging.compare import same_state
from loopbuild.records import Json, StateFact, Step, ToolCatalog, Trajectory
from loopbuild.stages.filters.rows import Finding, Row


class Outcome(Protocol):
    """What calls came to."""

    @property
    def status(self) -> Literal["ok", "tool_error", "infra_error"]:
        """All done, one refused, or the sandbox broke."""

    @property
    def diff(self) -> tuple[StateFact, ...]:
        """What differs from the fixture at the end."""

    @property
    def detail(self) -> str:
        """What a person should look at."""


Attempt = Callable[[Trajectory], Outcome | None]
"""Runs a trajectory's calls as they are, from its fixture; None where the sandbox does not show its state."""


def check_controls(row: Row, *, catalog: ToolCatalog, attempt: Attempt) -> Finding | None:
    """Return `null_passes`, `shuffled_passes`, or `deferred` when the sandbox itself failed; reads pass."""
    trajectory = row.trajectory
    tools = catalog.by_id()
    if trajectory is None or all(tools[step.call.tool].effect == "read" for step in trajectory.steps):
        return None
    mixed = shuffled(trajectory)
    outcome = attempt(mixed if mixed is not None else trajectory)
    if outcome is None:
        return None
    if not trajectory.state_diff:
        return Finding(reason="null_passes", detail="its calls write, and the state ends as it began")
    if outcome.status == "infra_error":
        return Finding(reason="deferred", detail=outcome.detail)
    if mixed is not None and outcome.status == "ok" and same_state(outcome.diff, trajectory.state_diff):
        return Finding(reason="shuffled_passes", detail="with its arguments exchanged it reaches the same state")
    return None


def shuffled(trajectory: Trajectory) -> Trajectory | None:
    """Return the same calls with values of one JSON type moved on by one place; None where that asks for the same."""
    pools: dict[str, list[Json]] = {}
    for step in trajectory.steps:
        for value in _leaves(step.call.arguments):
            pool = pools.setdefault(type(value).__name__, [])
            if value not in pool:
                pool.append(value)
    following = {kind: pool for kind, pool in pools.items() if len(pool) > 1}
    if not following:
        return None
    steps = tuple(
        replace(step, call=replace(step.call, arguments=_moved(step.call.arguments, following)))
        for step in trajectory.steps
    )
    # `delete [a, b]` and `delete [b, a]` ask for the same; so do two deletions in the other order.
    return replace(trajectory, steps=steps) if _asked(steps) != _asked(trajectory.steps) else None


def _asked(steps: Sequence[Step]) -> list[bytes]:
    return sorted(canonical([step.call.tool, _unordered(step.call.arguments)]) for step in steps)


def _unordered(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _unordered(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return sorted((_unordered(one) for one in value), key=canonical)
    return value


def _leaves(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in _leaves(value[key])]
    if isinstance(value, list | tuple):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]


def _moved(value: Json, pools: dict[str, list[Json]]) -> Json:
    if isinstance(value, dict):
        return {key: _moved(one, pools) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(one, pools) for one in value]
    pool = pools.get(type(value).__name__)
    return pool[(pool.index(value) + 1) % len(pool)] if pool else value
