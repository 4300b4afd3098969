"""Bytes of an OpenAPI document -> a `Listing`.

Decides what of an operation becomes a tool, and that a bad operation costs no other. Return schemas keep their
references; what these name travels once, in `Listing.definitions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loopbuild.errors import SourceError
from loopbuild.records import DeclaredTool, Json, Listing
from loopbuild.stages.sources.dialects import DESCRIPTION_LIMIT
from loopbuild.stages.sources.listing import MAX_TOOLS, nothing_left
from loopbuild.stages.sources.openapi.effects import effect_of, said_by
from loopbuild.stages.sources.openapi.inputs import inputs_of
from loopbuild.stages.sources.openapi.operations import Operation, operations
from loopbuild.stages.sources.openapi.returns import Link, edges_of, returns_of
from loopbuild.stages.sources.openapi.schemas import Converter
from loopbuild.stages.sources.openapi.spec import Place, Spec, open_spec
from loopbuild.stages.sources.selection import apply, keep
from loopbuild.stages.sources.shorthand import BadShape
from loopbuild.stages.sources.usable import usable
from loopbuild.visible import named


def read(
    source: str, content: bytes, *, file: str, settings: Json, beside: Mapping[str, bytes] | None = None
) -> Listing:
    """Return the operations of a document as tools, sorted by name; `beside` holds the files it refers to.

    Raises SourceError when the bytes are no OpenAPI document or hold no operation.
    """
    spec = open_spec(source, content, file=file, beside=beside or {}, refs=settings.get("refs"))
    found = operations(spec)
    if len(found) > MAX_TOOLS:
        raise SourceError(
            f"source `{source}`: `{file}` holds {len(found)} operations, {MAX_TOOLS} are allowed", source=source
        )
    bare = {operation.name: _bare(source, operation, spec) for operation in found}
    kept, notes = keep(list(bare.values()), settings)
    wanted = {tool.name for tool in kept}
    inputs, outputs = Converter(spec, "input"), Converter(spec, "output")
    tools: list[DeclaredTool] = []
    links: list[Link] = []
    schemas: dict[str, tuple[Json, Json]] = {}
    for operation in found:
        if operation.name not in wanted:
            continue
        try:
            tool, its_links = _tool(operation, bare[operation.name], inputs, outputs)
        except BadShape as exc:
            message = f"operation `{named(operation.name)}` is skipped: {exc.message}"
            spec.say("error", "bad-tool", message, operation.at, hint=exc.hint)
            continue
        tools.append(tool)
        links += its_links
        schemas[operation.name] = (tool.input_schema, tool.output_schema)
    edges = edges_of(links, found, schemas, outputs)
    tools, more = apply(tools, settings)
    tools, flaws = usable(tools)
    diagnostics = (*spec.diagnostics, *notes, *more, *flaws)
    if not tools and not settings.get("allow_empty"):
        raise nothing_left(source, spec.span(Place(file, "/paths"), is_sought=True), diagnostics, is_bare=not found)
    return Listing(
        source=source,
        tools=tuple(sorted(tools, key=lambda tool: tool.name)),
        diagnostics=diagnostics,
        definitions={name: outputs.definitions[name] for name in sorted(outputs.definitions)},
        edges=tuple(edges),
    )


def _bare(source: str, operation: Operation, spec: Spec) -> DeclaredTool:
    """Return what is known without looking at schemas: enough to decide whether the tool is wanted."""
    value = operation.value
    tags = value.get("tags")
    hints: dict[str, Json] = {
        "dialect": "openapi",
        "effect_by_method": effect_of(operation.method, operation.path, operation.name),
        **said_by(value),
        "transport": {"method": operation.method, "path": operation.path},
        "tags": [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
    }
    if value.get("deprecated") is True:
        hints["deprecated"] = True
    return DeclaredTool(
        source=source,
        name=operation.name,
        description=_description(operation, spec),
        hints=hints,
        span=spec.span(operation.at),
    )


def _tool(
    operation: Operation, bare: DeclaredTool, inputs: Converter, outputs: Converter
) -> tuple[DeclaredTool, list[Link]]:

    input_schema, parts = inputs_of(operation, inputs)
    output_schema, links = returns_of(operation, outputs)
    transport = {**bare.hints["transport"], "in": parts.places}
    if parts.media:
        transport["media"] = parts.media
    tool = replace(
        bare,
        input_schema=input_schema,
        output_schema=output_schema,
        output_origin="none" if output_schema is None else "declared",
        hints={**bare.hints, "transport": transport},
    )
    return tool, links


def _description(operation: Operation, spec: Spec) -> str:
    parts = [operation.value.get(key) for key in ("summary", "description")]
    texts = [part.strip() for part in parts if isinstance(part, str) and part.strip()]
    if len(texts) == 2 and texts[1].startswith(texts[0].rstrip(".")):
        texts = texts[1:]
    text = "\n\n".join(texts)
    if len(text) > DESCRIPTION_LIMIT:
        message = f"operation `{named(operation.name)}`: its description of {len(text)} characters was cut"
        spec.say("note", "cut", message, operation.at)
    return text[:DESCRIPTION_LIMIT]
