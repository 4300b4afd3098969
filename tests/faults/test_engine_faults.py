"""Kills, full disks and company: whatever happened, the next plain build gives what a clean one gives."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loopbuild.engine.target import Target
from loopbuild.engine.uptodate import is_unchanged
from loopbuild.errors import StoreError
from tests.engine import recipes
from tests.engine.conftest import Project
from tests.engine.recipes import chain, table

WORDS = "x=one\ny=two\nz=three\n"
ROWS = "r1 x\nr2 x y\nr3 z\nr4 y\nr5 x z\nr6 z y\n"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.EROFS)


def _targets() -> list[Target]:
    return [*chain(), *table()]


def _project(root: Path) -> Project:
    root.mkdir(exist_ok=True)
    found = Project(root)
    found.write(f0="a\n# c\n", f1="b\n", f2="c\n", f3="d\n", words=WORDS, rows=ROWS)
    return found


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> str:
    project = _project(tmp_path_factory.mktemp("clean"))
    project.build(_targets())
    return project.snapshot()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return _project(tmp_path / "project")


def _child(work: Callable[[], object]) -> int:
    """Fork; a spawned interpreter would spend the whole test starting up."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        work()
        code = 0
    except StoreError:
        code = 1
    finally:
        os._exit(code)


def _exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _failing(count: int, do: Callable[[], Any]) -> None:
    """Let the rename number `count` not happen, but `do` instead."""
    real, seen = os.replace, [0]

    def replace(source: Any, target: Any, **options: Any) -> None:
        seen[0] += 1
        if seen[0] >= count:
            do()
        real(source, target, **options)

    os.replace = replace


def test_killed_at_every_rename_the_next_build_is_as_clean(project: Project, clean: str) -> None:
    for count in range(1, 200, 3):

        def work(count: int = count) -> None:
            _failing(count, lambda: os._exit(9))
            project.build(_targets())

        if _exit_code(_child(work)) == 0:
            break
    else:
        raise AssertionError("the build never came to its end")
    assert project.build(_targets()).is_success
    assert project.snapshot() == clean


@pytest.mark.parametrize("kills", [20, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_killed_at_random_moments_the_next_build_is_as_clean(project: Project, clean: str, kills: int) -> None:
    chance = random.Random(7)
    hits = 0
    for number in range(kills):
        if number % 5 == 0:
            project.write(f0=f"{number}\n", words=f"x={number}\ny=two\nz=three\n")
        pid = _child(lambda: project.build(_targets()))
        time.sleep(chance.uniform(0.005, 0.12))
        os.kill(pid, signal.SIGKILL)
        hits += _exit_code(pid) == -signal.SIGKILL
    assert hits
    project.write(f0="a\n# c\n", words=WORDS)
    assert project.build(_targets()).is_success
    assert project.snapshot() == clean
    assert list((project.root / ".loopbuild" / "tmp").iterdir()) == []


def test_finished_rows_survive_a_kill(project: Project) -> None:
    (project.root / "slow").write_text("0.15")
    pid = _child(lambda: project.build(table()))
    while len(recipes.calls(project.root, clear=False)) < 5:
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    _exit_code(pid)
    (project.root / "slow").unlink()
    before = project.calls()
    project.build(table())
    after = project.calls()
    assert len(before) == 5
    assert len(after) in (2, 3)
    assert set(before) | set(after) == {f"table:main r{i}" for i in range(1, 7)}


@pytest.mark.parametrize("number", FULL)
def test_a_full_disk_is_said_and_poisons_nothing(project: Project, clean: str, number: int) -> None:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    for count in range(1, 60, 9):

        def work(count: int = count) -> None:
            _failing(count, fail)
            project.build(_targets())

        assert _exit_code(_child(work)) in (0, 1)
    assert project.build(_targets()).is_success
    assert project.snapshot() == clean


@pytest.mark.parametrize("limit", [1, 100, 4096, 40_000])
def test_a_limit_on_file_sizes_is_said_and_poisons_nothing(project: Project, clean: str, limit: int) -> None:
    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        project.build(_targets())

    assert _exit_code(_child(work)) in (0, 1)
    assert project.build(_targets()).is_success
    assert project.snapshot() == clean


@pytest.mark.parametrize("count", [2, 5])
def test_builds_at_once_all_succeed_and_run_each_action_once(project: Project, clean: str, count: int) -> None:
    (project.root / "slow").write_text("0.005")

    def work() -> None:
        assert project.build(_targets()).is_success

    assert [_exit_code(pid) for pid in [_child(work) for _ in range(count)]] == [0] * count
    calls = project.calls()
    assert sorted(calls) == sorted(set(calls))
    assert project.snapshot() == clean


def test_a_question_during_a_build_is_answered(project: Project) -> None:
    from loopbuild.engine.plan import plan

    (project.root / "slow").write_text("0.02")
    pid = _child(lambda: project.build(_targets()))
    for _ in range(10):
        plan(project.ws, _targets())
        time.sleep(0.01)
    assert _exit_code(pid) == 0
    assert plan(project.ws, _targets()).is_nothing_to_do


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_commits_what_is_finished_and_the_next_build_resumes(
    project: Project, clean: str, number: signal.Signals
) -> None:
    (project.root / "slow").write_text("0.05")

    def work() -> None:
        outcome = project.build(_targets())
        os._exit(130 if outcome.is_interrupted else 0)

    pid = _child(work)
    while len(recipes.calls(project.root, clear=False)) < 12:
        time.sleep(0.01)
    os.kill(pid, number)
    assert _exit_code(pid) == 130
    before = project.calls()
    assert project.build(_targets()).is_success
    assert not set(before) & set(project.calls())
    assert project.snapshot() == clean


def test_an_input_edited_while_it_is_read_does_not_mix_in(project: Project) -> None:
    targets = chain()
    first = project.build(targets)
    assert first.is_success
    (project.root / "slow").write_text("0.1")
    project.write(f0="during\n")
    pid = _child(lambda: project.build(targets))
    while not recipes.calls(project.root, clear=False):
        time.sleep(0.005)
    project.write(f0="after\n")
    assert _exit_code(pid) == 0
    (project.root / "slow").unlink()
    project.build(targets)
    assert "after" in project.snapshot()


def test_a_folder_that_can_not_be_written_is_said(project: Project) -> None:
    (project.root / ".loopbuild").write_text("a file in the way")
    with pytest.raises(StoreError):
        project.build(_targets())


def test_who_waits_is_told_for_whom(project: Project) -> None:
    (project.root / "slow").write_text("0.05")
    pid = _child(lambda: project.build(chain()))
    while not recipes.calls(project.root, clear=False):
        time.sleep(0.005)
    assert project.build(chain()).counts == {"fresh": 9}
    assert f"waiting for pid {pid}, which builds here" in [event.message for event in project.events]
    assert _exit_code(pid) == 0


def test_a_signal_ends_workers_too(project: Project) -> None:
    (project.root / "slow").write_text("0.3")

    def work() -> None:
        outcome = project.build(_targets(), jobs=2)
        os._exit(130 if outcome.is_interrupted else 0)

    pid = _child(work)
    while not recipes.calls(project.root, clear=False):
        time.sleep(0.01)
    os.kill(pid, signal.SIGTERM)
    assert _exit_code(pid) == 130
    (project.root / "slow").unlink()
    before = project.calls()
    assert project.build(_targets()).is_success
    assert not set(before) & set(project.calls())


def test_a_file_edited_while_it_was_built_from_does_not_pass_for_built(project: Project) -> None:
    """The shortcut of the next build compares with what was read, not with what the file is at the end."""
    (project.root / "slow").write_text("0.5")
    pid = _child(lambda: project.build(chain(), stamp="s"))
    while not recipes.calls(project.root, clear=False):
        time.sleep(0.005)
    project.write(f0="edited\n")
    assert _exit_code(pid) == 0
    (project.root / "slow").unlink()
    assert is_unchanged(project.ws, {}, "s") is None
    assert "read:0" in project.build(chain(), stamp="s").ran
