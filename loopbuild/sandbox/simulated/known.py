"""What a person could know about a world: ids they carry around, names they remember."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from loopbuild.records import Json
from loopbuild.sandbox.simulated import lookup
from loopbuild.sandbox.simulated.bounds import RANGE_WORDS, beyond
from loopbuild.sandbox.simulated.calls import children_of
from loopbuild.sandbox.simulated.ids import make_id
from loopbuild.sandbox.simulated.model import CONTROL, LINKS, SEARCH, Input, Model, ToolPlan, target_of
from loopbuild.sandbox.simulated.parts import parts_held, parts_of
from loopbuild.sandbox.simulated.statuses import allows
from loopbuild.sandbox.simulated.tables import Tables
from loopbuild.sandbox.simulated.world import World

_UNUSED = 8
"""Keys that are offered to whoever makes a thing."""


def known_values(plan: ToolPlan, pointer: str, *, model: Model, world: World, tables: Tables) -> tuple[Json, ...]:
    """Return values for one input leaf under which a call finds something; empty when any value will do.

    Keys come in the order of the world's rows; a filter offers what the rows it is compared with hold.
    """
    one = next((given for given in plan.inputs if given.leaf.pointer == pointer), None)
    if one is None or one.leaf.enum or one.field in CONTROL:
        return ()
    if one.entity:
        is_new = plan.operation == "create" and one.entity == plan.subject
        return _unused(model, one.entity, world, tables) if is_new else tuple(_ready(plan, one, world, tables))
    if plan.operation == "delete" and plan.item and plan.subject in model.entities:
        return _held(plan, one, model, world, tables)
    linked = model.entities[plan.subject].linked if plan.subject in model.entities else ""
    if linked and one.field in LINKS:
        return tuple(lookup.living(world, tables, linked))
    if plan.operation == "read":
        return _of_parts(plan, one, world, tables) or _of_children(plan, one, world, tables)
    if plan.operation not in ("find", "list") or "boolean" in one.leaf.types:
        return ()
    if RANGE_WORDS & set(one.leaf.words) and one.shown is None:
        return ()
    rows = lookup.living(world, tables, plan.subject)
    values = [_finding(plan, one, key, model, world, tables) for key in rows]
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str | int | float)))


def records(
    plan: ToolPlan, pointers: Collection[str], *, model: Model, world: World, tables: Tables
) -> tuple[dict[str, Json], ...]:
    """Return for each row what the filters `pointers` would say to find it, by pointer; nothing where none is one."""
    parts = [one for one in parts_of(plan) if one.leaf.pointer in pointers]
    if parts:
        return tuple(_of_rows(plan, parts, world, tables))
    owners = model.entities[plan.subject].owners if plan.subject in model.entities else ()
    if owners and plan.operation in ("read", "update", "transition", "delete"):
        return tuple(_under(plan, owners[0], world, tables))
    if plan.operation not in ("find", "list") or len(pointers) < 2:
        return ()
    filters = [
        one
        for one in plan.inputs
        if one.leaf.pointer in pointers and not one.entity and not one.item and one.field not in CONTROL
        if one.shown is not None or not RANGE_WORDS & set(one.leaf.words)
    ]
    found = []
    for key in lookup.living(world, tables, plan.subject) if filters else ():
        values = {one.leaf.pointer: _finding(plan, one, key, model, world, tables) for one in filters}
        found.append({pointer: value for pointer, value in values.items() if isinstance(value, str | int | float)})
    return tuple(found)


def _finding(plan: ToolPlan, one: Input, key: Json, model: Model, world: World, tables: Tables) -> Json:
    """Return what a filter says to find a row; None where it cannot."""
    if one.field in SEARCH:
        is_named = plan.subject in model.entities and model.entities[plan.subject].form.kind == "name"
        if plan.names and not is_named:
            text = lookup.called(world, tables, plan.subject, key, one.leaf, plan.names)[0]
            return _told(str(text)) if text else None
        text = str(key if is_named else world.value(plan.subject, key, "name", one.leaf))
        return text.split()[0] if text else None
    held = lookup.asked_of(world, tables, plan.subject, key, one)
    if one.bound:
        return beyond(held, one.bound, one.leaf, [world.fixture, plan.subject, key, one.leaf.pointer])
    return lookup.spelled(held, one.leaf) if one.leaf.enum else held


def _of_children(plan: ToolPlan, one: Input, world: World, tables: Tables) -> tuple[Json, ...]:
    """Return what the rows that are listed under another one hold in the column a filter is compared with."""
    for entity, columns in children_of(plan).items():
        found = lookup.below(one, entity, columns)
        if found is None:
            continue
        rows = lookup.living(world, tables, entity)
        if found.bound:
            shown = [(key, lookup.asked_of(world, tables, entity, key, found)) for key in rows]
            values = [beyond(held, found.bound, one.leaf, [world.fixture, entity, key, one.leaf.pointer])
                      for key, held in shown]  # fmt: skip
            return tuple(dict.fromkeys(value for value in values if value is not None))
        values = [lookup.field_of(world, tables, entity, key, found.field, one.leaf) for key in rows]
        return tuple(dict.fromkeys(value for value in values if isinstance(value, str)))
    return ()


def _unused(model: Model, entity: str, world: World, tables: Tables) -> tuple[Json, ...]:
    """Return keys for things nobody has made yet, where somebody says how they look; a name is chosen freely."""
    form = world.form(entity)
    if not model.entities[entity].is_named or form.kind == "name":
        return ()
    taken: list[Json] = list(lookup.living(world, tables, entity))
    for number in range(_UNUSED):
        key = ["unused", number]
        taken.append(make_id(form, entity, fixture=world.fixture, key=key, purpose=world.purpose, taken=taken))
    return tuple(taken[-_UNUSED:])


def _ready(plan: ToolPlan, one: Input, world: World, tables: Tables) -> list[Json]:
    """Return the living rows an input may name; of those whose status is brought on, the ones that allow it."""
    rows = lookup.living(world, tables, one.entity)
    if plan.operation != "transition" or one.entity != plan.subject:
        return rows
    target = lookup.target_status(world, plan.subject, target_of(plan.tool))
    ready = [key for key in rows if allows(lookup.status_of(world, tables, one.entity, key), target)]
    return ready or rows


def _of_parts(plan: ToolPlan, one: Input, world: World, tables: Tables) -> tuple[Json, ...]:
    """Return the parts that rows have, where an input names one."""
    if one not in parts_of(plan):
        return ()
    rows = lookup.living(world, tables, plan.subject)
    return tuple(dict.fromkeys(value for key in rows for value in parts_held(world, plan.subject, key, one.leaf)))


def _under(plan: ToolPlan, owner: str, world: World, tables: Tables) -> Iterator[dict[str, Json]]:
    """Yield each thing with what it is looked for under, by the inputs that name both."""
    own = [one.leaf.pointer for one in plan.inputs if one.entity == plan.subject]
    above = [one.leaf.pointer for one in plan.inputs if one.entity == owner]
    for key in lookup.living(world, tables, owner) if own and above else ():
        for child in lookup.belonging(world, tables, owner, key, plan.subject):
            yield dict.fromkeys(above, key) | dict.fromkeys(own, child)


def _of_rows(plan: ToolPlan, parts: list[Input], world: World, tables: Tables) -> Iterator[dict[str, Json]]:
    """Yield each row by its key with the parts it has, one of each kind."""
    owners = [one.leaf.pointer for one in plan.inputs if one.entity == plan.subject]
    for key in lookup.living(world, tables, plan.subject):
        kinds = [parts_held(world, plan.subject, key, one.leaf) for one in parts]
        for values in zip(*kinds, strict=True):
            named = {one.leaf.pointer: value for one, value in zip(parts, values, strict=True)}
            yield dict.fromkeys(owners, key) | named


def _told(name: str) -> str:
    """Return what people remember of a name: the end of a longer one, `market study` of `Quarterly market study`."""
    words = name.split()
    return words[0] if len(words) < 3 else " ".join(words[-2:])


def _held(plan: ToolPlan, one: Input, model: Model, world: World, tables: Tables) -> tuple[Json, ...]:
    """Return the column of every living row, in the order of the rows: columns of one item are told together."""
    rows = lookup.living(world, tables, plan.subject)
    if model.entities[plan.subject].form.kind == "content":
        return tuple(
            row.fields.get(one.field)
            if (row := tables.row(plan.subject, key))
            else world.content(plan.subject, key)[one.field]
            for key in rows
        )
    return tuple(world.value(plan.subject, key, f"{one.field}.0", one.leaf) for key in rows)
