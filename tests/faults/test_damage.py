"""Every class of file in the store, harmed in every way: healed, or refused with the way out, never silently wrong."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from loopbuild.engine.lockfile import LockError
from loopbuild.engine.plan import plan
from loopbuild.engine.query import record
from loopbuild.engine.uptodate import is_unchanged
from loopbuild.errors import StoreError
from tests.engine.conftest import Project
from tests.faults.children import everything, new_project

FILES = ("state.db", "output", "kept", "record", "trace", "leaf", "out", "FORMAT", ".gitignore", "lock")
LOST = {"output", "kept", "leaf"}


def _flip(path: Path) -> None:
    content = path.read_bytes()
    _write(path, bytes(byte ^ 0x55 for byte in content))


def _flip_unseen(path: Path) -> None:
    """Same size, and the old mtime put back: only ctime tells."""
    before = path.stat()
    _flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _write(path: Path, content: bytes) -> None:
    mode = path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(mode)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("no/such/place")


DAMAGES = {
    "flipped": _flip,
    "flipped, mtime restored": _flip_unseen,
    "cut": lambda path: _write(path, path.read_bytes()[: path.stat().st_size // 2]),
    "emptied": lambda path: _write(path, b""),
    "garbage": lambda path: _write(path, b"\x00\xff garbage \n" * 200),
    "deleted": lambda path: path.unlink(),
    "a folder": _folder,
    "a dangling link": _link,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = new_project(tmp_path / "project")
    found.build(everything(), stamp="s")
    time.sleep(0.01)
    return found


def _file(project: Project, name: str) -> Path:
    store, objects = project.root / ".loopbuild", project.ws.objects
    total, table = record(project.ws, "total:all"), record(project.ws, "table:main")
    assert total is not None
    assert table is not None
    leaf = record(project.ws, "read:1")
    assert leaf is not None
    with project.ws.reading() as journal:
        entry = journal.current_of("total:all")
    assert entry is not None
    digests = {
        "output": total.output,
        "kept": total.kept[0],
        "record": entry.record,
        "trace": table.trace,
        "leaf": leaf.manifest["files"]["text"][1],
    }
    if name in digests:
        return Path(objects.path(digests[name]))
    return store / "out" / "report.txt" if name == "out" else store / name


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_whatever_is_damaged_the_next_build_is_as_clean(project: Project, name: str, damage: str) -> None:
    before = project.snapshot()
    project.calls()
    DAMAGES[damage](_file(project, name))
    if name == "lock" and damage in ("a folder", "a dangling link"):
        with pytest.raises(StoreError, match="cannot use"):
            project.build(everything(), stamp="s")
        return
    if name in ("state.db", "output", "kept", "out", "trace"):
        assert is_unchanged(project.ws, {}, "s") is None
    plan(project.ws, everything())
    outcome = project.build(everything(), stamp="s")
    assert outcome.is_success
    assert project.snapshot() == before
    ran = project.calls()
    assert ran in ([], ["total:all run"])
    if name not in LOST:
        assert ran == [], "nothing has to run for what can be copied or indexed again"
    # And from then on nothing is wrong any more, whatever changes next.
    project.write(f1="changed\n", words="x=1\ny=2\nz=3\n")
    assert project.build(everything(), stamp="s").is_success
    assert project.build(everything(), stamp="s").counts == {"fresh": 11}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n", "has conflict markers"),
        (b"# loopbuild lock 99\n", "this loopbuild writes"),
        (b"\xff\xfe", "is not text"),
    ],
)
def test_a_lock_that_says_something_else_is_refused_even_when_nothing_else_changed(
    project: Project, content: bytes, message: str
) -> None:
    (project.root / "loop.lock").write_bytes(content)
    assert is_unchanged(project.ws, {}, "s") is None
    with pytest.raises(LockError, match=message):
        project.build(everything(), stamp="s")


@pytest.mark.parametrize("damage", ["emptied", "deleted"])
def test_a_lost_lock_is_written_again_without_a_run(project: Project, damage: str) -> None:
    before = project.snapshot()
    project.calls()
    DAMAGES[damage](project.root / "loop.lock")
    assert project.build(everything(), stamp="s").counts == {"fresh": 11}
    assert project.snapshot() == before
    assert project.calls() == []


def test_what_other_runs_left_lying_around_is_swept_away(project: Project) -> None:
    store = project.root / ".loopbuild"
    (store / "tmp" / "run-1-0").mkdir()
    (store / "tmp" / "run-1-0" / "alive").touch()
    (store / "tmp" / "half").write_text("x")
    (store / "state.db-wal").write_bytes(b"not a log")
    assert project.build(everything(), stamp="s").counts == {"fresh": 11}
    assert list((store / "tmp").iterdir()) == []


@pytest.mark.parametrize("gone", ["cas", "out", "tmp", "partial", "."])
def test_a_deleted_folder_is_no_trouble(project: Project, gone: str) -> None:
    before = project.snapshot()
    shutil.rmtree(project.root / ".loopbuild" / gone)
    assert project.build(everything(), stamp="s").is_success
    assert project.snapshot() == before
