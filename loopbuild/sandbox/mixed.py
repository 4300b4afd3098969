"""Routes each call to the sandbox of its source. Knows nothing of what the parts share among themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from loopbuild.records import Json, StateFact, ToolResult
from loopbuild.sandbox.answers import unknown_tool
from loopbuild.sandbox.protocol import Sandbox


class MixedSandbox:
    """Several sources' sandboxes behind one; unknown sources are refused as unknown tools."""

    def __init__(self, parts: Mapping[str, Sandbox]) -> None:
        self.name = "mixed"
        self._parts = {source: parts[source] for source in sorted(parts)}
        self.fixtures = min((part.fixtures for part in self._parts.values()), default=1)

    @property
    def sees_state(self) -> bool:
        """Whether every part shows what calls change."""
        return all(part.sees_state for part in self._parts.values())

    def open(self, fixture: int, tools: Collection[str] = ()) -> None:
        """Open every part at the same fixture number."""
        for part in self._parts.values():
            part.open(fixture, tools)

    def call(self, tool_id: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Run the call in the part of the tool's source."""
        part = self._part(tool_id)
        if part is None:
            return unknown_tool(tool_id)
        return part.call(tool_id, arguments)

    def snapshot(self) -> Any:
        """Return the parts' tokens."""
        return {source: part.snapshot() for source, part in self._parts.items()}

    def restore(self, token: Any) -> None:
        """Restore every part."""
        for source, part in self._parts.items():
            part.restore(token[source])

    def state_diff(self) -> tuple[StateFact, ...]:
        """Return the parts' differences, in the order of their sources."""
        return tuple(fact for part in self._parts.values() for fact in part.state_diff())

    def known(self, tool_id: str, pointer: str) -> tuple[Json, ...]:
        """Ask the part of the tool's source."""
        part = self._part(tool_id)
        return () if part is None else part.known(tool_id, pointer)

    def records(self, tool_id: str, pointers: Collection[str]) -> tuple[Mapping[str, Json], ...]:
        """Ask the part of the tool's source."""
        part = self._part(tool_id)
        return () if part is None else part.records(tool_id, pointers)

    def close(self) -> None:
        """Close every part."""
        for part in self._parts.values():
            part.close()

    def _part(self, tool_id: str) -> Sandbox | None:
        return self._parts.get(tool_id.partition("/")[0])
