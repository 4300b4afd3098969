"""Live sources as files: a server is listed once, into `listings/<source>.json`; builds depend on that file.

Committed beside loop.yaml, it lets a build and continuous integration work with the server absent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loopbuild.engine.target import Json
from loopbuild.pipeline.programs import command_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSource:
    """A source that has to be asked."""

    name: str
    settings: Json
    path: Path
    is_listed: bool


def live_sources(settings: Json, *, root: Path) -> list[LiveSource]:
    """Return the sources of loop.yaml that are servers, and whether each was listed before."""
    found = []
    for name, source in sorted(settings["sources"].items()):
        if source["kind"] == "mcp" and not source["path"]:
            path = root / "listings" / f"{name}.json"
            found.append(LiveSource(name=name, settings=source, path=path, is_listed=path.is_file()))
    return found


def write_listing(source: LiveSource, *, root: Path, environment: Mapping[str, str]) -> bool:
    """Ask the server and write its listing; returns whether the file changed. On SourceError it stays as it was."""
    from loopbuild.loopfile.variables import fill
    from loopbuild.stages.sources.listing import canonical_listing
    from loopbuild.stages.sources.mcp_live import list_live

    settings = source.settings
    raw = list_live(
        source.name,
        command=command_of(settings["command"], root=root),
        env={name: fill(text, environment) for name, text in settings["env"].items()},
        cwd=root,
        start_timeout_seconds=settings["start_timeout_seconds"],
        call_timeout_seconds=settings["call_timeout_seconds"],
    )
    content = canonical_listing(raw)
    if source.is_listed and source.path.read_bytes() == content:
        return False
    source.path.parent.mkdir(parents=True, exist_ok=True)
    fresh = source.path.with_name(f".{source.path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(source.path)
    return True
