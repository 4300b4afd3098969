"""A store's side of the remote cache: which results it vouches for, how a fetched one comes into force.

A fetched result gets a record of our own, with our own manifest; only objects and what binds them come from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from loopbuild.engine import lockfile
from loopbuild.engine.action import Interrupted
from loopbuild.engine.commit import Record, decode_record, store_record
from loopbuild.engine.journal import Entry
from loopbuild.engine.objects import ObjectDamaged, Objects
from loopbuild.engine.proof import proof_of
from loopbuild.engine.recover import index_rows
from loopbuild.engine.remote.client import RemoteCache
from loopbuild.engine.target import Json, Target

if TYPE_CHECKING:
    from loopbuild.engine.make import Workshop


class Sharing:
    """The remote cache as a build of one store sees it."""

    def __init__(self, cache: RemoteCache, shop: Workshop, *, is_cancelled: Callable[[], bool]) -> None:
        self._cache = cache
        self._lock = shop.known.lock
        self._objects = shop.objects
        self._journal = shop.journal
        self._leaves = shop.leaves
        self._is_cancelled = is_cancelled

    def restore(self, target: Target, key: str, manifest: Mapping[str, Json]) -> Entry | None:
        """Fetch the result of `key` and put it in force for `target`; None when that is not to be had."""
        if target.recipe.is_cheap:
            return None
        is_paid = target.recipe.nature != "pure"
        claim = self._cache.restore(
            key,
            target=target.id,
            is_paid=is_paid,
            vouched=self._locked(target.id) | {entry_proof(one, self._objects) for one in self._journal.with_key(key)},
            # Of several realisations the one in loop.lock counts, however well another one is signed.
            output=lockfile.output_for(self._lock, target.id, key) if is_paid else "",
            objects=self._objects,
            is_cancelled=self._is_cancelled,
        )
        if self._is_cancelled():
            raise Interrupted(f"`{target.id}` was interrupted", target=target.id)
        if claim is None:
            return None
        others = claim.needs[2:] if claim.trace else claim.needs[1:]
        record = Record(
            target=target.id,
            key=key,
            recipe=(target.recipe.name, target.recipe.version),
            nature=target.recipe.nature,
            manifest=manifest,
            output=claim.output,
            kept=tuple(sorted(others)),
            published=claim.published,
            parent=claim.parent,
            trace=claim.trace,
            row_count=claim.rows,
        )
        store_record(record, objects=self._objects, journal=self._journal, leaves=self._leaves, seconds=0.0, rows_run=0)
        if record.trace:
            with self._journal.transaction():
                index_rows(self._journal, self._objects, record)
        return self._journal.current_of(target.id)

    def fetch_output(self, target: str, output: str, entry: Entry | None) -> bool:
        """Bring back a paid output that a history continues from; return whether it is whole now.

        `entry` is the result as this store knew it, None for one that only loop.lock names.
        """
        if entry is not None and heal(self._cache, entry, self._objects, is_cancelled=self._is_cancelled):
            return True
        claim = self._cache.restore(
            output,
            target=target,
            is_paid=True,
            vouched=self._locked(target),
            output=output,
            objects=self._objects,
            is_cancelled=self._is_cancelled,
        )
        return claim is not None

    def offer(self, target: Target, record: Record) -> None:
        """Send a result that was just committed, in the background; reading it again is cheaper for cheap ones."""
        if not target.recipe.is_cheap:
            self._cache.offer(record, objects=self._objects)

    def _locked(self, target: str) -> set[str]:
        line = self._lock.get(target)
        return {line[1]["proof"]} if line is not None and "proof" in line[1] else set()


def heal(cache: RemoteCache, entry: Entry, objects: Objects, *, is_cancelled: Callable[[], bool]) -> bool:
    """Fetch what is missing or damaged of a known result; return whether all of it is sound now."""
    claim = cache.restore(
        entry.key,
        target=entry.target,
        is_paid=True,
        vouched={entry_proof(entry, objects)},
        output=entry.output,
        objects=objects,
        is_cancelled=is_cancelled,
    )
    return claim is not None and all(objects.is_sound(name) for name in entry.needs)


def entry_proof(entry: Entry, objects: Objects) -> str:
    """Return what vouches for a stored result."""
    try:
        parent = decode_record(objects.get(entry.record)).parent
    except ObjectDamaged:
        parent = ""
    return proof_of(
        entry.key, needs=entry.needs, published=entry.published, parent=parent, row_count=entry.row_count
    )  # fmt: skip
