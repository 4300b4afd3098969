"""The tools as declared now and as the last build knew them, without building anything."""

from __future__ import annotations

import difflib
import json
import os
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from loopbuild.engine.target import Json
from loopbuild.errors import LoopfileError, SelectionError
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.declared import listing_of
from loopbuild.pipeline.project import load
from loopbuild.pipeline.rules import placed
from loopbuild.pipeline.targets import EVIDENCE
from loopbuild.records import CatalogDiff, EdgeEvidence, Listing, ToolCatalog, ToolGraph, from_json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentTools:
    """What the files of a project declare at this moment."""

    settings: Json
    catalog: ToolCatalog
    graph: ToolGraph
    listings: tuple[Listing, ...]
    evidence: tuple[EdgeEvidence, ...] = ()
    """The lines of graph.lock."""


def current_tools(opened: OpenProject) -> CurrentTools:
    """Read every source's file; raises SourceError for one that cannot be read or was never listed.

    Raises LoopfileError for edge rules about what no tool has.
    """
    from loopbuild.stages.catalog.canonical import build_catalog
    from loopbuild.stages.toolgraph.build import build_graph

    loaded = load(opened.project, environment=os.environ)
    listings = []
    for target in loaded.targets:
        if not target.id.startswith("source:"):
            continue
        listings.append(listing_of(target, lambda path: (opened.project.root / path).read_bytes()))
    settings = loaded.settings
    catalog = build_catalog(listings, entities=settings["graph"]["entities"])
    evidence = stored_evidence(opened.project.root)
    try:
        graph = build_graph(catalog, settings["graph"], evidence)
    except LoopfileError as error:
        raise placed(error, opened.project.loopfile) from None
    return CurrentTools(settings=settings, catalog=catalog, graph=graph, listings=tuple(listings), evidence=evidence)


def stored_evidence(root: Path) -> tuple[EdgeEvidence, ...]:
    """Return the lines of graph.lock, none where there is no such file; raises LoopfileError for a broken one."""
    from loopbuild.stages.toolgraph.evidence import read_evidence

    path = root / EVIDENCE
    return read_evidence(path.read_bytes()) if path.is_file() else ()


def built_catalog(opened: OpenProject) -> ToolCatalog | None:
    """Return the catalog the last build used, wording included."""
    from loopbuild.engine.query import surviving

    stored = surviving(opened.workspace, "catalog:main")
    return from_json(ToolCatalog, stored) if stored is not None else None


def difference(old: ToolCatalog, new: ToolCatalog, *, settings: Json) -> CatalogDiff:
    """Return what changed between two catalogs."""
    from loopbuild.stages.catalog.diff import diff_catalogs

    return diff_catalogs(old, new, renames=settings["graph"]["renames"])


def drawn(tools: CurrentTools, *, form: str, around: str = "") -> str:
    """Return the graph as text, report, mermaid, dot, svg, html or json; raises SelectionError for an unknown tool."""
    from loopbuild.stages.toolgraph.returns import with_returns

    graph, catalog = tools.graph, with_returns(tools.catalog, tools.settings["graph"]["edges"], tools.evidence)
    if around:
        graph, catalog = _around(graph, catalog, around)
    if form == "json":
        return json.dumps({"unproven": [], **to_json(graph)}, indent=2, sort_keys=True)
    module, attribute = DRAWINGS[form]
    text: str = getattr(import_module(f"loopbuild.stages.toolgraph.{module}"), attribute)(graph, catalog)
    return text


DRAWINGS = {
    "text": ("draw", "to_text"),
    "report": ("report", "to_report"),
    "mermaid": ("draw", "to_mermaid"),
    "dot": ("dot", "to_dot"),
    "svg": ("svg", "to_svg"),
    "html": ("html", "to_html"),
}


def _around(graph: ToolGraph, catalog: ToolCatalog, tool: str) -> tuple[ToolGraph, ToolCatalog]:
    names = {each.id: each.id for each in catalog.tools} | {each.name: each.id for each in catalog.tools}
    if tool not in names:
        near = difflib.get_close_matches(tool, names, n=1)
        raise SelectionError(f"no tool is called `{tool}`", hint=f"did you mean `{near[0]}`?" if near else "")
    edges, unproven = (
        tuple(edge for edge in all_of_them if names[tool] in (edge.producer, edge.consumer))
        for all_of_them in (graph.edges, graph.unproven)
    )
    ends = [(edge.producer, edge.consumer) for edge in (*edges, *unproven)]
    shown = {names[tool], *(end for pair in ends for end in pair)}
    groups = tuple(
        replace(group, goals=kept, tools=tuple(each for each in group.tools if each in shown))
        for group in graph.subgraphs
        if (kept := tuple(goal for goal in group.goals if goal in shown))
    )
    tools = tuple(each for each in catalog.tools if each.id in shown)
    return replace(graph, edges=edges, subgraphs=groups, notes=(), unproven=unproven), replace(catalog, tools=tools)
