"""A running MCP server behind a URL: streamable HTTP through the official SDK, with limits of our own around it.

Redirects stay within the server's origin (the SDK sees to that) and headers go to no other host. Keeps every raw
`tools/list` result that passes, as the stdio side does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from loopbuild.stages.sources.stdio_server import MAX_LINE_BYTES, Traffic

_CONNECT_SECONDS = 30.0
_READ_SECONDS = 60.0
_MAX_RESPONSE_BYTES = 4 * MAX_LINE_BYTES


class TooLong(Exception):
    """A response larger than any listing is."""


@asynccontextmanager
async def http_streams(url: str, *, headers: Mapping[str, str], traffic: Traffic) -> AsyncIterator[tuple[Any, Any]]:
    """Connect to `url` and yield the (read, write) streams of a client; on leaving, the session is ended."""
    import anyio
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    # Compressed answers are refused: a few kilobytes may unfold to gigabytes before anybody can count them.
    own = {**headers, "Accept-Encoding": "identity"}
    timeout = httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    to_client, from_server = anyio.create_memory_object_stream[Any](0)

    async def pass_on(read: Any) -> None:
        async with to_client:
            with suppress(anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
                async for item in read:
                    result = getattr(getattr(item, "message", None), "result", None)
                    if isinstance(result, dict) and isinstance(result.get("tools"), list):
                        traffic.pages.append(result)
                    await to_client.send(item)

    async with (
        httpx2.AsyncClient(headers=own, timeout=timeout, transport=_limited(traffic)) as http,
        streamable_http_client(url, http_client=http, max_sse_event_size=MAX_LINE_BYTES) as (read, write, *_),
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(pass_on, read)
        try:
            yield from_server, write
        finally:
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await from_server.aclose()


def _limited(traffic: Traffic) -> Any:
    """Return a transport whose responses end with an error once they are too long or compressed."""
    import httpx2

    class Counted(httpx2.AsyncByteStream):
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        async def __aiter__(self) -> AsyncIterator[bytes]:
            seen = 0
            async for chunk in self._inner:
                seen += len(chunk)
                if seen > _MAX_RESPONSE_BYTES:
                    traffic.too_long = "sent a response of more than 64 MiB"
                    raise TooLong("a response of more than 64 MiB")
                yield chunk

        async def aclose(self) -> None:
            await self._inner.aclose()

    class Limited(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: Any) -> Any:
            response = await super().handle_async_request(request)
            if response.status_code >= 400 and not traffic.garbage:
                traffic.garbage = f"HTTP {response.status_code}"
            if response.headers.get("content-encoding", "identity") != "identity":
                await response.aclose()
                raise httpx2.DecodingError("a compressed response, which was not asked for", request=request)
            response.stream = Counted(response.stream)
            return response

    return Limited()
