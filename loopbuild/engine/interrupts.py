"""Signals during a build: the first asks, the second (or patience running out) stops at once.

Decides how long whatever runs may take to come to a good end after the first signal.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from loopbuild.engine.target import Nature

GRACE_SECONDS: dict[Nature, float] = {"pure": 3.0, "pinned": 10.0, "historical": 120.0}
"""A pure action can be run again for nothing, a paid call should come home, a trainer writes a step checkpoint."""


class Interrupts:
    """Whether the build was asked to stop; raises KeyboardInterrupt inside an action that does not listen."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        self.is_asked = False
        self._on_first = on_first
        self._nature: Nature | None = None
        self._timer: threading.Timer | None = None

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take over SIGINT and SIGTERM; only the main thread can, elsewhere nothing changes."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._heard) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def running(self, nature: Nature) -> Iterator[None]:
        """Mark the stretch in which an action runs and may be stopped; outside of it nothing is ever cut short."""
        self._nature = nature
        try:
            yield
        finally:
            self._nature = None
            if self._timer is not None:
                self._timer.cancel()

    def _heard(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.is_asked:
            if self._nature is not None:
                raise KeyboardInterrupt
            return
        self.is_asked = True
        if self._nature is not None:
            main = threading.main_thread().ident
            assert main is not None
            # A real signal, not a flag: it also ends a system call the action may be sleeping in.
            self._timer = threading.Timer(GRACE_SECONDS[self._nature], lambda: signal.pthread_kill(main, signal.SIGINT))
            self._timer.daemon = True
            self._timer.start()
        self._on_first()
