"""What read-only tools really return: a few calls in a sandbox, and the shape their answers have in common.

Decides which tools may be called (those that only read and that no annotation calls destructive) and with what: values
the sandbox knows, examples, choices, plausible texts; a tool that wants an id nobody knows is not called. Text that is
neither JSON nor a Python literal says nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from loopbuild.errors import SandboxError
from loopbuild.records import Json, SchemaLeaf, ToolSchema
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.sandbox.synthetic import synthesize
from loopbuild.stages.sources.shapes import contradictions, insides, shape_of

CALLS = 3
"""Calls of each tool, one in each of as many worlds."""
_MAX_TEXT = 100_000
_MAX_NESTING = 100


def observe(tools: Sequence[ToolSchema], sandbox: Sandbox) -> dict[str, Json]:
    """Return tool name -> `calls` and `schema`; for a tool with a declaration the `contradicted` leaves, and what is
    `inside` of places it leaves open.

    A tool that answered nothing of use is absent. Deterministic for a sandbox that is. Raises SandboxError when no
    world can be opened, or no call was answered at all.
    """
    # Tools that want no id come first: what they answer is what the others can be asked about.
    readable = sorted((tool for tool in tools if _may_be_called(tool)), key=lambda tool: (_ids(tool), tool.id))
    seen: dict[str, list[Json]] = {tool.id: [] for tool in readable}
    lost, is_answered = "", False
    for fixture in range(CALLS):
        try:
            sandbox.open(fixture % max(1, sandbox.fixtures))
        except SandboxError:
            if not fixture:
                raise
            break
        met: dict[str, list[Json]] = {}
        for tool in readable:
            arguments = _arguments(tool, sandbox, fixture, met)
            if arguments is None:
                continue
            result = sandbox.call(tool.id, arguments)
            is_answered |= result.status != "infra_error"
            value = _parsed(result.value)
            if result.status == "ok" and not isinstance(value, str):
                seen[tool.id].append(value)
                _meet(value, met)
            elif result.status == "infra_error":
                lost = lost or str(result.value)
                break
    if lost and not is_answered:
        raise SandboxError(f"no call was answered: {lost}"[:300])
    return {tool.name: found for tool in readable if (found := _observation(tool, seen[tool.id]))}


def _observation(tool: ToolSchema, values: list[Json]) -> Json:
    shape = shape_of(values)
    if not shape or shape.get("type") in ("string", "null"):
        return None
    if tool.output_origin in ("none", "guessed"):
        return {"calls": len(values), "schema": shape}
    inside = insides(tool.output_schema, shape)
    broken = contradictions(tool.output_schema, shape) if len(values) >= CALLS else []
    found: dict[str, Json] = {"contradicted": dict(broken)} if broken else {}
    found |= {"inside": inside} if inside else {}
    return {"calls": len(values), **found} if found else None


def _may_be_called(tool: ToolSchema) -> bool:
    return tool.effect == "read" and tool.hints.get("destructiveHint") is not True


def _ids(tool: ToolSchema) -> int:
    return sum(1 for leaf in tool.inputs if leaf.is_required and leaf.kind == "id")


def _meet(value: Json, met: dict[str, list[Json]], name: str = "", depth: int = 0) -> None:
    """Remember the scalars of an answer under the name they have there."""
    if depth > 6:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            _meet(item, met, key, depth + 1)
    elif isinstance(value, list):
        for item in value[:20]:
            _meet(item, met, name, depth + 1)
    elif isinstance(value, str | int) and not isinstance(value, bool) and name:
        met.setdefault(_singular(name), []).append(value)


def _singular(name: str) -> str:
    return name.lower().removesuffix("s")


def _arguments(tool: ToolSchema, sandbox: Sandbox, fixture: int, met: dict[str, list[Json]]) -> dict[str, Json] | None:
    out: dict[str, Json] = {}
    for leaf in tool.inputs:
        name = leaf.pointer[1:]
        if not leaf.is_required:
            continue
        is_list = name.endswith("/[]")
        if "/" in name.removesuffix("/[]") or "~" in name:
            return None
        own = met.get(_singular(name.removesuffix("/[]")), ())
        values = sandbox.known(tool.id, leaf.pointer) or own or leaf.examples or leaf.enum
        if not values and leaf.kind == "id":
            return None
        value = values[fixture % len(values)] if values else _made(leaf, tool, fixture)
        out[name.removesuffix("/[]")] = [value] if is_list else value
    return out


def _made(leaf: SchemaLeaf, tool: ToolSchema, fixture: int) -> Json:
    return synthesize(leaf, ["observe", tool.id, leaf.pointer, fixture], purpose="train", entity=leaf.entity)


def _parsed(value: Json) -> Json:
    """Return what a text stands for: servers in Python like to answer with the text of a dict."""
    if not isinstance(value, str) or len(value) > _MAX_TEXT or value[:1] not in ("{", "[", "("):
        return value
    if sum(value.count(bracket) for bracket in "([{") > _MAX_NESTING * 100:
        return value
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return value
    return _plain(found, 0)


def _plain(value: object, depth: int) -> Json:
    if depth > _MAX_NESTING:
        return None
    if isinstance(value, dict):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth + 1) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
