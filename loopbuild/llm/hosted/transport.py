"""The processes that speak to providers, seen from this one: calls go in, replies come out in any order.

Decides how many there are and what they may see of the environment. Knows no writer and no budget.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.util import find_spec
from typing import IO

from loopbuild.errors import LlmError, MissingExtra
from loopbuild.llm.hosted.calls import Call, Reply

PASSED_ON = (
    "PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy",
)  # fmt: skip
BUSY = 16
"""Requests in flight from which on a second process pays: litellm spends 2 to 3 ms of a core on each."""
_MOST_DEATHS = 3


class Transport:
    """Up to two workers, started by the first call, gone with `close` or with this process."""

    def __init__(self, environment: Mapping[str, str], *, names: Iterable[str], in_flight: int) -> None:
        if find_spec("litellm") is None:
            raise MissingExtra("a writer that is not offline", extra="llm")
        wanted = (*PASSED_ON, *names)
        self._environment = {name: environment[name] for name in wanted if name in environment}
        # Else litellm fetches its list of prices at every import.
        self._environment |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
        self._count = 2 if in_flight >= BUSY and (os.cpu_count() or 1) > 1 else 1
        self._workers: list[_Worker] = []
        self._said: queue.SimpleQueue[tuple[_Worker, str]] = queue.SimpleQueue()
        self._deaths = 0
        self._numbers = itertools.count(1)

    def next_number(self) -> int:
        """Return a number no call has had: a late reply to one that was given up must not pass for another's."""
        return next(self._numbers)

    def send(self, call: Call) -> None:
        """Let a call be made; raises LlmError when no worker can be started."""
        while len(self._workers) < self._count:
            self._workers.append(_Worker(self._environment, self._said))
        worker = min(self._workers, key=lambda one: len(one.flying))
        worker.flying.add(call.number)
        # A worker that died takes no line; the end of its output says what was lost.
        with contextlib.suppress(OSError, ValueError):
            worker.write(json.dumps(asdict(call)) + "\n")

    def replies(self, timeout_seconds: float) -> list[Reply]:
        """Wait for a reply; return all that are there, none when the time is over."""
        found: list[Reply] = []
        try:
            worker, line = self._said.get(timeout=max(0.0, timeout_seconds))
            while True:
                found += self._read(worker, line)
                worker, line = self._said.get_nowait()
        except queue.Empty:
            return found

    def close(self) -> None:
        """End the workers; what is under way is given up."""
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def _read(self, worker: _Worker, line: str) -> list[Reply]:
        if line:
            reply = Reply(**json.loads(line))
            worker.flying.discard(reply.number)
            return [reply]
        if worker not in self._workers:
            return []
        self._workers.remove(worker)
        self._deaths += 1
        code = worker.stop()
        if self._deaths >= _MOST_DEATHS:
            raise LlmError(
                f"the process that speaks to the provider died {self._deaths} times (exit code {code})",
                is_retryable=True,
                intact=worker.last_words(),
            )
        return [
            Reply(number=number, fault="crash", detail=f"the process that asked died (exit code {code})")
            for number in sorted(worker.flying)
        ]


class _Worker:
    def __init__(self, environment: Mapping[str, str], said: queue.SimpleQueue[tuple[_Worker, str]]) -> None:
        self.flying: set[int] = set()
        self._last: list[str] = []
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "loopbuild.llm.hosted.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                text=True,
                start_new_session=True,
            )
        except OSError as error:
            raise LlmError(f"cannot start a process for writers: {error}", is_retryable=True) from error
        threading.Thread(target=self._pump, args=(self._process.stdout, said), daemon=True, name="replies").start()
        threading.Thread(target=self._keep, args=(self._process.stderr,), daemon=True, name="worker-stderr").start()

    def write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def last_words(self) -> str:
        return "\n".join(self._last[-4:])

    def stop(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            return self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _pump(self, pipe: IO[str], said: queue.SimpleQueue[tuple[_Worker, str]]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in pipe:
                said.put((self, line))
        said.put((self, ""))

    def _keep(self, pipe: IO[str]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in pipe:
                self._last = [*self._last[-20:], line.rstrip()]
