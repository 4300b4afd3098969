"""One conversation with an MCP server: its tools, page by page, through the official SDK, or by hand where that fails.

Decides when enough was heard: a cursor that comes again, a hundred pages, ten thousand tools. Interprets no entry:
one malformed schema, over which the SDK's own listing fails, costs no other tool.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from loopbuild.hiding import hidden, told
from loopbuild.records import Json
from loopbuild.stages.sources.listing import MAX_TOOLS
from loopbuild.stages.sources.stdio_server import Traffic
from loopbuild.visible import named

MAX_PAGES = 100
_SPOKEN_BY_HAND = "2025-06-18"
"""The protocol version our own conversation asks for; servers answer with the one they have."""

Connect = Callable[[Traffic], AbstractAsyncContextManager[tuple[Any, Any]]]
"""Opens the streams of one conversation, noting what passes."""


async def ask(connect: Connect, traffic: Traffic, *, start_timeout_seconds: float, call_timeout_seconds: float) -> str:
    """Fill `traffic.pages`; return what went wrong in words that follow the server's name, empty when nothing did.

    A server the SDK cannot talk to (one that ends on an unknown request, or greets in a way the SDK refuses) is started
    again and asked by hand. Raises OSError when there is nobody to talk to.
    """
    limits = {"start_timeout_seconds": start_timeout_seconds, "call_timeout_seconds": call_timeout_seconds}
    fault = await _converse(connect, traffic, _by_sdk, **limits)
    if not fault or traffic.pages or traffic.too_long or traffic.is_out_of_time:
        # Some pages and then silence is no listing: the tools on the others would seem to be gone.
        return fault
    again = Traffic(secrets=traffic.secrets)
    if await _converse(connect, again, _by_hand, **limits):
        return fault
    traffic.pages, traffic.notes = again.pages, again.notes
    return ""


async def _converse(
    connect: Connect,
    traffic: Traffic,
    talk: Callable[..., Any],
    *,
    start_timeout_seconds: float,
    call_timeout_seconds: float,
) -> str:
    import anyio

    state = {"is_started": False, "is_complete": False}
    fault = ""
    with anyio.move_on_after(start_timeout_seconds) as clock:

        def started() -> None:
            state["is_started"] = True
            clock.deadline = anyio.current_time() + call_timeout_seconds

        def done() -> None:
            state["is_complete"] = True
            clock.deadline = float("inf")  # stopping the server has bounds of its own

        try:
            fault = await talk(connect(traffic), traffic, started, done)
        except OSError:
            raise
        except Exception as exc:
            # Ending a session can fail in many ways once all pages are here; none of them matters then.
            if missing := _first(exc, OSError):
                raise missing from exc
            fault = fault or told(exc, traffic.secrets)
    if state["is_complete"]:
        return ""
    if traffic.too_long:
        return traffic.too_long
    garbage = named(hidden(traffic.garbage, traffic.secrets))
    if clock.cancelled_caught:
        traffic.is_out_of_time = True
        limit = call_timeout_seconds if state["is_started"] else start_timeout_seconds
        what = "listed its tools" if state["is_started"] else "answered"
        return f"has not {what} within {limit:g} s" + (f", it printed `{garbage}`" if garbage else "")
    if traffic.exit_code is not None:
        return f"ended with exit code {traffic.exit_code} before it had listed its tools"
    said = (
        f" (it answered `{garbage}`)"
        if garbage.startswith("HTTP ")
        else f" (it printed `{garbage}`)"
        if garbage
        else ""
    )
    return f"failed while it was listed: {fault or 'the connection was lost'}{said}"


async def _by_sdk(streams: Any, traffic: Traffic, started: Callable[[], None], done: Callable[[], None]) -> str:
    from mcp import Client

    async with Client(streams, cache=None) as client:
        started()

        async def turn(cursor: str | None) -> str:
            try:
                await client.list_tools(cursor=cursor, cache_mode="bypass")
            except Exception as exc:
                return told(exc, traffic.secrets)
            return ""

        fault = await _pages(turn, traffic)
        if not fault:
            done()
        return fault


async def _by_hand(streams: Any, traffic: Traffic, started: Callable[[], None], done: Callable[[], None]) -> str:
    """Speak the four messages a listing takes, and believe nothing about the answers but that they are JSON-RPC."""
    from mcp.shared.message import SessionMessage
    from mcp_types import JSONRPCNotification, JSONRPCRequest

    async with streams as (read, write):

        async def request(number: int, method: str, params: dict[str, Json]) -> str:
            message = JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params=params)
            await write.send(SessionMessage(message))
            async for item in read:
                if isinstance(item, Exception):
                    return told(item, traffic.secrets)
                answer = getattr(item, "message", None)
                if getattr(answer, "id", None) != number or getattr(answer, "method", None):
                    continue
                error = getattr(answer, "error", None)
                return named(hidden(str(error.message), traffic.secrets), limit=160) if error is not None else ""
            return "the connection was lost"

        greeting = {
            "protocolVersion": _SPOKEN_BY_HAND,
            "capabilities": {},
            "clientInfo": {"name": "loopbuild", "version": "1"},
        }
        fault = await request(1, "initialize", greeting)
        if fault:
            return fault
        await write.send(SessionMessage(JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized")))
        started()
        number = iter(range(2, 2 + MAX_PAGES + 1))

        async def turn(cursor: str | None) -> str:
            return await request(next(number), "tools/list", {} if cursor is None else {"cursor": cursor})

        fault = await _pages(turn, traffic)
        if not fault:
            done()
        return fault


async def _pages(turn: Callable[[str | None], Any], traffic: Traffic) -> str:
    """Ask for page after page; stop at a repeated cursor and at the limits, keeping what came."""
    cursor: str | None = None
    seen: set[str] = set()
    for number in range(MAX_PAGES):
        fault: str = await turn(cursor)
        if len(traffic.pages) <= number:
            return fault or "no list of tools in its answer"
        # The raw page came through even where the SDK refused one entry of it: entries are judged one by one later.
        following = traffic.pages[number].get("nextCursor")
        if not isinstance(following, str) or not following:
            return ""
        if following in seen:
            traffic.notes.append(f"the cursor of page {number + 1} came before: the listing ends there")
            return ""
        if sum(len(page["tools"]) for page in traffic.pages) > MAX_TOOLS:
            break
        seen.add(following)
        cursor = following
    traffic.notes.append(f"the listing was ended after {len(traffic.pages)} pages: it has no end")
    return ""


def _first(exc: BaseException, kind: type[OSError]) -> OSError | None:
    if isinstance(exc, kind):
        return exc
    if isinstance(exc, BaseExceptionGroup):
        for inner in exc.exceptions:
            if found := _first(inner, kind):
                return found
    return None
