"""What a model wrote -> plain text, calls, and what is wrong with its spelling.

Pure. Decides only whether the text follows the declared form: `<tool_call>` blocks, each with one strict JSON object
`{"name": ..., "arguments": {...}}`. Whether such a tool exists, or its arguments are good, is for others to say.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal, NamedTuple

DECODER_VERSION = 1
"""Part of every key that rests on decoded text; raised when the same text would read differently."""

FaultCode = Literal["not_json", "wrong_wrapper", "truncated"]

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_THINK = re.compile(r"\A\s*<think>(.*?)</think>\s*", re.DOTALL)
_FENCE = re.compile(r"```(?:json|tool_call)?\s*(\{.*?\})\s*```", re.DOTALL)


class Fault(NamedTuple):
    """One departure from the declared form."""

    code: FaultCode
    detail: str


class Reply(NamedTuple):
    """An assistant turn taken apart; unpacks as (content, calls, faults)."""

    content: str
    """The words outside of calls and of a leading think block, stripped."""
    calls: tuple[dict[str, Any], ...]
    """Well-formed calls in order: {"name": text, "arguments": object}."""
    faults: tuple[Fault, ...]


def parse_assistant(text: str, *, is_truncated: bool = False) -> Reply:
    """Return what the turn `text` says and calls.

    `is_truncated` tells that generation hit its limit; an unfinished block is found without it. A call beside a faulty
    one is still returned: the reader decides whether any fault spoils the turn.
    """
    faults: list[Fault] = []
    calls: list[dict[str, Any]] = []
    rest = text.removesuffix("<|im_end|>")
    rest = _THINK.sub("", rest, count=1)
    if rest.lstrip().startswith("<think>"):
        return Reply("", (), (Fault("truncated", "think block without an end"),))
    words: list[str] = []
    while True:
        before, opened, after = rest.partition(_OPEN)
        words.append(before)
        if not opened:
            break
        body, closed, rest = after.partition(_CLOSE)
        if not closed:
            faults.append(Fault("truncated", "call without an end"))
            rest = ""
            break
        call = _call(body, faults)
        if call is not None:
            calls.append(call)
    content = "".join(words).strip()
    if _CLOSE in content:
        faults.append(Fault("wrong_wrapper", f"`{_CLOSE}` without a beginning"))
    elif _looks_like_call(content):
        faults.append(Fault("wrong_wrapper", "a call outside of `<tool_call>`"))
    if is_truncated and not any(fault.code == "truncated" for fault in faults):
        faults.append(Fault("truncated", "the token limit was reached"))
    return Reply(content, tuple(calls), tuple(faults))


def _call(body: str, faults: list[Fault]) -> dict[str, Any] | None:
    try:
        value = json.loads(body, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as exc:
        faults.append(Fault("not_json", str(exc)))
        return None
    if not _is_call(value):
        faults.append(Fault("wrong_wrapper", "not an object of `name` and `arguments`"))
        return None
    return {"name": value["name"], "arguments": value["arguments"]}


def _is_call(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"name", "arguments"}
        and isinstance(value["name"], str)
        and isinstance(value["arguments"], dict)
    )


def _looks_like_call(content: str) -> bool:
    fenced = _FENCE.search(content)
    candidate = fenced.group(1) if fenced else content
    if not candidate.startswith("{"):
        return False
    try:
        value = json.loads(candidate)
    except (ValueError, RecursionError):
        return '"name"' in candidate and '"arguments"' in candidate
    return isinstance(value, dict) and ({"name", "arguments"} <= set(value) or {"tool", "arguments"} <= set(value))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"key `{key}` stands twice")
        made[key] = value
    return made


def _refuse(constant: str) -> Any:
    raise ValueError(f"`{constant}` is not JSON")
