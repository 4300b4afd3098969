"""Child processes that end with the build: own process group, killed on cancel, told of the parent's death by a pipe.

A child that wants to survive no parent reads its standard input in a thread and leaves on end of file.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import IO

POLL_SECONDS = 0.25
GRACE_SECONDS = 10.0


def run_lines(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    stderr: IO[str],
    is_cancelled: Callable[[], bool],
) -> Generator[str, None, int]:
    """Run `command`, yield its output line by line, return its exit code (negative: the signal that ended it)."""
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=dict(environment),
        text=True,
        start_new_session=True,
    )
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True, name="lines-of-child").start()
    try:
        while True:
            if is_cancelled():
                stop(process)
                return process.returncode
            try:
                line = lines.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if not line:
                return process.wait()
            yield line
    finally:
        stop(process)


def _pump(pipe: IO[str] | None, lines: queue.SimpleQueue[str]) -> None:
    # A thread, not a selector: a selector does not see lines that already wait in the text buffer.
    if pipe is not None:
        with contextlib.suppress(ValueError, OSError):
            for line in pipe:
                lines.put(line)
    lines.put("")


def stop(process: subprocess.Popen[str]) -> None:
    """End the child and everything it started: politely first, then for good."""
    if process.poll() is None:
        for number, patience in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, None)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
                break
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def leave_with_parent() -> None:
    """In a child: end this process when the parent's end of standard input closes, however the parent ended."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(143)

    threading.Thread(target=watch, daemon=True, name="leave-with-parent").start()
