"""Questions to the store that need no graph: what is in force, its rows, its record. Nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from loopbuild.engine.commit import Record, StoredRow, decode_record, decode_trace
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.target import Json
from loopbuild.engine.workspace import Workspace


def output_digest(ws: Workspace, target_id: str) -> str:
    """Return the digest of the output in force, empty when the target was never built."""
    with ws.reading() as journal:
        entry = journal.current_of(target_id)
    return entry.output if entry is not None else ""


def output(ws: Workspace, target_id: str) -> Json | None:
    """Return the decoded output in force, None when never built. Raises ObjectDamaged when its bytes are gone."""
    digest = output_digest(ws, target_id)
    return json.loads(ws.objects.get(digest)) if digest else None


def surviving(ws: Workspace, target_id: str) -> Json | None:
    """Return the decoded output in force, None when never built or when its bytes are gone: to estimate and compare."""
    try:
        return output(ws, target_id)
    except ObjectDamaged:
        return None


def record(ws: Workspace, target_id: str) -> Record | None:
    """Return everything known about the result in force, None when never built."""
    with ws.reading() as journal:
        entry = journal.current_of(target_id)
    return decode_record(ws.objects.get(entry.record)) if entry is not None else None


def rows_of(ws: Workspace, target_id: str) -> Mapping[str, StoredRow]:
    """Return the rows of a table in force, by key; empty for anything else."""
    found = record(ws, target_id)
    if found is None or not found.trace:
        return {}
    outputs = json.loads(ws.objects.get(found.output))["rows"]
    return {
        key: StoredRow(key=key, fingerprint=fingerprint, reads=reads, output=outputs[key])
        for key, (fingerprint, reads, _) in decode_trace(ws.objects.get(found.trace)).items()
    }


def readers_of(ws: Workspace, is_read: Callable[[str], bool]) -> frozenset[str]:
    """Return the targets in force with a row that read a fact of such a name."""
    found = set()
    with ws.reading() as journal:
        for name, entry in journal.current().items():
            if entry.row_count > 0:
                trace = decode_record(ws.objects.get(entry.record)).trace
                reads = (read for _, reads, _ in decode_trace(ws.objects.get(trace)).values() for read in reads)
                if any(map(is_read, reads)):
                    found.add(name)
    return frozenset(found)


def rows_like(ws: Workspace, start: str, *, target: str = "") -> Mapping[str, tuple[str, ...]]:
    """Return the tables in force, or the one called `target`, with their rows whose keys begin like this."""
    found = {}
    with ws.reading() as journal:
        for name, entry in sorted(journal.current().items()):
            if entry.row_count > 0 and target in ("", name):
                trace = decode_trace(ws.objects.get(decode_record(ws.objects.get(entry.record)).trace))
                rows = tuple(sorted(key for key in trace if key.startswith(start)))
                if rows:
                    found[name] = (start,) if start in rows else rows
    return found


def nature_of(ws: Workspace, target_id: str) -> str:
    """Return of which nature the result in force is, empty when never built."""
    found = record(ws, target_id)
    return found.nature if found is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedTable:
    """A table in force: how many rows it has, and those that may have read what was asked for."""

    target: str
    output: str
    row_count: int
    reads: Mapping[str, Mapping[str, str]]
    """Row key -> fact -> its digest when the row was made; empty where no row can have read any."""
    is_lost: bool = False
    """Its trace is not here any more."""


def traced(ws: Workspace, kind: str, mentioned: Sequence[str]) -> list[TracedTable]:
    """Return the tables of a kind in force, with the reads of those whose trace holds one of the words `mentioned`.

    Traces are searched as bytes first: most tables read nothing of what was asked for, and need no decoding. A trace
    whose bytes are gone is that of a table without reads.
    """
    words = [word.encode() for word in mentioned]
    found = []
    with ws.reading() as journal:
        entries = [entry for name, entry in journal.current().items() if name.startswith(f"{kind}:")]
    for entry in sorted(entries, key=lambda one: one.target):
        reads: dict[str, Mapping[str, str]] = {}
        is_lost = False
        if entry.row_count > 0 and len(entry.needs) > 1 and words:
            try:
                content = ws.objects.get(entry.needs[1])
            except ObjectDamaged:
                content, is_lost = b"", True
            if any(word in content for word in words):
                reads = {key: read for key, (_, read, _) in decode_trace(content).items()}
        found.append(
            TracedTable(
                target=entry.target,
                output=entry.output,
                row_count=max(0, entry.row_count),
                reads=reads,
                is_lost=is_lost,
            )
        )
    return found


def targets_in_force(ws: Workspace) -> Mapping[str, str]:
    """Return target id -> output digest of everything built, also of targets that exist no more."""
    with ws.reading() as journal:
        return {name: entry.output for name, entry in sorted(journal.current().items())}
