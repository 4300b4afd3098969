"""Power loss: whatever was not synced is gone, and nothing that was paid for or trained is."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from loopbuild.engine.query import output
from loopbuild.engine.target import Target
from tests.engine import recipes
from tests.engine.conftest import Project
from tests.engine.recipes import PAID, READ, STEPWISE, table
from tests.faults.children import child, everything, exit_code, new_project

KEYS = [f"q{number}" for number in range(12)]


def _paid() -> list[Target]:
    return table(PAID)


def _trained() -> list[Target]:
    return [
        Target(id="read:0", recipe=READ, files=(("text", "f0.txt"),)),
        Target(id="checkpoint:a", recipe=STEPWISE, inputs=(("data", "read:0"),), head="checkpoint:a"),
    ]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = new_project(tmp_path / "project")
    found.write(words="", rows="".join(f"{key}\n" for key in KEYS))
    return found


def _lose_power(project: Project, build: Callable[[], object], *, after: str) -> None:
    """Build until a call is noted, then die, and let nothing survive but what was synced by then.

    A file's content survives if the file was synced, its name if its folder was synced since. The index goes
    altogether: sqlite keeps its own promises, and what it may lose at most is everything.
    """
    log = project.root / "synced"

    def work() -> None:
        real_sync, real_note = os.fsync, recipes.note

        def sync(handle: int) -> None:
            real_sync(handle)
            named = Path(f"/proc/self/fd/{handle}").readlink()
            inode = os.fstat(handle).st_ino
            names = [str(path.stat().st_ino) for path in named.iterdir()] if named.is_dir() else []
            with log.open("a") as stream:
                stream.write(f"file {inode}\n" + "".join(f"name {name}\n" for name in names))

        def note(action: recipes.Action, what: str) -> None:
            real_note(action, what)
            if f"{action.target} {what}" == after:
                os._exit(9)

        os.fsync, recipes.note = sync, note
        build()

    assert exit_code(child(work)) == 9
    synced = log.read_text().splitlines() if log.exists() else []
    store = project.root / ".loopbuild"
    for path in (store / "cas").rglob("*"):
        if path.is_file():
            inode = path.stat().st_ino
            if f"name {inode}" not in synced:
                path.unlink()
            elif f"file {inode}" not in synced:
                path.chmod(0o644)
                path.write_bytes(b"")
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (store / name).unlink(missing_ok=True)
    shutil.rmtree(store / "tmp")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="asks the kernel which file a handle is")
@pytest.mark.parametrize("number", [0, 1, 5, 11])
def test_paid_answers_survive_a_power_loss(project: Project, number: int) -> None:
    """Every answer that came before the call in flight is there, though the whole index went."""
    _lose_power(project, lambda: project.build(_paid()), after=f"table:main q{number} sent")
    project.calls()
    assert project.build(_paid()).is_success
    again = [line.split()[1] for line in project.calls() if line.endswith("sent")]
    assert again == KEYS[number:]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="asks the kernel which file a handle is")
def test_a_checkpoint_survives_a_power_loss_once_it_is_committed(project: Project) -> None:
    project.build(_trained())
    first = output(project.ws, "checkpoint:a")
    project.write(f0="more\n")
    targets = [
        *_trained(),
        Target(id="read:last", recipe=READ, inputs=(("w", "checkpoint:a"),), files=(("text", "f1.txt"),)),
    ]
    older = [path.stat().st_ino for path in (project.root / ".loopbuild" / "cas").rglob("*") if path.is_file()]
    (project.root / "synced").write_text("".join(f"file {inode}\nname {inode}\n" for inode in older))
    _lose_power(project, lambda: project.build(targets), after="read:last run")
    second = output(project.ws, "checkpoint:a")
    assert second is not None
    assert second["seen"] == [*first["seen"], "more"]
    project.calls()
    assert project.build(targets).is_success
    assert not [line for line in project.calls() if line.startswith("checkpoint:a")]


def test_cheap_results_may_go_and_are_made_again(project: Project, clean: str) -> None:
    """Every unsynced object is torn to half its length: found, forgotten, made again."""
    project = new_project(project.root.with_name("cheap"))
    assert project.build(everything()).is_success
    for path in (project.root / ".loopbuild" / "cas").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            os.truncate(path, path.stat().st_size // 2)
    (project.root / ".loopbuild" / "state.db").unlink()
    assert project.build(everything()).is_success
    assert project.snapshot() == clean


@pytest.mark.parametrize("version", [0, 7])
def test_an_index_of_another_release_is_made_anew_with_a_message_and_nothing_runs(
    project: Project, version: int
) -> None:
    project = new_project(project.root.with_name("another"))
    project.build(everything())
    with sqlite3.connect(project.root / ".loopbuild" / "state.db") as db:
        db.execute(f"PRAGMA user_version={version}")
    db.close()
    project.calls()
    outcome = project.build(everything())
    assert outcome.is_success
    assert project.calls() == []
    assert any("state.db" in event.message for event in project.events)
