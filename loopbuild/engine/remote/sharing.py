"""A store's side of the remote cache: which results it vouches for, how a fetched one comes into force.

A fetched result gets a record of our own, with our own manifest; only objects and what binds them come from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from loopbuild.engine.action import Interrupted
from loopbuild.engine.commit import Record, decode_record, store_record
from loopbuild.engine.journal import Entry, Journal
from loopbuild.engine.leaves import Leaves
from loopbuild.engine.lockfile import Line
from loopbuild.engine.objects import ObjectDamaged, Objects
from loopbuild.engine.proof import proof_of
from loopbuild.engine.recover import index_rows
from loopbuild.engine.remote.client import RemoteCache
from loopbuild.engine.target import Json, Target

if TYPE_CHECKING:
    from loopbuild.engine.make import Workshop


class Sharing:
    """The remote cache as a build of one store sees it."""

    def __init__(
        self,
        cache: RemoteCache,
        *,
        locked: Mapping[str, Line],
        objects: Objects,
        journal: Journal,
        leaves: Leaves,
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._cache = cache
        self._locked = locked
        self._objects = objects
        self._journal = journal
        self._leaves = leaves
        self._is_cancelled = is_cancelled

    @classmethod
    def of(
        cls, shop: Workshop, cache: RemoteCache, locked: Mapping[str, Line], *, is_cancelled: Callable[[], bool]
    ) -> Sharing:
        """Return the sharing of a store opened for writing."""
        return cls(
            cache,
            locked=locked,
            objects=shop.objects,
            journal=shop.journal,
            leaves=shop.leaves,
            is_cancelled=is_cancelled,
        )

    def restore(self, target: Target, key: str, manifest: Mapping[str, Json]) -> Entry | None:
        """Fetch the result of `key` and put it in force for `target`; None when that is not to be had."""
        if target.recipe.is_cheap:
            return None
        vouched = {self._locked[target.id][1].get("proof", "")} if target.id in self._locked else set()
        vouched |= {entry_proof(entry, self._objects) for entry in self._journal.with_key(key)}
        is_paid = target.recipe.nature != "pure"
        claim = self._cache.restore(
            key,
            target=target.id,
            is_paid=is_paid,
            vouched=vouched,
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
        entry = store_record(
            record, objects=self._objects, journal=self._journal, leaves=self._leaves, seconds=0.0, rows_run=0
        )
        if record.trace:
            with self._journal.transaction():
                index_rows(self._journal, self._objects, record)
        return entry

    def heal(self, entry: Entry) -> bool:
        """Fetch what is missing or damaged of a result that is known here; return whether all of it is sound now."""
        return heal(self._cache, entry, self._objects, is_cancelled=self._is_cancelled)

    def offer(self, target: Target, record: Record) -> None:
        """Send a result that was just committed, in the background; reading it again is cheaper for cheap ones."""
        if not target.recipe.is_cheap:
            self._cache.offer(record, objects=self._objects)


def heal(cache: RemoteCache, entry: Entry, objects: Objects, *, is_cancelled: Callable[[], bool]) -> bool:
    """Fetch what is missing or damaged of a known result; return whether all of it is sound now."""
    claim = cache.restore(
        entry.key,
        target=entry.target,
        is_paid=True,
        vouched={entry_proof(entry, objects)},
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
