"""`cache gc`: give back the room of what nothing needs.

Decides what may go: objects that no result holds (`held`), first those older than the age limit, then the oldest until
the store is small enough. Paid results stay unless they are asked for. The index forgets first, then objects are moved
to a trash, then deleted: a kill in between costs nothing but the room.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from loopbuild.engine.held import Found, Held, held, stored
from loopbuild.engine.journal import Journal
from loopbuild.engine.lockfile import Lines
from loopbuild.engine.recover import index_rows, open_journal
from loopbuild.engine.workspace import Workspace, remove_tree
from loopbuild.errors import StoreError

TRASH = "trash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may stay of what nothing needs."""

    max_bytes: int
    max_age_seconds: float
    with_paid: bool = False
    also: tuple[Lines, ...] = ()
    """Other locks, such as those of branches: what they name stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What was, or would be, removed."""

    removed: int
    removed_bytes: int
    kept: int
    kept_bytes: int
    paid: int
    """Objects of pinned or trained results that nothing holds and that stay because they cost something."""
    paid_bytes: int


def collect(ws: Workspace, limits: Limits, *, is_dry: bool = False, on_note: Callable[[str], None]) -> Collected:
    """Remove what nothing needs; with `is_dry` only say what that would be. Waits for a running build.

    Raises StoreError when the store cannot be used.
    """
    if not ws.folder.is_dir():
        return Collected(removed=0, removed_bytes=0, kept=0, kept_bytes=0, paid=0, paid_bytes=0)
    if is_dry:
        with ws.reading() as journal:
            there = stored(ws.objects)
            return _summary(there, *_chosen(ws, held(ws, journal, there=there, also=limits.also), there, limits))
    ws.prepare()
    with ws.exclusive(lambda pid: on_note(f"waiting for pid {pid}, which builds here")):
        trash = ws.folder / TRASH
        remove_tree(trash)
        try:
            journal = open_journal(ws, on_note)
        except sqlite3.OperationalError as error:
            raise StoreError(f"cannot use `.loopbuild/state.db`: {error}", hint="make room, then retry") from error
        try:
            there = stored(ws.objects)
            found = held(ws, journal, there=there, also=limits.also)
            victims, paid = _chosen(ws, found, there, limits)
            _forget(ws, journal, found, {victim.name for victim in victims})
        finally:
            journal.close()
        _delete(ws, victims, trash)
    return _summary(there, victims, paid)


def _chosen(ws: Workspace, found: Held, there: dict[str, Found], limits: Limits) -> tuple[list[Found], list[Found]]:
    """Return what goes and the paid rest that stays although nothing holds it."""
    dead = [item for item in there.values() if item.name not in found.live]
    paid = [] if limits.with_paid else [item for item in dead if item.name in found.paid]
    free = dead if limits.with_paid else [item for item in dead if item.name not in found.paid]
    now = ws.clock()
    left = sum(item.size for item in there.values())
    victims = []
    for item in sorted(free, key=lambda item: (item.mtime, item.name)):
        if now - item.mtime >= limits.max_age_seconds or left > limits.max_bytes:
            victims.append(item)
            left -= item.size
    return victims, paid


def _forget(ws: Workspace, journal: Journal, found: Held, names: set[str]) -> None:
    """Let the index forget results whose objects go; rows of live tables are read from the table from now on."""
    gone = [entry.seq for entry in journal.entries() if names.intersection((*entry.needs, entry.record))]
    with journal.transaction():
        for record in found.tables:
            index_rows(journal, ws.objects, record)
        journal.drop_entries(gone)
        journal.drop_rows(names)
        journal.drop_stats(f"cas:{name}" for name in sorted(names))


def _delete(ws: Workspace, victims: Iterable[Found], trash: Path) -> None:
    trash.mkdir()
    for victim in victims:
        place = Path(ws.objects.path(victim.name))
        try:
            place.replace(trash / victim.name)
        except FileNotFoundError:
            continue
    remove_tree(trash)


def _summary(there: dict[str, Found], victims: list[Found], paid: list[Found]) -> Collected:
    removed = sum(item.size for item in victims)
    return Collected(
        removed=len(victims),
        removed_bytes=removed,
        kept=len(there) - len(victims),
        kept_bytes=sum(item.size for item in there.values()) - removed,
        paid=len(paid),
        paid_bytes=sum(item.size for item in paid),
    )
