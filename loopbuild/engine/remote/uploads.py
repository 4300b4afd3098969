"""Uploads in the background: a few threads, started when first needed, waited for only so long.

What is not sent in time is lost to nobody but the cache. Contents go first and the claim about them last, so that a
cut leaves no claim without its contents.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

UPLOADS = 4


class Uploads:
    """A queue of pieces of work; each must handle its own failures."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._threads = 0
        self._open = 0
        self._changed = threading.Condition()

    def add(self, work: Callable[[], None]) -> None:
        """Do `work` when a thread is free."""
        with self._changed:
            self._open += 1
            if self._threads < min(UPLOADS, self._open):
                self._threads += 1
                threading.Thread(target=self._run, daemon=True, name="remote-upload").start()
        self._waiting.put(work)

    def drain(self, seconds: float, *, is_cancelled: Callable[[], bool]) -> int:
        """Wait until everything is done, at most `seconds`; return how much is not."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._open and time.monotonic() < deadline and not is_cancelled():
                self._changed.wait(0.1)
            return self._open

    def _run(self) -> None:
        while True:
            work = self._waiting.get()
            try:
                work()
            finally:
                with self._changed:
                    self._open -= 1
                    self._changed.notify_all()
