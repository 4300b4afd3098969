"""Filter `execution`: two replays from the fixture give what was recorded.

The caller brings the replay; this file decides what its answers mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from loopbuild.records import Trajectory
from loopbuild.stages.filters.rows import Finding, Row


class Fault(Protocol):
    """Why a replay did not come out: an error code and what a person should look at."""

    @property
    def code(self) -> str:
        """`invalid_call`, `tool_error`, `infra_error`, `value_differs`, `state_differs`."""

    @property
    def detail(self) -> str:
        """Which call, which leaf."""


Replay = Callable[[Trajectory], Trajectory | Fault]


def check_execution(row: Row, *, replay: Replay) -> Finding | None:
    """Return `tool_error`, `state_differs`, `flaky`, or `deferred` when the sandbox itself failed.

    `deferred` says nothing about the row: it should be tried again, not counted as bad.
    """
    if row.trajectory is None:
        return None
    first, second = replay(row.trajectory), replay(row.trajectory)
    codes = [_code(one, row.trajectory) for one in (first, second)]
    if "infra_error" in codes:
        return Finding(reason="deferred", detail=_detail(first) or _detail(second))
    if codes[0] != codes[1] or _digest(first) != _digest(second):
        return Finding(reason="flaky", detail=f"{codes[0] or 'as recorded'}, then {codes[1] or 'as recorded'}")
    if codes[0] in ("tool_error", "invalid_call"):
        return Finding(reason="tool_error", detail=_detail(first))
    return Finding(reason="state_differs", detail=_detail(first)) if codes[0] else None


def _code(replayed: Trajectory | Fault, recorded: Trajectory) -> str:
    if not isinstance(replayed, Trajectory):
        return replayed.code
    return "" if replayed.digest == recorded.digest else "value_differs"


def _digest(replayed: Trajectory | Fault) -> str:
    return replayed.digest if isinstance(replayed, Trajectory) else ""


def _detail(replayed: Trajectory | Fault) -> str:
    return "" if isinstance(replayed, Trajectory) else replayed.detail
