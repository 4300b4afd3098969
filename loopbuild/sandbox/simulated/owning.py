"""What hangs on a thing: a customer's orders, a channel's messages; and what becomes of it when the thing is deleted.

Only the tools that are called say what hangs on what, as they alone say how ids look: one that is not called moves
nothing. Pure; tables are copied on write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from loopbuild.records import Json
from loopbuild.sandbox.simulated import lookup
from loopbuild.sandbox.simulated.model import Model, ToolPlan
from loopbuild.sandbox.simulated.shape import Column, Items, Object, Part, Value
from loopbuild.sandbox.simulated.tables import Row, Tables
from loopbuild.sandbox.simulated.world import World

OnDelete = Literal["leave", "conflict", "cascade"]
Owning = tuple[tuple[str, str, bool], ...]
"""(parent, child, whether a list of the parent shows it) that tools speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What becomes of what hangs on a thing of the starting world that is deleted."""

    on_delete: OnDelete = "leave"
    known: Owning = ()
    """What hangs on what; nothing where it is left alone."""


FREE = Rules()


def owning(model: Model, tools: Collection[str]) -> Owning:
    """Return what hangs on what by the schemas of `tools`; of all tools where none is named."""
    found: dict[tuple[str, str], bool] = {}
    for name, plan in model.plans.items():
        if not tools or name in tools:
            for parent, child, is_listed in _said_by(plan):
                if parent != child and {parent, child} <= model.entities.keys():
                    found[parent, child] = found.get((parent, child), False) or is_listed
    return tuple(sorted((parent, child, is_listed) for (parent, child), is_listed in found.items()))


def _said_by(plan: ToolPlan) -> Iterator[tuple[str, str, bool]]:
    if plan.operation == "create":
        keys = [one.entity for one in plan.inputs if one.entity and "[]" not in one.leaf.pointer]
        yield from ((key, plan.subject, False) for key in keys)
    if plan.operation == "read":
        yield from ((plan.subject, child, True) for child in _listed(plan.output))
    yield from ((parent, child, False) for parent, child in _shown(plan.output, ""))


def _listed(part: Part) -> Iterator[str]:
    if isinstance(part, Object):
        for inner in part.parts.values():
            yield from _listed(inner)
    elif isinstance(part, Items | Column) and not part.rows.startswith("?"):
        yield part.rows


def _shown(part: Part, entity: str) -> Iterator[tuple[str, str]]:
    """Yield (parent, child) where an answer shows whose a listed row is."""
    if isinstance(part, Object):
        for inner in part.parts.values():
            yield from _shown(inner, part.entity or entity)
    elif isinstance(part, Items):
        yield from _shown(part.part, part.rows)
    elif isinstance(part, Value) and part.entity and entity and part.entity != entity:
        yield part.entity, entity


def hanging(world: World, tables: Tables, entity: str, key: Json, known: Owning) -> Iterator[tuple[str, Json]]:
    """Yield the living things that hang on a row: those made under it since, then what the world has of `known`."""
    for (child, other), row in tables.rows.items():
        if not row.is_gone and row.refs.get(entity) == key and child != entity:
            yield child, other
    for parent, child, is_listed in known:
        if parent != entity:
            continue
        for other in lookup.belonging(world, tables, entity, key, child):
            if world.holds(child, other) and (is_listed or world.parent(child, other, entity) == key):
                yield child, other


def without(world: World, tables: Tables, entity: str, key: Json, known: Owning) -> Tables:
    """Return the tables without what hangs on a row, and without what hangs on that."""
    waiting, seen = [(entity, key)], {(entity, key)}
    while waiting:
        for child, other in list(hanging(world, tables, *waiting.pop(), known)):
            if (child, other) not in seen:
                seen.add((child, other))
                row = tables.row(child, other) or Row()
                tables = tables.with_row(child, other, replace(row, is_gone=True, fields={}, refs={}))
                waiting.append((child, other))
    return tables
