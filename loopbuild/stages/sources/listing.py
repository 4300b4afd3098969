"""A list of tool entries in JSON bytes -> a `Listing`; and the one spelling in which a live listing is pinned.

Decides which entries survive: a bad one costs nobody but itself and leaves a diagnostic with its place. Knows neither
paths nor servers: bytes come in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from loopbuild.errors import SourceError
from loopbuild.records import DeclaredTool, Diagnostic, Json, Listing
from loopbuild.stages.sources.dialects import entry_name, read_entry
from loopbuild.stages.sources.entries import RawEntry, RawList, read_entries
from loopbuild.stages.sources.names import shown
from loopbuild.stages.sources.selection import select
from loopbuild.stages.sources.shorthand import BadShape

MAX_TOOLS = 10_000


def canonical_listing(raw: Sequence[Json]) -> bytes:
    """Return the entries of a live listing as the file that is committed: sorted by name, keys sorted, indented.

    Two listings that differ in order alone give the same bytes.
    """
    entries = sorted(raw, key=lambda entry: (entry_name(entry), _spelling(entry)))
    text = json.dumps({"tools": entries}, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", errors="backslashreplace")


def read_listing(source: str, content: bytes, *, file: str, settings: Json) -> Listing:
    """Return the tools of a pinned listing, an MCP dump or a file of tool entries, sorted by name.

    Raises SourceError, naming `file:line:column`, when the bytes are not JSON, hold no list of tools, or yield none of
    them although `allow_empty` is not set.
    """
    found = read_entries(source, content, file=file)
    if len(found.entries) > MAX_TOOLS:
        raise SourceError(
            f"source `{source}`: `{file}` holds {len(found.entries)} tools, {MAX_TOOLS} are allowed", source=source
        )
    diagnostics = list(found.diagnostics)
    tools: list[DeclaredTool] = []
    for number, entry in enumerate(found.entries, start=1):
        tool = _tool(source, entry, number, diagnostics)
        if tool is not None:
            tools.append(tool)
    kept, notes = select(_without_duplicates(tools, diagnostics), settings)
    diagnostics += notes
    if not kept and not settings.get("allow_empty"):
        raise _empty(source, found, diagnostics)
    kept.sort(key=lambda tool: tool.name)
    return Listing(source=source, tools=tuple(kept), diagnostics=tuple(diagnostics))


def _tool(source: str, entry: RawEntry, number: int, diagnostics: list[Diagnostic]) -> DeclaredTool | None:
    try:
        read = read_entry(source, entry.value, span=entry.span())
    except BadShape as exc:
        name = shown(entry_name(entry.value))
        who = f"tool `{name}`" if name else f"entry {number}"
        diagnostics.append(
            Diagnostic(
                severity="error",
                code="bad-tool",
                message=f"{who} is skipped: {exc.message}",
                span=entry.span(exc.pointer),
                hint=exc.hint,
            )
        )
        return None
    for note in read.notes:
        message = f"tool `{shown(read.tool.name)}`: {note}"
        diagnostics.append(Diagnostic(severity="note", code="cut", message=message, span=entry.span()))
    return read.tool


def _without_duplicates(tools: list[DeclaredTool], diagnostics: list[Diagnostic]) -> list[DeclaredTool]:
    """Drop every bearer of a name that several tools claim: neither is more right than the other."""
    places: dict[str, list[DeclaredTool]] = {}
    for tool in tools:
        places.setdefault(tool.name, []).append(tool)
    for name in sorted(places):
        if len(places[name]) > 1:
            lines = ", ".join(f"{tool.span.line}:{tool.span.column}" for tool in places[name] if tool.span)
            diagnostics.append(
                Diagnostic(
                    severity="error",
                    code="duplicate-tool",
                    message=f"tool `{shown(name)}` is declared {len(places[name])} times and skipped (at {lines})",
                    span=places[name][1].span,
                )
            )
    return [tool for tool in tools if len(places[tool.name]) == 1]


def _empty(source: str, found: RawList, diagnostics: Sequence[Diagnostic]) -> SourceError:
    first = next((item for item in diagnostics if item.severity == "error"), None)
    what = "no readable tool is left" if found.entries or first else "there are no tools"
    more = f": {first.message}" if first else ""
    span = found.span
    return SourceError(
        f"{span.file}:{span.line}:{span.column}: {what} in source `{source}`{more}",
        source=source,
        diagnostics=diagnostics,
        hint="`allow_empty: true` permits a source without tools",
    )


def _spelling(entry: Json) -> str:
    return json.dumps(entry, sort_keys=True, ensure_ascii=False)
