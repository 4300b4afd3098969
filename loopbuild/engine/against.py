"""A plan seen against some loop.lock: what is new, what is modified, what only follows from that, what is no more.

Decides what "modified" means: a target is, when its key would be another one even if all it rests on still were what
that lock names. So it needs no result of anybody, and a clone without a store answers like the machine that built.
Writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from blake3 import blake3

from loopbuild.engine.commit import decode_record
from loopbuild.engine.generations import NEVER
from loopbuild.engine.keys import key_of, manifest_of
from loopbuild.engine.lockfile import Lines, generations_in, key_in, targets_in
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.planned import Plan, PlanEntry
from loopbuild.engine.staleness import compare
from loopbuild.engine.target import Json, Target
from loopbuild.engine.workspace import Workspace

_OWN = frozenset(
    {"recipe_changed", "params_changed", "input_changed", "input_added", "input_removed", "refreshed", "goal_changed"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The targets of a plan by how they stand to a lock, in declared order; `removed` are those only the lock has."""

    new: tuple[str, ...]
    modified: tuple[str, ...]
    follows: tuple[str, ...]
    """Not modified, but what they rest on is, or may be, not what the lock names."""
    same: tuple[str, ...]
    removed: tuple[str, ...]


class Against:
    """Answers about one plan and the lines of one lock; what is removed shows only in a plan of everything."""

    def __init__(self, ws: Workspace, planned: Plan, lines: Lines) -> None:
        self._ws = ws
        self._plan = planned
        self._lines = lines
        self._generations = generations_in(lines)
        self._targets = frozenset(targets_in(lines))

    @cached_property
    def standing(self) -> Standing:
        """Every target and every line."""
        found: dict[str, list[str]] = {"new": [], "modified": [], "follows": [], "same": []}
        entries = self._plan.entries
        for name in self._plan.targets:
            if name in entries:
                found[self._state(entries[name])].append(name)
        return Standing(removed=self.removed, **{state: tuple(names) for state, names in found.items()})

    @property
    def removed(self) -> tuple[str, ...]:
        """What the lock names and nothing declares any more; nothing while an expansion may still declare it."""
        if self._plan.open_ended:
            return ()
        return tuple(sorted(name for name in self._targets if name not in self._plan.targets))

    def is_new(self, name: str) -> bool:
        """Whether the lock has no line for a target."""
        return name not in self._targets

    def is_modified(self, name: str) -> bool:
        """Whether a target is another one than the lock's, whatever happened to what it rests on."""
        return not self.is_new(name) and self._state(self._plan.entries[name]) == "modified"

    def _state(self, entry: PlanEntry) -> str:
        if self.is_new(entry.target):
            return "new"
        named = key_in(self._lines[entry.target])
        if entry.key and entry.key.startswith(named):
            return "same"
        target = self._plan.targets[entry.target]
        try:
            files = {path: blake3((self._ws.root / path).read_bytes()).hexdigest() for _, path in target.files}
        except OSError:
            return "modified"
        return "modified" if self._is_own_change(target, named, files) else "follows"

    def _is_own_change(self, target: Target, named: str, files: Mapping[str, str]) -> bool:
        generation = self._generations.get(target.id, NEVER)
        inputs = {name: self._lines.get(name, ("", {}))[0].removeprefix("b3:") for _, name in target.inputs}
        if key_of(target, files=files, inputs=inputs, generation=generation).startswith(named):
            return False
        before = self._manifest(target.id, named)
        if before is None:
            return True
        # A line of a part that was not built lately may be older than those of what it rests on.
        reasons = compare(before, manifest_of(target, files=files, inputs=inputs, generation=generation))
        return any(reason.code in _OWN for reason in reasons)

    def _manifest(self, name: str, named: str) -> Mapping[str, Json] | None:
        """Return what the key in the lock covers, in words, if its record is here."""
        with self._ws.reading() as journal:
            entry = journal.with_line(name, named)
        try:
            return decode_record(self._ws.objects.get(entry.record)).manifest if entry is not None else None
        except ObjectDamaged:
            return None
