"""Kills, full disks and company: whatever happened, the next plain build gives what a clean one gives."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
import signal
import time

import pytest

from loopbuild.engine.uptodate import is_unchanged
from loopbuild.errors import StoreError
from tests.engine import recipes
from tests.engine.conftest import Project
from tests.engine.recipes import chain, table
from tests.faults.children import WORDS, child, everything, exit_code, failing

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.EROFS)


def test_killed_at_every_rename_the_next_build_is_as_clean(project: Project, clean: str) -> None:
    for count in range(1, 200, 3):

        def work(count: int = count) -> None:
            failing(count, lambda: os._exit(9))
            project.build(everything())

        if exit_code(child(work)) == 0:
            break
    else:
        raise AssertionError("the build never came to its end")
    assert project.build(everything()).is_success
    assert project.snapshot() == clean


@pytest.mark.parametrize("kills", [50, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_killed_at_random_moments_the_next_build_is_as_clean(project: Project, clean: str, kills: int) -> None:
    """The parent alone or its whole group; now and then one with workers. Only kills that met a running build count."""
    chance = random.Random(7)
    start = time.monotonic()
    assert exit_code(child(lambda: project.build(everything()))) == 0
    span = time.monotonic() - start
    shortest = span / 3
    hits, was_hit = 0, False
    for number in range(10 * kills):
        # A build that came to its end leaves nothing to do for the next one to be killed at.
        if number % 3 == 0 or not was_hit:
            project.write(f0=f"{number}\n", words=f"x={number}\ny=two\nz=three\n")
        jobs = 2 if number % 25 == 0 else 1
        pid = child(lambda jobs=jobs: project.build(everything(), jobs=jobs))
        time.sleep(chance.uniform(0.0, span) * (5 if jobs > 1 else 1))
        (os.kill if number % 2 else _kill_group)(pid, signal.SIGKILL)
        was_hit = exit_code(pid) == -signal.SIGKILL
        hits += was_hit
        if hits == kills:
            break
        if not was_hit:
            span = max(shortest, span * 0.9)  # the first build was the longest; this one had ended before the kill
    assert hits == kills
    project.write(f0="a\n# c\n", words=WORDS)
    assert project.build(everything()).is_success
    assert project.snapshot() == clean
    assert list((project.root / ".loopbuild" / "tmp").iterdir()) == []


def _kill_group(pid: int, number: int) -> None:
    # Before the child leads a group of its own there is only itself to kill.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
    os.kill(pid, number)


def test_finished_rows_survive_a_kill(project: Project) -> None:
    (project.root / "slow").write_text("0.15")
    pid = child(lambda: project.build(table()))
    while len(recipes.calls(project.root, clear=False)) < 5:
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    exit_code(pid)
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
            failing(count, fail)
            project.build(everything())

        assert exit_code(child(work)) in (0, 1)
    assert project.build(everything()).is_success
    assert project.snapshot() == clean


@pytest.mark.parametrize("limit", [1, 100, 4096, 40_000])
def test_a_limit_on_file_sizes_is_said_and_poisons_nothing(project: Project, clean: str, limit: int) -> None:
    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        project.build(everything())

    assert exit_code(child(work)) in (0, 1)
    assert project.build(everything()).is_success
    assert project.snapshot() == clean


@pytest.mark.parametrize("count", [2, 5])
def test_builds_at_once_all_succeed_and_run_each_action_once(project: Project, clean: str, count: int) -> None:
    (project.root / "slow").write_text("0.005")

    def work() -> None:
        assert project.build(everything()).is_success

    assert [exit_code(pid) for pid in [child(work) for _ in range(count)]] == [0] * count
    calls = project.calls()
    assert sorted(calls) == sorted(set(calls))
    assert project.snapshot() == clean


def test_a_question_during_a_build_is_answered(project: Project) -> None:
    from loopbuild.engine.plan import plan

    (project.root / "slow").write_text("0.02")
    pid = child(lambda: project.build(everything()))
    for _ in range(10):
        plan(project.ws, everything())
        time.sleep(0.01)
    assert exit_code(pid) == 0
    assert plan(project.ws, everything()).is_nothing_to_do


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_commits_what_is_finished_and_the_next_build_resumes(
    project: Project, clean: str, number: signal.Signals
) -> None:
    (project.root / "slow").write_text("0.05")

    def work() -> None:
        outcome = project.build(everything())
        os._exit(130 if outcome.is_interrupted else 0)

    pid = child(work)
    while len(recipes.calls(project.root, clear=False)) < 12:
        time.sleep(0.01)
    os.kill(pid, number)
    assert exit_code(pid) == 130
    before = project.calls()
    assert project.build(everything()).is_success
    assert not set(before) & set(project.calls())
    assert project.snapshot() == clean


def test_an_input_edited_while_it_is_read_does_not_mix_in(project: Project) -> None:
    targets = chain()
    first = project.build(targets)
    assert first.is_success
    (project.root / "slow").write_text("0.1")
    project.write(f0="during\n")
    pid = child(lambda: project.build(targets))
    while not recipes.calls(project.root, clear=False):
        time.sleep(0.005)
    project.write(f0="after\n")
    assert exit_code(pid) == 0
    (project.root / "slow").unlink()
    project.build(targets)
    assert "after" in project.snapshot()


def test_a_folder_that_can_not_be_written_is_said(project: Project) -> None:
    (project.root / ".loopbuild").write_text("a file in the way")
    with pytest.raises(StoreError):
        project.build(everything())


def test_a_signal_ends_workers_too(project: Project) -> None:
    (project.root / "slow").write_text("0.3")

    def work() -> None:
        outcome = project.build(everything(), jobs=2)
        os._exit(130 if outcome.is_interrupted else 0)

    pid = child(work)
    while not recipes.calls(project.root, clear=False):
        time.sleep(0.01)
    os.kill(pid, signal.SIGTERM)
    assert exit_code(pid) == 130
    (project.root / "slow").unlink()
    before = project.calls()
    assert project.build(everything()).is_success
    assert not set(before) & set(project.calls())


def test_a_file_edited_while_it_was_built_from_does_not_pass_for_built(project: Project) -> None:
    """The shortcut of the next build compares with what was read, not with what the file is at the end."""
    (project.root / "slow").write_text("0.5")
    pid = child(lambda: project.build(chain(), stamp="s"))
    while not recipes.calls(project.root, clear=False):
        time.sleep(0.005)
    project.write(f0="edited\n")
    assert exit_code(pid) == 0
    (project.root / "slow").unlink()
    assert is_unchanged(project.ws, {}, "s") is None
    assert "read:0" in project.build(chain(), stamp="s").ran
