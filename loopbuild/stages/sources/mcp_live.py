"""A running MCP server -> the raw entries of its `tools/list`, over stdio or streamable HTTP.

Decides how little the server gets (a search path, a language, an empty home, what loop.yaml names), and what is kept
of a listing: every entry that is JSON, whatever its schema says.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from loopbuild.errors import MissingExtra, SourceError
from loopbuild.hiding import hidden, shown_address
from loopbuild.records import Json
from loopbuild.stages.sources.dialects import entry_name
from loopbuild.stages.sources.listing import MAX_TOOLS
from loopbuild.stages.sources.mcp_asking import MAX_PAGES, ask
from loopbuild.stages.sources.stdio_server import Traffic, stdio_streams
from loopbuild.visible import named

__all__ = ["MAX_PAGES", "Listed", "list_live"]
_STDERR_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a server answered."""

    entries: tuple[Json, ...]
    """As it sent them, sorted by name."""
    notes: tuple[str, ...] = ()
    """What was cut or left out."""


def list_live(
    source: str,
    *,
    command: Sequence[str] = (),
    url: str = "",
    headers: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    cwd: Path = Path(),
    start_timeout_seconds: float = 60,
    call_timeout_seconds: float = 30,
    search_path: str = "",
) -> Listed:
    """Start the server (or connect to `url`), list its tools, stop it.

    `env` and `headers` hold what loop.yaml names, already resolved; their values appear in no message, nor do
    `secrets`, which are texts of `url`. An empty `search_path` means the current PATH. Listing as a whole may take
    `call_timeout_seconds` after the start. Raises SourceError naming the source and the server, with the server's last
    lines on stderr.
    """
    if not command and not url:
        raise SourceError(f"source `{source}` names no server to ask", source=source, hint="give `command` or `url`")
    try:
        import anyio
        import mcp  # noqa: F401
    except ImportError as exc:
        raise MissingExtra("listing a live MCP server", extra="mcp") from exc
    unsaid = (*secrets, *(env or {}).values(), *(headers or {}).values())
    traffic = Traffic(secrets=unsaid)
    limits = {"start_timeout_seconds": start_timeout_seconds, "call_timeout_seconds": call_timeout_seconds}
    with tempfile.TemporaryDirectory(prefix="loopbuild-home-") as home, tempfile.TemporaryFile("w+b") as stderr:
        errlog = os.fdopen(os.dup(stderr.fileno()), "w")
        surroundings = _surroundings(env or {}, Path(home), search_path)

        first_words: list[int] = []

        def connect(noted: Traffic) -> AbstractAsyncContextManager[tuple[Any, Any]]:
            if url:
                from loopbuild.stages.sources.http_server import http_streams

                return http_streams(url, headers=headers or {}, traffic=noted)
            if noted is not traffic:  # started again: what it says now it has said before
                first_words.append(os.fstat(stderr.fileno()).st_size)
            return stdio_streams(command, env=surroundings, cwd=cwd, errlog=errlog, traffic=noted)

        who = named(hidden(shown_address(url) if url else shlex.join(command), unsaid), limit=160)
        try:
            with errlog, _quiet():
                fault = anyio.run(partial(ask, connect, traffic, **limits))
        except OSError as exc:
            why = (exc.strerror or type(exc).__name__).lower()
            what = "cannot be reached" if url else "cannot be started"
            hint = "is the server running?" if url else f"is `{command[0]}` installed and on the PATH?"
            raise SourceError(f"source `{source}`: `{who}` {what}: {why}", source=source, hint=hint) from exc
        if fault:
            stderr.seek(0)
            said = _tail(stderr.read(*first_words)[-65536:].decode("utf-8", errors="replace"), unsaid)
            raise SourceError(f"source `{source}`: `{who}` {fault}", source=source, hint=said)
    raw = [entry for page in traffic.pages for entry in page["tools"]][:MAX_TOOLS]
    notes = list(traffic.notes)
    entries = [entry for entry in raw if _is_plain(entry, notes)]
    entries.sort(key=lambda entry: (entry_name(entry), json.dumps(entry, sort_keys=True)))
    return Listed(entries=tuple(entries), notes=tuple(notes))


def _is_plain(entry: Json, notes: list[str]) -> bool:
    """Say whether an entry can be written down as JSON; numbers no JSON has come through the SDK's parser."""
    try:
        json.dumps(entry, allow_nan=False, ensure_ascii=False).encode("utf-8", errors="backslashreplace")
    except (ValueError, RecursionError):
        name = named(entry_name(entry))
        notes.append(f"tool `{name}` is left out: its entry holds a number that is none, or is nested without end")
        return False
    return True


def _surroundings(env: Mapping[str, str], home: Path, search_path: str) -> dict[str, str]:
    from mcp.client.stdio import get_default_environment

    path = search_path or get_default_environment().get("PATH", os.defpath)
    return {"PATH": path, "LANG": "C.UTF-8", "HOME": str(home), **env}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the SDK's log lines off the screen: what matters of them is in our own message."""
    loggers = [logging.getLogger(name) for name in ("mcp", "httpx2", "httpcore2", "client")]
    before = [(logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.propagate, logger.level = False, logging.CRITICAL + 1
    try:
        yield
    finally:
        for logger, (propagate, level) in zip(loggers, before, strict=True):
            logger.propagate, logger.level = propagate, level


def _tail(text: str, secrets: Sequence[str]) -> str:
    """Return the last lines of stderr for the hint, escaped, values handed over taken out."""
    lines = [named(line, limit=200) for line in hidden(text, secrets).splitlines() if line.strip()]
    return "its last lines on stderr:\n" + "\n".join(f"  {line}" for line in lines[-_STDERR_LINES:]) if lines else ""
