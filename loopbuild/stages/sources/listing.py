"""A list of tool entries in JSON bytes -> a `Listing`; and the one spelling in which a live listing is pinned.

Decides which entries survive: a bad one costs nobody but itself and leaves a diagnostic with its place. Knows neither
paths nor servers: bytes come in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from loopbuild.documents import Document, Unreadable, read_json
from loopbuild.errors import SourceError
from loopbuild.records import DeclaredTool, Diagnostic, Json, Listing
from loopbuild.stages.sources.dialects import entry_name, read_entry
from loopbuild.stages.sources.names import shown
from loopbuild.stages.sources.selection import select
from loopbuild.stages.sources.shorthand import BadShape

MAX_TOOLS = 10_000


def canonical_listing(raw: Sequence[Json]) -> bytes:
    """Return the entries of a live listing as the file that is committed: sorted by name, keys sorted, one per line.

    Two listings that differ in order alone give the same bytes.
    """
    entries = sorted(raw, key=lambda entry: (entry_name(entry), _spelling(entry)))
    text = json.dumps({"tools": entries}, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", errors="backslashreplace")


def read_listing(source: str, content: bytes, *, file: str, settings: Json) -> Listing:
    """Return the tools of a pinned listing, an MCP dump or a file of tool entries.

    Accepts a list, `{"tools": [...]}` and a JSON-RPC reply. Raises SourceError, naming `file:line:column`, when the
    bytes are not JSON, hold no list of tools, or yield none of them although `allow_empty` is not set.
    """
    try:
        document = read_json(content, file=file)
    except Unreadable as exc:
        raise _refused(source, exc.diagnostics) from exc
    entries, pointer = _entries(source, document)
    diagnostics = list(document.diagnostics)
    if len(entries) > MAX_TOOLS:
        raise SourceError(
            f"source `{source}`: `{file}` holds {len(entries)} tools, {MAX_TOOLS} are allowed", source=source
        )
    tools: list[tuple[int, DeclaredTool]] = []
    for index, entry in enumerate(entries):
        where = f"{pointer}/{index}"
        try:
            read = read_entry(source, entry, span=document.span(where))
        except BadShape as exc:
            name = shown(entry_name(entry))
            who = f"tool `{name}`" if name else f"entry {index + 1}"
            diagnostics.append(
                Diagnostic(
                    severity="error",
                    code="bad-tool",
                    message=f"{who} is skipped: {exc.message}",
                    span=document.span(where + exc.pointer),
                    hint=exc.hint,
                )
            )
            continue
        except RecursionError:
            diagnostics.append(
                Diagnostic(
                    severity="error", code="too-deep", message=f"entry {index + 1} is skipped: nested too deeply"
                )
            )
            continue
        tools.append((index, read.tool))
        for note in read.notes:
            message = f"tool `{shown(read.tool.name)}`: {note}"
            diagnostics.append(Diagnostic(severity="note", code="cut", message=message, span=document.span(where)))
    unique = _without_duplicates([tool for _, tool in tools], diagnostics)
    kept, notes = select(unique, settings)
    diagnostics += notes
    if not kept and not settings.get("allow_empty"):
        raise _empty(source, document, pointer, diagnostics, had_entries=bool(entries))
    kept.sort(key=lambda tool: tool.name)
    return Listing(source=source, tools=tuple(kept), diagnostics=tuple(diagnostics))


def _entries(source: str, document: Document) -> tuple[list[Json], str]:
    value = document.value
    pointer = ""
    for key in ("result", "tools"):
        if isinstance(value, dict) and key in value:
            value = value[key]
            pointer += "/" + key
    if isinstance(value, dict) and entry_name(value):
        return [value], ""
    if not isinstance(value, list):
        span = document.span(pointer)
        raise SourceError(
            f"{span.file}:{span.line}:{span.column}: source `{source}` holds no list of tools",
            source=source,
            hint='a list of tool entries, `{"tools": [...]}` and a JSON-RPC reply are read',
        )
    return value, pointer


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


def _refused(source: str, diagnostics: Sequence[Diagnostic]) -> SourceError:
    last = diagnostics[-1]
    place = f"{last.span.file}:{last.span.line}:{last.span.column}: " if last.span else ""
    return SourceError(
        f"{place}source `{source}` cannot be read: {last.message}",
        source=source,
        diagnostics=diagnostics,
        hint=last.hint,
    )


def _empty(
    source: str, document: Document, pointer: str, diagnostics: Sequence[Diagnostic], *, had_entries: bool
) -> SourceError:
    span = document.span(pointer)
    what = "no readable tool is left" if had_entries else "there are no tools"
    first = next((item for item in diagnostics if item.severity == "error"), None)
    more = f": {first.message}" if first else ""
    return SourceError(
        f"{span.file}:{span.line}:{span.column}: {what} in source `{source}`{more}",
        source=source,
        diagnostics=diagnostics,
        hint="`allow_empty: true` permits a source without tools",
    )


def _spelling(entry: Json) -> str:
    return json.dumps(entry, sort_keys=True, ensure_ascii=False)
