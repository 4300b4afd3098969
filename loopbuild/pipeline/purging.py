"""What still knows a tool that is gone: training rows that tell of it, and checkpoints that have learnt to call it.

Reads loop.lock and the store, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loopbuild.engine import lockfile
from loopbuild.engine.query import surviving, targets_in_force
from loopbuild.engine.target import Json
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.lineage import seen_of


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneTool:
    """A tool that loop.lock remembers and the sources have no more."""

    tool: str
    successor: str
    """Empty: nothing took its place."""
    rows: int
    """Training rows that tell of it; none of them teaches a call of it."""
    learnt: Mapping[str, int]
    """Checkpoint -> rows it has learnt from that call the tool."""


def gone_tool(opened: OpenProject, query: str) -> GoneTool | None:
    """Return what is known of the gone tool that `query` names by id or name; None where it names none or several."""
    lines = lockfile.read(opened.workspace.root)
    gone = {name.partition(":")[2]: fields for name, (_, fields) in lines.items() if name.startswith("retired:")}
    named = [tool for tool in gone if query in (tool, tool.partition("/")[2])]
    if len(named) != 1:
        return None
    (tool,) = named
    told = (surviving(opened.workspace, "retirement:main") or {"rows": {}})["rows"]
    return GoneTool(
        tool=tool,
        successor=gone[tool].get("successor", ""),
        rows=sum(_tells_of(row, tool) for row in told.values()),
        learnt={name: number for name in _checkpoints(opened) if (number := _learnt(opened, name, tool))},
    )


def _checkpoints(opened: OpenProject) -> list[str]:
    return sorted(name for name in targets_in_force(opened.workspace) if name.startswith("checkpoint:"))


def _learnt(opened: OpenProject, checkpoint: str, tool: str) -> int:
    seen = seen_of(opened, checkpoint, f"tool:{tool}")
    return seen.rows + seen.former


def _tells_of(row: Json, tool: str) -> bool:
    name = tool.partition("/")[2]
    messages = row["example"]["messages"]
    calls = [call["function"]["name"] for message in messages for call in message.get("tool_calls") or ()]
    return name in calls or any(f"`{name}`" in str(message.get("content") or "") for message in messages)
