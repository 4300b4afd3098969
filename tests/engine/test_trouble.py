"""Trouble of the machine is told apart from damage, and a lock that vanished is no lock."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from loopbuild.engine import verify
from loopbuild.engine.held import Held, stored
from loopbuild.engine.objects import Objects
from loopbuild.engine.workspace import Workspace
from tests.engine.conftest import Project
from tests.engine.recipes import chain


def without_descriptors(work: Callable[[], object]) -> None:
    """Do something while no further file can be opened."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
        with contextlib.suppress(OSError):
            for _ in range(300):
                held.append(os.open("/dev/null", os.O_RDONLY))
        assert len(held) < 256
        work()
    finally:
        for handle in held:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_an_object_that_can_not_be_opened_is_not_called_damaged(tmp_path: Path) -> None:
    """Else a paid answer would be thrown away and paid again because something leaked descriptors."""
    objects = Objects(tmp_path / "store" / "cas", scratch=tmp_path)
    digest = objects.put(b"a paid answer", is_durable=True)
    errors: list[OSError] = []

    def look() -> None:
        try:
            objects.is_sound(digest)
        except OSError as error:
            errors.append(error)

    without_descriptors(look)
    assert len(errors) == 1
    assert objects.is_sound(digest)


def test_a_check_of_the_store_throws_nothing_away_that_it_could_not_open(project: Project) -> None:
    project.build(chain())
    there = stored(project.ws.objects)
    errors: list[OSError] = []

    def check() -> None:
        try:
            verify._bad(project.ws, there, Held(), verify.Verified(), is_full=True)
        except OSError as error:
            errors.append(error)

    without_descriptors(check)
    (error,) = errors
    assert error.errno == errno.EMFILE
    assert there
    assert stored(project.ws.objects) == there


def test_what_is_not_there_or_has_other_bytes_is_not_sound(tmp_path: Path) -> None:
    objects = Objects(tmp_path / "store" / "cas", scratch=tmp_path)
    digest = objects.put(b"bytes")
    path = Path(objects.path(digest))
    path.chmod(0o644)
    path.write_bytes(b"other")
    assert not objects.is_sound(digest)
    assert not objects.is_sound("0" * 64)


def test_a_durable_object_syncs_the_way_to_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder made by somebody in less of a hurry to disk may not be there after a power loss."""
    objects = Objects(tmp_path / "store" / "cas", scratch=tmp_path)
    synced: list[str] = []
    real = os.fsync

    def note(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        real(handle)

    monkeypatch.setattr(os, "fsync", note)
    digest = objects.put(b"cheap")
    assert not synced
    objects.put(b"cheap", is_durable=True)
    shelf = Path(objects.path(digest)).parent
    assert synced == [objects.path(digest), *map(str, (shelf, shelf.parent, shelf.parent.parent, tmp_path))]
    synced.clear()
    objects.put(b"cheap", is_durable=True)
    assert synced == [objects.path(digest), str(shelf)]


def test_who_waited_for_a_lock_that_was_deleted_does_not_build_beside_another(tmp_path: Path) -> None:
    """A deleted lock file can still be locked, by those who had it open; a later build would lock a new one."""
    ws = Workspace.open(tmp_path, code_version="1")
    waits, may_end, inside = threading.Event(), threading.Event(), threading.Event()
    same: list[bool] = []

    def wait() -> None:
        with ws.exclusive(lambda pid: waits.set()):
            inside.set()
            may_end.wait(30)

    other = threading.Thread(target=wait)
    with ws.exclusive(lambda pid: None):
        other.start()
        assert waits.wait(30)
        shutil.rmtree(ws.folder)
    assert inside.wait(30)
    told: list[str] = []

    def late() -> None:
        with ws.exclusive(told.append):
            same.append(may_end.is_set())

    third = threading.Thread(target=late)
    third.start()
    third.join(0.3)
    assert third.is_alive()
    assert told == [str(os.getpid())]
    may_end.set()
    third.join(30)
    other.join(30)
    assert same == [True]
