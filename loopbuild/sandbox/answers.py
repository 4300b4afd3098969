"""The results every kind of sandbox gives in the same words: refused calls, and calls that got no answer."""

from __future__ import annotations

import re

from loopbuild.errors import SandboxError
from loopbuild.records import ToolResult

_CODED = re.compile(r"\b(not_found|conflict|invalid_argument|permission_denied|already_exists|unavailable)\b")
_SPOKEN = (
    (re.compile(r"not found|no such|does not exist|doesn't exist|unknown|could not find", re.IGNORECASE), "not_found"),
    (re.compile(r"already|conflict|exists", re.IGNORECASE), "conflict"),
    (re.compile(r"invalid|validation|required|expected|must be|not allowed", re.IGNORECASE), "invalid_argument"),
)


def refused(code: str, message: str) -> ToolResult:
    """Return the result of a call that was understood and refused."""
    return ToolResult(status="tool_error", value={"error": code, "message": message}, code=code)


def unknown_tool(tool_id: str) -> ToolResult:
    """Return the result of a call of something the sandbox has no tool for."""
    return ToolResult(status="tool_error", value={"error": f"unknown tool `{tool_id}`"}, code="unknown_tool")


def unanswered(code: str, error: SandboxError) -> ToolResult:
    """Return the third state: nothing follows about the call."""
    return ToolResult(status="infra_error", value={"error": error.message, "hint": error.hint}, code=code)


def code_of(message: str) -> str:
    """Return the code a message of refusal names or speaks of."""
    coded = _CODED.search(message)
    if coded:
        return coded[1]
    return next((code for pattern, code in _SPOKEN if pattern.search(message)), "tool_error")
