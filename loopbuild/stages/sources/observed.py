"""What a listing says was observed -> the tools it is about.

Decides that an observation stands in where nothing is declared, and that a declaration which the server's own answers
break keeps its place but gains the types that were seen.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

from loopbuild.pointers import unescaped
from loopbuild.records import DeclaredTool, Diagnostic, Json
from loopbuild.visible import named


def as_observed(
    tools: Sequence[DeclaredTool], observed: dict[str, Json], diagnostics: list[Diagnostic]
) -> list[DeclaredTool]:
    """Return the tools with what was observed of them."""
    return [_one(tool, observed.get(tool.name), diagnostics) for tool in tools] if observed else list(tools)


def _one(tool: DeclaredTool, found: Json, diagnostics: list[Diagnostic]) -> DeclaredTool:
    if not isinstance(found, dict):
        return tool
    if isinstance(found.get("schema"), dict):
        return replace(tool, output_schema=found["schema"], output_origin="observed")
    broken = found.get("contradicted")
    if not isinstance(broken, dict) or not isinstance(tool.output_schema, dict):
        return tool
    schema = copy.deepcopy(tool.output_schema)
    pointers = [pointer for pointer, kinds in sorted(broken.items()) if _widen(schema, pointer, kinds)]
    for pointer in pointers:
        said, seen = (
            f"tool `{named(tool.name)}`: `{named(pointer)}` of its return",
            ", ".join(map(str, broken[pointer])),
        )
        message = f"{said} is declared otherwise than its calls return it: {named(seen)}"
        diagnostics.append(Diagnostic(severity="warning", code="declared-vs-observed", message=message, span=tool.span))
    return replace(tool, output_schema=schema, hints={**tool.hints, "observed": pointers})


def _widen(schema: Json, pointer: str, kinds: Json) -> bool:
    for token in pointer.split("/")[1:]:
        name = unescaped(token)
        below = schema.get("items") if token == "[]" else (schema.get("properties") or {}).get(name)
        if not isinstance(below, dict):
            return False
        schema = below
    named = schema.get("type")
    names = named if isinstance(named, list) else [named] if isinstance(named, str) else []
    schema["type"] = [*names, *(kind for kind in kinds if kind not in names)]
    return True
