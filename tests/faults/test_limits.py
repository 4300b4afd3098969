"""Too few files, no room, nothing writable: said in one line, nothing poisoned, and the next build is as clean."""

from __future__ import annotations

import builtins
import errno
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loopbuild.engine.health import store_health
from loopbuild.engine.plan import plan
from loopbuild.engine.why import explain
from loopbuild.errors import StoreError
from tests.engine.conftest import Project
from tests.faults.children import child, everything, exit_code, new_project

NOBODY = 65_534


@pytest.mark.parametrize("spare", range(0, 12, 1))
def test_too_few_open_files_are_said(project: Project, clean: str, spare: int) -> None:
    def work() -> None:
        used = len(list(Path("/dev/fd").iterdir()))
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + spare, used + spare))
        if not project.build(everything()).is_success:
            os._exit(2)  # a recipe itself found no file to open

    assert exit_code(child(work)) in (0, 1, 2)
    assert project.build(everything()).is_success
    assert project.snapshot() == clean


def _writes_fail(number: int, count: int) -> None:
    """From the write number `count` on, whatever is opened for writing can not be written to."""
    real, seen = builtins.open, [0]

    def opened(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if "w" in mode:
            seen[0] += 1
            if seen[0] >= count:
                raise OSError(number, os.strerror(number), str(file))
        return real(file, mode, *rest, **options)

    builtins.open = opened  # type: ignore[assignment]


def _syncs_fail(number: int, count: int) -> None:
    real, seen = os.fsync, [0]

    def fsync(handle: int) -> None:
        seen[0] += 1
        if seen[0] >= count:
            raise OSError(number, os.strerror(number))
        real(handle)

    os.fsync = fsync


def _folders_fail(number: int, count: int) -> None:
    real, seen = os.mkdir, [0]

    def mkdir(path: Any, *rest: Any, **options: Any) -> None:
        seen[0] += 1
        if seen[0] >= count:
            raise OSError(number, os.strerror(number), str(path))
        real(path, *rest, **options)

    os.mkdir = mkdir


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
@pytest.mark.parametrize("fail", [_writes_fail, _syncs_fail, _folders_fail])
def test_wherever_writing_ends_nothing_is_poisoned(
    project: Project, clean: str, fail: Callable[[int, int], None], number: int
) -> None:
    codes = []
    for count in (1, 2, 4, 9, 17):

        def work(count: int = count) -> None:
            fail(number, count)
            project.build(everything())

        codes.append(exit_code(child(work)))
    assert set(codes) <= {0, 1}
    assert codes[0] == 1
    assert project.build(everything()).is_success
    assert project.snapshot() == clean


@pytest.fixture
def readable(clean: str) -> Iterator[Project]:
    """A built project that somebody else may read and not write; outside of the folders only we may enter."""
    with tempfile.TemporaryDirectory(prefix="loopbuild-readable-") as folder:
        Path(folder).chmod(0o755)
        project = new_project(Path(folder) / "project")
        project.build(everything())
        assert project.snapshot() == clean
        for path in [project.root, *project.root.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o555 if path.is_dir() else 0o444)
        yield project
        for path in [project.root, *project.root.rglob("*")]:
            path.chmod(0o755)
        shutil.rmtree(project.root)


def _as_somebody_else(work: Callable[[], object]) -> int:
    def guarded() -> None:
        if os.getuid() == 0:  # who is root may write everywhere
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        work()

    return exit_code(child(guarded))


def test_questions_are_answered_in_a_folder_that_can_only_be_read(readable: Project) -> None:
    def work() -> None:
        assert plan(readable.ws, everything()).is_nothing_to_do
        assert explain(readable.ws, everything(), "total:all").will == "reuse"

    assert _as_somebody_else(work) == 0
    assert not list((readable.root / ".loopbuild").glob("state.db-*"))


def test_a_store_that_can_only_be_read_is_not_called_in_order(readable: Project) -> None:
    def work() -> None:
        assert store_health(readable.ws).unwritable == str(readable.root)

    assert not store_health(new_project(readable.root.parent / "other").ws).unwritable
    assert _as_somebody_else(work) == 0


def test_a_build_where_nothing_can_be_written_says_so(readable: Project) -> None:
    def work() -> None:
        try:
            readable.build(everything())
        except StoreError as error:
            os._exit(7 if "cannot use" in error.message and "writable" in error.hint else 8)

    assert _as_somebody_else(work) == 7
