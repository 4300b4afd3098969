"""Somebody else's program on the other end of two pipes: started with little, read with limits, never left running.

The SDK's own transport passes the user's home on, reads a line of any length and hides the process; this one does
none of that. It offers the streams the SDK's client expects, and keeps every raw `tools/list` result that passes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from loopbuild.records import Json

MAX_LINE_BYTES = 16 * 1024 * 1024
_GRACE_SECONDS = 1.0
_CHUNK_BYTES = 65536
_GARBAGE_BYTES = 4096
"""More than is ever shown: what is hidden is hidden before it is cut."""


@dataclass(slots=True)
class Traffic:
    """What was seen while the server ran."""

    secrets: tuple[str, ...] = ()
    """What the server was told and nobody else is: hidden wherever its words are shown."""
    pages: list[dict[str, Json]] = field(default_factory=list)
    """Raw results holding a list of tools, in order of arrival."""
    garbage: str = ""
    """The first line that was no JSON-RPC message."""
    too_long: str = ""
    """Why reading ended, where more came in one piece than is read."""
    is_out_of_time: bool = False
    notes: list[str] = field(default_factory=list)
    """What was cut: a listing without end."""
    exit_code: int | None = None
    """Set when the server ended by itself before it was told to."""


@asynccontextmanager
async def stdio_streams(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, errlog: TextIO, traffic: Traffic
) -> AsyncIterator[tuple[Any, Any]]:
    """Start `command` in a process group of its own and yield the (read, write) streams of a client.

    On leaving, the whole group is gone: asked by a closed stdin, then told, then killed, within about two seconds.
    Raises OSError when the program cannot be started.
    """
    import anyio
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    process = await anyio.open_process(list(command), env=dict(env), cwd=cwd, stderr=errlog, start_new_session=True)
    to_client, from_server = anyio.create_memory_object_stream[Any](0)
    to_server, from_client = anyio.create_memory_object_stream[Any](0)

    async def read_lines() -> None:
        assert process.stdout is not None
        buffer = bytearray()
        async with to_client:
            with suppress(anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
                while True:
                    buffer += await process.stdout.receive(_CHUNK_BYTES)
                    if len(buffer) > MAX_LINE_BYTES and b"\n" not in buffer:
                        traffic.too_long = "wrote a line of more than 16 MiB"
                        return
                    *lines, rest = bytes(buffer).split(b"\n") if b"\n" in buffer else (bytes(buffer),)
                    buffer = bytearray(rest)
                    for line in lines:
                        await _deliver(line)

    async def _deliver(line: bytes) -> None:
        if not line.strip():
            return
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:
            # Servers that log to stdout are common; what they say between the messages is dropped.
            traffic.garbage = traffic.garbage or line[:_GARBAGE_BYTES].decode("utf-8", errors="replace")
            return
        result = getattr(message, "result", None)
        if isinstance(result, dict) and isinstance(result.get("tools"), list):
            traffic.pages.append(result)
        await to_client.send(SessionMessage(message))

    async def write_lines() -> None:
        assert process.stdin is not None
        async with from_client:
            with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
                async for item in from_client:
                    text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                    await process.stdin.send(text.encode() + b"\n")
                return
        await to_client.aclose()

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read_lines)
            tasks.start_soon(write_lines)
            try:
                yield from_server, to_server
            finally:
                traffic.exit_code = await _exit_code(process)
                tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await _stop(process)
            for stream in (to_client, from_server, to_server, from_client):
                await stream.aclose()


async def _exit_code(process: Any) -> int | None:
    """Return the code of a server that ended by itself; a server that just closed its pipe is about to."""
    import anyio

    with anyio.CancelScope(shield=True), anyio.move_on_after(0.2):
        await process.wait()
    code: int | None = process.returncode
    return code


async def _stop(process: Any) -> None:
    import anyio

    with suppress(OSError, anyio.ClosedResourceError, anyio.BrokenResourceError):
        await process.stdin.aclose()
    for number in (0, signal.SIGTERM, signal.SIGKILL):
        # The group outlives its leader when a server leaves children behind, so the last signal is always sent.
        with suppress(ProcessLookupError, PermissionError):
            if number and (process.returncode is None or number == signal.SIGKILL):
                os.killpg(process.pid, number)
        with anyio.move_on_after(_GRACE_SECONDS):
            await process.wait()
    await process.aclose()
