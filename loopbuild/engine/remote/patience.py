"""Work that must not hold a build up: run aside, given up when it no longer comes forward.

A time limit on single reads is not enough: a server that sends a byte now and then keeps every one of them.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loopbuild.engine.remote.protocol import RemoteError


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a remote may take."""

    connect_seconds: float = 2.0
    read_seconds: float = 30.0
    """Between two pieces, and for the first one."""
    slowest_bytes_per_second: int = 10_000
    """Below this on average, after `read_seconds`, it is given up."""
    drain_seconds: float = 120.0
    """What is still being uploaded when a build ends gets this long."""
    poll_seconds: float = 0.05


class Pace:
    """What work run aside reports: that it came to a new step, and how many bytes it got."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._began = time.monotonic()
        self._received = 0

    def step(self) -> None:
        """Begin with another request."""
        self._began, self._received = time.monotonic(), 0

    def received(self, count: int) -> None:
        """Note bytes."""
        self._received += count

    @property
    def is_too_slow(self) -> bool:
        """Whether the present request deserves no more waiting."""
        took = time.monotonic() - self._began
        wanted = (took - self._patience.read_seconds) * self._patience.slowest_bytes_per_second
        return took > self._patience.read_seconds + self._patience.connect_seconds and self._received < wanted


def bounded(work: Callable[[Pace], Any], *, patience: Patience, is_cancelled: Callable[[], bool]) -> Any:
    """Return what `work` returns; raises RemoteError when it stalls, and what it raises.

    Given up, it goes on in a thread that ends with the process and whose result nobody takes.
    """
    pace = Pace(patience)
    answers: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((work(pace), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=run, daemon=True, name="remote-cache").start()
    while True:
        try:
            value, error = answers.get(timeout=patience.poll_seconds)
        except queue.Empty:
            if pace.is_too_slow:
                raise RemoteError("the remote cache is too slow") from None
            if is_cancelled():
                raise RemoteError("the build was stopped") from None
            continue
        if error is not None:
            raise error
        return value
