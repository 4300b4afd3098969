"""The shortcut of a build with nothing to do: recognise that nothing it depends on has changed, in milliseconds.

Decides by what the last complete build saw: leaf files, stored objects, published files. Imports nothing heavy and
never answers "unchanged" when in doubt; the full walk then finds out what it is.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

from loopbuild.engine.journal import Journal, Stat
from loopbuild.engine.leaves import Leaves, is_settled, own_stat, stat_of
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
    root = f"{ws.root}{os.sep}"
    try:
        for name, (stat, recorded, digest) in seen["leaves"].items():
            if not _is_same_file(root + name, tuple(stat), recorded, digest):
                return None
        names = seen["objects"].split()
        if _gathered([stat_of(ws.objects.path(name)) for name in names]) != seen["object_stats"]:
            return None
        for name, stat in seen["out"].items():
            if list(own_stat(ws.folder / "out" / name)) != stat:
                return None
        if list(own_stat(ws.root / "loop.lock")) != seen["lock"]:
            return None
    except OSError:
        return None
    return UpToDate(target_count=seen["target_count"], built_at=seen["built_at"])


def remember(
    journal: Journal,
    ws: Workspace,
    *,
    stamp: str,
    leaves: Leaves,
    files: Iterable[str],
    needs: Iterable[str],
    published: Iterable[str],
    target_count: int,
) -> None:
    """Note a complete build; without a stamp, forget the last one. Call inside a transaction.

    `files` are the leaf files, `needs` the objects that must be there, `published` paths below `out`. What is
    noted of a file is what was seen when it was read: one edited since then does not pass for the one that was built.
    """
    if not stamp:
        remember_nothing(journal)
        return
    now = ws.clock()
    objects = sorted(needs)
    out = {name: leaves.written_stat(f"out:{name}") for name in published}
    stats = {name: _settled(ws, name, *leaves.as_seen(name), now=now) for name in files}
    value = {
        "stamp": stamp,
        "code_version": ws.code_version,
        "leaves": stats,
        "objects": " ".join(objects),
        "object_stats": _gathered([leaves.object_stat(name) for name in objects]),
        "out": out,
        "lock": own_stat(ws.root / "loop.lock"),
        "target_count": target_count,
        "built_at": now,
    }
    journal.set_meta(_NAME, value)


def remember_nothing(journal: Journal) -> None:
    """Let the next build look at everything; call inside a transaction."""
    journal.set_meta(_NAME, None)


def _gathered(stats: list[Stat]) -> str:
    """Return one digest of many stat tuples: tens of thousands of them take longer to parse than to ask for."""
    return blake3(repr(stats).encode()).hexdigest()


def _settled(ws: Workspace, name: str, stat: Stat, recorded: float, digest: str, *, now: float) -> list[Any]:
    """Read a file that was too young to trust once more if it is old enough by now, so that no later look has to."""
    if not is_settled(stat, recorded) and is_settled(stat, now):
        with contextlib.suppress(OSError):
            path = ws.root / name
            if stat_of(path) == stat and blake3(path.read_bytes()).hexdigest() == digest:
                recorded = now
    return [stat, recorded, digest]


def _is_same_file(path: str, stat: Stat, recorded: float, digest: str) -> bool:
    if stat_of(path) == stat and is_settled(stat, recorded):
        return True
    with open(path, "rb") as stream:  # noqa: PTH123
        return blake3(stream.read()).hexdigest() == digest
