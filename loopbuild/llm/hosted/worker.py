"""The program that speaks to providers: calls in, one JSON line each, replies out as they come.

    python -m loopbuild.llm.hosted.worker

The only user of litellm. A process of its own, because litellm takes seconds to load and keeps a core busy at a few
hundred answers a second, and so that it ends with the build: end of file on standard input is its end. Decides what a
provider's failure means; never tries again by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
from typing import Any

from loopbuild.hiding import hidden

_SHOWN = 300
_WORDS_OF_FORM = ("response_format", "json_schema", "json_object", "json mode", "structured output", "response schema")
_WORDS_OF_POLICY = ("content_policy", "content policy", "content management policy", "content filter")

_NEVER_CONNECTED = ("ConnectError", "ConnectTimeout", "ClientConnectorError", "ConnectionRefusedError", "gaierror")
_DISCONNECTED = ("ReadError", "WriteError", "RemoteProtocolError", "ServerDisconnectedError", "ConnectionResetError")


def main() -> None:
    """Serve until standard input ends."""
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints is no reply
    asyncio.run(_serve(out))


async def _serve(out: int) -> None:
    import litellm

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.turn_off_message_logging = True
    reader = asyncio.StreamReader(limit=64 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        task = asyncio.create_task(_answer(litellm, json.loads(line), out))
        running.add(task)
        task.add_done_callback(running.discard)
    os._exit(0)  # nobody is left to hear what is under way


async def _answer(litellm: Any, call: dict[str, Any], out: int) -> None:
    key = os.environ.get(call["key_env"], "") if call["key_env"] else ""
    arguments = dict(call["arguments"])
    if key or call["needs_no_key"]:
        arguments["api_key"] = key or "none"
    timeout = call["timeout_seconds"]
    try:
        answer = await asyncio.wait_for(
            litellm.acompletion(**arguments, timeout=timeout, max_retries=0, num_retries=0, **{"no-log": True}),
            timeout + 1.0,
        )
        reply = _told(answer)
    except TimeoutError:
        reply = {"fault": "timeout", "detail": f"no answer within {timeout:g} s"}
    except Exception as error:
        reply = _fault(error, secrets=(key, *call["unsaid"]), timeout=timeout)
    os.write(out, (json.dumps({"number": call["number"], **reply}) + "\n").encode())


def _told(answer: Any) -> dict[str, Any]:
    choice = answer.choices[0]
    message = choice.message
    fields = getattr(message, "provider_specific_fields", None) or {}
    refusal = getattr(message, "refusal", None) or fields.get("refusal") or ""
    usage = getattr(answer, "usage", None)
    return {
        "content": message.content or "",
        "finish": choice.finish_reason or "",
        "refusal": str(refusal),
        "prompt_tokens": getattr(usage, "prompt_tokens", None) or None,
        "completion_tokens": getattr(usage, "completion_tokens", None),
        "served": answer.model or "",
        "request": answer.id or "",
    }


def _fault(error: Exception, *, secrets: tuple[str, ...], timeout: float) -> dict[str, Any]:
    status = getattr(error, "status_code", None)
    text = str(getattr(error, "message", "") or error)
    text = hidden(text, secrets)
    # A provider may repeat a key in part: "Incorrect API key provided: sk-ab...xyz".
    text = " ".join(re.sub(r"\b(sk|pk|key|gsk|AIza)[-_][\w*.-]{4,}", "(a key)", text).split())
    text = re.sub(r"^((litellm\.)?\w+Error: )+", "", text)
    text = re.sub(r"^\w+Exception - ", "", text)
    lowered = text.lower()
    broken = _broken_connection(error)
    named = {
        "ContextWindowExceededError": "too_long",
        "ContentPolicyViolationError": "refused",
        "UnsupportedParamsError": "form" if any(word in lowered for word in _WORDS_OF_FORM) else "bad_request",
        "Timeout": "timeout",
        "APIConnectionError": "connection",
    }.get(type(error).__name__)
    if named is None and status == 429:
        named = "quota" if "insufficient_quota" in lowered or "exceeded your current quota" in lowered else "rate"
    if named is None and isinstance(status, int):
        if status in (401, 403):
            named = "auth"
        elif status == 402:
            named = "quota"
        elif status == 404:
            named = "unknown_model"
        elif status in (408, 409, 425) or status >= 500:
            named = "server"
        elif any(word in lowered for word in _WORDS_OF_POLICY):
            named = "refused"
        else:
            named = "form" if any(word in lowered for word in _WORDS_OF_FORM) else "bad_request"
    if named in ("connection", "server") and broken:
        named = broken
    told: dict[str, Any] = {"fault": named or "bad_request", "detail": text[:_SHOWN]}
    if named == "timeout":
        told["detail"] = f"no answer within {timeout:g} s"
    wait = _retry_after(error)
    return told if wait is None else told | {"retry_after_seconds": wait}


def _broken_connection(error: BaseException) -> str:
    """`unreachable` when no connection came about, `connection` when one broke, empty when the provider answered."""
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return ""
        name = type(seen).__name__
        if name in _NEVER_CONNECTED:
            return "unreachable"
        if name in _DISCONNECTED:
            return "connection"
        seen = seen.__cause__ or seen.__context__
    return ""


def _retry_after(error: Exception) -> float | None:
    """Seconds, from `retry-after-ms` or `retry-after` wherever litellm left the headers; a date is taken as unknown."""
    places = [getattr(error, "litellm_response_headers", None)]
    places.append(getattr(getattr(error, "response", None), "headers", None))
    for headers in places:
        for name, share in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
            with contextlib.suppress(TypeError, ValueError, AttributeError):
                value = float(headers.get(name)) / share  # type: ignore[union-attr]
                if value >= 0:
                    return value
    return None


if __name__ == "__main__":
    main()
