"""Leases: of several builds of one store, which may make a target now.

Decides what an action has to have for itself. A plain pure action its key, since its bytes are those of the key. A
table, and whatever is paid for, its target too: under another key most of its rows are the same rows. A history the
head of its chain besides. All are taken at once or none, so nobody waits while holding what another waits for.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from loopbuild.digest import digest
from loopbuild.engine.locks import Lock, is_held, said_in
from loopbuild.engine.target import Target


def names_for(target: Target, key: str) -> tuple[str, ...]:
    """Return the names of the leases under which a target of this key is made."""
    recipe = target.recipe
    if recipe.nature == "pure" and not recipe.is_rows:
        return (key,)
    owners = dict.fromkeys([target.id, *([target.head] if target.head else [])])
    return (*(digest("lease", owner) for owner in owners), key)


class Lease:
    """What one action has for itself until it is released."""

    def __init__(self, locks: Sequence[Lock]) -> None:
        self._locks = locks

    def release(self) -> None:
        """Let others have it; called twice, nothing happens."""
        locks, self._locks = self._locks, ()
        for lock in locks:
            # Taken away while it is held: whoever opened it meanwhile sees that it is another file now.
            with contextlib.suppress(OSError):
                os.unlink(lock.path)  # noqa: PTH108 - once for every action
            lock.release()


class Leases:
    """The leases of one store, as one process sees them."""

    def __init__(self, folder: Path) -> None:
        self._prefix = f"{folder}{os.sep}"

    def take(self, names: Sequence[str], *, target: str) -> Lease | None:
        """Return the lease of all these names; None when somebody has one of them, be it this process itself."""
        taken: list[Lock] = []
        says = f"{os.getpid()} {target}"
        try:
            for name in names:
                lock = Lock(self._prefix + name)
                if not lock.take(says=says):
                    Lease(taken).release()
                    return None
                taken.append(lock)
        except BaseException:
            Lease(taken).release()
            raise
        return Lease(taken)

    def holder(self, names: Sequence[str]) -> tuple[str, str]:
        """Return the process that has one of these names and the target it makes, for display; empty when unknown."""
        for name in names:
            pid, _, target = said_in(self._prefix + name).partition(" ")
            if pid:
                return pid, target
        return "", ""

    def held(self) -> list[tuple[str, str]]:
        """Return (process, target) of every action that is being made now, sorted; nothing is written."""
        found = set()
        with contextlib.suppress(OSError):
            for entry in os.scandir(self._prefix):
                if is_held(entry.path):
                    pid, _, target = said_in(entry.path).partition(" ")
                    found.add((pid, target))
        return sorted(found)

    def sweep(self) -> None:
        """Take away what processes left behind that were killed."""
        for entry in os.scandir(self._prefix):
            lock = Lock(entry.path)
            with contextlib.suppress(OSError):
                if lock.take():
                    Lease([lock]).release()
