"""Diagnostics as text: the mistake, its place, the line with a caret, the way out.

Plain text at 80 columns; colour and streams are the caller's. Reads a source file only to show the line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from loopbuild.pointers import unescaped
from loopbuild.records import Diagnostic

MAX_SHOWN = 10
_WIDTH = 80
_DENSEST = 4
"""Characters of one column, marks that combine with them counted: beyond, a line is as good as endless."""
_LINE_END = re.compile(r"\r\n|\r|\n")


def render(diagnostic: Diagnostic, source_text: str | None) -> str:
    """Return one diagnostic as a screen, without the source line where `source_text` is None."""
    lines = [f"{diagnostic.severity}: {diagnostic.message}"]
    span = diagnostic.span
    if span is not None and span.file:
        place = f"{span.file}:{span.line}:{span.column}" if span.line else span.file
        gutter = " " * (len(str(span.line)) + 1)
        lines.append(f"{gutter}--> {place}")
        written = _LINE_END.split(source_text) if source_text is not None else []
        if 0 < span.line <= len(written):
            around = _around(span.pointer)
            room = _WIDTH - len(gutter) - 3
            line, start, width = _window(written[span.line - 1], span.column - 1, span.width, room, len(around))
            caret = " " * _columns(line[:start]) + "^" * max(1, _columns(line[start : start + width]))
            lines += [f"{gutter} |", f" {span.line} | {line}".rstrip(), f"{gutter} | {caret}{around}"]
    if diagnostic.hint:
        lines.append(f"hint: {diagnostic.hint}")
    return "\n".join(lines)


def render_all(diagnostics: Sequence[Diagnostic], *, texts: dict[str, str] | None = None) -> str:
    """Return ten diagnostics, errors before warnings but in the order given, and how many more there are.

    `texts` holds source texts by `span.file`; a file not in it is read from the current folder, if it is there.
    """
    known: dict[str, str | None] = dict(texts or {})
    screens = []
    ranked = sorted(range(len(diagnostics)), key=lambda index: diagnostics[index].severity != "error")
    for diagnostic in [diagnostics[index] for index in sorted(ranked[:MAX_SHOWN])]:
        file = diagnostic.span.file if diagnostic.span is not None else ""
        if file and file not in known:
            known[file] = _read(file)
        screens.append(render(diagnostic, known.get(file)))
    if len(diagnostics) > MAX_SHOWN:
        screens.append(f"and {len(diagnostics) - MAX_SHOWN} more")
    return "\n\n".join(screens)


def key_path(pointer: str) -> str:
    """Return a JSON pointer as people write it: `filters[2].threshold`."""
    text = ""
    for part in pointer.split("/")[1:]:
        name = unescaped(part)
        text += f"[{name}]" if name.isdecimal() and text else f".{name}" if text else name
    return text


def _around(pointer: str) -> str:
    parent = key_path(pointer.rpartition("/")[0])
    return f" in `{parent}`" if parent else ""


def _window(line: str, start: int, width: int, room: int, beside: int) -> tuple[str, int, int]:
    """Return what fits of a line, with the caret's start and width in it; `beside` columns follow the caret.

    A line may be a whole document: no more of it is looked at than a screen could hold.
    """
    most = _DENSEST * room
    first = 0
    if start + width > most or _columns(_plain(line[: start + width])) + beside > room:
        first = min(start, max(0, start + width + beside - room, start - room // 3))
    shown = _plain(line[first : first + most])
    is_cut = first + most < len(line)
    if first:
        shown, start = "…" + shown[1:], start - first
    fits = _fitting(shown, room)
    if is_cut or fits < len(shown):
        shown = shown[: fits - 1] + "…"
    return shown, start, min(width, len(shown) - start)


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _fitting(text: str, room: int) -> int:
    """Return how many characters of a text take no more than `room` columns."""
    for index, character in enumerate(text):
        room -= _columns(character)
        if room < 0:
            return index
    return len(text)


def _columns(text: str) -> int:
    # East Asian characters take two columns, combining ones none.
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _read(file: str) -> str | None:
    try:
        return Path(file).read_bytes().decode("utf-8", errors="replace").removeprefix("\ufeff")
    except (OSError, ValueError):
        return None
