"""Events of a running build -> a live table on a terminal, a line per finished target elsewhere, or JSON lines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol

from loopbuild.cli.console import is_live, printable, say
from loopbuild.cli.units import duration, spent_text
from loopbuild.engine.outcome import Event

QUIET = frozenset({"fresh", "skipped"})
WORDS = {
    "built": "built",
    "cut_off": "same bytes as before",
    "revalidated": "rows still hold",
    "restored": "restored",
    "adopted": "made by another build",
    "deferred": "left to another build",
    "failed": "FAILED",
    "interrupted": "interrupted",
}


class Progress(Protocol):
    """Whoever shows a build."""

    def __call__(self, event: Event) -> None:
        """Take one event."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def progress(style: str) -> Progress:
    """Return the watcher for `style`: auto, plain, json or none."""
    if style == "auto":
        style = "live" if is_live() else "plain"
    makers: dict[str, Callable[[], Progress]] = {"live": Live, "plain": Plain, "json": JsonLines, "none": Silent}
    return makers[style]()


class Silent(AbstractContextManager["Silent"]):
    """Shows nothing."""

    def __call__(self, event: Event) -> None:
        """Ignore the event."""

    def __exit__(self, *_: object) -> None:
        return None


class Plain(Silent):
    """A line per finished target; long actions report every 15 s, so that a log shows they live."""

    REPORT_SECONDS = 15.0

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        """Print the event if a log should hold it."""
        if event.kind == "note":
            say(event.message)
        elif event.kind == "started":
            self._last[event.target] = time.monotonic()
        elif event.kind == "progress":
            now = time.monotonic()
            if now - self._last.get(event.target, now) >= self.REPORT_SECONDS:
                self._last[event.target] = now
                say(f"        {event.target}  {_amount(event)}")
        elif event.outcome not in QUIET and event.outcome is not None:
            say(finished_line(event))


def finished_line(event: Event) -> str:
    """Return `[12/61] trajectories:hr/interview  built 64 of 640 rows in 3.2 s`."""
    outcome = WORDS.get(str(event.outcome), str(event.outcome))
    rows = ""
    if event.rows_total and event.outcome in ("built", "cut_off"):
        rows = f" {event.rows_run} of {event.rows_total} rows"
    took = f" in {duration(event.seconds)}" if event.seconds >= 0.05 else ""
    spent = f", {spent_text(event.spent)}" if event.spent else ""
    note = f": {event.message}" if event.message else ""
    return f"[{event.done}/{event.total}] {event.target}  {outcome}{rows}{took}{spent}{note}"


def _amount(event: Event) -> str:
    if event.rows_total:
        share = f"{event.rows_run} of {event.rows_total}"
        return f"{share}, {event.message}" if event.message else share
    return event.message


class JsonLines(Silent):
    """Every event as one JSON object per line on stderr."""

    def __call__(self, event: Event) -> None:
        """Write the event."""
        record: dict[str, Any] = {
            name: value
            for name in (
                *("kind", "target", "outcome", "seconds", "rows_run", "rows_total", "message", "done", "total"),
                "spent",
            )
            if (value := getattr(event, name))
        }
        sys.stderr.write(json.dumps(record) + "\n")


class Live:
    """What runs now, with bars, under the lines of what is finished."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self._console = Console(stderr=True, highlight=False)
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._total = self._bars.add_task("targets", total=None, note="")
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Live:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Redraw."""
        if event.total:
            self._bars.update(self._total, total=event.total, completed=event.done)
        if event.kind == "note":
            self._console.print(printable(event.message), markup=False)
        elif event.kind == "started":
            self._tasks[event.target] = self._bars.add_task(event.target, total=event.rows_total or None, note="")
        elif event.kind == "progress" and event.target in self._tasks:
            self._bars.update(
                self._tasks[event.target],
                completed=event.rows_run,
                total=event.rows_total or None,
                note=printable(event.message),
            )
        elif event.kind == "finished":
            if event.target in self._tasks:
                self._bars.remove_task(self._tasks.pop(event.target))
            if event.outcome not in QUIET and event.outcome is not None:
                self._console.print(printable(finished_line(event)), markup=False)
