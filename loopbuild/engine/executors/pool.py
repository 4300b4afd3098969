"""What leaves this process, and in which portions: independent plain targets, and chunks of rows.

Decides that only pure recipes leave, and never what they give: results do not depend on executor or number of jobs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from loopbuild.engine.action import Interrupted, StoredAction
from loopbuild.engine.make import Job
from loopbuild.engine.tables import run_inline
from loopbuild.engine.target import Recipe, RowResult, WantedRow
from loopbuild.errors import BuildError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from loopbuild.engine.executors import Workers
    from loopbuild.engine.executors.work import Answer, Message

_CHUNKS_PER_SLOT = 4
"""Enough that a slow chunk at the end leaves nobody idle, few enough that loading inputs is not repeated often."""
_AHEAD = 8
"""Plain targets given away per slot: nobody is idle while a table runs here, and not all is kept from other builds."""
_PATIENCE_SECONDS = 0.2
"""How long to wait before looking whether a signal has come."""


class Pool:
    """The work that is done elsewhere. Raises MissingExtra when the executor needs a package that is not installed."""

    def __init__(self, jobs: int, *, executor: str, root: Path, cas: Path, scratch: Path) -> None:
        self._jobs = jobs
        self._executor = executor
        self._is_elsewhere = jobs > 1 or executor != "processes"
        self._place = {"root": root, "cas": cas, "scratch": scratch}
        self._running: dict[Future[Any], Job] = {}
        self._given: list[Future[Any]] = []
        if self._is_elsewhere:
            _ = self._workers  # says now, not in the middle of a build, what is not installed

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_elsewhere:
            # Interrupted or broken: what still runs is pure and will be run again.
            self._workers.close(is_urgent=any(not future.done() for future in self._given))

    @property
    def is_busy(self) -> bool:
        """Whether a plain target is being made elsewhere."""
        return bool(self._running)

    @property
    def is_full(self) -> bool:
        """Whether there is enough to do elsewhere: what is begun early is kept from other builds."""
        return bool(self._running) and len(self._running) >= self._room

    def takes(self, recipe: Recipe) -> bool:
        """Return whether a target of this recipe is made elsewhere as a whole."""
        return self._is_elsewhere and recipe.nature == "pure" and not recipe.is_rows and not recipe.is_cheap

    def submit(self, job: Job) -> None:
        """Begin a plain target elsewhere."""
        from loopbuild.engine.executors.work import run_plain

        future = self._workers.submit(run_plain, self._message(job))
        self._running[future] = job
        self._given.append(future)

    def wait(self) -> list[tuple[Job, Answer | Exception]]:
        """Wait until something is finished; return it, in the order of submission."""
        from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait

        done, _ = wait(self._running, timeout=_PATIENCE_SECONDS, return_when=FIRST_COMPLETED)
        self._given = [future for future in self._given if not future.done()]
        found: list[tuple[Job, Answer | Exception]] = []
        for future in [future for future in self._running if future in done]:
            job = self._running.pop(future)
            try:
                found.append((job, future.result()))
            except BrokenExecutor:
                found.append((job, _death(job)))
        return found

    def abandon(self) -> list[Job]:
        """Stop waiting for plain targets; return those that were not finished."""
        jobs = list(self._running.values())
        for future in self._running:
            future.cancel()
        self._running.clear()
        return jobs

    def run_rows(
        self, job: Job, action: StoredAction, rows: Sequence[WantedRow]
    ) -> Iterator[tuple[RowResult, Collection[str]]]:
        """Run rows here, or in chunks elsewhere; results come as they are finished."""
        recipe = job.target.recipe
        if not self._is_elsewhere or recipe.nature != "pure" or len(rows) <= 1:
            yield from run_inline(job.target, action, rows)
            return
        from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait

        from loopbuild.engine.executors.work import run_chunk

        message = self._message(job)
        size = max(1, min(recipe.chunk_rows, -(-len(rows) // (self._workers.slots * _CHUNKS_PER_SLOT))))
        futures = [
            self._workers.submit(run_chunk, message, [[row.key, row.request] for row in rows[start : start + size]])
            for start in range(0, len(rows), size)
        ]
        self._given += futures
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, timeout=_PATIENCE_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    answer = future.result()
                    for result in answer.results:
                        yield result, answer.kept
                    if answer.error is not None:
                        raise answer.error
                if action.is_cancelled() and pending:
                    raise Interrupted(f"`{job.target.id}` was interrupted", target=job.target.id)
        except BrokenExecutor as error:
            raise _death(job) from error
        finally:
            for future in futures:
                future.cancel()
            self._given = [future for future in self._given if not future.done()]

    @cached_property
    def _room(self) -> int:
        return _AHEAD * self._workers.slots

    @cached_property
    def _workers(self) -> Workers:
        from loopbuild.engine.executors import open_workers

        return open_workers(self._executor, self._jobs)

    def _message(self, job: Job) -> Message:
        from loopbuild.engine.executors.work import message_of

        return message_of(job, **self._place)


def _death(job: Job) -> BuildError:
    return BuildError(
        f"a worker process died while making `{job.target.id}`",
        target=job.target.id,
        hint="try again with fewer jobs; it may have run out of memory",
    )
