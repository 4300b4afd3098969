"""The file of a recording: JSON lines, each an answer under what was asked, sorted, so that two differ where the
service differed. Reads and writes bytes, knows no sandbox.

A line is one of: `world` (one, what the recorded sandbox said of itself), `call`, `state` (the difference to the start
after certain writes), `known` (values a person may know). `after` is the digest of the writes since the start: the same
question after other writes is another line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from loopbuild.digest import canonical, digest
from loopbuild.errors import SandboxError
from loopbuild.records import Json, StateFact, ToolResult, from_json, to_json

VERSION = 1
_HINT = "record it again: `loopbuild build --record NAME`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question."""

    fixture: int
    after: str
    tool: str
    arguments: str
    """In canonical form."""

    @property
    def said(self) -> str:
        """The question without the state it was asked in."""
        return f"{self.tool} {self.arguments}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came, and whether it changed the state."""

    result: ToolResult
    writes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a state differs from the start, and the tool whose call led to it."""

    tool: str
    facts: tuple[StateFact, ...]


@dataclass(slots=True, kw_only=True)
class Cassette:
    """Everything recorded of one source."""

    fixtures: int = 1
    sees_state: bool = False
    kind: str = ""
    """The kind of sandbox that was recorded."""
    masked: dict[str, int] = field(default_factory=dict)
    """Kind of personal data or secret -> how many different values were replaced."""
    calls: dict[Asked, Answer] = field(default_factory=dict)
    states: dict[tuple[int, str], State] = field(default_factory=dict)
    known: dict[tuple[int, str, str, str], tuple[Json, ...]] = field(default_factory=dict)


def asked(fixture: int, after: str, tool: str, arguments: Mapping[str, Json]) -> Asked:
    """Return a question; raises ValueError or TypeError for arguments that are no JSON."""
    return Asked(fixture=fixture, after=after, tool=tool, arguments=canonical(dict(arguments)).decode())


def after_write(after: str, tool: str, arguments: str) -> str:
    """Return the name of the state that a write leads to; the start has the empty name."""
    return digest("recorded-writes", [after, tool, arguments])[:16]


def write(cassette: Cassette) -> bytes:
    """Return the bytes of a cassette: one line each, the world first, then sorted."""
    world: dict[str, Json] = {
        "line": "world", "version": VERSION, "kind": cassette.kind, "fixtures": cassette.fixtures,
        "sees_state": cassette.sees_state, "masked": cassette.masked,
    }  # fmt: skip
    lines: list[Json] = [
        {"line": "call", "fixture": one.fixture, "after": one.after, "tool": one.tool,
         "arguments": json.loads(one.arguments), "writes": answer.writes, **to_json(answer.result)}
        for one, answer in cassette.calls.items()
    ]  # fmt: skip
    lines += [
        {"line": "state", "fixture": fixture, "after": after, **to_json(state)}
        for (fixture, after), state in cassette.states.items()
    ]
    lines += [
        {"line": "known", "fixture": fixture, "after": after, "tool": tool, "pointer": pointer, "values": list(values)}
        for (fixture, after, tool, pointer), values in cassette.known.items()
        if values
    ]
    return b"".join(line + b"\n" for line in (canonical(world), *sorted(map(canonical, lines))))


def read(content: bytes, *, file: str) -> Cassette:
    """Return the cassette in a file's bytes; raises SandboxError naming the line that cannot be read."""
    cassette = Cassette()
    number = 0
    for number, text in enumerate(content.splitlines(), start=1):
        try:
            line = json.loads(text)
            _add(cassette, line, is_first=number == 1)
        except SandboxError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            what = f"missing `{exc.args[0]}`" if isinstance(exc, KeyError) else str(exc).splitlines()[0][:100]
            raise SandboxError(f"{file}:{number}: this is no line of a recording: {what}", hint=_HINT) from None
    if not number:
        raise SandboxError(f"`{file}` is empty", hint=_HINT)
    return cassette


def _add(cassette: Cassette, line: Json, *, is_first: bool) -> None:
    kind = line["line"]
    if is_first != (kind == "world"):
        raise ValueError("the line `world` stands first, once")
    if kind == "world":
        if line["version"] != VERSION:
            raise SandboxError(f"a recording of version {line['version']} cannot be read, only {VERSION}", hint=_HINT)
        cassette.kind, cassette.masked = str(line["kind"]), dict(line["masked"])
        cassette.fixtures, cassette.sees_state = int(line["fixtures"]), bool(line["sees_state"])
    elif kind == "call":
        key = asked(line["fixture"], line["after"], line["tool"], line["arguments"])
        result = from_json(ToolResult, {name: line[name] for name in ("status", "value", "code")})
        cassette.calls[key] = Answer(result=result, writes=bool(line["writes"]))
    elif kind == "state":
        state = from_json(State, {"tool": line["tool"], "facts": line["facts"]})
        cassette.states[line["fixture"], line["after"]] = state
    elif kind == "known":
        place = (line["fixture"], line["after"], line["tool"], line["pointer"])
        cassette.known[place] = tuple(line["values"])
    else:
        raise ValueError(f"unknown line `{kind}`")


def facts_of(content: bytes, *, source: str) -> dict[str, str]:
    """Return fact name -> digest: one for each tool, one for what is said of all. What rows depend on."""
    parts: dict[str, list[bytes]] = {}
    for text in content.splitlines():
        try:
            line = json.loads(text)
            tool = str(line["tool"]) if line["line"] in ("call", "state", "known") else ""
        except (ValueError, KeyError, TypeError):
            tool = ""  # the sandbox says what is wrong with it
        parts.setdefault(tool, []).append(text)
    return {
        f"recording {tool or source}": digest("recording", [text.decode("utf-8", errors="replace") for text in texts])
        for tool, texts in sorted(parts.items())
    }
