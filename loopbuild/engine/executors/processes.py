"""Processes of this machine, which end with the build however it ends.

Every worker holds the reading end of a pipe whose writing end only the build has: when the build dies, even by SIGKILL,
the kernel closes it and the worker leaves at once.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loopbuild.children import leave_with_parent

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.connection import Connection


class Processes:
    """A pool of spawned processes."""

    def __init__(self, jobs: int) -> None:
        self.slots = jobs
        self._executor: ProcessPoolExecutor | None = None
        self._ours: Connection | None = None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Begin elsewhere."""
        from concurrent.futures import BrokenExecutor

        try:
            return self._started().submit(function, *arguments)
        except BrokenExecutor:
            # A worker died under something else, and took the pool with it.
            self.close(is_urgent=True)
            return self._started().submit(function, *arguments)

    def close(self, *, is_urgent: bool) -> None:
        """End the processes."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        if is_urgent:
            for worker in list((executor._processes or {}).values()):
                worker.terminate()
        executor.shutdown(wait=True, cancel_futures=True)
        if self._ours is not None:
            self._ours.close()

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor

            # Spawned, not forked: a forked child would keep the locks of this process, and its end of the pipe.
            context = multiprocessing.get_context("spawn")
            theirs, self._ours = context.Pipe(duplex=False)
            self._executor = ProcessPoolExecutor(
                self.slots, mp_context=context, initializer=_leave_with_build, initargs=(theirs,)
            )
        return self._executor


def _leave_with_build(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        with contextlib.suppress(EOFError, OSError):
            pipe.recv_bytes()

    leave_with_parent(wait)
