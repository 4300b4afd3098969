"""Changes, remarks and mistakes as workflow commands of GitHub: lines that its log turns into annotations.

Everything in them is foreign text: what would end a command or a property is escaped. Ten a level are shown, about as
many as the site keeps of one step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from loopbuild.records import Span

Level = Literal["error", "warning", "notice"]
MOST = 10
_LEVELS: dict[str, Level] = {
    "breaking": "error",
    "safety": "warning",
    "behavioural": "warning",
    "compatible": "notice",
    "doc": "notice",
    "error": "error",
    "warning": "warning",
    "note": "notice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One annotation; `level` is a change's or a diagnostic's."""

    level: str
    title: str
    message: str
    place: Callable[[], Span | None] = lambda: None
    """Asked only of those that are shown."""


def commands(annotations: Iterable[Annotation]) -> list[str]:
    """Return one line an annotation, the gravest first, and how many more there are."""
    by_level: dict[Level, list[Annotation]] = {"error": [], "warning": [], "notice": []}
    for one in annotations:
        by_level[_LEVELS[one.level]].append(one)
    lines = [
        f"::{level} {_place(one.place())}title={_property(one.title)}::{_data(one.message)}"
        for level, members in by_level.items()
        for one in members[:MOST]
    ]
    hidden = sum(max(0, len(level) - MOST) for level in by_level.values())
    return [*lines, f"and {hidden:,} more, not annotated"] if hidden else lines


def _place(span: Span | None) -> str:
    if span is None:
        return ""
    place = f"file={_property(span.file)},"
    if span.line:
        place += f"line={span.line},"
        place += f"col={span.column}," if span.column else ""
    return place


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
