"""Making the index anew from the objects, when it was lost or damaged.

Slow, never wrong: every record and every batch of rows is an object that says what it is. Times and costs are lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from loopbuild.engine.commit import Record, decode_record, decode_trace, entry_of
from loopbuild.engine.disks import network_kind
from loopbuild.engine.journal import Journal, RowEntry
from loopbuild.engine.keys import reads_digest
from loopbuild.engine.locks import never
from loopbuild.engine.objects import ObjectDamaged, Objects
from loopbuild.engine.workspace import Workspace

_RECORD, _TRACE = b'{"!record":', b'{"!trace":'


@contextlib.contextmanager
def joined(
    ws: Workspace,
    *,
    on_wait: Callable[[str], None],
    on_note: Callable[[str], None],
    is_cancelled: Callable[[], bool] = never,
    distrusted: int = 0,
) -> Iterator[Journal]:
    """Be one of the builds of a store and give its index; while it lasts, nobody cleans up or makes the index anew.

    An index that is lost, damaged or the file number `distrusted` is made anew first, with the store to oneself: others
    would go on writing into the old one. On a network disk a build is alone all the time. `on_wait` is told of whom.

    Raises Stopped when the build is asked to stop while it waits.
    """
    disk = network_kind(ws.folder)
    if disk:
        on_note(
            f"`.loopbuild` lies on a network disk ({disk}): let no other machine build in it; "
            "on a local disk builds are faster, and a remote cache shares their results"
        )
    waiting: dict[str, Any] = {"on_wait": on_wait, "is_cancelled": is_cancelled}
    with contextlib.ExitStack() as stack:
        with ws.opening(**waiting):
            place = stack.enter_context(contextlib.ExitStack())
            place.enter_context(ws.exclusive(**waiting) if disk else ws.shared(**waiting))
            journal = _sound(ws, distrusted, is_remote=bool(disk))
            if journal is None and not disk:
                place.close()
                with ws.exclusive(**waiting):
                    journal = open_journal(ws, on_note, distrusted=distrusted)
                stack.callback(journal.close)
                place.enter_context(ws.shared(**waiting))
            else:
                journal = journal or open_journal(ws, on_note, distrusted=distrusted)
                stack.callback(journal.close)
        yield journal


def file_number(ws: Workspace) -> int:
    """Return what tells this index from one that is made anew in its place."""
    try:
        return (ws.folder / "state.db").stat().st_ino
    except OSError:
        return 0


def _sound(ws: Workspace, distrusted: int, *, is_remote: bool) -> Journal | None:
    """Return the index, None when it has to be made anew."""
    path = ws.folder / "state.db"
    if path.is_symlink() or not path.is_file() or not path.stat().st_size or path.stat().st_ino == distrusted:
        return None
    try:
        return Journal(path, is_writable=True, is_remote=is_remote)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return None


def open_journal(ws: Workspace, on_note: Callable[[str], None], *, distrusted: int = 0) -> Journal:
    """Open the index, set it aside when damaged and make it anew when absent; for whoever has the store to himself."""
    path = ws.folder / "state.db"
    if path.is_dir() or path.is_symlink():
        ws.set_aside()
    is_remote = bool(network_kind(ws.folder))
    journal = _sound(ws, distrusted, is_remote=is_remote)
    if journal is not None:
        return journal
    if path.is_file() and path.stat().st_size:
        aside = ws.set_aside()
        on_note(f"`.loopbuild/state.db` was damaged; it is kept as `{aside.name}`")
    journal = Journal(path, is_writable=True, is_remote=is_remote)
    count = rebuild(journal, ws.objects)
    if count:
        on_note(f"`.loopbuild/state.db` was rebuilt from {count} stored results")
    return journal


def rebuild(journal: Journal, objects: Objects) -> int:
    """Fill an empty index from the objects; return how many results were found."""
    records: list[tuple[int, str, Record]] = []
    traces: list[str] = []
    for path in _files(objects.folder):
        try:
            with path.open("rb") as stream:
                start = stream.read(len(_RECORD))
        except OSError:
            continue
        digest = path.parent.name + path.name
        try:
            if start.startswith(_RECORD):
                records.append((path.stat().st_mtime_ns, digest, decode_record(objects.get(digest))))
            elif start.startswith(_TRACE):
                traces.append(digest)
        except (ObjectDamaged, ValueError, KeyError):
            continue
    # In the order they were written, so that the newest result of a target is the one in force.
    records.sort(key=lambda item: item[:2])
    with journal.transaction():
        for trace in traces:
            _add_batch(journal, objects, trace)
        for _, digest, record in records:
            journal.commit(entry_of(record, digest=digest), rows_run=0)
            if record.trace:
                index_rows(journal, objects, record)
    return len(records)


def _add_batch(journal: Journal, objects: Objects, digest: str) -> None:
    try:
        content = objects.get(digest)
        if "rows" in json.loads(content):
            _add(journal, content, place=digest)
    except (ObjectDamaged, ValueError, KeyError):
        return


def index_rows(journal: Journal, objects: Objects, record: Record) -> None:
    """Enter the rows of a table's record; call inside a transaction."""
    try:
        _add(journal, objects.get(record.trace), place=record.output)
    except (ObjectDamaged, ValueError, KeyError):
        return


def _add(journal: Journal, content: bytes, *, place: str) -> None:
    rows = [
        RowEntry(
            fingerprint=fingerprint,
            key=key,
            reads=reads,
            reads_digest=reads_digest(reads),
            kept=kept,
            place=place,
            batch=place,
        )
        for key, (fingerprint, reads, kept) in decode_trace(content).items()
    ]
    known = journal.rows([row.fingerprint for row in rows])
    batches = {(row.fingerprint, row.reads_digest): row.batch for found in known.values() for row in found}
    journal.add_rows(replace(row, batch=batches.get((row.fingerprint, row.reads_digest), place)) for row in rows)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = []
    for shelf in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if shelf.is_dir() and len(shelf.name) == 2:
            found += [Path(entry.path) for entry in os.scandir(shelf.path) if entry.is_file() and len(entry.name) == 62]
    return sorted(found)
