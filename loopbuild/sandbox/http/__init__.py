"""A sandbox that is a running service, asked over HTTP operation by operation; read-only unless loop.yaml allows more.

Writes need a declared `reset`: it gives the first state again, and going back to a snapshot is a reset and the same
writes once more. Without one only reads run, and a row that writes is refused with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from loopbuild.errors import SandboxError
from loopbuild.records import Json, StateFact, ToolCatalog, ToolResult, ToolSchema
from loopbuild.sandbox.answers import refused, unanswered, unknown_tool
from loopbuild.sandbox.http.allowed import may_write, why_not
from loopbuild.sandbox.http.answers import result_of
from loopbuild.sandbox.http.client import Client, Limits, Unanswered
from loopbuild.sandbox.http.requests import Request, Unplaceable, is_reading, request_of
from loopbuild.sandbox.http.state import rows_of
from loopbuild.sandbox.http.turn import Turn
from loopbuild.sandbox.patience import Patience, patience_with
from loopbuild.sandbox.rows import Rows, difference
from loopbuild.sandbox.scouting import Known, offered, scout

__all__ = ["HttpSandbox", "open_http"]

_COSTLY = ("timeout", "unreachable")
"""What costs its whole time limit at every call; bad answers come at once."""
Calls = tuple[tuple[str, Json], ...]


class HttpSandbox:
    """The operations of one source on a running service; see `Sandbox`. Close it, or its turn to write stays taken."""

    def __init__(
        self, tools: Mapping[str, ToolSchema], *, source: str, settings: Json, client: Client, patience: Patience
    ) -> None:
        self.name = source
        self.fixtures: int = settings.get("fixtures", 1)
        self._state = tuple(settings.get("state") or ())
        self.sees_state = bool(self._state)
        self._tools = dict(tools)
        self._settings = settings
        self._client = client
        self._patience = patience
        self._turn = Turn(client.address) if may_write(settings) else None
        self._fixture = -1
        self._world = -1
        """The fixture the service was last reset to, -1 when what it holds is not known."""
        self._writes: Calls = ()
        self._known: dict[int, Known] = {}
        self._start: dict[int, Rows] = {}
        self._lost = ""

    def open(self, fixture: int, tools: Collection[str] = ()) -> None:
        """Reset the service to this world, where that is declared; raises SandboxError when it cannot be."""
        self._patience.check()
        if self._turn is not None:
            self._turn.take()
        self._fixture = fixture
        self._begin()
        if fixture not in self._known:
            self._known[fixture] = scout(self._tools, self._look)
        if self.sees_state and fixture not in self._start:
            self._start[fixture] = self._rows()

    def call(self, tool_id: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Ask the service, or refuse what may not run."""
        tool = self._tools.get(tool_id)
        if tool is None:
            return unknown_tool(tool_id)
        code, why = why_not(tool, self._settings)
        if why:
            return refused(code, why)
        if self._fixture < 0:
            raise SandboxError(f"the sandbox of `{self.name}` is not open")
        if self._lost:
            error = SandboxError(f"the state of `{self._client.written}` is not known since {self._lost}")
            return unanswered("state_lost", error)
        try:
            request = request_of(tool, arguments)
        except Unplaceable as exc:
            return refused("invalid_argument", str(exc))
        if self._patience.is_out_for(tool_id) and self._patience.last is not None:
            return unanswered("server_lost", self._patience.last)
        result = self._ask(request, tool=tool_id)
        if is_reading(tool):
            return result
        if result.status == "ok":
            self._writes = (*self._writes, (tool_id, dict(arguments)))
        if result.status == "infra_error":
            # It may have been done or not: nothing after it could be trusted.
            self._lost = f"`{tool_id}` got no answer"
        self._world = -1
        return result

    def snapshot(self) -> Calls:
        """Return the writes that led here."""
        return self._writes

    def restore(self, token: Any) -> None:
        """Reset and write the same again, unless nothing was written since; raises SandboxError."""
        if token == self._writes and not self._lost:
            return
        self._begin(is_dirty=True)
        for tool_id, arguments in token:
            result = self.call(tool_id, arguments)
            if result.status != "ok":
                raise SandboxError(
                    f"`{tool_id}` was done before and is not done again: {result.code}",
                    hint="the service's `reset` does not give the same state every time",
                )

    def state_diff(self) -> tuple[StateFact, ...]:
        """Return how what `state` reads differs from the start; nothing where no `state` is declared."""
        return difference(self._start[self._fixture], self._rows()) if self.sees_state else ()

    def known(self, tool_id: str, pointer: str) -> tuple[Json, ...]:
        """Return values of this world for an input leaf."""
        start = self._start.get(self._fixture, {})
        tool = self._tools.get(tool_id)
        return offered(tool, pointer, self._known.get(self._fixture, {}), lambda: start, fixture=self._fixture)

    def records(self, tool_id: str, pointers: Collection[str]) -> tuple[Mapping[str, Json], ...]:
        """Return nothing: looking around shows values, not which of them belong together."""
        return ()

    def close(self) -> None:
        """Drop connections and let others write."""
        self._client.close()
        if self._turn is not None:
            self._turn.give_back()
        self._fixture = self._world = -1

    def _begin(self, *, is_dirty: bool = False) -> None:
        """Bring the service to the first state; skipped while it is certainly there."""
        reset = self._settings.get("reset")
        if reset and (is_dirty or self._lost or self._world != self._fixture):
            self._reset(reset)
        self._writes, self._lost = (), ""
        self._world = self._fixture

    def _reset(self, reset: Json) -> None:
        body = _filled(reset.get("body"), self._fixture)
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        path, _, query = _filled(reset["path"], self._fixture).partition("?")
        request = Request(
            method=reset.get("method", "POST"), path=path, query=query, body=content, media="application/json"
        )
        self._world = -1
        result = self._ask(request)
        if result.status != "ok":
            told = result.value.get("error") if isinstance(result.value, dict) else result.value
            raise SandboxError(
                f"`reset` of `{self.name}` failed: {str(told)[:200]}", hint=f"{request.method} {reset['path']}"
            )

    def _look(self, tool_id: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Call while looking around; a service that never answers is not asked tool by tool."""
        result = self.call(tool_id, arguments)
        self._patience.check()
        return result

    def _ask(self, request: Request, *, tool: str = "") -> ToolResult:
        try:
            response = self._client.ask(request)
        except Unanswered as error:
            if error.code in _COSTLY:
                self._patience.lost(error, tool=tool)
            return unanswered(error.code, error)
        self._patience.answered(tool)
        server_errors = self._settings.get("server_errors", "infra_error")
        return result_of(response, server_errors=server_errors, service=f"`{self._client.written}`")

    def _rows(self) -> Rows:
        rows: Rows = {}
        for name in self._state:
            tool = self._tools.get(f"{self.name}/{name}")
            if tool is None:
                raise SandboxError(f"`state` of the sandbox of `{self.name}` names `{name}`, which is no tool of it")
            result = self.call(tool.id, {})
            if result.status != "ok":
                raise SandboxError(f"the state of `{self.name}` cannot be read: `{tool.id}` answered {result.code}")
            rows |= rows_of(tool, result.value)
        return rows


def open_http(
    settings: Json, catalog: ToolCatalog, *, root: Path, environment: Mapping[str, str], source: str
) -> HttpSandbox:
    """Return a sandbox over the service of `settings`; raises LoopfileError for a variable that is not set."""
    limits = Limits(
        call_timeout_seconds=settings.get("call_timeout_seconds", 30.0),
        max_response_bytes=settings.get("max_response_bytes", 1_000_000),
        retries=settings.get("retries", 2),
    )
    client = Client(settings["url"], auth=settings.get("auth"), environment=environment, limits=limits)
    tools = {tool.id: tool for tool in catalog.tools if tool.source == source}
    patience = patience_with(source, root=str(root), settings=settings)
    return HttpSandbox(tools, source=source, settings=settings, client=client, patience=patience)


def _filled(value: Json, fixture: int) -> Any:
    """Return a value with `{fixture}` in its texts replaced by the number of the world."""
    if isinstance(value, str):
        return value.replace("{fixture}", str(fixture))
    if isinstance(value, list):
        return [_filled(item, fixture) for item in value]
    return {name: _filled(item, fixture) for name, item in value.items()} if isinstance(value, dict) else value
