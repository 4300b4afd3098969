"""A list of tool entries in JSON bytes -> a `Listing`; and the one spelling in which a live listing is pinned.

Decides which entries survive: a bad one costs nobody but itself and leaves a diagnostic with its place. Knows neither
paths nor servers: bytes come in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from loopbuild.errors import SourceError
from loopbuild.records import DeclaredTool, Diagnostic, Json, Listing, Span
from loopbuild.stages.sources.dialects import entry_name, read_entry
from loopbuild.stages.sources.entries import RawEntry, RawList, read_entries
from loopbuild.stages.sources.observed import as_observed
from loopbuild.stages.sources.selection import select
from loopbuild.stages.sources.shorthand import BadShape
from loopbuild.stages.sources.usable import usable
from loopbuild.visible import named

MAX_TOOLS = 10_000


def canonical_listing(raw: Sequence[Json], **more: Json) -> bytes:
    """Return the entries of a live listing as the file that is committed: sorted by name, keys sorted, indented.

    Two listings that differ in order alone give the same bytes. `more` is what else is known, beside the entries.
    """
    entries = sorted(raw, key=lambda entry: (entry_name(entry), _spelling(entry)))
    text = json.dumps({**more, "tools": entries}, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", errors="backslashreplace")


def read_listing(
    source: str, content: bytes, *, file: str, settings: Json, beside: Mapping[str, bytes] | None = None
) -> Listing:
    """Return the tools of a pinned listing, an MCP dump or files of tool entries, sorted by name.

    `beside` holds further files of the same source. Raises SourceError, naming `file:line:column`, when no file is
    JSON with a list of tools, or none yields a tool although `allow_empty` is not set.
    """
    diagnostics: list[Diagnostic] = []
    found = _lists(source, {file: content, **(beside or {})}, diagnostics)
    count = sum(len(one.entries) for one in found)
    if count > MAX_TOOLS:
        raise SourceError(f"source `{source}`: `{file}` holds {count} tools, {MAX_TOOLS} are allowed", source=source)
    tools: list[DeclaredTool] = []
    for one in found:
        diagnostics += one.diagnostics
        for number, entry in enumerate(one.entries, start=1):
            tool = _tool(source, entry, number, diagnostics)
            if tool is not None:
                tools.append(tool)
    tools = _without_duplicates(tools, diagnostics)
    for one in found:
        tools = as_observed(tools, one.observed or {}, diagnostics)
    kept, notes = select(tools, settings)
    diagnostics += notes
    kept, notes = usable(kept)
    diagnostics += notes
    if not kept and not settings.get("allow_empty"):
        raise nothing_left(source, found[0].span, diagnostics, is_bare=not count)
    kept.sort(key=lambda tool: tool.name)
    return Listing(source=source, tools=tuple(kept), diagnostics=tuple(diagnostics))


def _lists(source: str, files: Mapping[str, bytes], diagnostics: list[Diagnostic]) -> list[RawList]:
    """Return the entries of each file; of several files a bad one costs no other."""
    found: list[RawList] = []
    first: SourceError | None = None
    for name in sorted(files):
        try:
            found.append(read_entries(source, files[name], file=name))
        except SourceError as exc:
            first = first or exc
            span = Span(file=name, line=1, column=1)
            lost = exc.diagnostics or (Diagnostic(severity="error", code="bad-file", message=exc.message, span=span),)
            diagnostics += lost
    if not found and first is not None:
        raise first
    return found


def _tool(source: str, entry: RawEntry, number: int, diagnostics: list[Diagnostic]) -> DeclaredTool | None:
    try:
        read = read_entry(source, entry.value, span=entry.span())
    except BadShape as exc:
        name = named(entry_name(entry.value))
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
        message = f"tool `{named(read.tool.name)}`: {note}"
        diagnostics.append(Diagnostic(severity="note", code="cut", message=message, span=entry.span()))
    return read.tool


def _without_duplicates(tools: list[DeclaredTool], diagnostics: list[Diagnostic]) -> list[DeclaredTool]:
    """Drop every bearer of a name that several tools claim: neither is more right than the other."""
    places: dict[str, list[DeclaredTool]] = {}
    for tool in tools:
        places.setdefault(tool.name, []).append(tool)
    for name in sorted(places):
        if len(places[name]) > 1:
            spans = [tool.span for tool in places[name] if tool.span]
            is_one = len({span.file for span in spans}) == 1
            lines = ", ".join(f"{'' if is_one else span.file + ':'}{span.line}:{span.column}" for span in spans)
            diagnostics.append(
                Diagnostic(
                    severity="error",
                    code="duplicate-tool",
                    message=f"tool `{named(name)}` is declared {len(places[name])} times and skipped (at {lines})",
                    span=places[name][1].span,
                )
            )
    return [tool for tool in tools if len(places[tool.name]) == 1]


def nothing_left(source: str, span: Span, diagnostics: Sequence[Diagnostic], *, is_bare: bool) -> SourceError:
    """Return the error for a source without a tool; `is_bare` when there was nothing to read in the first place."""
    first = next((item for item in diagnostics if item.severity == "error"), None)
    what = "there are no tools" if is_bare and first is None else "no readable tool is left"
    more = f": {first.message}" if first else ""
    return SourceError(
        f"{span.file}:{span.line}:{span.column}: {what} in source `{source}`{more}",
        source=source,
        diagnostics=diagnostics,
        hint="`allow_empty: true` permits a source without tools",
    )


def _spelling(entry: Json) -> str:
    return json.dumps(entry, sort_keys=True, ensure_ascii=False)
