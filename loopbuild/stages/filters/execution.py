"""Filter `execution`: two replays from the fixture give what was recorded.

The caller brings the replay; this file decides what its answers mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loopbuild.records import Trajectory
from loopbuild.stages.filters.rows import Finding, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What one replay gave: an error code (`tool_error`, `infra_error`, ...) or the digest of the repeated trajectory."""

    code: str = ""
    digest: str = ""
    detail: str = ""


Replay = Callable[[Trajectory], Replayed]


def check_execution(row: Row, *, replay: Replay) -> Finding | None:
    """Return `tool_error`, `state_differs`, `flaky`, or `deferred` when the sandbox itself failed.

    `deferred` says nothing about the row: it should be tried again, not counted as bad.
    """
    if row.trajectory is None:
        return None
    first, second = replay(row.trajectory), replay(row.trajectory)
    if "infra_error" in (first.code, second.code):
        return Finding(reason="deferred", detail=first.detail or second.detail)
    if (first.code, first.digest) != (second.code, second.digest):
        return Finding(reason="flaky", detail=f"{first.code or 'ok'} first, then {second.code or 'ok'}")
    if first.code in ("tool_error", "invalid_call"):
        return Finding(reason="tool_error", detail=first.detail)
    if first.code or first.digest != row.trajectory.digest:
        return Finding(reason="state_differs", detail=first.detail)
    return None
