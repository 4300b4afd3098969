"""What a response says about a call: a value, a refusal, or nothing at all. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from loopbuild.digest import canonical
from loopbuild.errors import SandboxError
from loopbuild.records import Json, ToolResult
from loopbuild.sandbox.answers import code_of, unanswered

_TEXT_LIMIT = 2000
_CODES = {400: "invalid_argument", 403: "permission_denied", 404: "not_found", 409: "conflict", 410: "not_found",
          412: "conflict", 415: "invalid_argument", 422: "invalid_argument", 423: "conflict"}  # fmt: skip
BUSY = frozenset({408, 425, 429})
"""The service says that it could not look at the call just now."""
OURS = frozenset({401, 407})
"""Our credentials were refused: nothing a call could have done otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back, whole and decoded."""

    status: int
    media: str = ""
    body: bytes = b""
    retry_after_seconds: float | None = None


def is_refusal(status: int, *, server_errors: str) -> bool:
    """Say whether a status speaks of the call; `server_errors: tool_error` takes 5xx for answers too."""
    if status >= 500:
        return server_errors == "tool_error"
    return 400 <= status < 500 and status not in BUSY and status not in OURS


def result_of(response: Response, *, server_errors: str, service: str) -> ToolResult:
    """Return the result of a call that got this response."""
    value = _value(response)
    try:
        canonical(value)
    except (TypeError, ValueError) as exc:
        return unanswered("bad_answer", SandboxError(f"{service} answered with what is no JSON: {exc}"))
    if 200 <= response.status < 300:
        return ToolResult(status="ok", value=value)
    if is_refusal(response.status, server_errors=server_errors):
        told = value if value is not None else f"status {response.status}"
        code = _CODES.get(response.status) or code_of(_spoken(value))
        return ToolResult(status="tool_error", value={"status": response.status, "error": told}, code=code)
    if response.status in OURS:
        error = SandboxError(
            f"{service} refused our credentials (status {response.status})", hint="check the variables `auth` names"
        )
        return unanswered("unauthorized", error)
    code = "rate_limited" if response.status == 429 else "server_error"
    return unanswered(code, SandboxError(f"{service} answered with status {response.status}"))


def _value(response: Response) -> Json:
    text = response.body.decode("utf-8", errors="replace")
    if not text.strip():
        return None
    media = response.media.partition(";")[0].strip().lower()
    if media.endswith("json") or text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    return text if response.status < 400 else text[:_TEXT_LIMIT]


def _spoken(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)[:_TEXT_LIMIT]
