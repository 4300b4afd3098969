"""`build`: walk the graph, run what is stale, commit each result as it comes.

Decides the order of things and what a failure, a signal or a damaged store means for the rest. Knows nothing of what
recipes do.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from loopbuild.engine import lockfile
from loopbuild.engine.action import Interrupted, Wiring, recipe_function
from loopbuild.engine.commit import adopt, unpublish
from loopbuild.engine.demands import NOTHING, Demands
from loopbuild.engine.execute import recipe_code, translate
from loopbuild.engine.executors.pool import Pool
from loopbuild.engine.garbage import rare_collections
from loopbuild.engine.heads import parent_of
from loopbuild.engine.history import summary
from loopbuild.engine.interrupts import GRACE_SECONDS, Interrupts
from loopbuild.engine.journal import Entry, Journal
from loopbuild.engine.keys import key_of, manifest_of
from loopbuild.engine.lockbook import LockBook
from loopbuild.engine.make import Job, Workshop
from loopbuild.engine.objects import ObjectDamaged, store_trouble
from loopbuild.engine.options import Options
from loopbuild.engine.outcome import Event, Outcome, Result, What
from loopbuild.engine.recover import open_journal
from loopbuild.engine.selection import Selection
from loopbuild.engine.session import Session
from loopbuild.engine.staleness import StaleReason
from loopbuild.engine.target import Json, Target
from loopbuild.engine.uptodate import remember
from loopbuild.engine.walk import Walk
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import StoreError

if TYPE_CHECKING:
    from loopbuild.engine.remote.client import RemoteCache

LockLines = Callable[[], Mapping[str, Mapping[str, str]]]
_BAD: tuple[What, ...] = ("failed", "skipped", "interrupted")


def build(
    ws: Workspace,
    targets: Iterable[Target],
    *,
    select: Selection | tuple[str, ...] = (),
    jobs: int = 1,
    executor: str = "processes",
    fail_fast: bool = False,
    demands: Demands = NOTHING,
    frozen: bool = False,
    waits: bool = True,
    on_event: Callable[[Event], None],
    stamp: str = "",
    lock_lines: LockLines | None = None,
    remote: RemoteCache | None = None,
    pull_only: bool = False,
    proofs: bool = False,
) -> Outcome:
    """Bring every wanted target up to date; failures are in the outcome, not raised.

    `select`: a selection or its words; empty means all but secondary targets. `demands`, `frozen`, `pull_only` and
    `proofs`: see Options. `executor`: where pure work runs beside this process, a name of `executors.KINDS`; results
    are the same everywhere. `waits`: for another build of this folder, to take its results over. `stamp`: digest of
    everything static that decided `targets`; with it, a complete build can later be recognised by `is_unchanged`.
    `lock_lines`: fields for further lines of loop.lock, by id, asked at the end. `remote`: where results come from and
    go to; the caller finishes it.

    Raises SelectionError, MissingExtra, StoreError (not writable, not waited), BuildError for a senseless graph.
    """
    targets = list(targets)
    options = Options(demands=demands, frozen=frozen, fail_fast=fail_fast, pull_only=pull_only, proofs=proofs)
    lock_reader = lockfile.Reader(ws.root)
    lock_reader.lines()  # whoever has to mend it shall not wait first
    interrupts = Interrupts(lambda: on_event(Event(kind="note", message="stopping; press again to stop at once")))

    def wait_for(pid: str) -> None:
        if not waits:
            raise StoreError(f"pid {pid} builds here", intact="its build", hint="build without `--no-wait`")
        on_event(Event(kind="note", message=f"waiting for pid {pid}, which builds here"))

    with ExitStack() as stack:
        stack.enter_context(rare_collections())
        stack.enter_context(ws.exclusive(wait_for))
        ws.prepare()
        lock = lock_reader.lines()
        scratch = stack.enter_context(ws.scratch())
        place = {"root": ws.root, "cas": ws.objects.folder, "scratch": scratch}
        pool = stack.enter_context(Pool(jobs, executor=executor, **place))
        stack.enter_context(interrupts.listening())
        session = stack.enter_context(Session())
        earlier: dict[str, Result] = {}
        given_up: set[str] = set()
        while True:
            journal: Journal | None = None
            running: _Build | None = None
            try:
                journal = open_journal(ws, lambda text: on_event(Event(kind="note", message=text)))
                ws.sweep_partial(journal.with_key)
                shop = Workshop(
                    ws,
                    journal,
                    scratch,
                    lock=lock,
                    on_event=on_event,
                    cancelled=lambda: interrupts.is_asked,
                    session=session,
                )
                walk = Walk(targets, select=select)
                if remote is not None:
                    shop.share(remote, is_cancelled=lambda: interrupts.is_asked)
                running = _Build(shop, walk, pool, interrupts, on_event, options)
                return running.run(earlier, stamp=stamp, lock_lines=lock_lines)
            except ObjectDamaged as error:
                # Something on disk rotted under us: forget it and walk again, so that its maker is seen to be stale.
                if error.digest in given_up:
                    raise
                given_up.add(error.digest)
                ws.objects.discard(error.digest)
                on_event(Event(kind="note", message=f"{error.message}; making it again"))
            except OSError as error:
                raise store_trouble(error) or error from error
            except sqlite3.OperationalError as error:
                raise StoreError(f"cannot use `.loopbuild/state.db`: {error}", hint="make room, then retry") from error
            except sqlite3.DatabaseError as error:
                if "state.db" in given_up:
                    raise StoreError(f"`.loopbuild/state.db` is damaged: {error}", hint="delete it") from error
                given_up.add("state.db")
                aside = ws.set_aside()
                on_event(Event(kind="note", message=f"`state.db` was damaged; it is kept as `{aside.name}`"))
            finally:
                pool.abandon()
                if journal is not None:
                    journal.close()
            if running is not None:
                earlier |= {name: result for name, result in running.results.items() if result.outcome != "fresh"}


class _Build:
    def __init__(
        self,
        shop: Workshop,
        walk: Walk,
        pool: Pool,
        interrupts: Interrupts,
        on_event: Callable[[Event], None],
        options: Options,
    ) -> None:
        self.results: dict[str, Result] = {}
        self._shop = shop
        self._walk = walk
        self._pool = pool
        self._interrupts = interrupts
        self._on_event = on_event
        self._options = options
        self._lock = LockBook(shop.known.lock, is_frozen=options.frozen, with_proofs=options.proofs)
        self._outputs: dict[str, str] = {}
        self._has_demands = bool(options.demands)
        self._earlier: Mapping[str, Result] = {}
        self._is_stopped = False

    # -- the walk --------------------------------------------------------------------------------------------------

    def run(self, earlier: Mapping[str, Result], *, stamp: str, lock_lines: LockLines | None) -> Outcome:
        """Walk to the end; `earlier` are results of a walk over the same targets that had to be broken off."""
        self._earlier = earlier
        started, clock_start = self._shop.ws.clock(), time.monotonic()
        try:
            while not self._is_stopped and not self._interrupts.is_asked:
                target = self._walk.next()
                if target is not None:
                    self._start(target)
                elif self._pool.is_busy:
                    self._collect()
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
        finally:
            self._write_lock(lock_lines)
        return self._outcome(started, time.monotonic() - clock_start, stamp)

    def _start(self, target: Target) -> None:
        start, key = time.monotonic(), ""
        try:
            found = self._look(target, start)
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

    def _collect(self) -> None:
        for job, answer in self._pool.wait():
            try:
                if isinstance(answer, Exception):
                    raise answer
                result = self._shop.finish(job, answer.content, kept=answer.kept, published=answer.published)
            except ObjectDamaged:
                raise
            except Exception as error:
                result = self._shop.failed(job.target, job.key, error, job.started)
            self._settle(job.target, result)

    def _look(self, target: Target, start: float) -> Result | Job:
        """Return the result when a stored one counts, else what has to be run."""
        leaves = self._shop.leaves
        files = {path: leaves.digest(path) for _, path in target.files}
        inputs = {name: self._outputs[name] for _, name in target.inputs}
        demand = self._options.demands.of(target, self._walk.targets) if self._has_demands else ""
        generation = self._lock.generation(target.id, is_refreshed=demand == "refresh")
        key = key_of(target, files=files, inputs=inputs, generation=generation)
        is_forced = demand in ("force", "from_scratch") and target.id not in self._earlier
        reasons: tuple[StaleReason, ...] = (StaleReason(code="forced"),)
        usable, manifest = None, dict[str, Json]()
        if not is_forced:
            usable, reasons = self._shop.known.usable(target, key)
        if usable is None:
            manifest = manifest_of(target, files=files, inputs=inputs, generation=generation)
            if self._shop.sharing is not None and not is_forced:
                usable = self._shop.sharing.restore(target, key, manifest)
        if not self._lock.allows(target, key, usable):
            return Result(target=target.id, outcome="skipped", cause=lockfile.NAME)
        if usable is not None:
            return self._take(target, usable, reasons)
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
            ),
            reasons=(*reasons, *self._shop.known.why(target, key, manifest)),
            is_forced=is_forced,
            generation=generation,
            started=start,
        )

    def _take(self, target: Target, entry: Entry, reasons: tuple[StaleReason, ...]) -> Result:
        shop = self._shop
        current = shop.known.current.get(target.id)
        outcome: What = "fresh"
        if entry.published:
            shop.claim(target, entry.published)
        if current is None or current.seq != entry.seq:
            entry = adopt(entry, target, objects=shop.objects, journal=shop.journal, leaves=shop.leaves)
            shop.known.current[target.id] = entry
            outcome = "restored"
        if shop.publish(entry):
            outcome = "restored"
        rows = entry.row_count if entry.row_count > 0 else 0
        return Result(target=target.id, outcome=outcome, output=entry.output, reasons=reasons, rows_total=rows)

    def _settle(self, target: Target, result: Result) -> None:
        if spent := self._shop.spent.get(target.id):
            result = replace(result, spent=dict(spent))
        if result.outcome not in _BAD and target.expand:
            result = self._expand(target, result)
        if result.outcome not in _BAD:
            result = self._lock.compared(result)
        self.results[target.id] = result
        if result.outcome in _BAD:
            self._is_stopped |= self._options.fail_fast
            for name in self._walk.break_off(target.id):
                self._skip(name, target.id)
        else:
            self._outputs[target.id] = result.output
            self._walk.settle(target.id)
        for name in self._walk.take_late():
            self._skip(name, "")
        if result.outcome != "fresh":
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
            self.results[name] = Result(target=name, outcome="skipped", cause=cause)
            self._tell_finished(self.results[name])

    @property
    def _is_whole(self) -> bool:
        is_cut = self._is_stopped or self._interrupts.is_asked or bool(self._lock.changes)
        return (
            self._walk.select.is_whole
            and not is_cut
            and all(result.outcome not in _BAD for result in self.results.values())
        )

    def _write_lock(self, lock_lines: LockLines | None) -> None:
        shop = self._shop
        with shop.journal.transaction():
            shop.leaves.flush(shop.journal)
        self._lock.close(
            {name: self._walk.targets[name] for name in self._outputs},
            shop.known,
            lock_lines() if lock_lines is not None else {},
            is_complete=self._is_whole,
            root=shop.ws.root,
            scratch=shop.scratch,
        )

    def _outcome(self, started: float, seconds: float, stamp: str) -> Outcome:
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
        self._note_run(outcome, started, stamp)
        return outcome

    def _note_run(self, outcome: Outcome, started: float, stamp: str) -> None:
        shop, is_whole = self._shop, self._is_whole
        stale = [name for name in shop.leaves.remembered("out:") if is_whole and name not in shop.publishers]
        unpublish(stale, out=shop.ws.folder / "out")
        entries = [shop.known.current[name] for name in outcome.results] if is_whole else []
        files = {path for name in outcome.results for _, path in self._walk.targets[name].files if is_whole}
        word = "interrupted" if outcome.is_interrupted else "done" if outcome.is_success else "failed"
        with shop.journal.transaction():
            shop.leaves.forget([f"out:{name}" for name in stale], shop.journal)
            if len(outcome.results) > outcome.counts.get("fresh", 0) or outcome.is_interrupted:
                shop.journal.add_run(
                    started=started,
                    seconds=outcome.seconds,
                    outcome=word,
                    code_version=shop.ws.code_version,
                    results=summary(outcome),
                )
            remember(
                shop.journal,
                shop.ws,
                stamp=stamp if is_whole else "",
                leaves=shop.leaves,
                files=files,
                needs={digest for entry in entries for digest in entry.needs},
                published={path for entry in entries for path in entry.published},
                target_count=len(outcome.results),
            )

    def _tell_started(self, target: Target) -> None:
        self._on_event(Event(kind="started", target=target.id, done=len(self.results), total=self._walk.wanted_count))

    def _tell_finished(self, result: Result) -> None:
        self._on_event(result.event(done=len(self.results), total=self._walk.wanted_count))
