"""Carries out one call on tables: refuses what does not exist or may not happen, writes what it changes, answers.

Refusals are values with a code and a sentence a service would send. Returns the new tables beside the result; nothing
is changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from loopbuild.digest import digest
from loopbuild.pointers import unescaped
from loopbuild.records import Json, ToolResult
from loopbuild.sandbox.simulated import lookup
from loopbuild.sandbox.simulated.answer import Scene, period_of, write
from loopbuild.sandbox.simulated.ids import make_id
from loopbuild.sandbox.simulated.model import CONTROL, Input, Model, ToolPlan, column_of, target_of
from loopbuild.sandbox.simulated.owning import FREE, Rules, hanging, without
from loopbuild.sandbox.simulated.parts import parts_held, parts_of
from loopbuild.sandbox.simulated.statuses import allows
from loopbuild.sandbox.simulated.tables import Row, Tables
from loopbuild.sandbox.simulated.world import World, content_key

_CASCADES = frozenset({"cascade", "recursive", "force"})
"""Inputs of a delete that say: and all that hangs on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One argument: which input it is for, its value, and the item of the array of objects it stands in (-1: none)."""

    input: Input
    value: Json
    place: int = -1


class Refused(Exception):
    """A call that a service would refuse."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def refusal(code: str, message: str) -> ToolResult:
    """Return the result of a refused call."""
    return ToolResult(status="tool_error", value={"error": code, "message": message}, code=code)


def carry_out(
    plan: ToolPlan, arguments: Mapping[str, Json], *, model: Model, world: World, tables: Tables, rules: Rules = FREE
) -> tuple[ToolResult, Tables]:
    """Return what a valid call answers and the tables after it."""
    given = tuple(_given(plan, arguments))
    owners = model.entities[plan.subject].owners if plan.subject in model.entities else ()
    try:
        if plan.operation in ("create", "update", "transition", "delete"):
            return _written(plan, arguments, given, model=model, world=world, tables=tables, rules=rules)
        _check_keys(given, world, tables, exempt="")
        _check_owners(plan, given, owners, world, tables)
        return _read(plan, arguments, given, world=world, tables=tables)
    except Refused as refused:
        return refusal(refused.code, refused.message), tables


def _given(plan: ToolPlan, arguments: Mapping[str, Json]) -> Iterator[Given]:
    for one in plan.inputs:
        for place, value in _values(arguments, one.leaf.pointer.split("/")[1:], -1):
            yield Given(input=one, value=value, place=place)


def _values(value: Json, path: list[str], place: int) -> Iterator[tuple[int, Json]]:
    """Yield what stands at a schema path; a final array of scalars stays whole, items of objects carry their place."""
    if not path or path == ["[]"]:
        yield place, value
    elif path[0] == "[]":
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _values(item, path[1:], index if place < 0 else place)
    elif isinstance(value, Mapping):
        name = unescaped(path[0])
        if name in value:
            yield from _values(value[name], path[1:], place)


def _check_keys(given: tuple[Given, ...], world: World, tables: Tables, *, exempt: str) -> None:
    for one in given:
        entity = one.input.entity
        if not entity or entity == exempt:
            continue
        for key in one.value if isinstance(one.value, list) else [one.value]:
            if not lookup.holds(world, tables, entity, key):
                raise Refused("not_found", f"no {entity} `{key}`")


def _check_owners(
    plan: ToolPlan, given: tuple[Given, ...], owners: tuple[str, ...], world: World, tables: Tables
) -> None:
    """Refuse a thing that is looked for under another than its own."""
    keys = {one.input.entity: one.value for one in given if one.input.entity and not isinstance(one.value, list)}
    key = keys.get(plan.subject)
    for owner in owners if key is not None else ():
        if owner in keys and not lookup.is_under(world, tables, owner, keys[owner], plan.subject, key):
            raise Refused("not_found", f"{owner} `{keys[owner]}` has no {plan.subject} `{key}`")


def _read(
    plan: ToolPlan, arguments: Mapping[str, Json], given: tuple[Given, ...], *, world: World, tables: Tables
) -> tuple[ToolResult, Tables]:
    keys: dict[str, Json] = {}
    rows: dict[str, tuple[Json, ...]] = {}
    filters: list[tuple[Input, Json]] = []
    bounding: set[str] = set()
    for one in given:
        if one.input.entity and isinstance(one.value, list):
            rows[one.input.entity] = tuple(one.value)
        elif one.input.entity:
            keys.setdefault(one.input.entity, one.value)
        else:
            filters.append((one.input, one.value))
    subject, key = plan.subject, keys.get(plan.subject)
    call = [plan.tool.name if not arguments else "", dict(arguments)]
    if plan.operation == "find":
        found = lookup.filtered(world, tables, subject, filters, plan.names)
        if not found:
            asked = ", ".join(f"{one.field} `{value}`" for one, value in filters) or "these values"
            raise Refused("not_found", f"no {subject} with {asked}")
        key, rows[subject] = found[0], tuple(found)
    elif plan.operation == "list":
        for entity in _shown(plan):
            names = plan.names if entity == plan.subject else ()
            found = lookup.filtered(world, tables, entity, filters, names)
            if entity == plan.subject:
                found = lookup.in_order(world, tables, entity, found, filters, plan.columns)
            rows.setdefault(entity, lookup.paged(found, filters))
        subject = ""
    elif plan.operation == "opaque" and plan.tool.effect != "read":
        tables = tables.with_log(plan.tool.name, digest("logged", dict(arguments))[:8], dict(arguments))
    elif plan.operation == "read" and subject in rows:
        subject = ""
    elif plan.operation == "read" and key is not None:
        _check_parts(plan, given, key, world)
        for entity, columns in children_of(plan).items():
            sought = [(one.field, lookup.below(one, entity, columns)) for one, _ in filters]
            bounding |= {name for name, under in sought if under is not None and under.bound}
            found = lookup.belonging(world, tables, subject, key, entity)
            rows.setdefault(entity, lookup.narrowed(world, tables, found, entity, filters, columns))
    words = {one.input.field: one.input.leaf.words for one in given}
    around = {one.input.field: one.value for one in given if not one.input.entity and one.input.field not in bounding}
    if plan.operation in ("list", "find"):
        # What selects rows changes nothing about them: a flight of that day costs what it costs.
        around = {one.field: value for one, value in filters if not lookup.is_telling(one, value)}
    scene = Scene(
        world=world, tables=tables, plan=plan, keys=keys, rows=rows, call=call, told=_told(plan, given),
        period=period_of(around, words),
    )  # fmt: skip
    return ToolResult(status="ok", value=write(scene, plan.output, subject, key)), tables


def _check_parts(plan: ToolPlan, given: tuple[Given, ...], key: Json, world: World) -> None:
    asked = {one.input.leaf.pointer: one.value for one in given}
    for part in parts_of(plan):
        value = asked.get(part.leaf.pointer)
        if value is not None and value not in parts_held(world, plan.subject, key, part.leaf):
            raise Refused("not_found", f"{plan.subject} `{key}` has no {' '.join(part.leaf.words)} `{value}`")


def children_of(plan: ToolPlan) -> dict[str, lookup.Names]:
    """Return the entities whose rows a reading of one row lists, each with the columns it shows of them."""
    if plan.operation != "read" or not any(not one.entity for one in plan.inputs):
        return {}
    shown = [leaf for leaf in plan.tool.outputs if "/[]" in leaf.pointer]
    return {
        entity: tuple((column_of(leaf, entity), leaf) for leaf in shown if leaf.entity == entity)
        for entity in _shown(plan)
        if entity != plan.subject
    }


def _told(plan: ToolPlan, given: tuple[Given, ...]) -> dict[str, Json]:
    """Return the scalars given to an opaque tool that its answer has a place of the same name and type for."""
    if plan.operation != "opaque":
        return {}
    sent = {one.input.leaf.pointer: one for one in given if not isinstance(one.value, list | dict)}
    return {
        leaf.pointer: sent[leaf.pointer].value
        for leaf in plan.tool.outputs
        if leaf.pointer in sent
        and leaf.types == sent[leaf.pointer].input.leaf.types
        and (not leaf.enum or sent[leaf.pointer].value in leaf.enum)
    }


def _shown(plan: ToolPlan) -> Iterator[str]:
    from loopbuild.sandbox.simulated.shape import Column, Items, Object, Part

    pending: list[Part] = [plan.output]
    while pending:
        part = pending.pop()
        if isinstance(part, Object):
            pending.extend(part.parts.values())
        elif isinstance(part, Items | Column) and not part.rows.startswith("?"):
            yield part.rows


def _written(
    plan: ToolPlan,
    arguments: Mapping[str, Json],
    given: tuple[Given, ...],
    *,
    model: Model,
    world: World,
    tables: Tables,
    rules: Rules,
) -> tuple[ToolResult, Tables]:
    subject = plan.subject
    is_create = plan.operation == "create"
    own = model.entities[subject]
    form_kind = "name" if own.is_named else own.form.kind
    _check_keys(given, world, tables, exempt=subject if is_create and form_kind in ("name", "content") else "")
    if not is_create:
        _check_owners(plan, given, own.owners, world, tables)
    groups: dict[int, list[Given]] = {}
    for one in given:
        groups.setdefault(one.place if plan.item else -1, []).append(one)
    if plan.item and len(groups) > 1:
        shared = groups.pop(-1, [])
        groups = {place: [*shared, *group] for place, group in groups.items()}
    touched: list[Json] = []
    changed: dict[Json, dict[str, Json]] = {}
    for _, group in sorted(groups.items()):
        sent = {one.input.field: one.value for one in group if not one.input.entity}
        if is_create:
            key, tables = _create(plan, group, form_kind=form_kind, world=world, tables=tables)
            touched += [] if key is None else [key]
            continue
        for key in _subject_keys(plan, group, form_kind=form_kind, world=world, tables=tables):
            tables = _change(plan, key, group, world=world, tables=tables, rules=rules)
            touched.append(key)
            changed.setdefault(key, {}).update(sent)
    if not touched:
        raise (
            Refused("conflict", f"this {subject} exists already")
            if is_create
            else Refused("not_found", f"no such {subject}")
        )
    keys = {one.input.entity: one.value for one in given if one.input.entity and not isinstance(one.value, list)}
    scene = Scene(
        world=world, tables=tables, plan=plan, keys=keys, rows={subject: tuple(touched)}, call=dict(arguments),
        message=_sentence(plan, touched, tables), changed=changed,
    )  # fmt: skip
    key = touched[0] if touched else None
    if len(touched) != 1 and plan.item:
        subject = ""
    return ToolResult(status="ok", value=write(scene, plan.output, subject, key)), tables


def _create(plan: ToolPlan, group: list[Given], *, form_kind: str, world: World, tables: Tables) -> tuple[Json, Tables]:
    subject = plan.subject
    fields = _stored(group, own=subject if form_kind == "name" else "")
    refs = {one.input.entity: one.value for one in group if one.input.entity and not isinstance(one.value, list)}
    content = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    if form_kind == "name":
        key: Json = refs.pop(subject, None)
        if key is None or lookup.holds(world, tables, subject, key):
            return None, tables
        origin = ""
    elif form_kind == "content":
        key, origin = content_key(content), ""
        if lookup.holds(world, tables, subject, key):
            return None, tables
    else:
        origin = digest("created", [subject, content])
        equals = sum(1 for (name, _), row in tables.rows.items() if name == subject and row.origin == origin)
        taken = {*world.rows(subject), *(key for name, key in tables.rows if name == subject)}
        key = make_id(
            world.form(subject), subject, fixture=world.fixture, key=[origin, equals],
            purpose=world.purpose, taken=taken,
        )  # fmt: skip
    return key, tables.with_row(subject, key, Row(fields=fields, refs=refs, is_new=True, origin=origin))


def _subject_keys(plan: ToolPlan, group: list[Given], *, form_kind: str, world: World, tables: Tables) -> list[Json]:
    if form_kind == "content":
        content = _stored(group, own="")
        return [content_key(content)] if lookup.holds(world, tables, plan.subject, content_key(content)) else []
    for one in group:
        if one.input.entity == plan.subject:
            return list(one.value) if isinstance(one.value, list) else [one.value]
    return []


def _change(plan: ToolPlan, key: Json, group: list[Given], *, world: World, tables: Tables, rules: Rules) -> Tables:
    subject = plan.subject
    row = tables.row(subject, key) or Row()
    fields = _stored(group, own=subject)
    if plan.operation == "transition":
        status = lookup.status_of(world, tables, subject, key)
        target = lookup.target_status(world, subject, target_of(plan.tool))
        if not allows(status, target):
            raise Refused("conflict", f"{subject} `{key}` is already {status}")
        fields = {**fields, "status": target}
    lists = {name: value for name, value in fields.items() if isinstance(value, tuple)}
    if plan.operation == "delete":
        if not lists or not plan.item or plan.subject not in {one.input.entity for one in group}:
            if rules.on_delete == "cascade" or any(one.input.field in _CASCADES and one.value is True for one in group):
                tables = without(world, tables, subject, key, rules.known)
            for other, used_by in hanging(world, tables, subject, key, rules.known):
                raise Refused("conflict", f"{subject} `{key}` is in use by {other} `{used_by}`")
            return tables.with_row(subject, key, replace(row, is_gone=True, fields={}, refs={}))
        held = {name: _list_held(row, name, world, plan, subject, key) for name in lists}
        fields = {name: tuple(item for item in held[name] if item not in lists[name]) for name in lists}
    elif plan.item:
        held = {name: _list_held(row, name, world, plan, subject, key) for name in lists}
        for name, value in lists.items():
            fields[name] = held[name] + tuple(item for item in value if item not in held[name])
    refs = {
        one.input.entity: one.value
        for one in group
        if one.input.entity not in ("", subject) and not isinstance(one.value, list)
    }
    before = dict(row.before)
    if plan.operation == "update" and not fields and not refs:
        # Nothing was sent that a column could hold, yet something was done: `pin_message(message_id)`.
        tables = tables.with_log(plan.tool.name, digest("logged", [subject, key])[:8], {subject: key})
    if not row.is_new:
        leaves = {one.input.field: one.input.leaf for one in group}
        keys = {one.input.field: one.input.entity for one in group if one.input.entity not in ("", subject)}
        for name in fields:
            if name not in before and name in keys and not isinstance(fields[name], tuple):
                before[name] = world.parent(subject, key, keys[name])
            elif name not in before:
                before[name] = _before(world, subject, key, name, leaves, fields[name])
    return tables.with_row(
        subject, key, replace(row, fields={**row.fields, **fields}, before=before, refs={**row.refs, **refs})
    )


def _before(world: World, subject: str, key: Json, name: str, leaves: Mapping[str, object], after: Json) -> Json:
    if name == "status":
        return world.status(subject, key)
    leaf = leaves.get(name)
    if leaf is None or name in ("reason", "comment", "note"):
        return None
    if isinstance(after, tuple):
        return [world.value(subject, key, f"{name}.{place}", leaf) for place in range(2)]  # type: ignore[arg-type]
    return world.value(subject, key, name, leaf)  # type: ignore[arg-type]


def _list_held(row: Row, name: str, world: World, plan: ToolPlan, subject: str, key: Json) -> tuple[Json, ...]:
    if name in row.fields:
        held = row.fields[name]
        return held if isinstance(held, tuple) else (held,)
    if row.is_new:
        return ()
    leaf = next(one.leaf for one in plan.inputs if one.field == name)
    return tuple(world.value(subject, key, f"{name}.{place}", leaf) for place in range(2))


def _stored(group: list[Given], *, own: str) -> dict[str, Json]:
    return {
        one.input.field: lookup.as_stored(one.value)
        for one in sorted(group, key=lambda one: one.input.field)
        if one.input.entity != own or not own
        if one.input.field not in CONTROL
    }


def _sentence(plan: ToolPlan, touched: list[Json], tables: Tables) -> str:
    row = tables.row(plan.subject, touched[0]) if touched else None
    by_operation = {"create": "created", "delete": "deleted" if row is None or row.is_gone else "updated"}
    done = target_of(plan.tool) or by_operation.get(plan.operation, "updated")
    return f"{plan.subject} {', '.join(str(key) for key in touched)} {done}"
