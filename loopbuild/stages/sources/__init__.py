"""Sources: where tool schemas are read, one kind per file, found by name without importing anything."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "mcp": "loopbuild.stages.sources.mcp_dump:read",
    "openapi": "loopbuild.stages.sources.openapi:read",
    "python": "loopbuild.stages.sources.python:read",
    "toolspec": "loopbuild.stages.sources.toolspec:read",
}
"""kind -> "module:attribute"; every attribute has the signature of `toolspec.read`. What has to be asked (a server, an
address, a module that is run) is asked by `mcp_live`, `openapi.fetch` or `python.importing`, into a file that is then
read here."""

__all__ = ["KINDS"]
