"""Other processes: independent plain targets and chunks of rows, when `jobs` is above one.

Decides what may leave this process: pure recipes only. A worker sees the objects and its own folder, never the index;
what crosses is JSON and digests. Results do not depend on the number of jobs.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from loopbuild.digest import canonical
from loopbuild.engine.action import Folders, Interrupted, StoredAction, Wiring, recipe_function
from loopbuild.engine.execute import recipe_code
from loopbuild.engine.make import Job
from loopbuild.engine.objects import Objects
from loopbuild.engine.tables import run_inline
from loopbuild.engine.target import Json, Recipe, RowResult, Target, WantedRow
from loopbuild.engine.workspace import remove_tree
from loopbuild.errors import BuildError

if TYPE_CHECKING:
    # 40 ms that a build in one process does not need.
    from concurrent.futures import Future, ProcessPoolExecutor

_CHUNKS_PER_JOB = 4
"""Enough that a slow chunk at the end leaves nobody idle, few enough that loading inputs is not repeated often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a plain recipe gave in another process."""

    content: bytes
    kept: frozenset[str]
    published: Mapping[str, str]


class Pool:
    """Worker processes, started when first needed."""

    def __init__(self, jobs: int, *, root: Path, cas: Path, scratch: Path) -> None:
        self._jobs = jobs
        self._place = {"root": str(root), "cas": str(cas), "scratch": str(scratch)}
        self._executor: ProcessPoolExecutor | None = None
        self._running: dict[Future[Any], Job] = {}
        self._given: list[Future[Any]] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is None:
            return
        if any(not future.done() for future in self._given):
            # Interrupted or broken: what still runs is pure and will be run again.
            for worker in list(self._executor._processes.values()):
                worker.terminate()
        self._executor.shutdown(wait=True, cancel_futures=True)

    @property
    def is_busy(self) -> bool:
        """Whether a plain target is being made elsewhere."""
        return bool(self._running)

    def takes(self, recipe: Recipe) -> bool:
        """Return whether a target of this recipe is made elsewhere as a whole."""
        return self._jobs > 1 and recipe.nature == "pure" and not recipe.is_rows and not recipe.is_cheap

    def submit(self, job: Job) -> None:
        """Begin a plain target elsewhere."""
        future = self._workers().submit(_run_plain, self._message(job))
        self._running[future] = job
        self._given.append(future)

    def wait(self) -> list[tuple[Job, Answer | Exception]]:
        """Wait until something is finished; return it, in the order of submission."""
        from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait

        # Not for ever, so that a signal is noticed.
        done, _ = wait(self._running, timeout=0.2, return_when=FIRST_COMPLETED)
        self._given = [future for future in self._given if not future.done()]
        found: list[tuple[Job, Answer | Exception]] = []
        for future in [future for future in self._running if future in done]:
            job = self._running.pop(future)
            error = future.exception()
            if isinstance(error, BrokenExecutor):
                found.append((job, self._death(job)))
            elif isinstance(error, Exception):
                found.append((job, error))
            elif error is None:
                content, kept, published = future.result()
                found.append((job, Answer(content=content, kept=frozenset(kept), published=published)))
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
        if self._jobs <= 1 or recipe.nature != "pure" or len(rows) <= 1:
            yield from run_inline(job.target, action, rows)
            return
        from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait

        size = max(1, min(recipe.chunk_rows, -(-len(rows) // (self._jobs * _CHUNKS_PER_JOB))))
        futures = [
            self._workers().submit(
                _run_chunk, self._message(job), [[row.key, row.request] for row in rows[start : start + size]]
            )
            for start in range(0, len(rows), size)
        ]
        self._given += futures
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    results, kept = future.result()
                    for key, output, reads, error in results:
                        yield RowResult(key=key, output=output, reads=tuple(reads), error=error), frozenset(kept)
                if action.is_cancelled() and pending:
                    raise Interrupted(f"`{job.target.id}` was interrupted", target=job.target.id)
        except BrokenExecutor as error:
            raise self._death(job) from error
        finally:
            for future in futures:
                future.cancel()
            self._given = [future for future in self._given if not future.done()]

    def _death(self, job: Job) -> BuildError:
        self._executor = None
        return BuildError(
            f"a worker process died while making `{job.target.id}`",
            target=job.target.id,
            hint="try again with fewer jobs; it may have run out of memory",
        )

    def _workers(self) -> ProcessPoolExecutor:
        if self._executor is None:
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor

            # Spawned, not forked: a forked child would keep the locks of this process.
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(
                self._jobs, mp_context=context, initializer=_watch_parent, initargs=(os.getpid(),)
            )
        return self._executor

    def _message(self, job: Job) -> dict[str, Json]:
        target = job.target
        return {
            **self._place,
            "id": target.id,
            "recipe": asdict(target.recipe),
            "params": target.params,
            "key": job.key,
            "inputs": dict(job.wiring.inputs),
            "files": dict(job.wiring.files),
        }


def _watch_parent(parent: int) -> None:
    # A killed build must not leave workers behind that go on for it.
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


_tasks = itertools.count()


def _action(message: Mapping[str, Json]) -> tuple[Target, StoredAction, Path]:
    target = Target(id=message["id"], recipe=Recipe(**message["recipe"]), params=message["params"])
    folder = Path(message["scratch"]) / f"worker-{os.getpid()}-{next(_tasks)}"
    folder.mkdir()
    action = StoredAction(
        target,
        key=message["key"],
        wiring=Wiring(inputs=message["inputs"], files=message["files"]),
        objects=Objects(Path(message["cas"]), scratch=folder),
        root=Path(message["root"]),
        folders=Folders(work=folder / "work", partial=folder / "partial"),  # pure: nothing worth keeping
    )
    return target, action, folder


def _run_plain(message: Mapping[str, Json]) -> tuple[bytes, list[str], dict[str, str]]:
    target, action, folder = _action(message)
    try:
        with recipe_code(target.id):
            output = recipe_function(target.recipe.run)(action)
        return canonical(output), sorted(action.kept), action.published
    finally:
        remove_tree(folder)


def _run_chunk(message: Mapping[str, Json], rows: Sequence[Sequence[Json]]) -> tuple[list[list[Json]], list[str]]:
    target, action, folder = _action(message)
    try:
        wanted = [WantedRow(key=key, request=request) for key, request in rows]
        results = [
            [result.key, result.output, list(result.reads), result.error]
            for result, _ in run_inline(target, action, wanted)
        ]
        return results, sorted(action.kept)
    finally:
        remove_tree(folder)
