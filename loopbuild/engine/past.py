"""The last results of a recipe: what rows were there under other names, and what was known when they were made.

The target's own result comes first; rows may have moved from a target that is no more, so the others of the recipe come
next, as they were when the build began. Read only where a row asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loopbuild.engine.commit import Record, decode_record, decode_trace
from loopbuild.engine.generations import Generation
from loopbuild.engine.journal import Entry, Journal, RowEntry
from loopbuild.engine.objects import ObjectDamaged, Objects
from loopbuild.engine.rows import Trace
from loopbuild.engine.target import Json, Target, WantedRow


class Past:
    """What one target can take over from results in force."""

    def __init__(self, target: Target, entry: Entry | None, in_force: Mapping[str, Entry], *, objects: Objects) -> None:
        """`entry` is the target's own result in force, `in_force` are all of them."""
        self._target = target
        self._objects = objects
        recipe = target.recipe.name
        others = [one for _, one in sorted(in_force.items()) if one.recipe == recipe and one.target != target.id]
        self._entries = [*([entry] if entry is not None else []), *others]

    def inputs(self) -> dict[str, str]:
        """Return the digests that the inputs had when the newest of these results was made, by role."""
        last = next(self._records(), None)
        return {role: digest for role, (_, digest) in last.manifest["inputs"].items()} if last is not None else {}

    def rows(self, asked: Sequence[WantedRow], *, generation: Generation, journal: Journal) -> dict[str, RowEntry]:
        """Return row key -> the stored row that a last result had under the key the row had before."""
        missing = {row.key: row.formerly for row in asked}
        found: dict[str, RowEntry] = {}
        records = self._records() if missing else iter(())
        while missing and (record := next(records, None)) is not None:
            if self._is_alike(record, generation):
                found |= _stored(missing, trace_of(record, self._objects), journal)
                missing = {key: old for key, old in missing.items() if key not in found}
        return found

    def _records(self) -> Iterator[Record]:
        for entry in self._entries:
            record = last_record(entry, self._objects)
            if record is not None:
                yield record

    def _is_alike(self, last: Record, generation: Generation) -> bool:
        """Return whether its rows were wanted in the same way, so that only what they are about may differ."""
        recipe = self._target.recipe
        is_same_recipe = last.recipe == (recipe.name, recipe.version)
        is_same_generation = last.manifest.get("generation", 0) == generation.told
        params = (_without(one, recipe.unit_param) for one in (last.manifest["params"], self._target.params))
        return is_same_recipe and is_same_generation and next(params) == next(params)


def previous_trace(entry: Entry | None, objects: Objects) -> Trace:
    """Return the trace of the result in force, empty when there is none or it can not be read."""
    record = last_record(entry, objects)
    return trace_of(record, objects) if record is not None else {}


def last_record(entry: Entry | None, objects: Objects) -> Record | None:
    """Return the record of a table's result; None when there is none or it can not be read."""
    try:
        return decode_record(objects.get(entry.record)) if entry is not None and entry.row_count >= 0 else None
    except ObjectDamaged:
        return None


def trace_of(record: Record, objects: Objects) -> Trace:
    """Return the trace of a result, empty when it can not be read."""
    try:
        return decode_trace(objects.get(record.trace)) if record.trace else {}
    except ObjectDamaged:
        return {}


def _stored(wanted: Mapping[str, str], previous: Trace, journal: Journal) -> dict[str, RowEntry]:
    known = {key: previous[old] for key, old in wanted.items() if old in previous}
    stored = journal.rows([fingerprint for fingerprint, _, _ in known.values()]) if known else {}
    found = {}
    for key, (fingerprint, reads, _) in known.items():
        entry = next((one for one in stored.get(fingerprint, ()) if dict(one.reads) == dict(reads)), None)
        if entry is not None:
            found[key] = entry
    return found


def _without(params: Json, name: str) -> Json:
    return {key: value for key, value in params.items() if key != name} if name else params
