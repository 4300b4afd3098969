"""Which stored objects are needed, and by what: the question behind cleaning up and behind checking.

An object is held by results in force, by loop.lock, by results of the last builds, and by whatever the output of a
paid result names, since that can not be made again. Pinned and historical results that nothing holds any more are
remembered as paid. Writes nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from loopbuild.engine import lockfile
from loopbuild.engine.commit import Record, decode_record, decode_trace
from loopbuild.engine.journal import Entry, Journal
from loopbuild.engine.objects import VERIFIED_BYTES, ObjectDamaged, Objects
from loopbuild.engine.target import Nature
from loopbuild.engine.workspace import Workspace

KEPT_RUNS = 10
"""Results of this many last builds stay, so that going back to a branch restores instead of running."""
_NAMES = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file in the store."""

    name: str
    size: int
    mtime: float


@dataclass(slots=True)
class Held:
    """Names of objects by what holds them."""

    in_force: dict[str, Entry] = field(default_factory=dict)
    """Object -> the result in force that needs it."""
    live: set[str] = field(default_factory=set)
    """Held by anything at all."""
    paid: set[str] = field(default_factory=set)
    """Parts of pinned or historical results, in force or not."""
    tables: list[Record] = field(default_factory=list)
    """Live results that have rows."""


def stored(objects: Objects) -> dict[str, Found]:
    """Return everything that lies in the store."""
    found: dict[str, Found] = {}
    if not objects.folder.is_dir():
        return found
    for shelf in os.scandir(objects.folder):
        if not shelf.is_dir() or len(shelf.name) != 2:
            continue
        for item in os.scandir(shelf.path):
            if len(item.name) == 62 and item.is_file(follow_symlinks=False):
                stat = item.stat(follow_symlinks=False)
                name = shelf.name + item.name
                found[name] = Found(name=name, size=stat.st_size, mtime=stat.st_mtime)
    return found


def held(
    ws: Workspace,
    journal: Journal,
    *,
    there: Mapping[str, Found],
    natures: Mapping[str, Nature] | None = None,
    also: Iterable[lockfile.Lines] = (),
) -> Held:
    """Return what holds what; `there` is what lies in the store, `also` are other locks that hold what they name.

    `natures` is recipe name -> nature, for results whose record is lost; a recipe nobody knows may have cost money.
    """
    result = Held()
    current = {entry.seq for entry in journal.current().values()}
    locks = [lockfile.read(ws.root), *also]
    locked = {digest.removeprefix("b3:") for lines in locks for digest, _ in lines.values()}
    since = _kept_since(journal)
    roots: set[str] = set()
    rows: dict[str, bool] = {}
    records = [(entry, _record(entry, ws.objects)) for entry in journal.entries()]
    known = dict(natures or {}) | {entry.recipe: record.nature for entry, record in records if record is not None}
    for entry, record in records:
        parts = {*entry.needs, entry.record}
        is_paid = known.get(entry.recipe) != "pure"
        if is_paid:
            result.paid |= parts
        if record is not None and record.trace:
            for fingerprint in _fingerprints(record, ws.objects):
                rows[fingerprint] = rows.get(fingerprint, False) or is_paid
        written = there[entry.record].mtime if entry.record in there else 0.0
        if entry.seq in current or entry.output in locked or written >= since:
            result.live |= parts
            if record is not None and record.trace:
                result.tables.append(record)
            if is_paid:
                roots |= {entry.output, *([record.parent] if record is not None and record.parent else [])}
        if entry.seq in current:
            result.in_force |= dict.fromkeys(parts, entry)
    for fingerprint, *places in journal.row_places():
        # Rows no finished table has wait for the build that will finish one, and may be paid.
        if rows.get(fingerprint, True):
            result.paid |= set(places)
    result.live |= locked
    result.live |= {digest for name, (_, _, digest) in journal.stats().items() if not name.startswith(("cas:", "out:"))}
    result.live |= _named(roots, ws.objects, there)
    return result


def _kept_since(journal: Journal) -> float:
    runs = list(journal.runs(KEPT_RUNS))
    return runs[-1][1] if runs else 0.0


def _record(entry: Entry, objects: Objects) -> Record | None:
    try:
        return decode_record(objects.get(entry.record))
    except (ObjectDamaged, ValueError, KeyError):
        return None


def _fingerprints(record: Record, objects: Objects) -> set[str]:
    try:
        return {fingerprint for fingerprint, _, _ in decode_trace(objects.get(record.trace)).values()}
    except (ObjectDamaged, ValueError, KeyError):
        return set()


def _named(roots: Iterable[str], objects: Objects, there: Mapping[str, Found]) -> set[str]:
    """Return the objects that stand by name in the texts of `roots`, and in theirs."""
    found: set[str] = set()
    waiting = [name for name in roots if name in there]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if there[name].size <= VERIFIED_BYTES:
            try:
                content = objects.get(name)
            except ObjectDamaged:
                continue
            if content.startswith(b"{"):
                waiting += [text for raw in _NAMES.findall(content) if (text := raw.decode("ascii")) in there]
    return found
