"""The findings of a check as lines: place first, then how grave, then what; and as annotations."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from loopbuild.cli.annotations import Annotation, commands
from loopbuild.cli.consequences import sum_lines
from loopbuild.cli.differences import annotation_of, counted, diff_json, here, items
from loopbuild.cli.units import count
from loopbuild.errors import LoopbuildError
from loopbuild.pipeline.builds import notes_text
from loopbuild.pipeline.checking import Checked, place_of
from loopbuild.records import Diagnostic, Span

MOST = {"breaking": 200, "safety": 200, "behavioural": 60, "compatible": 40, "doc": 20}
"""Changes listed one by one; beyond, their number says enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What a check found in one project, and where the project is; `is_all` lists what is only counted otherwise."""

    checked: Checked
    root: str
    is_all: bool = False


def check_text(screen: Screen) -> str:
    """Return the lines for one project, the gravest kind last, where a terminal ends."""
    checked, root = screen.checked, screen.root
    lines: list[str] = []
    for one in (*checked.remarks, *checked.mistakes):
        lines += _diagnostic(one, root)
    comparison = checked.comparison
    seen = dict.fromkeys(MOST, 0)
    for item in items(comparison, root=root):
        seen[item.meaning.level] += 1
        if seen[item.meaning.level] > MOST[item.meaning.level]:
            continue
        place = place_of(item.span())
        lines.append(f"{place}{': ' if place else ''}{item.meaning.level}: `{item.change.tool}` {item.sentence}")
        lines += [f"  {item.users}"] if item.users else []
    more = [f"{seen[level] - most:,} {level}" for level, most in MOST.items() if seen[level] > most]
    lines += [f"and {', '.join(more)} more; `--json` has them all"] if more else []
    for error in checked.errors:
        span, message = _placed(error, root)
        place = place_of(span)
        lines.append(f"{place}{': ' if place else ''}error: {message}")
        lines += [f"  hint: {error.hint}"] if error.hint else []
    for one in checked.notes if screen.is_all else ():
        lines += _diagnostic(one, root)
    lines += [f"note: {note}" for note in (*comparison.difference.notes, *comparison.notes)]
    lines += [f"note: {notes_text(len(checked.notes))}"] if checked.notes and not screen.is_all else []
    return "\n".join([*lines, *sum_lines(comparison), closing(checked)])


def closing(checked: Checked) -> str:
    """Return the last line: how much was looked at, and what was found."""
    comparison = checked.comparison
    looked = f"{checked.looked:,} of {count(checked.sources, 'source')}, {count(comparison.tools, 'tool')}"
    broken = sum(one.severity == "error" for one in checked.mistakes) + len(checked.errors)
    parts = [count(broken, "error")] if broken else []
    changes = counted(comparison)
    if not comparison.base:
        parts.append("nothing to compare with")
    elif changes or comparison.tools or not checked.errors:  # of what nobody could read nothing is known
        is_one = sum(1 for _ in items(comparison)) == 1
        what = f"{changes} change{'' if is_one else 's'}" if changes else "no change"
        parts.append(f"{what} against {comparison.base}")
    remarks = len(checked.remarks) + sum(one.severity == "warning" for one in checked.mistakes)
    if remarks:
        parts.append(count(remarks, "warning"))
    older = f" ({checked.older:,} more in unchanged tools: `--all` shows them)" if checked.older else ""
    return f"Checked {looked}: {'; '.join(parts)}{older}"


def check_json(screens: Sequence[Screen]) -> str:
    """Return everything as data."""
    return json.dumps({"version": 1, "projects": [_project(screen) for screen in screens]}, indent=2, sort_keys=True)


def check_github(screens: Sequence[Screen]) -> str:
    """Return annotations for all projects together, then the sums."""
    found: list[Annotation] = []
    tail: list[str] = []
    for screen in screens:
        checked, root = screen.checked, screen.root
        for error in checked.errors:
            span, message = _placed(error, root)
            found.append(Annotation(level="error", title="unreadable", message=message, place=fixed(span)))
        found += [
            Annotation(level=one.severity, title=one.code, message=one.message, place=fixed(here(one.span, root)))
            for one in (*checked.mistakes, *checked.remarks)
        ]
        found += [annotation_of(item) for item in items(checked.comparison, root=root)]
        tail += [*sum_lines(checked.comparison), closing(checked)]
    return "\n".join([*commands(found), *tail])


def _placed(error: LoopbuildError, root: str) -> tuple[Span | None, str]:
    """Return where a source cannot be read, and the message without that place."""
    spans = [one.span for one in getattr(error, "diagnostics", ()) if one.span is not None and one.severity == "error"]
    for span in reversed(spans):
        place = f"{place_of(span)}: "
        if error.message.startswith(place):
            return here(span, root), error.message.removeprefix(place)
    return None, error.message


def fixed(span: Span | None) -> Callable[[], Span | None]:
    """Return the place of an annotation whose place is known."""
    return lambda: span


def _diagnostic(one: Diagnostic, root: str) -> list[str]:
    place = place_of(here(one.span, root))
    code = f" [{one.code}]" if one.severity == "warning" else ""
    lines = [f"{place}{': ' if place else ''}{one.severity}: {one.message}{code}"]
    return [*lines, f"  hint: {one.hint}"] if one.hint else lines


def _project(screen: Screen) -> dict[str, Any]:
    checked = screen.checked

    def plain(one: Diagnostic) -> dict[str, Any]:
        span = one.span
        return {
            "severity": one.severity,
            "code": one.code,
            "message": one.message,
            "hint": one.hint,
            "span": {"file": span.file, "line": span.line, "column": span.column} if span else None,
        }

    return {
        "files": list(checked.files),
        "is_valid": not checked.is_invalid,
        "errors": [error.message for error in checked.errors],
        "mistakes": [plain(one) for one in checked.mistakes],
        "remarks": [plain(one) for one in checked.remarks],
        "notes": [plain(one) for one in checked.notes],
        "older_remarks": checked.older,
        "diff": json.loads(diff_json(checked.comparison)),
    }
