"""Times lie: an edit is seen whatever the clock says, and a new time on old bytes makes nothing run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loopbuild.engine.build import build
from loopbuild.engine.outcome import Outcome
from loopbuild.engine.uptodate import is_unchanged
from loopbuild.engine.workspace import Workspace
from tests.engine.conftest import Project
from tests.engine.recipes import chain

FUTURE = time.time() + 10 * 365 * 86_400
SETTLED = 1_000_000_000.0


def _set(path: Path, seconds: float) -> None:
    os.utime(path, (seconds, seconds))


def _edit(path: Path, text: str) -> None:
    """Other bytes of the same size."""
    assert len(text) == path.stat().st_size
    path.write_text(text)


def _kept_mtime(path: Path) -> None:
    before = path.stat()
    _edit(path, "B\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _whole_seconds(path: Path) -> None:
    """As on a file system that keeps two-second times only."""
    _edit(path, "B\n")
    _set(path, int(path.stat().st_mtime) // 2 * 2)


EDITS: dict[str, Callable[[Path], None]] = {
    "in the same second": lambda path: _edit(path, "B\n"),
    "mtime restored": _kept_mtime,
    "coarse times": _whole_seconds,
    "mtime 1970": lambda path: (_edit(path, "B\n"), _set(path, 0.0))[1],
    "mtime in the future": lambda path: (_edit(path, "B\n"), _set(path, FUTURE))[1],
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("before", ["now", "1970", "future", "settled"])
@pytest.mark.parametrize("clock", [time.time, lambda: 5.0, lambda: FUTURE + 100.0], ids=["right", "1970", "far ahead"])
def test_a_same_size_edit_is_seen(project: Project, edit: str, before: str, clock: Callable[[], float]) -> None:
    path = project.root / "f1.txt"
    if before != "now":
        _set(path, {"1970": 0.0, "future": FUTURE, "settled": SETTLED}[before])
    _build(project, clock)
    _build(project, clock)
    project.calls()
    if clock is not time.time:
        time.sleep(0.02)  # a clock that is wrong by years is no proof of anything within one tick of the kernel
    EDITS[edit](path)
    assert is_unchanged(_open(project, clock), {}, "s") is None
    assert _build(project, clock).ran == {"read:1", "join:0", "join:1", "join:2", "total:all"}
    assert "B" in project.snapshot()


def _open(project: Project, clock: Callable[[], float]) -> Workspace:
    return Workspace.open(project.root, code_version="1", clock=clock)


def _build(project: Project, clock: Callable[[], float]) -> Outcome:
    return build(_open(project, clock), chain(), on_event=lambda event: None, stamp="s")


@pytest.mark.parametrize("seconds", [0.0, SETTLED, FUTURE], ids=["1970", "settled", "far ahead"])
def test_new_times_on_the_same_bytes_run_nothing(project: Project, seconds: float) -> None:
    project.build(chain(), stamp="s")
    project.calls()
    for path in project.root.glob("*.txt"):
        _set(path, seconds)
    assert project.build(chain(), stamp="s").counts == {"fresh": 9}
    assert project.calls() == []


def test_leaving_a_branch_and_coming_back_runs_nothing(project: Project) -> None:
    """As `git checkout` does it: new files in place of the old ones, with new times."""
    project.build(chain(), stamp="s")
    here = {path: path.read_bytes() for path in project.root.glob("f*.txt")}
    for number, path in enumerate(here):
        path.unlink()
        path.write_text(f"there {number}\n")
    project.build(chain(), stamp="s")
    there = project.snapshot()
    project.calls()
    for path, content in here.items():
        path.unlink()
        path.write_bytes(content)
    back = project.build(chain(), stamp="s")
    assert set(back.counts) <= {"fresh", "restored"}
    assert project.calls() == []
    assert project.snapshot() != there
