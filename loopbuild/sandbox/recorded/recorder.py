"""Stands between whoever calls and the sandbox that is recorded, and writes down what passes, masked.

Broken calls are not written down: a recording holds answers, never the third state.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from loopbuild.records import Json, StateFact, ToolResult, ToolSchema
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.sandbox.recorded.cassette import Answer, Cassette, State, after_write, asked
from loopbuild.sandbox.recorded.masking import Masks


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A state by the recording's name, and the recorded sandbox's own token for it."""

    after: str
    inner: Any


class Recorder:
    """A sandbox like the one it records, but for masked values; `cassette` fills up. Closing closes both."""

    def __init__(
        self, inner: Sandbox, tools: Mapping[str, ToolSchema], *, masks: Masks, kind: str, trusts_reads: bool = False
    ) -> None:
        self.name = inner.name
        self.fixtures = inner.fixtures
        self.cassette = Cassette(fixtures=inner.fixtures, kind=kind)
        self._inner = inner
        self._tools = dict(tools)
        self._masks = masks
        self._trusts_reads = trusts_reads
        self._fixture = -1
        self._after = ""
        self._facts: tuple[StateFact, ...] = ()

    @property
    def sees_state(self) -> bool:
        """Whether the recorded sandbox shows what calls change."""
        return self._inner.sees_state

    def open(self, fixture: int, tools: Collection[str] = ()) -> None:
        """Open the recorded sandbox."""
        self._inner.open(fixture, tools)
        self._fixture, self._after = fixture, ""
        self.cassette.sees_state = self._inner.sees_state
        self._facts = self._inner.state_diff()

    def call(self, tool_id: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Pass the call on with its true values and note what came."""
        result = self._inner.call(tool_id, self._masks.unmasked(dict(arguments)))
        if result.status == "infra_error" or tool_id not in self._tools:
            return result
        result = replace(result, value=self._masks.result(tool_id, result.value))
        key = asked(self._fixture, self._after, tool_id, arguments)
        is_read = self._tools[tool_id].effect == "read"
        # A tool that says it only reads and changes something all the same is found out where looking costs nothing.
        facts = self._facts if is_read and self._trusts_reads else self._inner.state_diff()
        is_write = result.status == "ok" and not is_read
        writes = is_write or facts != self._facts
        self.cassette.calls[key] = Answer(result=result, writes=writes)
        if writes:
            self._after, self._facts = after_write(self._after, tool_id, key.arguments), facts
            if self.sees_state:
                state = State(tool=tool_id, facts=self._masked(facts))
                self.cassette.states[self._fixture, self._after] = state
        return result

    def snapshot(self) -> Token:
        """Return both tokens."""
        return Token(after=self._after, inner=(self._inner.snapshot(), self._facts))

    def restore(self, token: Any) -> None:
        """Restore the recorded sandbox."""
        inner, self._facts = token.inner
        self._inner.restore(inner)
        self._after = token.after

    def state_diff(self) -> tuple[StateFact, ...]:
        """Return what was written down of the state."""
        return self._masked(self._facts)

    def known(self, tool_id: str, pointer: str) -> tuple[Json, ...]:
        """Return the recorded sandbox's values, masked, and note them."""
        key = (self._fixture, self._after, tool_id, pointer)
        if key not in self.cassette.known:
            tool = self._tools.get(tool_id)
            leaf = next((one for one in tool.inputs if one.pointer == pointer), None) if tool else None
            kind = leaf.kind if leaf is not None and leaf.kind in ("person", "email", "phone") else ""
            values = tuple(self._masks.plain(value, kind) for value in self._inner.known(tool_id, pointer))
            self.cassette.known[key] = values
        return self.cassette.known[key]

    def records(self, tool_id: str, pointers: Collection[str]) -> tuple[Mapping[str, Json], ...]:
        """Return nothing: a recording knows values one by one."""
        return ()

    def close(self) -> None:
        """Close the recorded sandbox; the cassette stays."""
        self._inner.close()

    def _masked(self, facts: tuple[StateFact, ...]) -> tuple[StateFact, ...]:
        masks = self._masks
        return tuple(
            replace(
                fact,
                key=masks.plain(fact.key),
                before=masks.column(fact.field, fact.before),
                after=masks.column(fact.field, fact.after),
            )
            for fact in facts
        )
