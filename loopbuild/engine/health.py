"""How a store stands: the disk under it, its kernel locks, its index, its lock, and who works in it. Writes nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from dataclasses import dataclass
from typing import Literal

from loopbuild.engine import lockfile
from loopbuild.engine.disks import network_kind
from loopbuild.engine.journal import Journal
from loopbuild.engine.locks import is_held
from loopbuild.engine.workspace import Neighbour, Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """What was found."""

    free_bytes: int
    unwritable: str
    """The first place a build would write to and cannot; empty when there is none."""
    network_disk: str
    """The kind of network disk, empty for a local one."""
    has_locks: bool
    """Whether the disk's kernel locks work, as far as one can see without taking one."""
    index: Literal["absent", "sound", "damaged"]
    set_aside: tuple[str, ...]
    """Damaged indexes that were kept."""
    lock: lockfile.LockError | None
    """What is wrong with loop.lock."""
    neighbours: tuple[Neighbour, ...]
    making: tuple[tuple[str, str], ...]
    """(process id, target) of every action that is being made now."""
    unfinished: int
    """Actions that were cut short and keep what they had, such as steps of a training run."""


def store_health(ws: Workspace) -> StoreHealth:
    """Look at the store."""
    return StoreHealth(
        free_bytes=shutil.disk_usage(ws.root).free,
        unwritable=_unwritable(ws),
        network_disk=network_kind(ws.folder),
        has_locks=_has_locks(ws),
        index=_index(ws),
        set_aside=tuple(sorted(path.name for path in ws.folder.glob("state.db.corrupt-*"))),
        lock=_lock_trouble(ws),
        neighbours=ws.neighbours(),
        making=tuple(ws.leases.held()),
        unfinished=_count(ws),
    )


def _unwritable(ws: Workspace) -> str:
    places = ("", "cas", "partial", "tmp", "out", "leases", "lock", "state.db")
    found = [ws.root, *(path for name in places if (path := ws.folder / name).exists())]
    return next((str(path) for path in found if not os.access(path, os.W_OK)), "")


def _has_locks(ws: Workspace) -> bool:
    try:
        is_held(ws.folder / "lock")
    except OSError:
        return False
    return True


def _index(ws: Workspace) -> Literal["absent", "sound", "damaged"]:
    path = ws.folder / "state.db"
    if not path.exists():
        return "absent"
    try:
        with contextlib.closing(Journal(path, is_writable=False)) as journal:
            return "sound" if journal.is_whole() else "damaged"
    except sqlite3.OperationalError:
        with ws.reading():  # a folder that can only be read: what stands in a copy of it counts
            return "sound"
    except sqlite3.DatabaseError:
        return "damaged"


def _lock_trouble(ws: Workspace) -> lockfile.LockError | None:
    try:
        lockfile.read(ws.root)
    except lockfile.LockError as error:
        return error
    return None


def _count(ws: Workspace) -> int:
    try:
        return sum(1 for _ in (ws.folder / "partial").iterdir())
    except OSError:
        return 0
