"""Child processes that end with their parent: started with little, heard line by line, never left running.

Decides how a child is told to stop and what it may see of the environment. Each has a process group of its own, so that
what it starts goes with it, and the reading end of a pipe that closes when the parent is gone, however that came about.
Knows nothing of what a child is for.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

PASSED_ON = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_HOME",
    "HF_HOME",
    "HF_HUB_CACHE",
    "XDG_CACHE_HOME",
)
"""What a child of our own may see of the environment; keys of writers and remotes are not among it."""
ORPHANED = 143
"""Exit code of a child whose parent is gone."""
TAIL_LINES = 20
_LOOK_SECONDS = 0.1
_SILENT_SECONDS = 1.0
"""How long the pipes of a child that has ended are listened to when something that left its group holds them open."""
_END = None


class Child:
    """A program that runs while this is entered; on leaving it is gone, with everything in its group.

    `tail` holds the last lines it wrote to stderr, `code` how it ended (negative: by that signal), None while it runs.
    Entering raises OSError when the program cannot be started.
    """

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str]) -> None:
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._command = list(command)
        self._environment = dict(environment)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._readers: list[threading.Thread] = []
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        # Threads, not a selector: a selector does not see lines that already wait in the text buffer.
        for read, pipe in ((self._hear, self._process.stdout), (self._keep_tail, self._process.stderr)):
            self._readers.append(threading.Thread(target=read, args=(pipe,), daemon=True, name="lines-of-child"))
            self._readers[-1].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        process = self._running()
        self._signal(signal.SIGKILL)
        process.wait()
        for reader in self._readers:
            reader.join(_SILENT_SECONDS)
        for pipe, reader in zip((process.stdout, process.stderr), self._readers, strict=True):
            if pipe is not None and not reader.is_alive():  # closing a pipe that is being read would wait for its end
                pipe.close()
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()

    @property
    def code(self) -> int | None:
        """How it ended."""
        return self._running().returncode if self._has_ended() else None

    def lines(self, *, is_cancelled: Callable[[], bool], patience_seconds: float) -> Iterator[str]:
        """Yield what it prints until it has ended.

        Once `is_cancelled`, it is asked to end and killed when it has not done so after `patience_seconds`; what it
        still says is heard.
        """
        heard_all = False
        deadline = ended_at = None
        while not self._has_ended() or not heard_all:
            now = time.monotonic()
            if deadline is None and is_cancelled():
                deadline = now + patience_seconds
                self._signal(signal.SIGTERM)
            elif deadline is not None and now > deadline:
                self._signal(signal.SIGKILL)
            if heard_all:
                time.sleep(_LOOK_SECONDS)  # it closed its output and runs on
                continue
            try:
                line = self._lines.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                if self._has_ended():
                    ended_at = ended_at or now
                    heard_all = now - ended_at > _SILENT_SECONDS
                continue
            if line is _END:
                heard_all = True
            else:
                yield line
        self._readers[1].join(_SILENT_SECONDS)

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "not entered"
        return self._process

    def _has_ended(self) -> bool:
        process = self._running()
        if process.returncode is None and _is_dead(process):
            self._signal(signal.SIGKILL)  # what it started and left; while its number is still its own
            process.wait()
        return process.returncode is not None

    def _signal(self, number: int) -> None:
        process = self._running()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS forbids it for a group of zombies
                os.killpg(process.pid, number)

    def _hear(self, pipe: IO[str]) -> None:
        try:
            for line in pipe:
                self._lines.put(line)
        finally:
            self._lines.put(_END)

    def _keep_tail(self, pipe: IO[str]) -> None:
        for line in pipe:
            if line.strip():
                self.tail.append(line.rstrip())


def _is_dead(process: subprocess.Popen[str]) -> bool:
    """Return whether it has ended, without giving its number back to the system where that is possible."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def python_environment(environment: Mapping[str, str], *, also: Sequence[str] = ()) -> dict[str, str]:
    """Return the whole environment of a child that runs this package: what `PASSED_ON` and `also` name, and no more."""
    made = {name: environment[name] for name in (*PASSED_ON, *also) if name in environment}
    # It must find this very package, also when the parent runs from a source tree.
    root = str(Path(__file__).resolve().parents[1])
    made["PYTHONPATH"] = os.pathsep.join([root, *filter(None, [made.get("PYTHONPATH", "")])])
    return made


def leave_with_parent(wait: Callable[[], object] | None = None) -> None:
    """In a child: end this process once `wait` returns; without it, once standard input ends.

    Nothing is ever written to a child's standard input, and the kernel closes it however the parent died. Asking for
    the parent's id now and then would let an orphan write on.
    """

    def watch() -> None:
        if wait is not None:
            wait()
        else:
            while os.read(0, 4096):
                pass
        os._exit(ORPHANED)

    threading.Thread(target=watch, daemon=True, name="leave-with-parent").start()
