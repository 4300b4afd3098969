"""`plan`: the same walk as `build`, without running anything and without writing anything.

"Would" is certain, "may" depends on bytes nobody has made yet. Cheap pure recipes are evaluated in memory, so that an
edit which changes nothing that matters is seen to change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from loopbuild.digest import canonical, short
from loopbuild.engine.action import Folders, StoredAction, Wiring, recipe_function
from loopbuild.engine.borrowed import Borrowed
from loopbuild.engine.demands import NOTHING, Demand, Demands, reason_for
from loopbuild.engine.execute import recipe_code, translate
from loopbuild.engine.garbage import rare_collections
from loopbuild.engine.generations import NEVER, Generation
from loopbuild.engine.heads import parent_of
from loopbuild.engine.history import Cost, costs
from loopbuild.engine.journal import Journal
from loopbuild.engine.keys import key_of, manifest_of
from loopbuild.engine.known import Known
from loopbuild.engine.leaves import Leaves
from loopbuild.engine.lockfile import Line, Lines, generations_in, output_for, read, targets_in
from loopbuild.engine.objects import MemoryObjects, ObjectDamaged
from loopbuild.engine.planned import LeafChange, Plan, PlanEntry, PlannedRow, Will
from loopbuild.engine.rows import RowVerdict
from loopbuild.engine.selection import Selection, edges
from loopbuild.engine.staleness import StaleReason
from loopbuild.engine.tables import StoredOutputs, choose_rows, has_proven
from loopbuild.engine.target import Json, Target
from loopbuild.engine.uptodate import Still, definitions_of, still
from loopbuild.engine.walk import Walk
from loopbuild.engine.workspace import Workspace


def plan(
    ws: Workspace,
    targets: Iterable[Target],
    *,
    select: Selection | tuple[str, ...] = (),
    demands: Demands = NOTHING,
    lock: Mapping[str, Line] | None = None,
    stamp: str = "",
    defer: Lines | None = None,
    proves: bool = True,
) -> Plan:
    """Return what `build` would do, under loop.lock or other lines, with the same `defer` and `proves` as there.

    `stamp`: that of the build, so that what has not moved since the last complete one need not be looked at again; not
    together with other lines.

    Raises SelectionError, BuildError for a graph that makes no sense and LockError for a lock that can not be read.
    """
    lines = read(ws.root) if lock is None else lock
    with rare_collections(), ws.reading() as journal, ExitStack() as stack:
        targets = list(targets)
        planner = _Planner(ws, journal, stack, lines=lines, demands=demands)
        planner.borrowed = Borrowed(defer) if defer is not None else None
        planner.proves = proves
        if stamp and not demands and defer is None and proves:
            planner.recall(stamp, targets)
        return planner.run(targets, select)


class _Planner:
    _walk: Walk

    def __init__(self, ws: Workspace, journal: Journal, stack: ExitStack, *, lines: Lines, demands: Demands) -> None:
        self._ws = ws
        self._journal = journal
        self._version = journal.version()
        self._stack = stack
        self._scratch: Path | None = None
        self._objects = MemoryObjects(ws.objects.folder)
        self._leaves = Leaves(ws.root, journal, self._objects, clock=ws.clock)
        self._known = Known(journal, self._objects, self._leaves, lock=lines)
        self._lock = lines
        self.borrowed: Borrowed | None = None
        self.proves = True
        self._generations = generations_in(lines)
        self._demands = demands
        self._is_demanding = bool(demands)
        self._hoped: set[str] = set()
        """Targets whose output is only what loop.lock says: nothing that follows from it is certain."""
        self._costs = costs(journal)
        self._outputs: dict[str, str] = {}
        self._entries: dict[str, PlanEntry] = {}
        self._tentative: set[str] = set()
        self._promised: set[str] = set()
        """Keys and row fingerprints an earlier target of this plan would make: whoever wants them too gets them."""
        self._made: dict[str, str] = {}
        """Promised key -> its output, where that was evaluated in memory."""
        self._open_ended: list[str] = []
        self._is_running = self._is_blind = False  # blind: what is asked for may be among targets nobody knows yet
        self._still: Still | None = None
        self._fresh: set[str] = set()

    def recall(self, stamp: str, targets: Sequence[Target]) -> None:
        """Find out what has not moved since the last complete build."""
        found = still(self._ws, self._journal, stamp, targets, definitions_of(targets))
        if found is not None and self._journal.version() == self._version:  # else it may be about newer results
            self._still = found
            self._leaves.trust(found.leaves, found.objects)

    def run(self, targets: Sequence[Target], select: Selection | tuple[str, ...]) -> Plan:
        """Walk to the end."""
        self._walk = Walk(targets, select=select, kept=self._still.kept if self._still is not None else frozenset())
        for one in self._walk.kept:
            entry = self._entries[one.id] = self._kept(one)
            self._outputs[one.id] = entry.output
            self._fresh.add(one.id)
        while (target := self._walk.next()) is not None:
            entry = self._visit(target)
            if self._hoped and not self._hoped.isdisjoint(edges(target)):
                self._hoped.add(target.id)
            is_unsure = target.id in self._hoped or (target.id in self._tentative and entry.will == "run")
            entry = entry._replace(will="maybe") if is_unsure else entry
            self._entries[target.id] = entry
            self._is_running |= entry.will != "reuse"
            if entry.output:
                self._outputs[target.id] = entry.output
            if target.expand:
                self._expand(target, entry)
            self._walk.settle(target.id)
        self._walk.finish(is_blind=self._is_blind)
        by_will: dict[Will, list[PlanEntry]] = {"run": [], "maybe": [], "reuse": []}
        for name in self._walk.targets if self._fresh else self._entries:
            if name in self._entries:
                by_will[self._entries[name].will].append(self._entries[name])
        return Plan(
            would=tuple(by_will["run"]),
            may=tuple(by_will["maybe"]),
            fresh=tuple(by_will["reuse"]),
            leaf_changes=_leaf_changes(self._entries.values()),
            open_ended=tuple(self._open_ended),
            targets=self._walk.targets,
            lock_changes=self._lock_changes(),
            missing=tuple(entry for entry in by_will["maybe"] if entry.is_locked),
        )

    def _lock_changes(self) -> tuple[str, ...]:
        """Return the lines that are not what is in force, and those of targets that exist no more."""
        if self.borrowed is not None:
            return ()  # it will not be written
        changed = [entry.target for entry in self._entries.values() if entry.will == "reuse" and not entry.is_locked]
        if self._walk.select.is_whole and not self._open_ended:
            changed += [name for name in targets_in(self._lock) if name not in self._entries]
        return tuple(sorted(changed))

    def _visit(self, target: Target) -> PlanEntry:
        if self._still is not None and self._still.keeps(target, self._fresh):
            self._fresh.add(target.id)
            return self._kept(target)
        entry: PlanEntry | None = None
        try:
            if self.borrowed is not None:
                is_chosen = self._walk.is_chosen(target.id)
                output = self.borrowed.output(target, is_chosen=is_chosen, is_there=self._known.is_there)
                if output:
                    return self._entry(target, will="reuse", output=output)
            files = {path: self._leaves.digest(path) for _, path in target.files}
            inputs = {name: self._outputs.get(name, "") for _, name in target.inputs}
            demand = self._demands.of(target, self._walk.targets) if self._is_demanding else ""
            generation = self._generations.get(target.id, NEVER)
            if self._is_demanding:
                generation = generation.raised(is_whole=demand == "refresh", rows=self._demands.rows_of(target))
            if not all(inputs.values()):
                entry = self._entry(target)
                manifest = manifest_of(target, files=files, inputs=inputs, generation=generation)
                reasons = self._known.why(target, "", manifest)
                will: Will = "maybe"
                if demand in ("force", "from_scratch"):
                    will, reasons = "run", (reason_for(demand), *reasons)
                entry = self._entry(target, will=will, reasons=reasons)
                return self._priced(entry, self._estimate(target, entry))
            key = key_of(target, files=files, inputs=inputs, generation=generation)
            locked = output_for(self._lock, target.id, key)
            if demand in ("force", "from_scratch"):
                entry = self._entry(target, key=key, reasons=(reason_for(demand),))
                return self._forced(target, entry, key, demand)
            usable, reasons = self._known.usable(target, key)
            if usable is not None and not self.proves and has_proven(target, usable, self._objects):
                usable, reasons = None, (StaleReason(code="forced"),)
            if usable is not None:
                return self._entry(target, will="reuse", output=usable.output, reasons=reasons, key=key, locked=locked)
            entry = self._entry(target)
            manifest = manifest_of(target, files=files, inputs=inputs, generation=generation)
            for path in files:
                self._leaves.secure(path)
            reasons = (*reasons, *self._known.why(target, key, manifest))
            entry = self._entry(target, key=key, reasons=reasons)
            if locked and not target.recipe.is_cheap and not self._was_here(target, key):
                return self._missing(target, entry, locked)
            if target.recipe.nature != "historical" and not self._promise([key]):
                made = self._made.get(key, "")
                return entry._replace(will="maybe", output=made, is_locked=bool(made) and made == locked)
            if self._is_running and all(reason.kind == "object" for reason in entry.reasons):
                # Only bytes are gone, and whatever runs before may happen to make the very same bytes.
                entry = entry._replace(will="maybe")
                if not target.recipe.is_cheap:  # else what they were is seen at once, and with it what follows
                    return self._priced(entry, self._estimate(target, entry))
            return self._stale(target, entry, key, files, generation)
        except ObjectDamaged:
            # The build would notice as well, and then make it again; until then nothing more can be said.
            entry = entry or self._entry(target)
            return self._priced(entry._replace(will="maybe"), self._estimate(target, entry))
        except Exception as error:
            return (entry or self._entry(target))._replace(will="run", error=translate(error, target.id))

    def _kept(self, target: Target) -> PlanEntry:
        """What has the key of its result in force, and so its line in loop.lock."""
        current = self._known.current[target.id]
        kind, rows = target.id.partition(":")[0], current.row_count if current.row_count >= 0 else None
        return PlanEntry(
            target.id, kind, target.recipe.name, "reuse", rows_total=rows,
            output=current.output, key=current.key, is_locked=True,
        )  # fmt: skip

    def _entry(
        self,
        target: Target,
        *,
        will: Will = "run",
        output: str = "",
        reasons: tuple[StaleReason, ...] = (),
        key: str = "",
        locked: str = "",
    ) -> PlanEntry:
        current = self._known.current.get(target.id)
        return PlanEntry(
            target=target.id,
            kind=target.id.partition(":")[0],
            recipe=target.recipe.name,
            will=will,
            output=output,
            reasons=reasons,
            key=key,
            is_locked=bool(output) and output == locked,
            rows_total=current.row_count if current is not None and current.row_count >= 0 else None,
        )

    def _was_here(self, target: Target, key: str) -> bool:
        current = self._known.current.get(target.id)
        return current is not None and current.key == key

    def _missing(self, target: Target, entry: PlanEntry, locked: str) -> PlanEntry:
        """What loop.lock names for this key was never here: a cache may have it, else it is made."""
        self._hoped.add(target.id)
        rows = self._lock[target.id][1].get("rows", "")
        total = int(rows) if rows.isdecimal() else None
        reason = StaleReason(code="output_missing", subject=short(locked), kind="object")
        entry = entry._replace(will="maybe", output=locked, is_locked=True, rows_total=total, reasons=(reason,))
        return self._priced(entry, total)

    def _forced(self, target: Target, entry: PlanEntry, key: str, demand: Demand) -> PlanEntry:
        parent_of(target, key, self._known, demand)
        return self._priced(entry, entry.rows_total)

    def _stale(
        self, target: Target, entry: PlanEntry, key: str, files: Mapping[str, str], generation: Generation
    ) -> PlanEntry:
        parent_of(target, key, self._known, "")
        roles = {role: self._outputs.get(name, "") for role, name in (*target.inputs, *target.order_only)}
        is_readable = all(roles.values())
        action = StoredAction(
            target,
            key=key,
            wiring=Wiring(inputs=roles, files={role: files[path] for role, path in target.files}),
            objects=self._objects,
            root=self._ws.root,
            folders=Folders(work=self._elsewhere() / "work", partial=self._elsewhere() / key),
        )
        if target.recipe.is_rows:
            if not is_readable:
                return self._priced(entry._replace(will="maybe"), self._estimate(target, entry))
            return self._table(target, entry, action, generation)
        if target.recipe.is_cheap and is_readable:
            with recipe_code(target.id):
                output: Json = recipe_function(target.recipe.run)(action)
            made = self._made[key] = self._objects.put(canonical(output))
            is_locked = made == output_for(self._lock, target.id, key)
            return self._priced(entry._replace(is_cheap=True, output=made, is_locked=is_locked), None)
        return self._priced(entry, None)

    def _elsewhere(self) -> Path:
        """Return a folder outside the project, made when a stale target is first looked into."""
        if self._scratch is None:
            import tempfile

            self._scratch = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="loopbuild-plan-")))
        return self._scratch

    def _table(self, target: Target, entry: PlanEntry, action: StoredAction, generation: Generation) -> PlanEntry:
        verdicts, _ = choose_rows(
            target,
            action,
            journal=self._journal,
            objects=self._objects,
            entry=self._known.current.get(target.id),
            in_force=self._known.at_start,
            forced=False,
            generation=generation,
            proves=self.proves,
        )
        stored = StoredOutputs(self._objects)
        outputs: dict[str, Json] = {}
        rows: list[PlannedRow] = []
        stale: list[RowVerdict] = []
        for verdict in verdicts:
            held = stored.get(verdict.stored) if verdict.stored is not None else None
            if verdict.verdict == "reuse" and held is not None:
                outputs[verdict.row.key] = held[0]
                continue
            stale.append(verdict)
            will: Literal["run", "revalidate"] = "run" if verdict.verdict == "run" or held is None else "revalidate"
            rows.append(PlannedRow(key=verdict.row.key, verdict=will, reasons=_row_reasons(verdict)))
        entry = entry._replace(
            rows=tuple(rows),
            rows_stale=sum(row.verdict == "run" for row in rows),
            rows_revalidate=sum(row.verdict == "revalidate" for row in rows),
            rows_total=len(verdicts),
        )
        if not rows:
            made = entry._replace(output=self._objects.put(canonical({"rows": outputs})))
            return made._replace(will="reuse") if verdicts else made  # a build makes a table without rows
        if not self._promise([verdict.fingerprint for verdict in stale]):
            entry = entry._replace(will="maybe")
        # At most: none of those that are checked may hold.
        most = (entry.rows_stale or 0) + entry.rows_revalidate
        return self._priced(entry, most)._replace(rows_stale=entry.rows_stale)

    def _promise(self, names: Sequence[str]) -> bool:
        """Note what would be made; return whether any of it is not promised already."""
        is_new = any(name not in self._promised for name in names)
        self._promised.update(names)
        return is_new

    def _expand(self, target: Target, entry: PlanEntry) -> None:
        output = self._decoded(entry.output)
        is_known = output is not None
        if not is_known:
            # Its last output is the best guess at what will exist; nothing that follows from it is certain.
            self._open_ended.append(target.id)
            current = self._known.current.get(target.id)
            output = self._decoded(current.output) if current is not None else None
        if output is None:
            self._is_blind = True
            return
        with recipe_code(target.id):
            found = list(recipe_function(target.expand)(target, output))
        if not is_known:
            self._tentative.update(new.id for new in found if new.id not in self._walk.targets)
        self._walk.add(found)

    def _decoded(self, digest: str) -> Json | None:
        try:
            return json.loads(self._objects.get(digest)) if digest else None
        except ObjectDamaged:
            return None

    def _estimate(self, target: Target, entry: PlanEntry) -> int | None:
        """Return how many rows may be stale: those of the unknown inputs, in proportion."""
        if not target.recipe.is_rows:
            return None
        found: int | None = None
        for name in edges(target):
            upstream = self._entries.get(name)
            if name in self._outputs or upstream is None or upstream.rows_stale is None:
                continue
            ratio = entry.rows_total / upstream.rows_total if entry.rows_total and upstream.rows_total else 1.0
            found = max(found or 0, round((upstream.rows_stale + upstream.rows_revalidate) * ratio))
        return entry.rows_total if found is None else found

    def _priced(self, entry: PlanEntry, rows: int | None) -> PlanEntry:
        cost: Cost | None = self._costs.get(entry.recipe)
        seconds = high = None
        if cost is not None and (rows is not None or not cost.is_per_row):
            times = (rows or 0) if cost.is_per_row else 1
            seconds, high = cost.seconds * times, cost.seconds_high * times
        return entry._replace(
            rows_stale=rows if rows is not None else entry.rows_stale, seconds=seconds, seconds_high=high
        )


def _row_reasons(verdict: RowVerdict) -> tuple[StaleReason, ...]:
    if verdict.reasons:
        return verdict.reasons
    return (StaleReason(code="output_missing", subject=verdict.row.key, kind="row"),)


def _leaf_changes(entries: Iterable[PlanEntry]) -> tuple[LeafChange, ...]:
    reasons = (reason for entry in entries for reason in entry.reasons if reason.kind == "file")
    found = {one.subject: LeafChange(path=one.subject, old=one.old, new=one.new) for one in reasons}
    return tuple(found[path] for path in sorted(found))
