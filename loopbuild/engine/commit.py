"""From an action's result to a committed record: objects first, then one transaction, then the published files.

Decides what a record holds. A kill between any two steps leaves either the old result or the new one in force.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from loopbuild.digest import canonical
from loopbuild.engine.journal import Entry, Journal, RowEntry
from loopbuild.engine.leaves import Leaves
from loopbuild.engine.objects import Objects
from loopbuild.engine.rows import Trace
from loopbuild.engine.target import Json, Target
from loopbuild.engine.workspace import remove_tree

_LINKED_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything known about one committed result."""

    target: str
    key: str
    recipe: tuple[str, int]
    nature: str
    manifest: Mapping[str, Json]
    """What the key covered, in words: recipe, params, files (role -> path, digest), inputs (role -> id, digest)."""
    output: str
    kept: tuple[str, ...] = ()
    published: Mapping[str, str]
    parent: str = ""
    """Historical results: digest of the output this one continued from."""
    trace: str = ""
    """Digest of the object with the rows' fingerprints and reads."""
    row_count: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """One row of a target's result in force."""

    key: str
    fingerprint: str
    reads: Mapping[str, str]
    """Fact -> its digest when the row was made; "" when there was no such fact."""
    output: Json


def encode_record(record: Record) -> bytes:
    """Return the object that says everything about a result; its first member marks it for recovery."""
    return canonical(
        {
            "!record": 1,
            "target": record.target,
            "key": record.key,
            "recipe": list(record.recipe),
            "nature": record.nature,
            "manifest": dict(record.manifest),
            "output": record.output,
            "kept": list(record.kept),
            "published": dict(record.published),
            "parent": record.parent,
            "trace": record.trace,
            "rows": record.row_count,
        }
    )


def decode_record(content: bytes) -> Record:
    """Return the record in an object written by `encode_record`."""
    value = json.loads(content)
    return Record(
        target=value["target"],
        key=value["key"],
        recipe=(value["recipe"][0], value["recipe"][1]),
        nature=value["nature"],
        manifest=value["manifest"],
        output=value["output"],
        kept=tuple(value["kept"]),
        published=value["published"],
        parent=value["parent"],
        trace=value["trace"],
        row_count=value["rows"],
    )


def encode_trace(trace: Trace, *, outputs: Mapping[str, Json] | None = None) -> bytes:
    """Return the trace of a table, or with `outputs` a batch of finished rows of an unfinished one."""
    value: dict[str, Json] = {
        "!trace": 1,
        "trace": {key: [fingerprint, dict(reads), list(kept)] for key, (fingerprint, reads, kept) in trace.items()},
    }
    if outputs is not None:
        value["rows"] = dict(outputs)
    return canonical(value)


def decode_trace(content: bytes) -> dict[str, tuple[str, Mapping[str, str], tuple[str, ...]]]:
    """Return row key -> (fingerprint, reads, kept)."""
    return {key: (row[0], row[1], tuple(row[2])) for key, row in json.loads(content)["trace"].items()}


def entry_of(record: Record, *, digest: str, seconds: float = 0.0) -> Entry:
    """Return the index entry for a record stored under `digest`."""
    needs = dict.fromkeys([record.output, *([record.trace] if record.trace else []), *record.kept])
    return Entry(
        seq=0,
        target=record.target,
        key=record.key,
        output=record.output,
        record=digest,
        needs=tuple(needs),
        published=record.published,
        recipe=record.recipe[0],
        row_count=record.row_count,
        seconds=seconds,
    )


def store_record(
    record: Record, *, objects: Objects, journal: Journal, leaves: Leaves, seconds: float, rows_run: int
) -> Entry:
    """Commit a record whose objects are all in place; return its entry, which is then in force."""
    is_durable = record.nature != "pure"
    digest = objects.put(encode_record(record), is_durable=is_durable)
    entry = entry_of(record, digest=digest, seconds=seconds)
    with journal.transaction(is_durable=is_durable):
        journal.commit(entry, rows_run=rows_run)
        leaves.flush(journal)
    return entry


def adopt(entry: Entry, target: Target, *, objects: Objects, journal: Journal, leaves: Leaves) -> Entry:
    """Put a result found under the same key in force for `target`; return its entry."""
    if entry.target == target.id:
        now = journal.current_of(target.id)
        if now is None or (now.key, now.output) != (entry.key, entry.output):
            journal.put_in_force(entry)
        return entry
    record = replace(decode_record(objects.get(entry.record)), target=target.id)
    return store_record(record, objects=objects, journal=journal, leaves=leaves, seconds=0.0, rows_run=0)


def store_batch(
    rows: Iterable[RowEntry], outputs: Mapping[str, Json], *, objects: Objects, journal: Journal, is_durable: bool
) -> None:
    """Commit finished rows of a table that is still running, so that a kill does not lose them."""
    rows = list(rows)
    trace = {row.key: (row.fingerprint, row.reads, row.kept) for row in rows}
    batch = objects.put(encode_trace(trace, outputs=outputs), is_durable=is_durable)
    with journal.transaction(is_durable=is_durable):
        journal.add_rows(replace(row, place=batch, batch=batch) for row in rows)


def publish(published: Mapping[str, str], *, out: Path, scratch: Path, objects: Objects, leaves: Leaves) -> int:
    """Make every published file be there with the right bytes; return how many had to be written."""
    written = 0
    for name, digest in sorted(published.items()):
        path, label = out / name, f"out:{name}"
        if leaves.is_as_remembered(label, path, digest):
            continue
        temporary = scratch / f"publish-{os.getpid()}"
        remove_tree(temporary)
        if os.path.getsize(objects.path(digest)) >= _LINKED_BYTES:  # noqa: PTH202
            temporary.symlink_to(objects.path(digest))
        else:
            objects.copy_to(digest, temporary)
        _clear_way(path, out)
        temporary.replace(path)
        leaves.remember_written(label, path, digest)
        written += 1
    return written


def unpublish(names: Iterable[str], *, out: Path) -> None:
    """Remove files that nothing publishes any more, and folders that become empty."""
    for name in names:
        path = out / name
        remove_tree(path)
        for parent in path.parents:
            if parent == out or not parent.is_dir() or any(parent.iterdir()):
                break
            parent.rmdir()


def _clear_way(path: Path, out: Path) -> None:
    for parent in reversed(path.relative_to(out).parents):
        folder = out / parent
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            remove_tree(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.is_dir():
        remove_tree(path)
