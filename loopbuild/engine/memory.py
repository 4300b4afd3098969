"""What a pinned action paid for before its row was finished: found again whatever its target's key is by then.

Lies among the rows of unfinished tables, so that a lost index, `cache verify` and `cache gc` treat it as they do paid
rows.
"""

from __future__ import annotations

from loopbuild.digest import digest
from loopbuild.engine.commit import store_batch
from loopbuild.engine.generations import Generation
from loopbuild.engine.journal import Journal, RowEntry
from loopbuild.engine.keys import reads_digest
from loopbuild.engine.objects import Objects
from loopbuild.engine.tables import StoredOutputs
from loopbuild.engine.target import Json, Recipe


class Memory:
    """Values of one recipe by name; a target that was refreshed, if only in one row, remembers anew."""

    def __init__(self, recipe: Recipe, generation: Generation, *, objects: Objects, journal: Journal) -> None:
        self._about = [recipe.name, recipe.version, generation.told]
        self._objects = objects
        self._journal = journal

    def recall(self, name: str) -> tuple[Json] | None:
        """Return what was remembered, in a tuple; None when nothing was, or its bytes are gone."""
        fingerprint = self._fingerprint(name)
        for row in self._journal.rows([fingerprint]).get(fingerprint, ()):
            found = StoredOutputs(self._objects).get(row)
            if found is not None:
                return found
        return None

    def remember(self, name: str, value: Json) -> None:
        """Keep a value; it is on the disk when this returns."""
        row = RowEntry(
            fingerprint=self._fingerprint(name),
            key=name,
            reads={},
            reads_digest=reads_digest({}),
            kept=(),
            place="",
            batch="",
        )
        store_batch([row], {name: value}, objects=self._objects, journal=self._journal, is_durable=True)

    def _fingerprint(self, name: str) -> str:
        return digest("memory", [*self._about, name])
