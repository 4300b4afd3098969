"""The shortcut of a build with nothing to do: recognise that nothing it depends on has changed, in milliseconds.

Decides by what the last complete build saw: leaf files, stored objects, published files. Imports nothing heavy and
never answers "unchanged" when in doubt; the full walk then finds out what it is.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from loopbuild.engine.journal import Journal, Stat
from loopbuild.engine.leaves import is_settled, stat_of
from loopbuild.engine.workspace import Workspace

_NAME = "complete_build"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpToDate:
    """Nothing to do."""

    target_count: int
    built_at: float
    """When the last complete build ended, in seconds since the epoch."""


def is_unchanged(ws: Workspace, leaves: Mapping[str, str], stamp: str) -> UpToDate | None:
    """Return the last complete build if all it depended on is as it was, else None.

    `stamp` must be the one given to that build. `leaves`: role -> path relative to the project of files the caller
    knows of; those the build saw are checked anyway, one it did not see means "changed".
    """
    path = ws.folder / "state.db"
    if not stamp or not path.is_file():
        return None
    try:
        with ws.reading() as journal:
            seen = journal.meta(_NAME)
    except sqlite3.Error:
        return None
    if seen is None or seen["stamp"] != stamp or seen["code_version"] != ws.code_version:
        return None
    if any(name not in seen["leaves"] for name in leaves.values()):
        return None
    try:
        for name, (stat, recorded, digest) in seen["leaves"].items():
            if not _is_same_file(ws.root / name, tuple(stat), recorded, digest):
                return None
        prefix = f"{ws.objects.folder}{os.sep}"
        for name, stat in seen["objects"].items():
            found = os.stat(f"{prefix}{name[:2]}{os.sep}{name[2:]}")  # noqa: PTH116 - thousands
            if found.st_size != stat[0] or found.st_mtime_ns != stat[1]:
                return None
        for name, stat in seen["out"].items():
            found = os.lstat(ws.folder / "out" / name)
            if [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev] != stat:
                return None
    except OSError:
        return None
    if not (ws.root / "loop.lock").is_file():
        return None
    return UpToDate(target_count=seen["target_count"], built_at=seen["built_at"])


def remember(
    journal: Journal,
    ws: Workspace,
    *,
    stamp: str,
    leaves: Mapping[str, str],
    needs: Iterable[str],
    published: Mapping[str, str],
    target_count: int,
) -> None:
    """Note a complete build; without a stamp, forget the last one. Call inside a transaction.

    `leaves` is path -> digest, `needs` are the objects that must be there, `published` path below `out` -> digest.
    """
    if not stamp:
        journal.set_meta(_NAME, None)
        return
    now = ws.clock()
    objects = {}
    for name in sorted(needs):
        found = os.stat(ws.objects.path(name))  # noqa: PTH116
        objects[name] = [found.st_size, found.st_mtime_ns]
    out = {}
    for name in sorted(published):
        found = os.lstat(ws.folder / "out" / name)
        out[name] = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]
    try:
        stats = {name: [list(stat_of(ws.root / name)), now, digest] for name, digest in sorted(leaves.items())}
    except OSError:
        journal.set_meta(_NAME, None)
        return
    value = {
        "stamp": stamp,
        "code_version": ws.code_version,
        "leaves": stats,
        "objects": objects,
        "out": out,
        "target_count": target_count,
        "built_at": now,
    }
    journal.set_meta(_NAME, value)


def _is_same_file(path: Path, stat: Stat, recorded: float, digest: str) -> bool:
    if stat_of(path) == stat and is_settled(stat, recorded):
        return True
    return blake3(path.read_bytes()).hexdigest() == digest
