"""A sandbox that is a real MCP server: one process per starting world, each in a private copy of a folder.

Worlds differ by the variable LOOPBUILD_FIXTURE, which a server may use to fill an empty state file; one that does not
has the same world every time, of which evaluation uses the values training does not.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from loopbuild.errors import SandboxError
from loopbuild.records import Json, StateFact, ToolCatalog, ToolResult, ToolSchema
from loopbuild.sandbox.answers import unanswered, unknown_tool
from loopbuild.sandbox.mcp.answers import result_of
from loopbuild.sandbox.mcp.session import Session, resolved, surroundings
from loopbuild.sandbox.mcp.state import StateFile
from loopbuild.sandbox.patience import patience_with
from loopbuild.sandbox.rows import difference
from loopbuild.sandbox.scouting import Known, offered, scout

__all__ = ["McpSandbox", "open_mcp"]

_FIXTURES = 3
_PROCESSES = 2 * _FIXTURES
"""Living servers kept at once: one per world of training and of evaluation; starting one costs about a second."""


class _Server:
    """One process with its folder, its state as it was at the start, and what can be known about it."""

    def __init__(self, session: Session, folder: Path, state: StateFile) -> None:
        self.session = session
        self.folder = folder
        self.state = state
        self.start: bytes | None = None
        self.known: Known = {}
        self.loss: SandboxError | None = None
        """How it was lost, until it is started again."""
        self.calls: tuple[tuple[str, Json], ...] = ()
        """Calls since the start, for servers whose state is no file."""


class McpSandbox:
    """The tools of one source on a real server; see `Sandbox`. Close it, or server processes stay until we end."""

    fixtures = _FIXTURES

    def __init__(
        self,
        tools: Mapping[str, ToolSchema],
        *,
        source: str,
        settings: Json,
        root: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.name = source
        self.sees_state = (settings.get("state") or {}).get("kind", "none") != "none"
        self._tools = dict(tools)
        self._settings = settings
        self._root = root
        self._environment = environment
        self._patience = patience_with(source, root=str(root), settings=settings)
        self._servers: dict[int, _Server] = {}
        self._fixture = -1

    def open(self, fixture: int, tools: Collection[str] = ()) -> None:
        """Start a server for this world, or reset the one that runs; raises SandboxError."""
        self._fixture = fixture
        self._patience.check()
        server = self._servers.pop(fixture, None)
        if server is not None and server.session.is_alive:
            self._servers[fixture] = server
            self._reset(server)
            return
        if server is not None:
            _end(server)
        while len(self._servers) >= _PROCESSES:
            _end(self._servers.pop(next(iter(self._servers))))
        server = self._start(fixture)
        self._servers[fixture] = server
        try:
            server.known = scout(self._tools, self._look)
            server.start = server.state.save()
            server.calls = ()
        except BaseException:
            _end(self._servers.pop(fixture))
            raise

    def call(self, tool_id: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Run one call on the server of the open world."""
        tool = self._tools.get(tool_id)
        if tool is None:
            return unknown_tool(tool_id)
        server = self._server()
        if server.loss is not None:
            # Asked again before anybody opened it anew: still the same loss.
            return unanswered("server_lost", server.loss)
        if self._patience.is_out_for(tool_id) and self._patience.last is not None:
            return unanswered("server_lost", self._patience.last)
        try:
            answer = server.session.call(tool.name, arguments)
        except SandboxError as error:
            self._patience.lost(error, tool=tool_id)
            server.loss = error
            return unanswered("server_lost", error)
        self._patience.answered(tool_id)
        if server.state.kind == "none":
            server.calls = (*server.calls, (tool.name, dict(arguments)))
        return result_of(answer, tool=tool_id)

    def snapshot(self) -> Any:
        """Return the saved state file; for a server without one, the calls that led here."""
        server = self._server()
        return server.calls if server.state.kind == "none" else server.state.save()

    def restore(self, token: Any) -> None:
        """Put the state file back; a server without one starts anew and gets the same calls again."""
        server = self._server()
        if server.state.kind != "none":
            server.state.put_back(token)
        elif token != server.calls:
            self._restart(server)
            for name, arguments in token:
                server.session.call(name, arguments)
            server.calls = token

    def state_diff(self) -> tuple[StateFact, ...]:
        """Return how the state file differs from the start; nothing for a server without one."""
        server = self._server()
        if server.state.kind == "none":
            return ()
        return difference(server.state.rows(server.start), server.state.rows(server.state.save()))

    def known(self, tool_id: str, pointer: str) -> tuple[Json, ...]:
        """Return values of this world for an input leaf, those of the open world's side where both sides have some."""
        server = self._server()
        tool = self._tools.get(tool_id)
        return offered(tool, pointer, server.known, lambda: server.state.rows(server.start), fixture=self._fixture)

    def records(self, tool_id: str, pointers: Collection[str]) -> tuple[Mapping[str, Json], ...]:
        """Return nothing: looking around shows values, not which of them belong together."""
        return ()

    def close(self) -> None:
        """Stop all servers and remove their folders."""
        for server in self._servers.values():
            _end(server)
        self._servers = {}

    def _look(self, tool_id: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Call while looking around; raises SandboxError when no answer comes: values would be missing."""
        result = self.call(tool_id, arguments)
        if result.status == "infra_error":
            self._patience.check(needed=tool_id)
            raise SandboxError(f"`{tool_id}` got no answer: {result.value['error']}", hint=result.value["hint"])
        return result

    def _server(self) -> _Server:
        if self._fixture not in self._servers:
            raise SandboxError(f"the sandbox of `{self.name}` is not open")
        return self._servers[self._fixture]

    def _start(self, fixture: int) -> _Server:
        folder = Path(tempfile.mkdtemp(prefix="loopbuild-sandbox-"))
        try:
            if self._settings.get("folder"):
                original = self._root / self._settings["folder"]
                if not original.is_dir():
                    raise SandboxError(f"`sandbox.folder` `{self._settings['folder']}` is no folder")
                shutil.copytree(original, folder, dirs_exist_ok=True)
            chosen = self._settings.get("state") or {}
            state = StateFile(chosen.get("kind", "none"), _inside(folder, chosen.get("path") or "state"))
            return _Server(self._session(folder, fixture), folder, state)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _session(self, folder: Path, fixture: int) -> Session:
        env = surroundings(self._environment, self._settings.get("env") or {}, fixture=fixture)
        try:
            return Session(
                resolved(self._settings.get("command") or (), root=self._root, folder=folder),
                cwd=folder,
                env=env,
                start_timeout_seconds=self._settings.get("start_timeout_seconds", 60),
                call_timeout_seconds=self._settings.get("call_timeout_seconds", 30),
            )
        except SandboxError as error:
            self._patience.lost(error)
            raise

    def _reset(self, server: _Server) -> None:
        if server.state.kind != "none":
            server.state.put_back(server.start)
        elif server.calls:
            self._restart(server)
        server.calls = ()

    def _restart(self, server: _Server) -> None:
        server.session.close()
        server.session = self._session(server.folder, self._fixture)
        server.calls, server.loss = (), None


def open_mcp(
    settings: Json, catalog: ToolCatalog, *, root: Path, environment: Mapping[str, str], source: str
) -> McpSandbox:
    """Return a sandbox that starts the server of `settings` when opened; raises SandboxError without a command."""
    if not settings.get("command"):
        raise SandboxError(
            f"the sandbox of `{source}` names no command", hint="give `command` in its sandbox or source"
        )
    tools = {tool.id: tool for tool in catalog.tools if tool.source == source}
    return McpSandbox(tools, source=source, settings=settings, root=root, environment=environment)


def _inside(folder: Path, path: str) -> Path:
    """Return the path in a private folder; raises SandboxError for one that leads out of it, as the file is reset."""
    held = folder / path
    if not held.resolve().is_relative_to(folder.resolve()):
        raise SandboxError(
            f"`sandbox.state.path` `{path}` is outside of the server's private working folder",
            intact="the file itself: it was not opened",
            hint="give a path inside of the folder, and put files the server needs into `sandbox.folder`",
        )
    return held


def _end(server: _Server) -> None:
    server.session.close()
    shutil.rmtree(server.folder, ignore_errors=True)
