"""`build`: walk the graph, run what is stale, commit each result as it comes.

Decides, for each target in turn, whether a stored result counts. Knows nothing of what recipes do.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from loopbuild.digest import canonical, short
from loopbuild.engine import lockfile
from loopbuild.engine.action import Folders, Interrupted, StoredAction, Wiring, recipe_function
from loopbuild.engine.commit import Record, adopt, decode_record, encode_trace, publish, store_record, unpublish
from loopbuild.engine.execute import recipe_code, translate
from loopbuild.engine.history import summary
from loopbuild.engine.interrupts import Interrupts
from loopbuild.engine.journal import Entry, Journal
from loopbuild.engine.keys import key_of, manifest_of
from loopbuild.engine.leaves import Leaves
from loopbuild.engine.objects import ObjectDamaged, Objects, store_trouble
from loopbuild.engine.outcome import Event, Outcome, Result, What
from loopbuild.engine.recover import open_journal
from loopbuild.engine.staleness import ReasonCode, StaleReason, compare
from loopbuild.engine.tables import RowBook, StoredOutputs, choose_rows, fill_table, rows_failed, run_inline
from loopbuild.engine.target import Json, Target
from loopbuild.engine.uptodate import remember
from loopbuild.engine.walk import Walk, matches
from loopbuild.engine.workspace import Workspace, remove_tree
from loopbuild.errors import BuildError, StoreError

LockLines = Callable[[], Mapping[str, Mapping[str, str]]]


def build(
    ws: Workspace,
    targets: Iterable[Target],
    *,
    select: tuple[str, ...] = (),
    jobs: int = 1,
    fail_fast: bool = False,
    force: bool = False,
    on_event: Callable[[Event], None],
    stamp: str = "",
    lock_lines: LockLines | None = None,
) -> Outcome:
    """Bring every wanted target up to date; failures are in the outcome, not raised.

    `select`: ids, `kind:` or patterns with `*`; empty means all but secondary targets. `force`: run the selected ones
    whatever is stored. `stamp`: digest of everything static that decided `targets`; with it, a complete build can
    later be recognised by `is_unchanged`. `lock_lines`: fields for further lines of loop.lock, by id, asked at the end.

    Raises SelectionError, StoreError (disk full, not writable) and BuildError for a graph that makes no sense.
    """
    targets = list(targets)
    ws.prepare()
    lockfile.read(ws.root)
    interrupts = Interrupts(lambda: on_event(Event(kind="note", message="stopping; press again to stop at once")))
    with ExitStack() as stack:
        stack.enter_context(
            ws.exclusive(lambda pid: on_event(Event(kind="note", message=f"waiting for pid {pid}, which builds here")))
        )
        scratch = stack.enter_context(ws.scratch())
        stack.enter_context(interrupts.listening())
        earlier: dict[str, Result] = {}
        damaged: set[str] = set()
        while True:
            journal = open_journal(ws, lambda text: on_event(Event(kind="note", message=text)))
            running = _Build(
                ws, journal, scratch, targets, select, force=force, fail_fast=fail_fast, jobs=jobs, on_event=on_event,
                interrupts=interrupts, earlier=earlier,
            )  # fmt: skip
            try:
                return running.run(stamp=stamp, lock_lines=lock_lines)
            except ObjectDamaged as error:
                # Something on disk rotted under us: forget it and walk again, so that its maker is seen to be stale.
                if error.digest in damaged:
                    raise
                damaged.add(error.digest)
                ws.objects.discard(error.digest)
                on_event(Event(kind="note", message=f"{error.message}; making it again"))
                earlier = {name: result for name, result in running.results.items() if result.outcome != "fresh"}
            except OSError as error:
                raise store_trouble(error) or error from error
            except sqlite3.OperationalError as error:
                raise StoreError(
                    f"cannot write `.loopbuild/state.db`: {error}", hint="make room and try again"
                ) from error
            except sqlite3.DatabaseError as error:
                if "db" in damaged:
                    raise StoreError(f"`.loopbuild/state.db` is damaged: {error}", hint="delete it") from error
                damaged.add("db")
                journal.close()
                ws.set_aside()
            finally:
                journal.close()


class _Build:
    def __init__(
        self,
        ws: Workspace,
        journal: Journal,
        scratch: Path,
        targets: Iterable[Target],
        select: tuple[str, ...],
        *,
        force: bool,
        fail_fast: bool,
        jobs: int,
        on_event: Callable[[Event], None],
        interrupts: Interrupts,
        earlier: Mapping[str, Result],
    ) -> None:
        self.ws = ws
        self.results: dict[str, Result] = {}
        self._journal = journal
        self._scratch = scratch
        self._objects = Objects(ws.objects.folder, scratch=scratch)
        self._leaves = Leaves(ws.root, journal, self._objects, clock=ws.clock)
        self._walk = Walk(targets, select=select)
        self._current = journal.current()
        self._heads = dict(self._current)
        self._failures = journal.failures()
        self._outputs: dict[str, str] = {}
        self._force = force
        self._fail_fast = fail_fast
        self._jobs = jobs
        self._on_event = on_event
        self._interrupts = interrupts
        self._earlier = earlier
        self._started = ws.clock()
        self._clock_start = time.monotonic()
        self._publishers: dict[str, str] = {}

    # -- the walk --------------------------------------------------------------------------------------------------

    def run(self, *, stamp: str, lock_lines: LockLines | None) -> Outcome:
        is_stopped = False
        try:
            while not is_stopped and (target := self._walk.next()) is not None:
                if self._interrupts.is_asked:
                    break
                self._settle(target, self._visit(target))
                is_stopped = self._fail_fast and self.results[target.id].outcome == "failed"
                for name in self._walk.take_late():
                    self._skip(name, "")
            if not is_stopped and not self._interrupts.is_asked:
                for name in self._walk.finish():
                    self._skip(name, "")
        finally:
            self._end(lock_lines)
        return self._outcome(stamp)

    def _settle(self, target: Target, result: Result) -> None:
        self.results[target.id] = result
        if result.outcome in ("failed", "interrupted"):
            for name in self._walk.break_off(target.id):
                self._skip(name, target.id)
        else:
            self._outputs[target.id] = result.output
            if target.expand:
                self._expand(target)
            if target.id not in self._walk.broken:
                self._walk.settle(target.id)
        if self.results[target.id].outcome != "fresh":
            self._tell("finished", self.results[target.id])

    def _expand(self, target: Target) -> None:
        try:
            output = json.loads(self._objects.get(self._outputs[target.id]))
            with recipe_code(target.id):
                found = list(recipe_function(target.expand)(target, output))
            self._walk.add(found)
        except ObjectDamaged:
            raise
        except Exception as error:
            failure = translate(error, target.id)
            self.results[target.id] = Result(target=target.id, outcome="failed", error=failure)
            for name in self._walk.break_off(target.id):
                self._skip(name, target.id)

    def _skip(self, name: str, cause: str) -> None:
        if name not in self.results:
            self.results[name] = Result(target=name, outcome="skipped", cause=cause)
            self._tell("finished", self.results[name])

    # -- one target ------------------------------------------------------------------------------------------------

    def _visit(self, target: Target) -> Result:
        start = time.monotonic()
        key = ""
        try:
            files = {path: self._leaves.digest(path) for _, path in target.files}
            inputs = {name: self._outputs[name] for _, name in target.inputs}
            key = key_of(target, files=files, inputs=inputs)
            forced = self._force and self._is_chosen(target)
            if forced:
                reasons: tuple[StaleReason, ...] = (StaleReason(code="forced"),)
            else:
                usable, reasons = self._usable(target, key)
                if usable is not None:
                    return self._take(target, usable, reasons)
            manifest = manifest_of(target, files=files, inputs=inputs)
            reasons = (*reasons, *self._why(target, key, manifest))
            self._tell("started", Result(target=target.id, outcome="built", reasons=reasons))
            with self._interrupts.running(target.recipe.nature):
                return self._make(target, key, manifest, files, reasons, start, forced=forced)
        except (KeyboardInterrupt, Interrupted):
            self._interrupts.is_asked = True
            return Result(target=target.id, outcome="interrupted", seconds=time.monotonic() - start)
        except ObjectDamaged:
            raise
        except Exception as error:
            failure = translate(error, target.id)
            with self._journal.transaction():
                self._journal.add_failure(target.id, key=key, message=failure.message)
            return Result(
                target=target.id, outcome="failed", seconds=time.monotonic() - start, error=failure,
            )  # fmt: skip

    def _is_chosen(self, target: Target) -> bool:
        if target.id in self._earlier:
            return False
        return not self._walk.select or any(matches(pattern, target.id) for pattern in self._walk.select)

    def _usable(self, target: Target, key: str) -> tuple[Entry | None, tuple[StaleReason, ...]]:
        """Return a sound stored result of this key, the one in force first; else what is wrong with those there are."""
        reasons: list[StaleReason] = []
        current = self._current.get(target.id)
        found = [current] if current is not None and current.key == key else []
        if not found or not self._is_sound(found[0], reasons):
            others = [entry for entry in self._journal.with_key(key) if current is None or entry.seq != current.seq]
            others.sort(key=lambda entry: entry.target != target.id)
            if target.recipe.nature == "historical":
                others = [entry for entry in others if entry.target == target.id]
            found = [entry for entry in others if self._is_sound(entry, reasons)]
        return (found[0] if found else None), tuple(reasons)

    def _is_sound(self, entry: Entry, reasons: list[StaleReason]) -> bool:
        for digest in entry.needs:
            verdict = self._leaves.soundness(digest)
            if verdict:
                code: ReasonCode = "output_missing" if verdict == "output_missing" else "output_damaged"
                reasons.append(StaleReason(code=code, subject=short(digest), kind="object"))
                return False
        return True

    def _take(self, target: Target, entry: Entry, reasons: tuple[StaleReason, ...]) -> Result:
        current = self._current.get(target.id)
        outcome: What = "fresh"
        if current is None or current.seq != entry.seq:
            entry = adopt(entry, target, objects=self._objects, journal=self._journal, leaves=self._leaves)
            outcome = "restored"
        self._current[target.id] = entry
        if self._publish(target, entry):
            outcome = "restored"
        return Result(
            target=target.id, outcome=outcome, output=entry.output, reasons=reasons, rows_total=max(entry.row_count, 0)
        )

    def _publish(self, target: Target, entry: Entry) -> int:
        for name in entry.published:
            other = self._publishers.setdefault(name, target.id)
            if other != target.id:
                raise BuildError(f"`{target.id}` and `{other}` both publish `{name}`", target=target.id)
        if not entry.published:
            return 0
        return publish(
            entry.published,
            out=self.ws.folder / "out",
            scratch=self._scratch,
            objects=self._objects,
            leaves=self._leaves,
        )

    def _why(self, target: Target, key: str, manifest: Mapping[str, Json]) -> tuple[StaleReason, ...]:
        current = self._current.get(target.id)
        reasons: tuple[StaleReason, ...] = ()
        if current is None:
            reasons = (StaleReason(code="never_built"),)
        elif current.key != key:
            try:
                before = decode_record(self._objects.get(current.record)).manifest
                reasons = compare(before, manifest, is_goal=target.recipe.nature == "historical")
            except ObjectDamaged:
                reasons = (StaleReason(code="output_missing", subject=short(current.record), kind="object"),)
        failure = self._failures.get(target.id)
        if failure is not None and failure[0] == key:
            reasons = (*reasons, StaleReason(code="failed_last_time", old=failure[1]))
        return reasons

    # -- running ---------------------------------------------------------------------------------------------------

    def _make(
        self,
        target: Target,
        key: str,
        manifest: Mapping[str, Json],
        files: Mapping[str, str],
        reasons: tuple[StaleReason, ...],
        start: float,
        *,
        forced: bool,
    ) -> Result:
        head = self._head(target, key, forced=forced)
        action = StoredAction(
            target,
            key=key,
            wiring=Wiring(
                inputs={role: self._outputs[name] for role, name in (*target.inputs, *target.order_only)},
                files={role: files[path] for role, path in target.files},
                head=head,
            ),
            objects=self._objects,
            root=self.ws.root,
            folders=Folders(work=self._scratch / "work", partial=self.ws.partial(key)),
            on_progress=lambda done, total, note: self._on_event(
                Event(kind="progress", target=target.id, rows_run=done, rows_total=total, message=note)
            ),
            cancelled=lambda: self._interrupts.is_asked,
        )
        book: RowBook | None = None
        trace = b""
        if target.recipe.is_rows:
            book = self._fill(target, action, forced=forced)
            output: Json = {"rows": book.table.outputs}
            trace = encode_trace(book.table.trace)
            kept = {digest for _, _, row_kept in book.table.trace.values() for digest in row_kept}
        else:
            with recipe_code(target.id):
                output = recipe_function(target.recipe.run)(action)
            kept = action.kept
        is_durable = target.recipe.nature != "pure"
        record = Record(
            target=target.id,
            key=key,
            recipe=(target.recipe.name, target.recipe.version),
            nature=target.recipe.nature,
            manifest=manifest,
            output=self._objects.put(canonical(output), is_durable=is_durable),
            kept=tuple(sorted(kept)),
            published=dict(sorted(action.published.items())),
            parent=head,
            trace=self._objects.put(trace, is_durable=is_durable) if book else "",
            row_count=len(book.table.outputs) if book else -1,
        )
        return self._commit(target, record, book, reasons, start)

    def _fill(self, target: Target, action: StoredAction, *, forced: bool) -> RowBook:
        verdicts, facts = choose_rows(
            target,
            action,
            journal=self._journal,
            objects=self._objects,
            entry=self._current.get(target.id),
            forced=forced,
        )
        book = RowBook(target, facts, objects=self._objects, journal=self._journal)
        table = fill_table(
            target,
            action,
            verdicts,
            book,
            run_chunks=lambda rows: run_inline(target, action, rows),
            stored=StoredOutputs(self._objects),
            on_row=lambda done, total: self._on_event(
                Event(kind="progress", target=target.id, rows_run=done, rows_total=total)
            ),
        )
        if action.published:
            raise BuildError(f"`{target.id}` makes rows, so it can not publish files", target=target.id)
        if table.failed:
            raise rows_failed(target, table)
        return book

    def _head(self, target: Target, key: str, *, forced: bool) -> str:
        if target.recipe.nature != "historical" or not target.head:
            return ""
        entry = self._heads.get(target.head)
        mine = self._heads.get(target.id)
        if mine is not None and mine.key == key and not forced:
            # The same goal once more, because its bytes are gone: continue from where it had continued.
            parent = decode_record(self._objects.get(mine.record)).parent
        else:
            parent = entry.output if entry is not None else ""
        if not parent or not self._leaves.soundness(parent):
            needs = entry.needs if entry is not None and parent == entry.output else ()
            if not any(self._leaves.soundness(digest) for digest in needs):
                return parent
        if forced:
            return ""
        raise BuildError(
            f"`{target.id}` needs its parent {short(parent)}, whose bytes are gone",
            target=target.id,
            intact="everything it learns from",
            hint=f"put `.loopbuild/cas` back, or start it afresh with `loopbuild build --force {target.id}`",
        )

    def _commit(
        self, target: Target, record: Record, book: RowBook | None, reasons: tuple[StaleReason, ...], start: float
    ) -> Result:
        before = self._current.get(target.id)
        ran = book is None or book.table.run > 0
        seconds = time.monotonic() - start
        entry = store_record(
            record, objects=self._objects, journal=self._journal, leaves=self._leaves, seconds=seconds, ran=ran
        )
        self._current[target.id] = entry
        remove_tree(self.ws.partial(record.key))
        remove_tree(self._scratch / "work")
        self._publish(target, entry)
        outcome: What = "built"
        if book is not None and not ran:
            outcome = "revalidated" if book.table.revalidated else "restored"
        elif before is not None and before.output == entry.output:
            outcome = "cut_off"
        table = book.table if book else None
        return Result(
            target=target.id,
            outcome=outcome,
            output=entry.output,
            seconds=seconds,
            reasons=reasons,
            rows_run=table.run if table else 0,
            rows_revalidated=table.revalidated if table else 0,
            rows_total=table.total if table else 0,
        )

    # -- the end ---------------------------------------------------------------------------------------------------

    def _end(self, lock_lines: LockLines | None) -> None:
        with self._journal.transaction():
            self._leaves.flush(self._journal)
        entries = {name: entry for name, entry in self._current.items() if name in self._outputs}
        extra = dict(lock_lines()) if lock_lines is not None else {}
        records = {
            name: decode_record(self._objects.get(entry.record)).parent
            for name, entry in entries.items()
            if self._walk.targets[name].recipe.nature == "historical"
        }
        lockfile.write(
            self.ws.root,
            entries,
            parents=records,
            extra=extra,
            known=self._walk.targets,
            is_complete=self._is_whole(),
            scratch=self._scratch,
        )

    def _outcome(self, stamp: str) -> Outcome:
        order = {name: index for index, name in enumerate(self._walk.targets)}
        merged = {**self.results}
        for name, result in self._earlier.items():
            if name in merged and merged[name].outcome == "fresh":
                merged[name] = result
        results = {name: merged[name] for name in sorted(merged, key=lambda name: order.get(name, len(order)))}
        outcome = Outcome(
            results=results,
            seconds=time.monotonic() - self._clock_start,
            is_interrupted=self._interrupts.is_asked,
        )
        is_whole = self._is_whole()
        if is_whole:
            self._drop_unpublished()
        with self._journal.transaction():
            self._journal.add_run(
                started=self._started,
                seconds=outcome.seconds,
                outcome="interrupted" if outcome.is_interrupted else "done" if outcome.is_success else "failed",
                code_version=self.ws.code_version,
                results=summary(outcome),
            )
            remember(
                self._journal,
                self.ws,
                stamp=stamp if is_whole else "",
                leaves={
                    path: self._leaves.digest(path)
                    for name in results
                    for _, path in (self._walk.targets[name].files if is_whole else ())
                },
                needs={digest for name in results for digest in self._current[name].needs} if is_whole else set(),
                published={
                    path: digest
                    for name in results
                    for path, digest in (self._current[name].published.items() if is_whole else ())
                },
                target_count=len(results),
            )
        return outcome

    def _is_whole(self) -> bool:
        is_done = all(result.outcome not in ("failed", "skipped", "interrupted") for result in self.results.values())
        return is_done and not self._walk.select and not self._interrupts.is_asked

    def _drop_unpublished(self) -> None:
        stale = [name for name in self._leaves.remembered("out:") if name not in self._publishers]
        if stale:
            unpublish(stale, out=self.ws.folder / "out")
            with self._journal.transaction():
                self._leaves.forget([f"out:{name}" for name in stale], self._journal)

    def _tell(self, kind: str, result: Result) -> None:
        self._on_event(
            Event(
                kind="started" if kind == "started" else "finished",
                target=result.target,
                outcome=None if kind == "started" else result.outcome,
                seconds=result.seconds,
                rows_run=result.rows_run,
                rows_total=result.rows_total,
                message=result.error.message if result.error else "",
                done=len(self.results),
                total=len(self._walk.wanted()),
            )
        )
