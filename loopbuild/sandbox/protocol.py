"""What every place where calls run can do: open a starting world, answer calls, go back, and say what changed.

A refused call is an answer (`tool_error`); a broken sandbox gives none (`infra_error`, or `SandboxError` from `open`).
Nothing here knows how calls are answered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from loopbuild.records import Json, Purpose, StateFact, ToolResult

EVAL_FIXTURES = 1000
"""Fixtures from this number on are starting worlds no training row sees: other ids, other names."""

CLOCK = "2026-01-15T09:00:00Z"
"""The moment every sandbox believes it to be."""


class Sandbox(Protocol):
    """One source's tools, executable and resettable. Not safe for use from two threads."""

    name: str
    """The source whose calls run here; `mixed` for a router."""
    fixtures: int
    """How many starting worlds training rows are drawn from."""

    @property
    def sees_state(self) -> bool:
        """Whether `state_diff` shows what calls change; False where nobody can look."""

    def open(self, fixture: int, tools: Collection[str] = ()) -> None:
        """Start in the world numbered `fixture`, forgetting everything done before.

        `tools` are those whose calls are planned, where that is known: a world that makes ids up spells them as these
        ask, and as no other tool does. Without them all tools are listened to.
        """

    def call(self, tool_id: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Run one call; refusals come back as `tool_error`, a dead or hung sandbox as `infra_error`."""

    def snapshot(self) -> Any:
        """Return a token for the present state, valid until the next `open`."""

    def restore(self, token: Any) -> None:
        """Return to the state the token names; may be used any number of times."""

    def state_diff(self) -> tuple[StateFact, ...]:
        """Return what differs from the world as it was opened, sorted."""

    def known(self, tool_id: str, pointer: str) -> tuple[Json, ...]:
        """Return valid values a person could know for this input leaf, in a fixed order; empty when there are none."""

    def records(self, tool_id: str, pointers: Collection[str]) -> tuple[Mapping[str, Json], ...]:
        """Return what filters given together would say to find each record, by pointer; empty where nobody knows."""

    def close(self) -> None:
        """Release processes and files; calling twice is fine."""


def purpose_of(fixture: int) -> Purpose:
    """Say whether rows from this fixture train or evaluate."""
    return "eval" if fixture >= EVAL_FIXTURES else "train"
