"""Tools that are gone: loop.lock names every tool there was, so a build sees what it lacks, and so does a clone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from loopbuild.engine import lockfile
from loopbuild.engine.target import Json
from loopbuild.errors import LoopbuildError
from loopbuild.records import ToolCatalog

Gone = Mapping[str, Mapping[str, str]]
"""Tool -> {params, returns}: the beginnings of its digests."""
_KINDS = ("tool", "retired")


def knows_gone(settings: Json) -> bool:
    """Return whether rows about tools that are gone are asked for: else the lock forgets such tools."""
    return bool(settings["synthesis"]["retired"] or settings["synthesis"]["redirected"])


def locked_tools(root: Path) -> Gone:
    """Return every tool that loop.lock knows, also those that were gone before; none where it cannot be read."""
    try:
        return tools_in(lockfile.read(root))
    except LoopbuildError:
        return {}  # whoever builds says what is wrong with it


def tools_in(lines: lockfile.Lines) -> Gone:
    """Return the tools that the lines of a lock know."""
    found = {}
    for name, (_, fields) in lines.items():
        kind, _, tool = name.partition(":")
        if kind in _KINDS and "params" in fields:
            found[tool] = {field: fields.get(field, "") for field in ("params", "returns")}
    return found


def gone_of(locked: Gone, present: Collection[str], sources: Collection[str]) -> dict[str, dict[str, str]]:
    """Return the known tools that are not there, of sources that still are."""
    here = set(present)
    return {
        tool: dict(digests)
        for tool, digests in sorted(locked.items())
        if tool not in here and tool.partition("/")[0] in sources
    }


def successors(gone: Gone, catalog: ToolCatalog, said: Mapping[str, str]) -> dict[str, str]:
    """Return tool -> what took its place, or nothing."""
    from loopbuild.stages.catalog.successors import successor_of

    return {
        tool: successor_of(tool, digests["params"], digests["returns"], catalog, said=said)
        for tool, digests in sorted(gone.items())
    }
