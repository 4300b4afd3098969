"""Makes an input schema stand alone: what it refers to travels with it, or is cut where it would grow without end.

A call is validated against this schema far from its document. Small closures are attached whole; a large one is written
out to a bounded depth, and what lies below allows anything, with a note that says so.
"""

from __future__ import annotations

from loopbuild.pointers import unescaped
from loopbuild.records import Json
from loopbuild.stages.sources.openapi.operations import Operation
from loopbuild.stages.sources.openapi.spec import Spec
from loopbuild.visible import named

MAX_NODES = 4000
MAX_DEPTH = 4
"""References followed one below the other where a closure is too large to attach."""


def self_contained(schema: dict[str, Json], definitions: dict[str, Json], spec: Spec, operation: Operation) -> Json:
    """Return `schema` with the definitions it needs under `$defs`, or written out in part."""
    needed: dict[str, Json] = {}
    nodes = 0
    stack: list[Json] = [schema]
    while stack and nodes <= MAX_NODES:
        item = stack.pop()
        nodes += 1
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            name = _name(item)
            if name is not None and name not in needed:
                needed[name] = definitions.get(name, {})
                stack.append(needed[name])
            stack.extend(item.values())
    if not needed:
        return schema
    if nodes <= MAX_NODES:
        return {**schema, "$defs": {name: needed[name] for name in sorted(needed)}}
    message = f"the input of `{named(operation.name)}` is cut {MAX_DEPTH} references deep: below, anything is allowed"
    spec.say("note", "cut", message, operation.at)
    return _written_out(schema, definitions, (), [4 * MAX_NODES])


def _written_out(value: Json, definitions: dict[str, Json], trail: tuple[str, ...], budget: list[int]) -> Json:
    budget[0] -= 1
    if budget[0] < 0:
        return {}
    if isinstance(value, list):
        return [_written_out(item, definitions, trail, budget) for item in value]
    if not isinstance(value, dict):
        return value
    name = _name(value)
    if name is not None:
        beside = {key: item for key, item in value.items() if key != "$ref"}
        if name in trail or len(trail) >= MAX_DEPTH:
            return beside
        target = definitions.get(name)
        value = {**target, **beside} if isinstance(target, dict) else beside
        trail = (*trail, name)
    return {key: _written_out(item, definitions, trail, budget) for key, item in value.items()}


def _name(value: dict[str, Json]) -> str | None:
    ref = value.get("$ref")
    if not isinstance(ref, str):
        return None
    return unescaped(ref.removeprefix("#/$defs/"))
