"""The tools as declared now and as the last build knew them, without building anything."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from loopbuild.engine.target import Json
from loopbuild.errors import SourceError
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.project import load
from loopbuild.pipeline.source_files import read_source
from loopbuild.records import CatalogDiff, Listing, ToolCatalog, ToolGraph, from_json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentTools:
    """What the files of a project declare at this moment."""

    settings: Json
    catalog: ToolCatalog
    graph: ToolGraph
    listings: tuple[Listing, ...]


def current_tools(opened: OpenProject) -> CurrentTools:
    """Read every source's file; raises SourceError for one that cannot be read or was never listed."""
    from loopbuild.stages.catalog.canonical import build_catalog
    from loopbuild.stages.toolgraph.build import build_graph

    loaded = load(opened.project, environment=os.environ)
    listings = []
    for target in loaded.targets:
        if not target.id.startswith("source:"):
            continue
        params, path = target.params, target.params["path"]
        try:
            content, *others = [(opened.project.root / name).read_bytes() for name in (path, *params["beside"])]
        except OSError as error:
            hint = f"`loopbuild build --refresh {target.id}` asks the server" if params["is_live"] else ""
            raise SourceError(
                f"source `{params['name']}`: cannot read `{path}`", source=params["name"], hint=hint
            ) from error
        listings.append(read_source(params, content, dict(zip(params["beside"], others, strict=True))))
    settings = loaded.settings
    catalog = build_catalog(listings, entities=settings["graph"]["entities"])
    return CurrentTools(
        settings=settings, catalog=catalog, graph=build_graph(catalog, settings["graph"]), listings=tuple(listings)
    )


def built_catalog(opened: OpenProject) -> ToolCatalog | None:
    """Return the catalog the last build used, wording included."""
    from loopbuild.engine.query import output

    stored = output(opened.workspace, "catalog:main")
    return from_json(ToolCatalog, stored) if stored is not None else None


def difference(old: ToolCatalog, new: ToolCatalog, *, settings: Json) -> CatalogDiff:
    """Return what changed between two catalogs."""
    from loopbuild.stages.catalog.diff import diff_catalogs

    return diff_catalogs(old, new, renames=settings["graph"]["renames"])


def catalog_of_file(opened: OpenProject, path: Path) -> ToolCatalog:
    """Read another version of a project's only source."""
    from loopbuild.stages.catalog.canonical import build_catalog

    loaded = load(opened.project, environment=os.environ)
    sources = [target for target in loaded.targets if target.id.startswith("source:")]
    if len(sources) != 1:
        raise SourceError(
            f"`{path}` could stand for any of {len(sources)} sources", hint="compare against the last build instead"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read `{path}`") from error
    listing = read_source({**sources[0].params, "path": str(path)}, content)
    return build_catalog([listing], entities=loaded.settings["graph"]["entities"])


def drawn(tools: CurrentTools, *, form: str) -> str:
    """Return the graph as text, mermaid, svg or json."""
    if form == "json":
        return json.dumps(to_json(tools.graph), indent=2, sort_keys=True)
    from loopbuild.stages.toolgraph.draw import to_mermaid, to_text
    from loopbuild.stages.toolgraph.svg import to_svg

    draw = {"text": to_text, "mermaid": to_mermaid, "svg": to_svg}[form]
    return draw(tools.graph, tools.catalog)
