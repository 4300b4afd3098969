"""What a model attempted, read back from a transcript: its calls in order with the results it received, and its words.

Pure. Accepts any transcript without raising: what cannot be read becomes a fault, because the judged text is a model's.
Refuses to know what would have been right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from loopbuild.records import Json, ToolCatalog, Transcript

_DEPTH = 64
"""Values nested deeper are taken as unreadable: comparing them would rest on the interpreter's recursion limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptedCall:
    """One decoded call; `turn` counts assistant messages, `tool` is empty for a name the catalog does not know."""

    index: int
    turn: int
    user_turn: int
    """How many user turns the model had seen beyond the first."""
    name: str
    tool: str
    arguments: dict[str, Json]
    is_ok: bool
    result: Json
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatFault:
    """Text that looks like a call but is none."""

    turn: int
    user_turn: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A transcript, read."""

    calls: tuple[AttemptedCall, ...]
    faults: tuple[FormatFault, ...]
    said: tuple[tuple[int, str], ...]
    """(user turn, words) of every assistant message."""

    @property
    def is_empty(self) -> bool:
        """Return whether no call was even attempted."""
        return not self.calls and not self.faults


def read_attempt(transcript: Transcript, catalog: ToolCatalog) -> Attempt:
    """Return the calls, faults and words of `transcript`.

    Results are paired with calls in order; a call without a result counts as failed.
    """
    ids = {tool.call_name: tool.id for tool in catalog.tools}
    results = _results(transcript)
    calls: list[AttemptedCall] = []
    faults: list[FormatFault] = []
    said: list[tuple[int, str]] = []
    turn, user_turn, answered = -1, 0, 0
    for message in transcript.messages:
        role = message.get("role")
        if role == "user":
            user_turn += 1
        if role != "assistant":
            continue
        turn += 1
        content = message.get("content")
        said.append((user_turn, content if isinstance(content, str) else ""))
        faults += [FormatFault(turn=turn, user_turn=user_turn, code=str(code)) for code in message.get("faults") or ()]
        for written in message.get("tool_calls") or ():
            name, arguments = _written(written)
            result = results[answered] if answered < len(results) else {}
            answered += 1
            if name is None or arguments is None:
                faults.append(FormatFault(turn=turn, user_turn=user_turn, code="not_json"))
                continue
            value = _parsed(result.get("content"))
            is_ok = bool(result) and result.get("status", "ok") == "ok" and not _reads_as_error(result, value)
            calls.append(
                AttemptedCall(
                    index=len(calls),
                    turn=turn,
                    user_turn=user_turn,
                    name=name,
                    tool=ids.get(name, ""),
                    arguments=arguments,
                    is_ok=is_ok,
                    result=value,
                    error="" if is_ok else str(result.get("code", "")),
                )
            )
    return Attempt(calls=tuple(calls), faults=tuple(faults), said=tuple(said))


def leaves_of(value: Json) -> list[Json]:
    """Return the scalars in `value`, depth first; an explicit stack, because depth is the model's choice."""
    found: list[Json] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            stack.extend(reversed(list(item.values())))
        elif isinstance(item, list | tuple):
            stack.extend(reversed(item))
        else:
            found.append(item)
    return found


def _results(transcript: Transcript) -> list[dict[str, Json]]:
    return [message for message in transcript.messages if message.get("role") == "tool"]


def _written(call: Json) -> tuple[str | None, dict[str, Json] | None]:
    function = call.get("function", call) if isinstance(call, Mapping) else {}
    if not isinstance(function, Mapping):
        return None, None
    name, arguments = function.get("name"), function.get("arguments")
    if isinstance(arguments, str):
        arguments = _parsed(arguments)
    read = dict(arguments) if isinstance(arguments, Mapping) and not _is_deep(arguments) else None
    return (name if isinstance(name, str) else None), read


def _parsed(text: Json) -> Json:
    if not isinstance(text, str):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if _is_deep(value) else value


def _is_deep(value: Json) -> bool:
    level = [value] if isinstance(value, Mapping | list | tuple) else []
    for _ in range(_DEPTH):
        level = [
            item
            for parent in level
            for item in (parent.values() if isinstance(parent, Mapping) else parent)
            if isinstance(item, Mapping | list | tuple)
        ]
        if not level:
            return False
    return True


def _reads_as_error(result: Mapping[str, Json], value: Json) -> bool:
    """A recorded transcript may carry no status; then an object that holds nothing but `error` is one."""
    return "status" not in result and isinstance(value, Mapping) and set(value) == {"error"}
