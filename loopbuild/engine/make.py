"""Making one stale target: hand the recipe its action, take its result, commit it.

Decides which parent a history continues from and what counts as the outcome. Whether to run is not decided here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loopbuild.digest import canonical, short
from loopbuild.engine.action import Folders, StoredAction, Wiring, recipe_function
from loopbuild.engine.commit import Record, encode_trace, publish, store_record
from loopbuild.engine.execute import recipe_code, translate
from loopbuild.engine.generations import Generation
from loopbuild.engine.journal import Entry, Journal
from loopbuild.engine.known import Known
from loopbuild.engine.leaves import Leaves
from loopbuild.engine.lockfile import Lines, Reader
from loopbuild.engine.memory import Memory
from loopbuild.engine.objects import Objects
from loopbuild.engine.outcome import Event, Result, What
from loopbuild.engine.session import Session
from loopbuild.engine.staleness import StaleReason
from loopbuild.engine.tables import RowBook, RowsFailed, StoredOutputs, Table, choose_rows, fill_table, rows_failed
from loopbuild.engine.target import Json, RowResult, Target, WantedRow
from loopbuild.engine.workspace import Workspace, remove_tree
from loopbuild.errors import BuildError

if TYPE_CHECKING:
    from loopbuild.engine.remote.client import RemoteCache
    from loopbuild.engine.remote.sharing import Sharing


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A stale target with all digests of what it may read."""

    target: Target
    key: str
    manifest: Mapping[str, Json]
    wiring: Wiring
    reasons: tuple[StaleReason, ...]
    is_forced: bool
    generation: Generation
    started: float
    """Monotonic seconds."""


_FEW = 8
"""So many results are asked for one by one."""
RunRows = Callable[[Job, StoredAction, Sequence[WantedRow]], Iterator[tuple[RowResult, Collection[str]]]]


class Workshop:
    """The store, opened for writing by one of the builds that share it."""

    def __init__(
        self,
        ws: Workspace,
        journal: Journal,
        scratch: Path,
        *,
        lock: Lines,
        lock_reader: Reader,
        on_event: Callable[[Event], None],
        cancelled: Callable[[], bool],
        session: Session,
        proves: bool = True,
    ) -> None:
        self.ws = ws
        self.journal = journal
        self.scratch = scratch
        self.lock_reader = lock_reader
        """loop.lock as it is by now; `known.lock` is what it was when the build began."""
        self._version = journal.version()
        self.objects = Objects(ws.objects.folder, scratch=scratch)
        self.leaves = Leaves(ws.root, journal, self.objects, clock=ws.clock)
        self.known = Known(journal, self.objects, self.leaves, lock=lock)
        self.sharing: Sharing | None = None
        """Other machines' results, if this build has a remote cache."""
        self.published = frozenset(name.removeprefix("out:") for name in journal.stat_names("out:"))
        """Files that were published when the build began."""
        self.publishers: dict[str, str] = {}
        """Published path -> the target it belongs to."""
        self.spent: dict[str, Mapping[str, float]] = {}
        """Target -> what its action used up, however it ended."""
        self._session = session
        self._on_event = on_event
        self._cancelled = cancelled
        self._proves = proves

    def share(self, remote: RemoteCache, *, is_cancelled: Callable[[], bool]) -> None:
        """Let results come from a remote cache and go there."""
        from loopbuild.engine.remote.sharing import Sharing

        self.sharing = Sharing(remote, self, is_cancelled=is_cancelled)
        self.known.fetch = self.sharing.fetch_output

    @property
    def has_company(self) -> bool:
        """Whether another build has written into the index since it was read."""
        return self.journal.version() != self._version

    def is_in_force(self, targets: Collection[str]) -> bool:
        """Return whether the results this build took for those of some targets are still in force."""
        if not self.has_company:
            return True
        journal = self.journal
        now = journal.current() if len(targets) > _FEW else {name: journal.current_of(name) for name in targets}
        return all(_is_same(now.get(name), self.known.current[name]) for name in targets)

    def action(self, job: Job) -> StoredAction:
        """Return what the recipe is handed."""
        recipe, memory = job.target.recipe, None
        if recipe.nature == "pinned":
            memory = Memory(recipe, job.generation, objects=self.objects, journal=self.journal)
        action = StoredAction(
            job.target,
            key=job.key,
            wiring=job.wiring,
            objects=self.objects,
            root=self.ws.root,
            folders=Folders(work=self.scratch / "work", partial=self.ws.partial(job.key)),
            on_progress=lambda done, total, note: self._progress(job, done, total, note),
            cancelled=self._cancelled,
            memory=memory,
            session=self._session,
        )
        self.spent[job.target.id] = action.spent
        return action

    def make(self, job: Job, *, run_rows: RunRows) -> Result:
        """Run the recipe here and commit its result."""
        action = self.action(job)
        if job.target.recipe.is_rows:
            return self._make_table(job, action, run_rows)
        with recipe_code(job.target.id):
            output: Json = recipe_function(job.target.recipe.run)(action)
        content = canonical(output)
        return self.finish(job, content, kept=action.kept, published=action.published)

    def finish(self, job: Job, content: bytes, *, kept: Collection[str], published: Mapping[str, str]) -> Result:
        """Commit the output of a plain recipe, wherever it ran."""
        for digest in sorted(kept):
            if not self.objects.has(digest):
                name = next((path for path, one in published.items() if one == digest), "")
                what = f"published `{name}` as" if name else "kept"
                raise BuildError(f"`{job.target.id}` {what} `{short(digest)}`, which it never stored")
        record = self._record(job, content, kept=kept, published=published)
        entry, outcome, seconds = self._commit(job, record, rows_run=-1)
        return Result(
            target=job.target.id,
            outcome=outcome,
            output=entry.output,
            seconds=seconds,
            reasons=job.reasons,
        )

    def failed(self, target: Target, key: str, error: Exception, started: float) -> Result:
        """Return the result of a target that broke, and remember that it did; raises what is not about the target."""
        failure = translate(error, target.id)
        with self.journal.transaction():
            self.journal.add_failure(target.id, key=key, message=failure.message)
        table = failure.table if isinstance(failure, RowsFailed) else Table()
        return Result(
            target=target.id,
            outcome="failed",
            seconds=time.monotonic() - started,
            rows_run=table.run,
            rows_revalidated=table.revalidated,
            rows_failed=len(table.failed),
            rows_total=table.total,
            error=failure,
        )

    def _make_table(self, job: Job, action: StoredAction, run_rows: RunRows) -> Result:
        target = job.target
        verdicts, facts = choose_rows(
            target,
            action,
            journal=self.journal,
            objects=self.objects,
            entry=self.known.current.get(target.id),
            in_force=self.known.at_start,
            forced=job.is_forced,
            generation=job.generation,
            proves=self._proves,
        )
        book = RowBook(target, facts, objects=self.objects, journal=self.journal)
        table = fill_table(
            target,
            action,
            verdicts,
            book,
            run_chunks=lambda rows: run_rows(job, action, rows),
            stored=StoredOutputs(self.objects),
            on_row=lambda done, total: self._progress(job, done, total, ""),
        )
        if action.published:
            raise BuildError(f"`{target.id}` makes rows, so it can not publish files", target=target.id)
        if table.failed:
            raise rows_failed(target, table)
        return self._finish_table(job, table)

    def _finish_table(self, job: Job, table: Table) -> Result:
        kept = {digest for _, _, row_kept in table.trace.values() for digest in row_kept}
        record = self._record(
            job, canonical({"rows": table.outputs}), kept=kept, published={}, trace=table.trace, rows=len(table.outputs)
        )
        entry, outcome, seconds = self._commit(job, record, rows_run=table.run)
        if table.total and not table.run:
            outcome = "revalidated" if table.revalidated else "restored"
        return Result(
            target=job.target.id,
            outcome=outcome,
            output=entry.output,
            seconds=seconds,
            reasons=job.reasons,
            rows_run=table.run,
            rows_revalidated=table.revalidated,
            rows_total=table.total,
        )

    def _record(
        self,
        job: Job,
        content: bytes,
        *,
        kept: Collection[str],
        published: Mapping[str, str],
        trace: Mapping[str, tuple[str, Mapping[str, str], tuple[str, ...]]] | None = None,
        rows: int = -1,
    ) -> Record:
        recipe = job.target.recipe
        is_durable = recipe.nature != "pure"
        return Record(
            target=job.target.id,
            key=job.key,
            recipe=(recipe.name, recipe.version),
            nature=recipe.nature,
            manifest=job.manifest,
            output=self.objects.put(content, is_durable=is_durable),
            kept=tuple(sorted(kept)),
            published=dict(sorted(published.items())),
            parent=job.wiring.head,
            trace="" if trace is None else self.objects.put(encode_trace(trace), is_durable=is_durable),
            row_count=rows,
        )

    def _commit(self, job: Job, record: Record, *, rows_run: int) -> tuple[Entry, What, float]:
        seconds = time.monotonic() - job.started
        self.claim(job.target, record.published)
        entry = store_record(
            record,
            objects=self.objects,
            journal=self.journal,
            leaves=self.leaves,
            seconds=seconds,
            rows_run=rows_run,
        )
        remove_tree(self.ws.partial(job.key))
        remove_tree(self.scratch / "work")
        before = self.known.current.get(job.target.id)
        self.known.current[job.target.id] = entry
        self.publish(entry)
        if self.sharing is not None:
            self.sharing.offer(job.target, record)
        return entry, "cut_off" if before is not None and before.output == entry.output else "built", seconds

    # -- published files --------------------------------------------------------------------------------------------

    def claim(self, target: Target, published: Mapping[str, str]) -> None:
        """Note who publishes what; raises BuildError when two targets publish the same file."""
        for name in published:
            other = self.publishers.setdefault(name, target.id)
            if other != target.id:
                raise BuildError(f"`{target.id}` and `{other}` both publish `{name}`", target=target.id)

    def publish(self, entry: Entry) -> int:
        """Make the published files of a result be there; return how many had to be written.

        Unless another result of the target was put in force meanwhile: then its files are those to be there.
        """
        out = self.ws.folder / "out"
        labels = {f"out:{name}": (out / name, digest) for name, digest in entry.published.items()}
        if all(self.leaves.is_as_remembered(label, *one) for label, one in labels.items()):
            return 0
        with self.ws.turn():
            if not self.is_in_force([entry.target]):
                return 0
            self.leaves.look_again(labels)
            written = publish(
                entry.published, out=out, scratch=self.scratch, objects=self.objects, leaves=self.leaves
            )  # fmt: skip
            with self.journal.transaction():
                self.leaves.flush(self.journal)
        return written

    def _progress(self, job: Job, done: int, total: int, note: str) -> None:
        self._on_event(
            Event(kind="progress", target=job.target.id, rows_run=done, rows_total=total, message=note)
        )  # fmt: skip


def _is_same(now: Entry | None, mine: Entry) -> bool:
    return now is not None and (now.key, now.output) == (mine.key, mine.output)
