"""A synchronous face on one MCP server over stdio: the official SDK runs in a thread with its own event loop.

Decides how little of the surroundings the server sees and how long it may take. Knows nothing of state or tools.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import sys
import tempfile
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import Any

from loopbuild.errors import MissingExtra, SandboxError
from loopbuild.hiding import hidden, told
from loopbuild.loopfile.variables import fill
from loopbuild.records import Json

_STDERR_LINES = 20
_GRACE_SECONDS = 5.0
"""How much longer than its own limit a call is waited for: the SDK's clock is the first to speak."""
_CLOSE_SECONDS = 15.0


class Session:
    """One server process; not restarted by itself. `is_alive` is False once a call was lost or timed out."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        start_timeout_seconds: float = 60,
        call_timeout_seconds: float = 30,
    ) -> None:
        if not command:
            raise SandboxError("the sandbox names no command to start", hint="give `sandbox.command`")
        self._command = [str(word) for word in command]
        self._call_timeout = call_timeout_seconds
        self._secrets = tuple(env.values())
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._home = tempfile.TemporaryDirectory(prefix="loopbuild-home-")
        self._loop = asyncio.new_event_loop()
        self._client: Any = None
        self._stopping: asyncio.Event | None = None
        self.is_alive = False
        ready: Future[None] = Future()
        surroundings = {"HOME": self._home.name, **env}
        self._thread = threading.Thread(
            target=self._run, args=(ready, cwd, surroundings), name="loopbuild-mcp", daemon=True
        )
        self._thread.start()
        try:
            ready.result(timeout=start_timeout_seconds)
        except FutureTimeout:
            self.close()
            raise self._fault(f"has not answered within {start_timeout_seconds:g} s") from None
        except ImportError as exc:
            self.close()
            raise MissingExtra("a sandbox of kind `mcp`", extra="mcp") from exc
        except Exception as exc:
            self.close()
            raise self._fault(f"could not be started: {told(exc, self._secrets)}") from exc
        self.is_alive = True

    def call(self, name: str, arguments: Mapping[str, Json]) -> Any:
        """Return the SDK's result of one call, or its `MCPError`; raises SandboxError when no answer came."""
        if not self.is_alive:
            raise self._fault("is gone")
        try:
            return self._wait(self._ask(name, dict(arguments)), self._call_timeout + _GRACE_SECONDS)
        except FutureTimeout:
            self.is_alive = False
            raise self._fault(f"has not answered `{name}` within {self._call_timeout:g} s") from None

    def close(self) -> None:
        """Stop the server and the thread; twice is fine."""
        self.is_alive = False
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop)
            self._thread.join(timeout=_CLOSE_SECONDS)
        self._home.cleanup()

    def stderr_tail(self) -> str:
        """Return the last lines the server wrote to stderr, with values handed over in `env` taken out."""
        try:
            self._stderr.seek(0, os.SEEK_END)
            self._stderr.seek(max(0, self._stderr.tell() - 65_536))
            text = self._stderr.read()
        except ValueError:
            return ""
        lines = [line for line in hidden(text, self._secrets).splitlines() if line.strip()]
        return "\n".join(line[:200] for line in lines[-_STDERR_LINES:])

    def _run(self, ready: Future[None], cwd: Path, env: Mapping[str, str]) -> None:
        asyncio.set_event_loop(self._loop)
        # The SDK's log lines do not belong on our screen: what matters of them is in our own messages.
        logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)
        try:
            self._loop.run_until_complete(self._serve(ready, cwd, env))
        except BaseException as exc:
            if not ready.done():
                ready.set_exception(exc if isinstance(exc, Exception) else RuntimeError(type(exc).__name__))
        finally:
            self.is_alive = False
            self._loop.close()

    async def _serve(self, ready: Future[None], cwd: Path, env: Mapping[str, str]) -> None:
        from mcp import Client, StdioServerParameters, stdio_client

        self._stopping = asyncio.Event()
        server = StdioServerParameters(command=self._command[0], args=self._command[1:], env=dict(env), cwd=cwd)
        async with Client(
            stdio_client(server, errlog=self._stderr), cache=None, read_timeout_seconds=self._call_timeout
        ) as client:
            self._client = client
            if not ready.done():
                ready.set_result(None)
            await self._stopping.wait()

    def _stop(self) -> None:
        if self._stopping is not None:
            self._stopping.set()
        for task in asyncio.all_tasks(self._loop) if self._client is None else ():
            task.cancel()

    async def _ask(self, name: str, arguments: dict[str, Json]) -> Any:
        from mcp import MCPError

        try:
            return await self._client.call_tool(name, arguments)
        except MCPError as error:
            if error.error.code in (-32001, -32000, 408):
                self.is_alive = False
                raise self._fault(f"did not answer `{name}`: {told(error, self._secrets)}") from error
            return error
        except RuntimeError as error:
            return error
        except Exception as error:
            self.is_alive = False
            raise self._fault(f"was lost while it answered `{name}`: {told(error, self._secrets)}") from error

    def _wait(self, work: Coroutine[Any, Any, Any], timeout: float) -> Any:
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            work.close()
            self.is_alive = False
            raise self._fault("is gone") from None
        return future.result(timeout=timeout)

    def _fault(self, what: str) -> SandboxError:
        tail = self.stderr_tail()
        return SandboxError(
            f"the server `{shlex.join(self._command)}` {what}",
            hint=f"its last lines on stderr:\n{tail}" if tail else "",
        )


def surroundings(environment: Mapping[str, str], extra: Mapping[str, str], *, fixture: int) -> dict[str, str]:
    """Return the environment of a server: a search path, a frozen language and zone, and what loop.yaml names.

    `${NAME}` in `extra` is looked up in `environment`; raises LoopfileError naming the first that is not set.
    """
    made = {
        "PATH": environment.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LOOPBUILD_FIXTURE": str(fixture),
    }
    for name, value in sorted(extra.items()):
        made[name] = fill(value, environment)
    return made


def resolved(command: Sequence[str], *, root: Path, folder: Path) -> list[str]:
    """Return the command as it runs from `folder`: the project's files by their full path.

    A first word `python` is the interpreter this program runs under, so that a server of the project itself needs no
    activated environment; a server with an environment of its own names its interpreter.
    """
    words = [str(word) for word in command]
    for place, word in enumerate(words):
        if "/" not in word and place == 0:
            continue
        if not (folder / word).exists() and (root / word).is_file():
            words[place] = str((root / word).resolve())
    if words and words[0] == "python":
        words[0] = sys.executable
    return words
