"""Small builders: tools as a source would list them."""

from __future__ import annotations

import json
from typing import Any

from loopbuild.records import ToolCatalog, ToolSchema
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources.toolspec import read


def tool(name: str, parameters: Any = None, *, returns: Any = None, description: str = "") -> dict[str, Any]:
    """A tool in the plain spelling."""
    entry = {"name": name, "description": description, "parameters": parameters or {}}
    return entry if returns is None else {**entry, "returns": returns}


def catalog(*entries: Any, source: str = "hr", entities: Any = None, **settings: Any) -> ToolCatalog:
    """The catalog of one source."""
    content = json.dumps(list(entries)).encode()
    listing = read(source, content, file=f"{source}.json", settings={"allow_empty": True, **settings})
    assert not [item for item in listing.diagnostics if item.severity == "error"], listing.diagnostics
    return build_catalog([listing], entities=entities)


def only(*entries: Any, **settings: Any) -> ToolSchema:
    """The one tool of a catalog."""
    (found,) = catalog(*entries, **settings).tools
    return found


def schema_tool(schema: Any, *, name: str = "get_thing", output: Any = None) -> dict[str, Any]:
    """A tool in the MCP spelling."""
    entry = {"name": name, "inputSchema": schema}
    return entry if output is None else {**entry, "outputSchema": output}
