"""A running MCP server -> the raw entries of its `tools/list`, through the official SDK over stdio.

Decides how little the server gets (a search path, a language, an empty home, what loop.yaml names) and how long it
may take. Interprets no entry: one malformed schema, over which the SDK's own listing fails, costs no other tool.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

from loopbuild.errors import MissingExtra, SourceError
from loopbuild.records import Json
from loopbuild.stages.sources.dialects import entry_name
from loopbuild.stages.sources.listing import MAX_TOOLS
from loopbuild.stages.sources.names import shown
from loopbuild.stages.sources.stdio_server import Traffic, stdio_streams

MAX_PAGES = 100
_STDERR_LINES = 20


def list_live(
    source: str,
    *,
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    start_timeout_seconds: float = 60,
    call_timeout_seconds: float = 30,
    search_path: str = "",
) -> Json:
    """Start the server, list its tools, stop it; return the entries as it sent them, sorted by name.

    `env` holds the variables loop.yaml names, already resolved; their values appear in no message. An empty
    `search_path` means the current PATH. Listing as a whole may take `call_timeout_seconds` after the start. Raises
    SourceError naming the source and the command, with the server's last lines on stderr.
    """
    if not command:
        raise SourceError(
            f"source `{source}` names no command to start",
            source=source,
            hint="a server behind a URL is not listed live: keep its `tools/list` answer in a file, named by `path`",
        )
    try:
        import anyio
        import mcp  # noqa: F401
    except ImportError as exc:
        raise MissingExtra("listing a live MCP server", extra="mcp") from exc
    traffic = Traffic()
    with tempfile.TemporaryDirectory(prefix="loopbuild-home-") as home, tempfile.TemporaryFile("w+b") as stderr:
        surroundings = _surroundings(env, Path(home), search_path)
        errlog = os.fdopen(os.dup(stderr.fileno()), "w")
        ask = partial(
            _ask,
            command,
            env=surroundings,
            cwd=cwd,
            errlog=errlog,
            traffic=traffic,
            start_timeout_seconds=start_timeout_seconds,
            call_timeout_seconds=call_timeout_seconds,
        )
        try:
            with errlog, _quiet():
                fault = anyio.run(ask)
        except OSError as exc:
            reason = exc.strerror or type(exc).__name__
            raise SourceError(
                f"source `{source}`: `{_spelt(command)}` cannot be started: {reason.lower()}",
                source=source,
                hint=f"is `{command[0]}` installed and on the PATH?",
            ) from exc
        if fault:
            stderr.seek(0)
            said = _tail(stderr.read()[-65536:].decode("utf-8", errors="replace"), env)
            raise SourceError(f"source `{source}`: `{_spelt(command)}` {fault}", source=source, hint=said)
    entries = [entry for page in traffic.pages for entry in page["tools"]][:MAX_TOOLS]
    return sorted(entries, key=lambda entry: (entry_name(entry), json.dumps(entry, sort_keys=True)))


async def _ask(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    errlog: TextIO,
    traffic: Traffic,
    start_timeout_seconds: float,
    call_timeout_seconds: float,
) -> str:
    """Fill `traffic.pages`; return what went wrong in words that follow the command, empty when nothing did."""
    import anyio
    from mcp import Client

    is_started = False
    is_complete = False
    fault = ""
    with anyio.move_on_after(start_timeout_seconds) as clock:
        try:
            streams = stdio_streams(command, env=env, cwd=cwd, errlog=errlog, traffic=traffic)
            async with Client(streams, cache=None) as client:
                is_started = True
                clock.deadline = anyio.current_time() + call_timeout_seconds
                fault = await _pages(client, traffic)
                is_complete = not fault
                clock.deadline = float("inf")  # stopping the server has bounds of its own
        except OSError:
            raise
        except Exception as exc:
            # Ending a session can fail in many ways once all pages are here; none of them matters then.
            if missing := _first(exc, OSError):
                raise missing from exc
            fault = fault or _reason(exc)
    if is_complete:
        return ""
    if traffic.is_line_too_long:
        return "wrote a line of more than 16 MiB"
    if clock.cancelled_caught:
        limit = call_timeout_seconds if is_started else start_timeout_seconds
        what = "listed its tools" if is_started else "answered"
        garbage = f", it printed `{shown(traffic.garbage)}`" if traffic.garbage else ""
        return f"has not {what} within {limit:g} s{garbage}"
    if traffic.exit_code is not None:
        return f"ended with exit code {traffic.exit_code} before it had listed its tools"
    garbage = f" (it printed `{shown(traffic.garbage)}`)" if traffic.garbage else ""
    return f"failed while it was listed: {fault or 'the connection was lost'}{garbage}"


async def _pages(client: object, traffic: Traffic) -> str:
    """Ask for page after page; stop at a repeated cursor and after MAX_PAGES, keeping what came."""
    cursor: str | None = None
    seen: set[str] = set()
    for number in range(MAX_PAGES):
        fault = ""
        try:
            await client.list_tools(cursor=cursor, cache_mode="bypass")  # type: ignore[attr-defined]
        except Exception as exc:
            fault = _reason(exc)
        if len(traffic.pages) <= number:
            return fault or "no list of tools in its answer"
        # The raw page came through even where the SDK refused one entry of it: entries are judged one by one later.
        following = traffic.pages[number].get("nextCursor")
        if not isinstance(following, str) or not following or following in seen:
            return ""
        seen.add(following)
        cursor = following
    return ""


def _surroundings(env: Mapping[str, str], home: Path, search_path: str) -> dict[str, str]:
    from mcp.client.stdio import get_default_environment

    path = search_path or get_default_environment().get("PATH", os.defpath)
    return {"PATH": path, "LANG": "C.UTF-8", "HOME": str(home), **env}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the SDK's log lines off the screen: what matters of them is in our own message."""
    logger = logging.getLogger("mcp")
    before = logger.propagate, logger.level
    logger.propagate, logger.level = False, logging.CRITICAL + 1
    try:
        yield
    finally:
        logger.propagate, logger.level = before


def _tail(text: str, env: Mapping[str, str]) -> str:
    """Return the last lines of stderr for the hint, escaped, values handed over in `env` taken out."""
    for value in sorted(env.values(), key=len, reverse=True):
        if len(value) >= 4:
            text = text.replace(value, "***")
    lines = [shown(line, limit=200) for line in text.splitlines() if line.strip()][-_STDERR_LINES:]
    return "its last lines on stderr:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def _spelt(command: Sequence[str]) -> str:
    return shown(shlex.join(command), limit=160)


def _first(exc: BaseException, kind: type[OSError]) -> OSError | None:
    if isinstance(exc, kind):
        return exc
    if isinstance(exc, BaseExceptionGroup):
        for inner in exc.exceptions:
            if found := _first(inner, kind):
                return found
    return None


def _reason(exc: BaseException) -> str:
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    text = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
    return shown(text, limit=160)
