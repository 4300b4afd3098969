"""What a tool does to the world, as far as its declaration says."""

from __future__ import annotations

from loopbuild.records import ToolSchema


def destroys(tool: ToolSchema) -> bool:
    """Return whether a call may take something away for good: it deletes, or its source says `destructiveHint`."""
    return tool.effect == "delete" or (tool.effect != "read" and tool.hints.get("destructiveHint") is True)
