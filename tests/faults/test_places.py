"""Where a project lies and what its files are called: odd names, a network disk, very many targets."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from loopbuild.engine import disks
from loopbuild.engine.plan import plan
from loopbuild.engine.target import Target
from tests.engine.conftest import Project
from tests.engine.recipes import JOIN, READ, TOTAL
from tests.faults.children import everything, new_project

NAMES = [
    "with space.txt",
    "ünï — 名.txt",
    "new\nline.txt",
    "tab\tand'\"quote.txt",
    "-rf.txt",
    "#hash%20.txt",
    "$(x);.txt",
]
MOUNTED = "1 0 0:1 / / rw - ext4 /dev/a rw\n2 1 0:2 / {place} rw,relatime shared:1 - {kind} host:/x rw\n"


def _odd(names: list[str]) -> list[Target]:
    found = [Target(id=f"read:{n}", recipe=READ, files=(("text", name),)) for n, name in enumerate(names)]
    inputs = tuple((f"r{n}", f"read:{n}") for n in range(len(names)))
    return [*found, Target(id="total:all", recipe=TOTAL, inputs=inputs, params={"to": "out/ünï\n 名.txt"})]


def test_odd_names_of_files_and_folders_are_names_like_others(tmp_path: Path) -> None:
    root = tmp_path / "a folder\nwith 'ünï' #%"
    root.mkdir()
    project = Project(root)
    for name in NAMES:
        (root / name).write_text(f"{name!r}\n")
    assert project.build(_odd(NAMES), stamp="s").is_success
    published = root / ".loopbuild" / "out" / "out" / "ünï\n 名.txt"
    assert published.read_text().splitlines() == [repr(name) for name in NAMES]
    assert project.build(_odd(NAMES), stamp="s").counts == {"fresh": len(NAMES) + 1}
    (root / NAMES[2]).write_text("changed\n")
    assert {entry.target for entry in plan(project.ws, _odd(NAMES)).would} == {"read:2"}
    assert project.build(_odd(NAMES), stamp="s").ran == {"read:2", "total:all"}
    for path in root.glob(".loopbuild/state.db*"):
        path.unlink()
    project.calls()
    assert project.build(_odd(NAMES), stamp="s").is_success
    assert project.calls() == []


def test_two_names_that_differ_in_case_only_are_two_or_the_same_file(tmp_path: Path) -> None:
    """On a disk that tells them apart they are two; on one that does not both read the one there is."""
    project = Project(tmp_path)
    (tmp_path / "One.txt").write_text("upper\n")
    (tmp_path / "one.txt").write_text("lower\n")
    project.build([Target(id="read:a", recipe=READ, files=(("text", "One.txt"),)),
                   Target(id="read:b", recipe=READ, files=(("text", "one.txt"),))])  # fmt: skip
    is_same = (tmp_path / "One.txt").read_text() == "lower\n"
    assert (project.entry("read:a").output == project.entry("read:b").output) is is_same


@pytest.mark.parametrize(
    ("kind", "found"), [("nfs4", "nfs4"), ("fuse.sshfs", "fuse.sshfs"), ("cifs", "cifs"), ("xfs", ""), ("fuseblk", "")]
)
def test_a_network_disk_is_known_by_its_longest_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, found: str
) -> None:
    place = tmp_path / "a b"
    text = MOUNTED.format(place=str(place).replace(" ", "\\040"), kind=kind)
    monkeypatch.setattr(disks, "MOUNTS", tmp_path / "mounts")
    assert disks.network_kind(place) == ""
    (tmp_path / "mounts").write_text(text + "garbage\n")
    assert disks.network_kind(place / "project" / ".loopbuild") == found
    assert disks.network_kind(place.with_name("a bc")) == ""


def test_on_a_network_disk_there_is_no_log_in_shared_memory_and_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: str
) -> None:
    """The index keeps a rollback journal there; a store that moves changes over, both ways."""
    project = new_project(tmp_path / "project")
    mounts = tmp_path / "mounts"
    monkeypatch.setattr(disks, "MOUNTS", mounts)
    mounts.write_text(MOUNTED.format(place=project.root, kind="nfs4"))
    assert project.build(everything()).is_success
    assert [event.message for event in project.events if "network disk (nfs4)" in event.message]
    assert _mode(project) == "delete"
    assert project.snapshot() == clean
    mounts.write_text("")
    assert project.build(everything()).counts == {"fresh": 11}
    assert _mode(project) == "wal"
    mounts.write_text(MOUNTED.format(place=project.root, kind="nfs4"))
    project.write(f0="other\n")
    assert project.build(everything()).is_success
    assert _mode(project) == "delete"
    assert not list((project.root / ".loopbuild").glob("state.db-*"))


def _mode(project: Project) -> str:
    with sqlite3.connect(project.root / ".loopbuild" / "state.db") as db:
        found = str(db.execute("PRAGMA journal_mode").fetchone()[0])
    db.close()
    return found


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_very_many_targets_stay_linear(tmp_path: Path, count: int) -> None:
    """A wide and a deep graph: twenty times as many targets take no more than some forty times as long."""
    project = Project(tmp_path)
    (tmp_path / "f.txt").write_text("a\n")
    seconds = []
    for size in (count // 20, count):
        wide = [
            Target(id=f"read:{n}", recipe=READ, files=(("text", "f.txt"),), params={"n": n}) for n in range(size // 2)
        ]
        deep = [
            Target(id=f"join:{n}", recipe=JOIN, params={"n": n}, inputs=(("a", f"join:{n - 1}" if n else "read:0"),))
            for n in range(size // 2)
        ]
        start = time.process_time()
        assert project.build([*deep, *wide]).is_success
        assert plan(project.ws, [*deep, *wide]).is_nothing_to_do
        seconds.append(time.process_time() - start)
    assert seconds[1] < 40 * max(seconds[0], 0.2)
