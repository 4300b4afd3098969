"""Source kind `mcp` from a file: what a server once answered to `tools/list`, as a dump or as a pinned listing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loopbuild.records import Diagnostic, Json, Listing
from loopbuild.stages.sources.listing import read_listing
from loopbuild.visible import named


def read(
    source: str, content: bytes, *, file: str, settings: Json, beside: Mapping[str, bytes] | None = None
) -> Listing:
    """Return the tools of a dump; entries that are not in the MCP spelling are read, with a note each.

    Raises SourceError as `read_listing` does.
    """
    listing = read_listing(source, content, file=file, settings=settings, beside=beside)
    notes = tuple(
        Diagnostic(
            severity="note",
            code="not-mcp",
            message=f"tool `{named(tool.name)}` has no `inputSchema`; read as {tool.hints['dialect']}",
            span=tool.span,
        )
        for tool in listing.tools
        if tool.hints.get("dialect") != "mcp"
    )
    return replace(listing, diagnostics=listing.diagnostics + notes)
