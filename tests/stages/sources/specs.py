"""Small builders: OpenAPI documents, and what is read from them."""

from __future__ import annotations

import json
from typing import Any

from loopbuild.records import DeclaredTool, Listing
from loopbuild.stages.sources.openapi import read

OK = {"type": "object", "properties": {"id": {"type": "string"}}}


def document(paths: Any, *, version: str = "3.1.0", **more: Any) -> dict[str, Any]:
    """A document of any version around `paths`."""
    key = "swagger" if version.startswith("2") else "openapi"
    return {key: version, "info": {"title": "shop", "version": "1"}, "paths": paths, **more}


def operation(name: str | None = None, *, returns: Any = None, **more: Any) -> dict[str, Any]:
    """One operation of version 3 that answers with JSON."""
    content = {} if returns is None else {"content": {"application/json": {"schema": returns}}}
    named = {} if name is None else {"operationId": name}
    return {**named, "responses": {"200": {"description": "", **content}}, **more}


def body(schema: Any, *, media: str = "application/json", required: bool = True) -> dict[str, Any]:
    """A request body."""
    return {"requestBody": {"required": required, "content": {media: {"schema": schema}}}}


def listing(value: Any, *, file: str = "shop.json", beside: Any = None, **settings: Any) -> Listing:
    """What is read from a document, given as a value or as text."""
    content = value.encode() if isinstance(value, str) else json.dumps(value, indent=1).encode()
    return read("shop", content, file=file, settings=settings, beside=beside or {})


def only(value: Any, **settings: Any) -> DeclaredTool:
    """The one tool of a document without mistakes."""
    found = listing(value, **settings)
    assert not [item for item in found.diagnostics if item.severity == "error"], found.diagnostics
    (tool,) = found.tools
    return tool


def codes(found: Listing) -> list[str]:
    """What was said, by code."""
    return [item.code for item in found.diagnostics]
