"""A sandbox that is a Python object of the user's own: one per episode, in a process with limits and no environment.

Code of the project runs only because loop.yaml asks for this kind. Going back is a new object and the same calls, or
its own `load(state)`; what changed is read from its `state()` or its public attributes. A limited process is no
security boundary: code that is not trusted needs a container around it.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loopbuild.digest import canonical, digest
from loopbuild.errors import SandboxError
from loopbuild.records import Json, StateFact, ToolCatalog, ToolResult, ToolSchema
from loopbuild.sandbox.answers import code_of, refused, unanswered, unknown_tool
from loopbuild.sandbox.patience import patience_with
from loopbuild.sandbox.python.process import Lost, Process
from loopbuild.sandbox.rows import Rows, difference, rows_of_state
from loopbuild.sandbox.scouting import Known, offered, scout

__all__ = ["PythonSandbox", "open_python"]

_CODES = {"PermissionError": "permission_denied", "FileExistsError": "conflict", "FileNotFoundError": "not_found",
          "LookupError": "not_found", "ValueError": "invalid_argument", "TypeError": "invalid_argument",
          "AssertionError": "invalid_argument"}  # fmt: skip
"""What an exception says about a call, for those that name no `code` of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A call that was made, and what came of it."""

    tool: str
    arguments: Json
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """How to come back: the calls that led here, and the object's own account of itself where it can `load` one."""

    calls: tuple[_Done, ...]
    state: Json = None


class PythonSandbox:
    """The tools of one source as methods of an object; see `Sandbox`. Close it, or its process stays until we end."""

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
        self.fixtures: int = settings.get("fixtures", 16)
        self._sees_state: bool | None = None
        self._tools = dict(tools)
        self._settings = settings
        self._root = root
        self._environment = environment
        self._patience = patience_with(source, root=str(root), settings=settings)
        self._timeout: float = settings.get("call_timeout_seconds", 10.0)
        self._process: Process | None = None
        self._loads = False
        self._lost: SandboxError | None = None
        self._fixture = -1
        self._calls: tuple[_Done, ...] = ()
        self._known: dict[int, Known] = {}
        self._start: dict[int, Rows] = {}

    @property
    def sees_state(self) -> bool:
        """Whether the object shows a state; an object is made to find out when none was made before."""
        if self._sees_state is None:
            self.open(0)
            self._fixture = -1
        return bool(self._sees_state)

    def open(self, fixture: int, tools: Collection[str] = ()) -> None:
        """Make a new object; raises SandboxError."""
        self._patience.check()
        self._fixture = fixture
        self._renew()
        if fixture not in self._known:
            self._known[fixture] = scout(self._tools, self.call)
            self._patience.check()
            self._renew()
        # Read at every opening: an object that does not begin as it did before is found out.
        start = self._rows() if self.sees_state else {}
        if self._start.setdefault(fixture, start) != start:
            raise SandboxError(
                f"the object of `{self.name}` does not begin in the same state every time",
                hint="take every random choice from the `fixture` its constructor may ask for",
            )

    def call(self, tool_id: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Call the method."""
        tool = self._tools.get(tool_id)
        if tool is None:
            return unknown_tool(tool_id)
        try:
            canonical(arguments)
        except (TypeError, ValueError):
            return refused("invalid_argument", "the arguments are no JSON")
        if self._patience.is_out_for(tool_id) and self._patience.last is not None:
            return unanswered("lost", self._patience.last)
        try:
            answer = self._ask({"call": tool.name, "arguments": dict(arguments)})
            result = _result(tool, answer)
        except Lost as lost:
            if self._lost is None:
                self._patience.lost(lost, tool=tool_id)
            self._lost = lost
            return unanswered(lost.code, lost)
        except SandboxError as error:
            return unanswered("lost", error)
        self._patience.answered(tool_id)
        done = _Done(tool=tool_id, arguments=dict(arguments), result=_digest(result))
        self._calls = (*self._calls, done)
        return result

    def snapshot(self) -> Token:
        """Return the calls that led here, and the state where the object can load it."""
        state = self._ask_state() if self._loads and self._lost is None else None
        return Token(calls=self._calls, state=state)

    def restore(self, token: Any) -> None:
        """Make a new object and bring it to where the old one was; raises SandboxError when it ends up elsewhere."""
        if token.calls == self._calls and self._lost is None:
            return
        self._renew()
        if token.state is not None:
            answer = self._ask({"load": token.state})
            if "loaded" not in answer:
                raise SandboxError(f"`load` of the object of `{self.name}` failed: {answer.get('broken', '')}")
            self._calls = token.calls
            return
        for done in token.calls:
            result = self.call(done.tool, done.arguments)
            if _digest(result) != done.result:
                raise SandboxError(
                    f"`{done.tool}` gives another answer when the same calls are made again",
                    hint="take every random choice from `fixture`, or give the object `state()` and `load(state)`",
                )

    def state_diff(self) -> tuple[StateFact, ...]:
        """Return how the object differs from how it began; raises SandboxError when it cannot be asked."""
        if not self.sees_state or self._fixture not in self._start:
            return ()
        return difference(self._start[self._fixture], self._rows())

    def known(self, tool_id: str, pointer: str) -> tuple[Json, ...]:
        """Return values of this world for an input leaf."""
        start = self._start.get(self._fixture, {})
        tool = self._tools.get(tool_id)
        return offered(tool, pointer, self._known.get(self._fixture, {}), lambda: start, fixture=self._fixture)

    def records(self, tool_id: str, pointers: Collection[str]) -> tuple[Mapping[str, Json], ...]:
        """Return nothing: looking around shows values, not which of them belong together."""
        return ()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
        self._process, self._fixture = None, -1

    def _renew(self) -> None:
        """Put a new object in place of the old one; after a process that is gone, a new process."""
        if self._process is None or not self._process.is_alive:
            self._process = self._started()
        try:
            answer = self._process.open(self._fixture, timeout_seconds=self._timeout)
        except Lost as lost:
            self._patience.lost(lost)
            self.close_process()
            self._patience.check()
            self._process = self._started()
            answer = self._process.open(self._fixture, timeout_seconds=self._timeout)
        self._sees_state, self._loads = bool(answer["sees_state"]), bool(answer["loads"])
        self._calls, self._lost = (), None

    def close_process(self) -> None:
        """Drop the process but stay on the fixture."""
        if self._process is not None:
            self._process.close()
        self._process = None

    def _started(self) -> Process:
        settings = self._settings
        module, _, owner = settings["module"].partition(":")
        python = settings.get("python") or sys.executable
        if "/" in python and not Path(python).is_absolute():
            python = str(self._root / python)
        job = {
            "root": str(self._root.absolute()),
            "module": module,
            "owner": owner,
            "tools": sorted(tool.name for tool in self._tools.values()),
            "cpu_seconds": settings.get("cpu_seconds", 5),
            "memory_mb": settings.get("memory_mb", 512),
            "max_result_bytes": settings.get("max_result_bytes", 1_000_000),
        }
        return Process(
            python,
            job,
            environment=self._environment,
            start_timeout_seconds=settings.get("start_timeout_seconds", 60.0),
        )

    def _ask(self, request: Json) -> dict[str, Json]:
        if self._process is None or self._fixture < 0:
            raise SandboxError(f"the sandbox of `{self.name}` is not open")
        if self._lost is not None:
            raise Lost(f"the object of `{self.name}` is gone: {self._lost.message}", code="lost")
        return self._process.ask(request, timeout_seconds=self._timeout)

    def _ask_state(self) -> Json:
        try:
            answer = self._ask({"state": True})
        except Lost as lost:
            self._lost = lost
            raise
        if "state" not in answer:
            raise SandboxError(f"the state of the object of `{self.name}` cannot be read: {answer.get('broken', '')}")
        return answer["state"]

    def _rows(self) -> Rows:
        return rows_of_state(self._ask_state())


def open_python(
    settings: Json, catalog: ToolCatalog, *, root: Path, environment: Mapping[str, str], source: str
) -> PythonSandbox:
    """Return a sandbox over the object of `settings`; nothing of it runs before `open`."""
    if not settings.get("module"):
        raise SandboxError(f"the sandbox of `{source}` names no module", hint="give `module: pkg.mod:Class`")
    tools = {tool.id: tool for tool in catalog.tools if tool.source == source}
    return PythonSandbox(tools, source=source, settings=settings, root=root, environment=environment)


def _result(tool: ToolSchema, answer: Mapping[str, Json]) -> ToolResult:
    if "ok" in answer:
        try:
            canonical(answer["ok"])
        except (TypeError, ValueError) as exc:
            return unanswered("bad_answer", SandboxError(f"`{tool.id}` answered with what is no JSON: {exc}"))
        return ToolResult(status="ok", value=answer["ok"])
    if "refused" in answer:
        code = answer["code"] or next((_CODES[kind] for kind in answer["kinds"] if kind in _CODES), "")
        return refused(code or code_of(answer["refused"]), answer["refused"] or answer["kinds"][0])
    if "unknown" in answer:
        return unanswered("no_method", SandboxError(f"`{tool.id}` is no method of the sandbox's object"))
    return unanswered("broken", SandboxError(f"`{tool.id}` gave no answer: {answer.get('broken', 'nonsense')}"))


def _digest(result: ToolResult) -> str:
    return digest("result", [result.status, result.value if result.status != "infra_error" else result.code])
