"""Turns what an MCP server answered into a ToolResult: the value a later call can read, or why it was refused."""

from __future__ import annotations

import json
from typing import Any

from loopbuild.digest import canonical
from loopbuild.records import Json, ToolResult
from loopbuild.sandbox.answers import code_of

_MAX_DEPTH = 64


def result_of(answer: Any, *, tool: str) -> ToolResult:
    """Return the result of an SDK answer: a call result, a protocol error, or a contradiction the SDK raised.

    An answer that JSON has no spelling for (NaN, half a surrogate pair) counts as none: the call is refused.
    """
    if isinstance(answer, Exception):
        # A protocol error, or structured content that breaks the server's own output schema: the call gave nothing.
        return _refused(str(answer) or type(answer).__name__)
    texts = [block.text for block in answer.content if getattr(block, "type", "") == "text"]
    if answer.is_error:
        return _refused("\n".join(texts) or "the tool reported an error")
    if answer.structured_content is not None:
        value = answer.structured_content
    else:
        values = [_parsed(text) for text in texts]
        value = values[0] if len(values) == 1 else values
    flaw = _flaw(value)
    if flaw:
        return ToolResult(
            status="tool_error",
            value={"error": f"the answer of `{tool}` cannot be kept: {flaw}"},
            code="invalid_answer",
        )
    return ToolResult(status="ok", value=value)


def _refused(message: str) -> ToolResult:
    said = message.encode("utf-8", errors="replace").decode()
    return ToolResult(status="tool_error", value={"error": said}, code=code_of(said))


def _parsed(text: str) -> Json:
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _flaw(value: Json) -> str:
    """Return why a value can be in no row; empty when it can."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [part for item in level if isinstance(item, dict | list) for part in _parts(item)]
        if not level:
            break
    else:
        return f"it is nested more than {_MAX_DEPTH} levels deep"
    try:
        canonical(value)
    except UnicodeEncodeError:
        return "it holds half a surrogate pair, which is no text"
    except (TypeError, ValueError) as exc:
        return str(exc)
    return ""


def _parts(item: dict[str, Json] | list[Json]) -> list[Json]:
    return item if isinstance(item, list) else list(item.values())
