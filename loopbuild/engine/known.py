"""What is known about targets from earlier builds, and whether a stored result still counts.

One decision for `build`, `plan` and `why` alike. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loopbuild.digest import short
from loopbuild.engine import lockfile
from loopbuild.engine.commit import decode_record
from loopbuild.engine.journal import Entry, Journal
from loopbuild.engine.leaves import Leaves
from loopbuild.engine.objects import ObjectDamaged, Objects
from loopbuild.engine.staleness import ReasonCode, StaleReason, compare
from loopbuild.engine.target import Json, Target


class Known:
    """Results in force by target id, and the way to older ones."""

    def __init__(
        self, journal: Journal, objects: Objects, leaves: Leaves, *, lock: lockfile.Lines | None = None
    ) -> None:
        self.objects = objects
        self.lock: lockfile.Lines = lock or {}
        """loop.lock when the build began."""
        self.newest = journal.newest()
        """The number of the newest result when the build began."""
        self.current = journal.current()
        self.at_start: Mapping[str, Entry] = dict(self.current)
        """The results in force when the build began: heads of histories, a constant of the build."""
        self.fetch: Callable[[str, str, Entry | None], bool] | None = None
        """A way to bring back an output of a target that is not whole here, in a build that has one."""
        self._journal = journal
        self._leaves = leaves
        self._failures = journal.failures()

    def usable(self, target: Target, key: str) -> tuple[Entry | None, tuple[StaleReason, ...]]:
        """Return a sound stored result of this key, the one in force first; else what is wrong with those there are."""
        current = self.current.get(target.id)
        reasons: list[StaleReason] = []
        # Of several realisations of one key the one in loop.lock counts, then the first committed.
        named = lockfile.output_for(self.lock, target.id, key) if target.recipe.nature == "pinned" else ""
        is_named = current is not None and (not named or current.output == named)
        if current is not None and current.key == key and is_named and self.is_sound(current, reasons):
            return current, ()
        others = [
            entry
            for entry in self._journal.with_key(key)
            if current is None or not is_named or entry.seq != current.seq
        ]
        if target.recipe.nature == "historical":
            others = [entry for entry in others if entry.target == target.id]
        others.sort(key=lambda entry: (entry.output != named, entry.target != target.id))
        for entry in others:
            # Another target's result is taken over by its record, so that has to be there as well.
            is_whole = entry.target == target.id or not self._leaves.soundness(entry.record)
            if is_whole and self.is_sound(entry, reasons):
                return entry, tuple(reasons)
        return None, tuple(reasons)

    def is_sound(self, entry: Entry, reasons: list[StaleReason] | None = None) -> bool:
        """Return whether all bytes of a result are on disk as they were; else say in `reasons` what is not."""
        for digest in entry.needs:
            verdict = self._leaves.soundness(digest)
            if verdict:
                code: ReasonCode = "output_missing" if verdict == "output_missing" else "output_damaged"
                if reasons is not None:
                    reasons.append(StaleReason(code=code, subject=short(digest), kind="object"))
                return False
        return True

    def is_there(self, target: str, output: str) -> bool:
        """Return whether an output of a target, in force or not, is on disk with all it names."""
        entry = self.current.get(target)
        if entry is None or entry.output != output:
            entry = self._journal.with_output(target, output)
        is_sound = self.is_sound(entry) if entry is not None else not self._leaves.soundness(output)
        return is_sound or (self.fetch is not None and self.fetch(target, output, entry))

    def why(self, target: Target, key: str, manifest: Mapping[str, Json]) -> tuple[StaleReason, ...]:
        """Return why there is no result in force for `key`; "" while some input is not known yet."""
        current = self.current.get(target.id)
        reasons: tuple[StaleReason, ...] = ()
        if current is None:
            reasons = (StaleReason(code="never_built"),)
        elif current.key != key:
            try:
                before = decode_record(self.objects.get(current.record)).manifest
                reasons = compare(before, manifest, is_goal=target.recipe.nature == "historical")
            except ObjectDamaged:
                reasons = (StaleReason(code="output_missing", subject=short(current.record), kind="object"),)
        failure = self._failures.get(target.id)
        if failure is not None and failure[0] == key:
            reasons = (*reasons, StaleReason(code="failed_last_time", old=failure[1]))
        return reasons
