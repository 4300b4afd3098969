"""A sandbox that answers from a recording and asks nobody: what was not recorded is an error, never a call.

The state is the writes since the start, by name; going back is taking an older name. The recording is an input of the
build like any file: committed, and in the keys by content.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from loopbuild.errors import SandboxError
from loopbuild.records import Json, StateFact, ToolCatalog, ToolResult
from loopbuild.sandbox.answers import refused, unanswered, unknown_tool
from loopbuild.sandbox.recorded.aliases import renamed
from loopbuild.sandbox.recorded.cassette import Asked, Cassette, after_write, asked, read

__all__ = ["RecordedSandbox", "open_recorded"]

_SHOWN_LETTERS = 120


class RecordedSandbox:
    """The tools of one source as they once answered; see `Sandbox`."""

    def __init__(self, cassette: Cassette, *, source: str, tools: frozenset[str], on_miss: str) -> None:
        self.name = source
        self.fixtures = cassette.fixtures
        self.sees_state = cassette.sees_state
        self._cassette = cassette
        self._tools = tools
        self._on_miss = on_miss
        self._fixture = -1
        self._after = ""
        self._count = {"": 0}
        """Name of a state -> how many writes lead there, for messages."""

    def open(self, fixture: int, tools: Collection[str] = ()) -> None:
        """Start before the first write."""
        self._fixture, self._after = fixture, ""

    def call(self, tool_id: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Answer as recorded; what was not recorded is a miss, told as loop.yaml's `on_miss` says."""
        if tool_id not in self._tools:
            return unknown_tool(tool_id)
        if self._fixture < 0:
            raise SandboxError(f"the sandbox of `{self.name}` is not open")
        try:
            key = asked(self._fixture, self._after, tool_id, arguments)
        except (TypeError, ValueError):
            return refused("invalid_argument", "the arguments are no JSON")
        answer = self._cassette.calls.get(key)
        if answer is None:
            return self._miss(key)
        if answer.writes:
            writes = self._count[self._after] + 1
            self._after = after_write(self._after, tool_id, key.arguments)
            self._count[self._after] = writes
        return answer.result

    def snapshot(self) -> str:
        """Return the name of the state."""
        return self._after

    def restore(self, token: str) -> None:
        """Take the state of that name."""
        self._after = token

    def state_diff(self) -> tuple[StateFact, ...]:
        """Return the recorded difference; raises SandboxError where none was recorded."""
        if not self._after or not self.sees_state:
            return ()
        found = self._cassette.states.get((self._fixture, self._after))
        if found is None:
            raise SandboxError(
                f"no recording of the state of `{self.name}` after {_writes(self._count[self._after])}",
                hint=f"record it with `loopbuild build --record {self.name}`",
            )
        return found.facts

    def known(self, tool_id: str, pointer: str) -> tuple[Json, ...]:
        """Return the recorded values for an input leaf."""
        return self._cassette.known.get((self._fixture, self._after, tool_id, pointer), ())

    def records(self, tool_id: str, pointers: Collection[str]) -> tuple[Mapping[str, Json], ...]:
        """Return nothing: a recording knows values one by one."""
        return ()

    def close(self) -> None:
        """Forget the world."""
        self._fixture = -1

    def _miss(self, key: Asked) -> ToolResult:
        writes = self._count[self._after]
        message = f"no recording of {_shown(key.tool, key.arguments)} after {_writes(writes)} in world {key.fixture}"
        if self._on_miss == "tool_error":
            return refused("not_recorded", message)
        near = _nearest(key, self._cassette, self._tools)
        hint = f"record it with `loopbuild build --record {self.name}`"
        return unanswered("not_recorded", SandboxError(message, hint=f"{near}; {hint}" if near else hint))


def open_recorded(
    settings: Json, catalog: ToolCatalog, *, root: Path, environment: Mapping[str, str], source: str
) -> RecordedSandbox:
    """Return a sandbox over the recording of `settings`; raises SandboxError when there is none or it is damaged."""
    path = settings["path"]
    try:
        content = (root / path).read_bytes()
    except OSError as exc:
        raise SandboxError(
            f"the recording `{path}` of `{source}` cannot be read: {(exc.strerror or str(exc)).lower()}",
            hint=f"record it with `loopbuild build --record {source}`",
        ) from exc
    tools = frozenset(tool.id for tool in catalog.tools if tool.source == source)
    on_miss = settings.get("on_miss", "infra_error")
    cassette = renamed(read(content, file=path), settings.get("renames") or {}, source=source)
    return RecordedSandbox(cassette, source=source, tools=tools, on_miss=on_miss)


def _nearest(key: Asked, cassette: Cassette, tools: Collection[str]) -> str:
    """Return what was recorded instead: the same call in another state or world, the tool's most similar call, or calls
    of a tool that there is no more."""
    same = sorted((one for one in cassette.calls if one.said == key.said), key=lambda one: (one.fixture, one.after))
    if any(one.fixture == key.fixture for one in same):
        return "the same call was recorded after other writes"
    if same:
        return f"the same call was recorded in world {same[0].fixture}"
    others = [one for one in cassette.calls if one.tool == key.tool]
    if not others:
        return _gone(key, cassette, tools)
    count = "1 other call of it was" if len(others) == 1 else f"{len(others)} other calls of it were"
    given = json.loads(key.arguments)
    near = min(others, key=lambda one: (one.after != key.after, -_alike(one, given), one.fixture, one.arguments))
    where = "" if near.fixture == key.fixture else f" in world {near.fixture}"
    return f"{count} recorded, the nearest is {_shown(near.tool, near.arguments)}{where}"


def _gone(key: Asked, cassette: Cassette, tools: Collection[str]) -> str:
    """Return which tool that there is no more was asked the same, where one was."""
    gone = sorted({one.tool for one in cassette.calls if one.tool not in tools and one.arguments == key.arguments})
    if not gone:
        return "no call of it was recorded"
    old, new = [name.partition("/")[2] for name in gone], key.tool.partition("/")[2]
    if len(old) > 1:
        named = ", ".join(f"`{name}`" for name in old)
        return (
            f"the same was asked of {named}, which are no tools any more: `renames` says which of them is called so now"
        )
    said = f"`renames: {{{old[0]}: {new}}}`"
    return f"the same was asked of `{old[0]}`, which is no tool any more: {said} if it is called so now"


def _alike(one: Asked, given: Json) -> int:
    return sum(given.get(name) == value for name, value in json.loads(one.arguments).items())


def _shown(tool: str, arguments: str) -> str:
    shown = arguments if len(arguments) <= _SHOWN_LETTERS else arguments[:_SHOWN_LETTERS] + "…"
    return f"{tool}({shown})"


def _writes(count: int) -> str:
    return "1 write" if count == 1 else f"{count} writes"
