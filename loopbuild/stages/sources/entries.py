"""Bytes -> the raw entries of a tool list, each with its place; nothing in an entry is interpreted here.

Reads a list, `{"tools": [...]}`, a JSON-RPC reply, one lone entry, and JSON lines (a file called `.jsonl`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from loopbuild.documents import Document, Unreadable, read_json
from loopbuild.errors import SourceError
from loopbuild.records import Diagnostic, Json, Span
from loopbuild.stages.sources.dialects import entry_name
from loopbuild.visible import named


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """An entry as it stands in its document."""

    value: Json
    document: Document
    pointer: str
    lines_above: int = 0

    def span(self, below: str = "") -> Span:
        """Return the place of the entry, or of the value at the pointer `below` inside it."""
        return _moved(self.document.span(self.pointer + below), self.lines_above)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawList:
    """The entries of a file, and what was wrong around them."""

    entries: tuple[RawEntry, ...]
    diagnostics: tuple[Diagnostic, ...]
    span: Span
    observed: Json = None
    """Tool name -> what its calls were seen to return, in a listing that was made with a sandbox at hand."""


def read_entries(source: str, content: bytes, *, file: str) -> RawList:
    """Return the entries in file order; raises SourceError with `file:line:column` when there is no list of tools."""
    if file.endswith(".jsonl"):
        return _json_lines(content, file)
    try:
        document = read_json(content, file=file)
    except Unreadable as exc:
        raise refused(source, exc.diagnostics) from exc
    value, pointer = document.value, ""
    notes, observed = (value.get("notes"), value.get("observed")) if isinstance(value, dict) else (None, None)
    for key in ("result", "tools"):
        if isinstance(value, dict) and key in value:
            value, pointer = value[key], f"{pointer}/{key}"
    span = document.span(pointer)
    if isinstance(value, dict) and entry_name(value):
        entries = [RawEntry(value=value, document=document, pointer=pointer)]
    elif isinstance(value, list):
        entries = [RawEntry(value=item, document=document, pointer=f"{pointer}/{at}") for at, item in enumerate(value)]
    else:
        raise SourceError(
            f"{span.file}:{span.line}:{span.column}: source `{source}` holds no list of tools",
            source=source,
            hint='a list of tool entries, `{"tools": [...]}` and a JSON-RPC reply are read',
        )
    # What was said when a server was listed stays said: the file is all that later readers have.
    said = tuple(
        Diagnostic(
            severity="warning", code="listing", message=f"source `{source}`: {named(note, limit=200)}", span=span
        )
        for note in (notes if isinstance(notes, list) else ())
        if isinstance(note, str)
    )
    return RawList(
        entries=tuple(entries),
        diagnostics=(*document.diagnostics, *said),
        span=span,
        observed=observed if isinstance(observed, dict) else None,
    )


def refused(source: str, diagnostics: Sequence[Diagnostic]) -> SourceError:
    """Return the error for bytes that are no document."""
    last = diagnostics[-1]
    place = f"{last.span.file}:{last.span.line}:{last.span.column}: " if last.span else ""
    return SourceError(
        f"{place}source `{source}` cannot be read: {last.message}",
        source=source,
        diagnostics=diagnostics,
        hint=last.hint,
    )


def _json_lines(content: bytes, file: str) -> RawList:
    """Read each line by itself: a broken one costs no other."""
    entries: list[RawEntry] = []
    diagnostics: list[Diagnostic] = []
    for number, line in enumerate(content.split(b"\n")):
        if not line.strip():
            continue
        try:
            document = read_json(line, file=file)
        except Unreadable as exc:
            diagnostics += [_shifted(item, number) for item in exc.diagnostics]
            continue
        diagnostics += [_shifted(item, number) for item in document.diagnostics]
        entries.append(RawEntry(value=document.value, document=document, pointer="", lines_above=number))
    span = Span(file=file, line=1, column=1)
    return RawList(entries=tuple(entries), diagnostics=tuple(diagnostics), span=span)


def _shifted(item: Diagnostic, lines: int) -> Diagnostic:
    return replace(item, span=_moved(item.span, lines)) if item.span else item


def _moved(span: Span, lines: int) -> Span:
    return replace(span, line=span.line + lines) if lines and span.line else span
