"""Kernel locks on files: whoever holds one keeps the file open, and the kernel frees it however its holder ends.

Decides how a lock is waited for, and that nobody holds it beside its owner: a forked child lets go at once, and the
lock of a file that was deleted or replaced is none. What stands in such a file is for display and decides nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_PATIENCE_SECONDS = 0.1
"""How long nothing is said of a lock that is busy; most are held for a moment."""
_SHORTEST, _LONGEST = 0.001, 0.25


def never() -> bool:
    """Return False: nobody asks to stop."""
    return False


def pause(waited: float) -> None:
    """Sleep before looking again: for an eighth of the time waited so far, so that an end is seen soon and cheaply."""
    time.sleep(min(_LONGEST, max(_SHORTEST, waited / 8)))


class Stopped(Exception):
    """The wait for a lock was given up because the build was asked to stop."""


class Lock:
    """A lock on the file at `path`, which is made when it is not there; not to be taken twice."""

    def __init__(self, path: str | Path) -> None:
        self.path = os.fspath(path)
        self._handle = -1

    def take(self, *, is_shared: bool = False, says: str = "") -> bool:
        """Take the lock if it is free; return whether it is ours. Those who find it busy may show what it `says`."""
        kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
        while True:
            handle = _opened(self.path)
            try:
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
                is_same = _is_same(handle, self.path)
            except BlockingIOError:
                os.close(handle)
                return False
            except BaseException:
                os.close(handle)
                raise
            if is_same:
                break
            # Its last holder, or somebody who deleted the folder, took the file away: others lock another one.
            os.close(handle)
        self._handle = handle
        _held.add(self)
        if says:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, 0)
                os.pwrite(handle, f"{says}\n".encode(), 0)
        return True

    def wait(
        self,
        *,
        is_shared: bool = False,
        says: str = "",
        on_wait: Callable[[], None] | None = None,
        is_cancelled: Callable[[], bool] = never,
    ) -> None:
        """Take the lock as soon as it is free; `on_wait` is called once when that takes longer than a moment.

        Raises Stopped when the build is asked to stop meanwhile.
        """
        start = time.monotonic()
        while not self.take(is_shared=is_shared, says=says):
            if is_cancelled():
                raise Stopped
            waited = time.monotonic() - start
            if on_wait is not None and waited >= _PATIENCE_SECONDS:
                on_wait()
                on_wait = None
            pause(waited)

    def release(self) -> None:
        """Let go; a lock that is not held stays so."""
        if self._handle >= 0:
            _held.discard(self)
            handle, self._handle = self._handle, -1
            os.close(handle)

    @contextlib.contextmanager
    def held(
        self,
        *,
        is_shared: bool = False,
        says: str = "",
        on_wait: Callable[[], None] | None = None,
        is_cancelled: Callable[[], bool] = never,
    ) -> Iterator[None]:
        """Wait, and let go at the end."""
        self.wait(is_shared=is_shared, says=says, on_wait=on_wait, is_cancelled=is_cancelled)
        try:
            yield
        finally:
            self.release()


def is_held(path: str | Path) -> bool:
    """Return whether somebody holds the lock on a file exclusively; it is neither made nor written."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def said_in(path: str | Path) -> str:
    """Return what the holder of a lock wrote into its file."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123
            return stream.read(4096).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _is_same(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))  # noqa: PTH116
    except FileNotFoundError:
        return False


_held: set[Lock] = set()


def _let_go() -> None:
    # A forked child shares the open files, and with them the locks, for as long as it lives.
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_let_go)
