"""The lines of loop.lock that are no target's: every tool with its roll-ups, every live listing with its digest.

They are for people and for merges: a review shows which tools a change touched, and in what.
"""

from __future__ import annotations

from collections.abc import Mapping

from blake3 import blake3

from loopbuild.engine import lockfile
from loopbuild.engine.query import output
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.listings import live_sources
from loopbuild.pipeline.project import LoadedProject
from loopbuild.pipeline.retiring import Gone, gone_of, knows_gone, locked_tools, successors
from loopbuild.records import ToolCatalog, from_json

Fields = Mapping[str, Mapping[str, str]]


def lines_in_force(opened: OpenProject, loaded: LoadedProject) -> Fields:
    """Return the lines for the catalog in force."""
    stored = output(opened.workspace, "catalog:main")
    if stored is None:
        return lines_of(None, loaded)
    return lines_of(from_json(ToolCatalog, stored), loaded)


def lines_of(catalog: ToolCatalog | None, loaded: LoadedProject, *, locked: Gone | None = None) -> Fields:
    """Return the lines for a catalog and the listings as they lie beside loop.yaml.

    Tools that the lock knows and the catalog has no more keep a line, with what took their place; `locked` are those of
    another lock than the project's.
    """
    tools = catalog.tools if catalog is not None else ()
    found: dict[str, Mapping[str, str]] = {
        f"tool:{tool.id}": {"params": tool.params, "returns": tool.returns, "docs": tool.docs} for tool in tools
    }
    if catalog is not None and knows_gone(loaded.settings):
        known = locked_tools(loaded.project.root) if locked is None else locked
        gone = gone_of(known, {tool.id for tool in tools}, loaded.settings["sources"])
        named = successors(gone, catalog, loaded.settings["graph"]["renames"]) if gone else {}
        for name, digests in gone.items():
            found[f"retired:{name}"] = {**digests, **({"successor": named[name]} if named[name] else {})}
    for source in live_sources(loaded.settings, root=loaded.project.root):
        if source.is_listed:
            found[f"listing:{source.name}"] = {"digest": blake3(source.path.read_bytes()).hexdigest()}
    return found


def outdated(lines: lockfile.Lines, wanted: Fields) -> tuple[str, ...]:
    """Return which of these lines the lock does not have like that, and which it has that are no more."""
    new = {name: lockfile.extra_line(values) for name, values in wanted.items()}
    old = {name: line for name, line in lines.items() if name.partition(":")[0] in ("tool", "listing", "retired")}
    return lockfile.changes(old, new)
