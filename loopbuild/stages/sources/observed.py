"""What a listing says was observed -> the tools it is about.

Decides that an observation stands in where nothing is declared, that a declaration which the server's own answers break
keeps its place but gains the types that were seen, and that what a declaration leaves open holds what was seen there.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace

from loopbuild.errors import SourceError
from loopbuild.pointers import unescaped
from loopbuild.records import DeclaredTool, Diagnostic, Json, Listing
from loopbuild.visible import named


def as_observed(
    tools: Sequence[DeclaredTool], observed: dict[str, Json], diagnostics: list[Diagnostic]
) -> list[DeclaredTool]:
    """Return the tools with what was observed of them."""
    return [_one(tool, observed.get(tool.name), diagnostics) for tool in tools] if observed else list(tools)


def with_observed(listing: Listing, content: bytes, *, file: str) -> Listing:
    """Return a listing with the observations of a file of their own; an author's `returns` stand above them."""
    try:
        seen = dict(json.loads(content)["observed"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        hint = f"`loopbuild build --refresh source:{listing.source}` makes it again"
        raise SourceError(
            f"source `{listing.source}`: `{file}` holds no observation", source=listing.source, hint=hint
        ) from error
    diagnostics = list(listing.diagnostics)
    said = {tool.name for tool in listing.tools if tool.output_origin == "override"}
    tools = as_observed(listing.tools, {name: found for name, found in seen.items() if name not in said}, diagnostics)
    return replace(listing, tools=tuple(tools), diagnostics=tuple(diagnostics))


def _one(tool: DeclaredTool, found: Json, diagnostics: list[Diagnostic]) -> DeclaredTool:
    if not isinstance(found, dict):
        return tool
    if isinstance(found.get("schema"), dict):
        return replace(tool, output_schema=found["schema"], output_origin="observed")
    if not isinstance(tool.output_schema, dict):
        return tool
    broken, inside = (part if isinstance(part := found.get(key), dict) else {} for key in ("contradicted", "inside"))
    if not broken and not inside:
        return tool
    schema = copy.deepcopy(tool.output_schema)
    opened = [pointer for pointer, seen in sorted(inside.items()) if _fill(schema, pointer, seen)]
    pointers = [pointer for pointer, kinds in sorted(broken.items()) if _widen(schema, pointer, kinds)]
    for pointer in pointers:
        said, seen = (
            f"tool `{named(tool.name)}`: `{named(pointer)}` of its return",
            ", ".join(map(str, broken[pointer])),
        )
        message = f"{said} is declared otherwise than its calls return it: {named(seen)}"
        diagnostics.append(Diagnostic(severity="warning", code="declared-vs-observed", message=message, span=tool.span))
    told = {"observed": pointers} | ({"opened": opened} if opened else {})
    return replace(tool, output_schema=schema, hints={**tool.hints, **told})


def _fill(schema: Json, pointer: str, seen: Json) -> bool:
    """Put what was seen where nothing was said; what the declaration says beside it stays."""
    *above, last = ["", *pointer.split("/")[1:]]
    around = _at(schema, "/".join(above)) if pointer else schema
    if not isinstance(around, dict) or not isinstance(seen, dict):
        return False
    if not pointer:
        around.update({key: value for key, value in seen.items() if key != "type" or "type" not in around})
        return True
    holder, name = (around, "items") if last == "[]" else (around.get("properties"), unescaped(last))
    if not isinstance(holder, dict) or not isinstance(holder.get(name), dict | bool):
        return False
    said = holder[name] if isinstance(holder[name], dict) else {}
    holder[name] = {**seen, **{key: value for key, value in said.items() if key not in seen or key == "type"}}
    return True


def _at(schema: Json, pointer: str) -> Json:
    """Return what is declared at one of our pointers; None where nothing is."""
    for token in pointer.split("/")[1:]:
        below = schema.get("items") if token == "[]" else (schema.get("properties") or {}).get(unescaped(token))
        if not isinstance(below, dict):
            return None
        schema = below
    return schema


def _widen(schema: Json, pointer: str, kinds: Json) -> bool:
    schema = _at(schema, pointer)
    if schema is None:
        return False
    named = schema.get("type")
    names = named if isinstance(named, list) else [named] if isinstance(named, str) else []
    schema["type"] = [*names, *(kind for kind in kinds if kind not in names)]
    return True
