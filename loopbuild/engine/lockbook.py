"""loop.lock during a build: what it named at the start, what it names at the end, and what a frozen one forbids.

Decides nothing about how results come about. Under a frozen lock a pure result may be made again, as long as the bytes
are those named; whatever is pinned or has a history must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from loopbuild.digest import short
from loopbuild.engine import lockfile
from loopbuild.engine.commit import decode_record
from loopbuild.engine.generations import NEVER, Generation
from loopbuild.engine.journal import Entry
from loopbuild.engine.known import Known
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.outcome import Result
from loopbuild.engine.target import Target
from loopbuild.errors import BuildError


class LockBook:
    """The lines as they were, and what the build adds to them."""

    def __init__(
        self, lines: lockfile.Lines, *, is_frozen: bool, is_kept: bool = False, with_proofs: bool = False
    ) -> None:
        self._lines = lines
        self._is_frozen = is_frozen
        self._is_kept = is_kept
        self._with_proofs = with_proofs
        self._changed: set[str] = set()
        self._generations = lockfile.generations_in(lines)
        self._refreshed: set[str] = set()

    @property
    def changes(self) -> tuple[str, ...]:
        """Of a frozen build: the ids whose lines would not stay as they are, sorted."""
        return tuple(sorted(self._changed))

    def generation(self, name: str, *, is_refreshed: bool, rows: Collection[str] = ()) -> Generation:
        """Return the generation a target is wanted in, and remember it for its line; `rows` are those refreshed."""
        if (is_refreshed or rows) and name not in self._refreshed:
            self._refreshed.add(name)
            before = self._generations.get(name, NEVER)
            self._generations[name] = before.raised(is_whole=is_refreshed, rows=rows)
        return self._generations.get(name, NEVER)

    def allows(self, target: Target, key: str, usable: Entry | None) -> bool:
        """Return whether the target may be taken from the store, or run."""
        if not self._is_frozen:
            return True
        named = lockfile.output_for(self._lines, target.id, key)
        is_kept = usable.output == named if usable is not None else target.recipe.nature == "pure"
        if named and is_kept:
            return True
        self._changed.add(target.id)
        return False

    def compared(self, result: Result) -> Result:
        """Return the result, turned into a failure when a frozen lock names other bytes."""
        if not self._is_frozen:
            return result
        named = self._lines[result.target][0].removeprefix("b3:")
        if result.output == named:
            return result
        self._changed.add(result.target)
        made = f"`{result.target}` made {short(result.output)}"
        error = BuildError(
            f"{made}, but `{lockfile.NAME}` names {short(named)} for the same inputs",
            target=result.target,
            hint="its recipe is not a function of its inputs, or the lock was edited by hand",
        )
        return result._replace(outcome="failed", error=error)

    def close(
        self,
        targets: Mapping[str, Target],
        known: Known,
        extra: Mapping[str, Mapping[str, str]],
        *,
        unmoved: Collection[str],
        is_complete: bool,
        root: Path,
        scratch: Path,
        now: lockfile.Lines,
        is_in_force: Callable[[str], bool],
    ) -> bool:
        """Write the lines of the targets that are done, or note what would change in a frozen file.

        `now` are the lines that stand there; what others wrote since the build began is kept, see `lockfile.update`.
        Return whether every line of a target that is done is there.
        """
        if self._is_kept:
            return True
        old = self._lines
        results = {
            name: old[name] if name in unmoved and name in old else self._line(target, known)
            for name, target in targets.items()
        }
        for name in self._generations.keys() & targets.keys():
            results |= lockfile.row_lines(name, self._generations[name])
        if self._is_frozen:
            lines = lockfile.update(old, results, extra, is_complete=is_complete)
            self._changed.update(lockfile.changes(old, lines))
            return True
        lines = lockfile.update(old, results, extra, is_complete=is_complete, now=now, is_in_force=is_in_force)
        lockfile.write(root, lines, scratch=scratch)
        return now is old or all(lines[name] == line for name, line in results.items())

    def _line(self, target: Target, known: Known) -> lockfile.Line:
        entry, nature = known.current[target.id], target.recipe.nature
        parent = ""
        if nature == "historical":
            try:
                parent = decode_record(known.objects.get(entry.record)).parent
            except ObjectDamaged:
                # The result is whole, only who remembered its parent is gone: what the lock says of it still holds.
                digest, fields = self._lines.get(target.id, ("", {}))
                parent = fields.get("parent", "") if digest == f"b3:{entry.output}" else ""
        generation = self._generations.get(target.id, NEVER).whole
        return lockfile.line_of(
            entry, nature=nature, parent=parent, generation=generation, with_proof=self._with_proofs
        )
