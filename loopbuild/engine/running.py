"""A build while it runs: one walk over the graph, from the first target to the last one that can be settled.

Decides for each target whether a stored result is taken, it is made here, handed to the pool or awaited from another
build, and what a failure or a signal means for the rest. Damage in the store is not its business: it lets it through to
whoever can walk again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from loopbuild.engine import lockfile
from loopbuild.engine.action import Interrupted, Wiring, recipe_function
from loopbuild.engine.commit import adopt
from loopbuild.engine.demands import reason_for
from loopbuild.engine.elsewhere import Elsewhere
from loopbuild.engine.ending import LockLines, note_run, write_lock
from loopbuild.engine.execute import recipe_code, translate
from loopbuild.engine.executors.pool import Pool
from loopbuild.engine.heads import parent_of
from loopbuild.engine.interrupts import GRACE_SECONDS, Interrupts
from loopbuild.engine.journal import Entry
from loopbuild.engine.keys import key_of, manifest_of
from loopbuild.engine.lockbook import LockBook
from loopbuild.engine.make import Job, Workshop
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.options import Options
from loopbuild.engine.outcome import BAD, Event, Outcome, Result, What
from loopbuild.engine.selection import Selection
from loopbuild.engine.staleness import StaleReason
from loopbuild.engine.tables import has_proven
from loopbuild.engine.target import Json, Target
from loopbuild.engine.uptodate import Still, definitions_of, still
from loopbuild.engine.walk import Walk
from loopbuild.errors import BuildError


class RunningBuild:
    """Targets as they are settled; `results` holds what became of each so far."""

    def __init__(
        self,
        shop: Workshop,
        targets: Sequence[Target],
        select: Selection | tuple[str, ...],
        pool: Pool,
        interrupts: Interrupts,
        on_event: Callable[[Event], None],
        options: Options,
        *,
        earlier: Mapping[str, Result],
        stamp: str,
    ) -> None:
        """Be ready to walk; `earlier` are results of a walk over the same targets that had to be broken off."""
        self.results: dict[str, Result] = {}
        self._shop = shop
        self._pool = pool
        self._interrupts = interrupts
        self._on_event = on_event
        self._options = options
        self._lock = LockBook(
            shop.known.lock,
            is_frozen=options.frozen,
            is_kept=options.borrowed is not None,
            with_proofs=options.proofs,
        )
        self._outputs: dict[str, str] = {}
        self._has_demands = bool(options.demands)
        self._earlier = earlier
        self._is_stopped = self._has_bad = False
        self._fresh: set[str] = set()
        self._elsewhere = Elsewhere(shop.ws.leases, on_event)
        self._began = 0.0
        self._stamp = stamp
        self._definitions = definitions_of(targets) if stamp else ""
        self._still = self._recall(targets)
        self._walk = Walk(targets, select=select, kept=self._still.kept if self._still is not None else frozenset())

    # -- the walk --------------------------------------------------------------------------------------------------

    def run(self, lock_lines: LockLines | None) -> Outcome:
        """Walk to the end."""
        started, self._began = self._shop.ws.clock(), time.monotonic()
        try:
            self._keep()
            while not self._is_stopped and not self._interrupts.is_asked:
                if self._pool.is_full:
                    self._collect()
                elif (target := self._walk.next() or self._elsewhere.next()) is not None:
                    self._start(target)
                elif self._pool.is_busy:
                    self._collect()
                elif self._elsewhere.is_busy:
                    self._await()
                else:
                    break
            patience = time.monotonic() + GRACE_SECONDS["pure"]
            while self._pool.is_busy and (not self._interrupts.is_asked or time.monotonic() < patience):
                self._collect()
            for job in self._pool.abandon():
                self._settle(job.target, Result(target=job.target.id, outcome="interrupted"))
            if not self._is_stopped and not self._interrupts.is_asked:
                for name in self._walk.finish():
                    self._skip(name, "")
        except BaseException:
            with self._shop.ws.turn():
                self._write_lock(lock_lines)
            raise
        finally:
            self._elsewhere.release_all()
        with self._shop.ws.turn():
            is_locked = self._write_lock(lock_lines)
            return self._outcome(started, time.monotonic() - self._began, is_locked=is_locked)

    def _recall(self, targets: Sequence[Target]) -> Still | None:
        """Return what has not moved since the last complete build."""
        shop = self._shop
        is_plain = self._options.proves and self._options.borrowed is None and not self._options.frozen
        if not is_plain or self._has_demands or self._earlier:
            return None
        found = still(shop.ws, shop.journal, self._stamp, targets, self._definitions)
        if found is None or shop.has_company:  # it may be about newer results than those that were read
            return None
        shop.leaves.trust(found.leaves, found.objects)
        return found

    def _keep(self) -> None:
        """Settle all at once what need not be looked at."""
        current = self._shop.known.current
        for target in self._walk.kept:
            name = target.id
            entry = current[name]
            if entry.published:
                self._shop.claim(target, entry.published)
            rows = entry.row_count if entry.row_count > 0 else 0
            self.results[name] = Result(name, "fresh", entry.output, rows_total=rows)
            self._outputs[name] = entry.output
            self._fresh.add(name)

    def _start(self, target: Target) -> None:
        if self._still is not None and self._still.keeps(target, self._fresh):
            entry = self._shop.known.current[target.id]
            if entry.published:
                self._shop.claim(target, entry.published)
            rows = max(entry.row_count, 0)
            self._settle(target, Result(target=target.id, outcome="fresh", output=entry.output, rows_total=rows))
            return
        start, key = time.monotonic(), ""
        try:
            found = self._look(target, start)
            if found is None:
                return
            if isinstance(found, Result):
                self._settle(target, found)
                return
            key = found.key
            self._tell_started(target)
            if self._pool.takes(target.recipe):
                self._pool.submit(found)
                return
            with self._interrupts.running(target.recipe.nature):
                result = self._shop.make(found, run_rows=self._pool.run_rows)
        except (KeyboardInterrupt, Interrupted):
            self._interrupts.is_asked = True
            result = Result(target=target.id, outcome="interrupted", seconds=time.monotonic() - start)
        except ObjectDamaged:
            raise
        except Exception as error:
            result = self._shop.failed(target, key, error, start)
        self._settle(target, result)

    def _await(self) -> None:
        """Nothing is left to do but what others are making: wait a little, or leave it to them."""
        if self._options.waits:
            self._elsewhere.wait()
            return
        for target in self._elsewhere.leave():
            self._settle(target, Result(target=target.id, outcome="deferred"))

    def _collect(self) -> None:
        for job, answer in self._pool.wait():
            try:
                if isinstance(answer, Exception):
                    raise answer
                job = replace(job, started=time.monotonic() - answer.seconds)
                result = self._shop.finish(job, answer.content, kept=answer.kept, published=answer.published)
            except ObjectDamaged:
                raise
            except Exception as error:
                result = self._shop.failed(job.target, job.key, error, job.started)
            self._settle(job.target, result)

    def _look(self, target: Target, start: float) -> Result | Job | None:
        """Return the result when a stored one counts, else what has to be run; None while another build makes it."""
        if (borrowed := self._options.borrowed) is not None:
            try:
                output = borrowed.output(
                    target, is_chosen=self._walk.is_chosen(target.id), is_there=self._shop.known.is_there
                )
            except BuildError as error:
                return Result(target=target.id, outcome="failed", error=error)
            if output:
                return Result(target=target.id, outcome="borrowed", output=output)
        leaves = self._shop.leaves
        files = {path: leaves.digest(path) for _, path in target.files}
        inputs = {name: self._outputs[name] for _, name in target.inputs}
        demand = self._options.demands.of(target, self._walk.targets) if self._has_demands else ""
        generation = self._lock.generation(
            target.id, is_refreshed=demand == "refresh", rows=self._options.demands.rows_of(target)
        )
        key = key_of(target, files=files, inputs=inputs, generation=generation)
        is_forced = demand in ("force", "from_scratch") and target.id not in self._earlier
        reasons: tuple[StaleReason, ...] = (reason_for(demand),)
        usable, manifest, is_fetched = None, dict[str, Json](), False
        if not is_forced:
            usable, reasons = self._stored(target, key)
        if usable is None:
            if not self._elsewhere.take(target, key):
                return None
            if self._shop.has_company and not is_forced:
                usable, reasons = self._stored(target, key)
        if usable is None:
            manifest = manifest_of(target, files=files, inputs=inputs, generation=generation)
            if self._shop.sharing is not None and not is_forced:
                usable = self._shop.sharing.restore(target, key, manifest)
                is_fetched = usable is not None
                if usable is not None and self._is_proven(target, usable):
                    usable, reasons = None, (StaleReason(code="forced"),)
        if not self._lock.allows(target, key, usable):
            return Result(target=target.id, outcome="skipped", cause=lockfile.NAME)
        if usable is not None:
            return self._take(target, usable, reasons, is_fetched=is_fetched)
        if self._options.pull_only and not target.recipe.is_cheap:
            return Result(target=target.id, outcome="skipped")
        for path in files:
            leaves.secure(path)
        return Job(
            target=target,
            key=key,
            manifest=manifest,
            wiring=Wiring(
                inputs={role: self._outputs[name] for role, name in (*target.inputs, *target.order_only)},
                files={role: files[path] for role, path in target.files},
                head=parent_of(target, key, self._shop.known, demand),
                is_from_scratch=demand == "from_scratch",
            ),
            reasons=(*reasons, *self._shop.known.why(target, key, manifest)),
            is_forced=is_forced,
            generation=generation,
            started=start,
        )

    def _stored(self, target: Target, key: str) -> tuple[Entry | None, tuple[StaleReason, ...]]:
        """Return the stored result that counts, else what is wrong with those there are."""
        usable, reasons = self._shop.known.usable(target, key)
        if usable is not None and self._is_proven(target, usable):
            return None, (StaleReason(code="forced"),)
        return usable, reasons

    def _is_proven(self, target: Target, entry: Entry) -> bool:
        """Return whether a result holds rows that were proven, which this build shall not take."""
        return not self._options.proves and has_proven(target, entry, self._shop.objects)

    def _take(self, target: Target, entry: Entry, reasons: tuple[StaleReason, ...], *, is_fetched: bool) -> Result:
        shop = self._shop
        current = shop.known.current.get(target.id)
        outcome: What = "fresh"
        if entry.published:
            shop.claim(target, entry.published)
        if current is None or current.seq != entry.seq:
            is_new = entry.target == target.id and entry.seq > shop.known.newest and not is_fetched
            entry = adopt(entry, target, objects=shop.objects, journal=shop.journal, leaves=shop.leaves)
            shop.known.current[target.id] = entry
            outcome = "adopted" if is_new else "restored"
        if shop.publish(entry) and outcome == "fresh":
            outcome = "restored"
        rows = entry.row_count if entry.row_count > 0 else 0
        return Result(target=target.id, outcome=outcome, output=entry.output, reasons=reasons, rows_total=rows)

    def _settle(self, target: Target, result: Result) -> None:
        self._elsewhere.release(target.id)
        if spent := self._shop.spent.get(target.id):
            result = result._replace(spent=dict(spent))
        if result.outcome != "fresh":
            result = result._replace(began=max(0.0, time.monotonic() - self._began - result.seconds))
        if result.outcome not in BAD and target.expand:
            result = self._expand(target, result)
        if result.outcome not in BAD:
            result = self._lock.compared(result)
        self.results[target.id] = result
        if result.outcome in BAD:
            self._has_bad = True
            self._is_stopped |= self._options.fail_fast
            for name in self._walk.break_off(target.id):
                self._skip(name, target.id)
        else:
            self._outputs[target.id] = result.output
            if result.outcome == "fresh":
                self._fresh.add(target.id)
            self._walk.settle(target.id)
        for name in self._walk.take_late():
            self._skip(name, "")
        if result.outcome not in ("fresh", "borrowed"):
            self._tell_finished(result)

    def _expand(self, target: Target, result: Result) -> Result:
        try:
            output = json.loads(self._shop.objects.get(result.output))
            with recipe_code(target.id):
                found = list(recipe_function(target.expand)(target, output))
            self._walk.add(found)
        except ObjectDamaged:
            raise
        except Exception as error:
            return Result(target=target.id, outcome="failed", error=translate(error, target.id))
        return result

    def _skip(self, name: str, cause: str) -> None:
        if name not in self.results:
            self._has_bad = True
            self.results[name] = Result(target=name, outcome="skipped", cause=cause)
            self._tell_finished(self.results[name])

    @property
    def _is_complete(self) -> bool:
        is_cut = self._is_stopped or self._interrupts.is_asked or bool(self._lock.changes)
        return not is_cut and not self._has_bad

    @property
    def _is_whole(self) -> bool:
        return self._walk.select.is_whole and self._is_complete

    def _write_lock(self, lock_lines: LockLines | None) -> bool:
        targets = {name: self._walk.targets[name] for name in self._outputs}
        unmoved = self._fresh if self._still is not None else ()
        return write_lock(self._shop, self._lock, targets, lock_lines, unmoved=unmoved, is_complete=self._is_whole)

    def _outcome(self, started: float, seconds: float, *, is_locked: bool) -> Outcome:
        merged = dict(self.results)
        for name, result in self._earlier.items():
            if name in merged and merged[name].outcome == "fresh":
                merged[name] = result
        in_order = {name: merged.pop(name) for name in self._walk.targets if name in merged}
        outcome = Outcome(
            results=in_order | merged,
            seconds=seconds,
            is_interrupted=self._interrupts.is_asked,
            lock_changes=self._lock.changes,
        )
        note_run(
            self._shop,
            self._walk.targets,
            outcome,
            started=started,
            stamp=self._stamp,
            definitions=self._definitions,
            is_complete=self._is_complete and is_locked,
            name="" if self._walk.select.is_whole else self._options.name or None,
        )
        return outcome

    def _tell_started(self, target: Target) -> None:
        self._on_event(Event(kind="started", target=target.id, done=len(self.results), total=self._walk.wanted_count))

    def _tell_finished(self, result: Result) -> None:
        self._on_event(result.event(done=len(self.results), total=self._walk.wanted_count))
