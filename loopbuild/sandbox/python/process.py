"""The parent's side of the process that holds a user's module: starts it with little, asks it, waits as long as told.

Every process started here is gone after `close`, and when this process ends in whatever way: the child reads the end of
its pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loopbuild.errors import SandboxError
from loopbuild.records import Json

CHILD = Path(__file__).with_name("child.py")
_TAIL_LINES = 12
_GRACE_SECONDS = 5.0
_PART_BYTES = 65_536


class Lost(SandboxError):
    """The worker gave no answer: it hung, crashed or spoke nonsense. Open again to go on."""

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class Process:
    """One imported module and at most one worker; raises SandboxError when the module cannot be imported."""

    def __init__(
        self, python: str, job: Mapping[str, Json], *, environment: Mapping[str, str], start_timeout_seconds: float
    ) -> None:
        self._what = f"`{job['module']}{':' + job['owner'] if job['owner'] else ''}`"
        self._most = 4 * int(job["max_result_bytes"])
        self._folder = tempfile.mkdtemp(prefix="loopbuild-python-")
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115
        self._rest = b""
        self.worker = 0
        """Process id of the worker, 0 when there is none."""
        try:
            self._process = subprocess.Popen(
                [python, "-s", str(CHILD), json.dumps(dict(job))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                cwd=self._folder,
                env=_surroundings(environment, self._folder),
                start_new_session=True,
            )
        except OSError as exc:
            self._clean()
            raise SandboxError(f"`{python}` could not be started: {(exc.strerror or str(exc)).lower()}") from exc
        try:
            answer = self._answer(time.monotonic() + start_timeout_seconds, what="importing it")
            if "failed" in answer:
                raise SandboxError(f"the sandbox's {self._what} is of no use: {answer['failed']}", hint=self._tail())
        except BaseException:
            self.close()
            raise

    def open(self, fixture: int, *, timeout_seconds: float) -> dict[str, Json]:
        """Make a new object in a new worker with an empty folder; raises SandboxError when that fails."""
        self.end()
        place = Path(self._folder) / "episode"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        answer = self.ask({"open": fixture, "folder": str(place)}, timeout_seconds=timeout_seconds)
        if "failed" in answer:
            self._answer(time.monotonic() + _GRACE_SECONDS, what="ending")
            raise SandboxError(f"the sandbox's {self._what} is of no use: {answer['failed']}", hint=self._tail())
        self.worker = int(answer["opened"])
        return answer

    def ask(self, request: Json, *, timeout_seconds: float) -> dict[str, Json]:
        """Return the worker's answer; raises Lost when there is none, after which there is no worker."""
        self._send(request)
        try:
            answer = self._answer(time.monotonic() + timeout_seconds, what="answering")
        except Lost as lost:
            if lost.code != "timeout" or not self.worker:
                self.close()
                raise
            self._stop_worker()
            raise
        if "ended" in answer:
            self.worker = 0
            raise Lost(f"the worker of {self._what} {_how(answer['ended'])}", code="crashed", hint=self._tail())
        return answer

    def end(self) -> None:
        """Let the worker go, if there is one."""
        if self.worker and self.is_alive:
            try:
                self._send({"end": True})
                self._answer(time.monotonic() + _GRACE_SECONDS, what="ending")
            except Lost:
                self._stop_worker()
        self.worker = 0

    @property
    def is_alive(self) -> bool:
        """Whether the module is still held."""
        return self._process.poll() is None

    def close(self) -> None:
        """End everything and remove the folder; twice is fine."""
        for pid in filter(None, (self.worker, self._process.pid)):
            with contextlib.suppress(OSError):
                if pid == self.worker or self._process.poll() is None:
                    os.killpg(pid, signal.SIGKILL)
        self.worker = 0
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._clean()

    def _stop_worker(self) -> None:
        """Kill a worker that does not answer; the process that holds the module stays and says that it is gone."""
        with contextlib.suppress(OSError):
            os.killpg(self.worker, signal.SIGKILL)
        self.worker = 0
        try:
            while "ended" not in self._answer(time.monotonic() + _GRACE_SECONDS, what="ending"):
                pass  # an answer that came too late
        except Lost:
            self.close()

    def _send(self, request: Json) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as exc:
            raise Lost(f"the process of {self._what} is gone", code="crashed", hint=self._tail()) from exc

    def _answer(self, deadline: float, *, what: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        file = self._process.stdout.fileno()
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([file], [], [], left)[0]:
                raise Lost(f"{self._what} took too long {what}", code="timeout", hint=self._tail())
            part = os.read(file, _PART_BYTES)
            if not part:
                raise Lost(f"the process of {self._what} has ended while {what}", code="crashed", hint=self._tail())
            self._rest += part
            if len(self._rest) > self._most:
                raise Lost(f"{self._what} said more than {self._most:,} bytes", code="bad_answer")
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Lost(f"{self._what} wrote into the pipe to its parent", code="bad_answer")
        return found

    def _tail(self) -> str:
        try:
            size = os.fstat(self._stderr.fileno()).st_size
            self._stderr.seek(max(0, size - _PART_BYTES))
            text = self._stderr.read().decode("utf-8", errors="replace")
        except (OSError, ValueError):
            return ""
        lines = [line[:200] for line in text.splitlines() if line.strip()]
        return "its last lines:\n" + "\n".join(lines[-_TAIL_LINES:]) if lines else ""

    def _clean(self) -> None:
        self._stderr.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _surroundings(environment: Mapping[str, str], home: str) -> dict[str, str]:
    """Return the whole environment of user code: nothing inherited but the search path."""
    return {
        "PATH": environment.get("PATH", os.defpath),
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def _how(code: int) -> str:
    if code == -signal.SIGXCPU:
        return "used up its CPU seconds"
    return f"was ended by signal {-code}" if code < 0 else f"left with exit code {code}"
