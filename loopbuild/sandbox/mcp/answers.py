"""Turns what an MCP server answered into a ToolResult: the value a later call can read, or why it was refused."""

from __future__ import annotations

import json
from typing import Any

from loopbuild.records import Json, ToolResult
from loopbuild.sandbox.answers import code_of


def result_of(answer: Any) -> ToolResult:
    """Return the result of an SDK answer: a call result, a protocol error, or a contradiction the SDK raised."""
    if isinstance(answer, Exception):
        # A protocol error, or structured content that breaks the server's own output schema: the call gave nothing.
        message = str(answer) or type(answer).__name__
        return ToolResult(status="tool_error", value={"error": message}, code=code_of(message))
    texts = [block.text for block in answer.content if getattr(block, "type", "") == "text"]
    if answer.is_error:
        message = "\n".join(texts) or "the tool reported an error"
        return ToolResult(status="tool_error", value={"error": message}, code=code_of(message))
    if answer.structured_content is not None:
        return ToolResult(status="ok", value=answer.structured_content)
    values = [_parsed(text) for text in texts]
    return ToolResult(status="ok", value=values[0] if len(values) == 1 else values)


def _parsed(text: str) -> Json:
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
