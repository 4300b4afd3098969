"""Sources: where tool schemas are read, one kind per file, found by name without importing anything."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "mcp": "loopbuild.stages.sources.mcp_dump:read",
    "toolspec": "loopbuild.stages.sources.toolspec:read",
}
"""kind -> "module:attribute"; every attribute has the signature of `toolspec.read`. A live MCP server is listed by
`mcp_live:list_live` first, its pinned listing is then read by `listing:read_listing`."""

__all__ = ["KINDS"]
