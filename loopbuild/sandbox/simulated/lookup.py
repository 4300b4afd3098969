"""Reads rows: the world as it started, with what was written since laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loopbuild.records import Json, SchemaLeaf
from loopbuild.sandbox.draws import Draws
from loopbuild.sandbox.simulated.bounds import RANGE_WORDS, is_within, spoken_of
from loopbuild.sandbox.simulated.model import CONTROL, SEARCH, Input, column_of
from loopbuild.sandbox.simulated.shape import leaf_name
from loopbuild.sandbox.simulated.statuses import is_same, letters, standing_for
from loopbuild.sandbox.simulated.tables import Tables
from loopbuild.sandbox.simulated.world import World
from loopbuild.sandbox.spans import earlier_name, later

Names = tuple[tuple[str, SchemaLeaf], ...]

_MATCHES = 8
_LIMITS = ("limit", "page_size", "per_page", "max_result", "top_k")
_SORTS = frozenset({"sort", "sort_by", "order_by", "order"})
_DIRECTIONS = frozenset({"order", "direction", "sort_order", "sort"})
_ALL = frozenset({"all", "any", "both", "either", "everything", "*"})
_STATUS = frozenset({"status", "state"})


def holds(world: World, tables: Tables, entity: str, key: Json) -> bool:
    """Say whether a row exists now."""
    if isinstance(key, list | dict):
        return False
    row = tables.row(entity, key)
    if row is not None:
        return not row.is_gone
    return world.holds(entity, key)


def living(world: World, tables: Tables, entity: str) -> list[Json]:
    """Return the keys of all rows that exist now: the world's own first, then later ones by key."""
    gone = {key for (name, key), row in tables.rows.items() if name == entity and row.is_gone}
    return [key for key in world.rows(entity) if key not in gone] + [key for key, _ in tables.created(entity)]


def listed(world: World, tables: Tables, entity: str) -> list[Json]:
    """Return what an unfiltered list shows: a few of the world's rows, and every row made since."""
    return [key for key in world.listed(entity) if holds(world, tables, entity, key)] + [
        key for key, _ in tables.created(entity)
    ]


def belonging(world: World, tables: Tables, parent: str, key: Json, entity: str) -> list[Json]:
    """Return the rows of `entity` under a row of `parent`: the world's own best first, then those put there since."""
    put = {child: row.refs[parent] for child, row in tables.living(entity) if parent in row.refs}
    found = [
        child
        for child in world.children(parent, key, entity)
        if holds(world, tables, entity, child) and put.get(child, key) == key
    ]
    return found + [child for child, place in put.items() if place == key and child not in found]


def is_under(world: World, tables: Tables, parent: str, key: Json, entity: str, child: Json) -> bool:
    """Say whether a row is under a row of `parent`: listed there, or put there, or its own by what it shows."""
    row = tables.row(entity, child)
    if row is not None and (row.is_new or parent in row.refs):
        return bool(row.refs.get(parent) == key)
    return child in world.children(parent, key, entity) or bool(world.parent(entity, child, parent) == key)


def field_of(world: World, tables: Tables, entity: str, key: Json, name: str, leaf: SchemaLeaf) -> Json:
    """Return what the column `name` of a row holds now, spelled as `leaf` wants it."""
    row = tables.row(entity, key)
    if row is not None and name in row.fields:
        return fitted(row.fields[name], leaf)
    if name in _STATUS and row is not None and "status" in row.fields:
        return fitted(row.fields["status"], leaf)  # `closed` by one tool, shown as `state` by another
    if name in _STATUS and row is not None and row.is_gone:
        return fitted("deleted", leaf)
    if name in _STATUS and _has_status(
        world, entity, key, world.counting(entity, name, leaf), is_written=row is not None
    ):
        return fitted(status_of(world, tables, entity, key), leaf)
    if row is not None and row.is_new and name == "email" and "name" in row.fields:
        from loopbuild.sandbox.synthetic import email_of

        return email_of(str(row.fields["name"]), ["made", world.fixture, entity, key])
    start = row.fields.get(earlier_name(name, about=entity.split())) if row is not None and row.is_new else None
    if start is not None and not leaf.enum:
        # What was made with a start ends after it, though nobody said when.
        after = later(start, Draws(["after", world.fixture, entity, key, name]).below, words=leaf.words)
        return after or world.value(entity, key, name, leaf)
    return world.value(entity, key, name, leaf)


def status_of(world: World, tables: Tables, entity: str, key: Json) -> str:
    """Return the status of a row."""
    row = tables.row(entity, key)
    if row is not None and "status" in row.fields:
        return str(row.fields["status"])
    return world.initial_status(entity) if row is not None and row.is_new else world.status(entity, key)


def target_status(world: World, entity: str, target: str) -> str:
    """Return what a status that a verb leads to is called of an entity."""
    said = world.statuses(entity)
    return str(standing_for(target, said)) if said else target


def _has_status(world: World, entity: str, key: Json, leaf: SchemaLeaf, *, is_written: bool) -> bool:
    """Say whether a leaf shows the status of a row; a choice of other words has a life of its own until written to."""
    if not leaf.enum or (is_written and not world.is_varied):
        return True
    return world.is_varied and any(is_same(world.status(entity, key), option) for option in leaf.enum)


def fitted(value: Json, leaf: SchemaLeaf) -> Json:
    """Return a stored value in the spelling of the leaf's enum, if it has one: `cancelled` becomes `CANCELED`."""
    if not leaf.enum or value in leaf.enum:
        return list(value) if isinstance(value, tuple) else value
    found = spelled(value, leaf)
    return standing_for(value, leaf.enum) if found is None else found


def spelled(value: Json, leaf: SchemaLeaf) -> Json:
    """Return the value of the leaf's enum that means `value`; None when none does."""
    if value in leaf.enum:
        return value
    return next((option for option in leaf.enum if is_same(value, option)), None)


def filtered(
    world: World, tables: Tables, entity: str, given: list[tuple[Input, Json]], names: Names = ()
) -> list[Json]:
    """Return the rows whose columns hold what was asked for; without a telling filter, what a list shows.

    A search looks into `names`, the columns that the answer calls a row by.
    """
    telling = [pair for pair in given if is_telling(*pair)]
    if not telling:
        return listed(world, tables, entity)
    rows = [
        key
        for key in living(world, tables, entity)
        if all(_fits(world, tables, entity, key, one, value, names) for one, value in telling)
    ]
    own = [key for key in rows if world.holds(entity, key)]
    return own[:_MATCHES] + [key for key in rows if not world.holds(entity, key)]


def in_order(
    world: World, tables: Tables, entity: str, rows: list[Json], given: list[tuple[Input, Json]], columns: Names
) -> list[Json]:
    """Return the rows sorted as the caller asked: by a column that is shown, rising unless told otherwise."""
    asked = {one.field: str(value).casefold() for one, value in given if one.field in _SORTS | _DIRECTIONS}
    named = {letters(leaf_name(leaf.pointer)): (column, leaf) for column, leaf in columns}
    named |= {letters(column): (column, leaf) for column, leaf in columns}
    falls = any(name in _DIRECTIONS and value.startswith("desc") for name, value in asked.items())
    for name, value in asked.items():
        plain = letters(value.removesuffix("desc").removesuffix("asc"))
        if name in _SORTS and plain in named:
            column, leaf = named[plain]
            known: list[tuple[Json, Json]] = []
            unknown: list[tuple[Json, Json]] = []
            for key in rows:
                held = field_of(world, tables, entity, key, column, leaf)
                (known if isinstance(held, int | float | str) else unknown).append((held, key))
            is_number = all(not isinstance(pair[0], str) for pair in known)
            known.sort(
                key=lambda pair: pair[0] if is_number else str(pair[0]).casefold(),
                reverse=falls or value.startswith("-") or value.endswith("desc"),
            )
            return [key for _, key in (*known, *unknown)]
    return rows


def paged(rows: list[Json], given: list[tuple[Input, Json]]) -> tuple[Json, ...]:
    """Return the part of a list the caller asked for: from an offset or a page counted from 1, at most so many."""
    size, start = limit_of(given), 0
    for one, value in given:
        if isinstance(value, int) and value > 0:
            if one.field in ("offset", "skip"):
                start = value
            elif one.field == "page":
                start = (value - 1) * size
    return tuple(rows[start : start + size])


def limit_of(given: list[tuple[Input, Json]]) -> int:
    """Return how many rows the caller wants at most."""
    for one, value in given:
        if one.field in _LIMITS and isinstance(value, int) and value > 0:
            return value
    return 100


def is_telling(one: Input, value: Json) -> bool:
    """Say whether an argument selects rows."""
    if one.entity or one.field in CONTROL or _asks_for_all(one, value):
        return False
    return one.shown is not None or not RANGE_WORDS & set(one.leaf.words)


def _asks_for_all(one: Input, value: Json) -> bool:
    """Say whether a choice stands for no choice: `all`, where no row shows such a value."""
    is_shown = one.shown is not None and value in one.shown.enum
    return bool(one.leaf.enum) and str(value).casefold() in _ALL and not is_shown


def narrowed(
    world: World, tables: Tables, rows: list[Json], entity: str, given: list[tuple[Input, Json]], shown: Names
) -> tuple[Json, ...]:
    """Return those of the rows under a parent that hold what was asked for besides, as far as they are asked to.

    `shown` are the columns the answer shows of them: what nobody can see is no filter.
    """
    asked = [
        (found, value) for one, value in given if (found := below(one, entity, shown)) and is_telling(found, value)
    ]
    kept = [row for row in rows if all(_fits(world, tables, entity, row, one, value, ()) for one, value in asked)]
    return paged(kept, given)


def below(one: Input, entity: str, shown: Names) -> Input | None:
    """Return an input of a read as a filter on the rows of `entity` it lists; None for one that is none."""
    if one.entity or one.field in SEARCH:
        return None
    column, side = spoken_of(one.leaf, shown, column_of(one.leaf, entity))
    if side:
        return replace(one, field=column, shown=dict(shown)[column], bound=side)
    return replace(one, field=column_of(one.leaf, entity)) if column == column_of(one.leaf, entity) else None


def _fits(world: World, tables: Tables, entity: str, key: Json, one: Input, value: Json, names: Names) -> bool:
    if one.field in SEARCH:
        needle = str(value).casefold()
        row = tables.row(entity, key)
        texts: list[Json] = [key, *(row.fields.values() if row is not None else ())]
        texts += called(world, tables, entity, key, one.leaf, names)
        return any(needle in str(text).casefold() for text in texts)
    held = asked_of(world, tables, entity, key, one)
    if one.bound:
        return is_within(held, value, one.bound, words=one.leaf.words)
    if one.shown is not None and one.shown.enum:
        value = spelled(value, one.shown)
    if isinstance(held, str) and isinstance(value, str):
        return held.casefold().strip() == value.casefold().strip()
    return bool(held == value)


def asked_of(world: World, tables: Tables, entity: str, key: Json, one: Input) -> Json:
    """Return what a filter compares its value with: a column of the row, or the day of the moment it shows."""
    if one.shown is not None:
        return field_of(world, tables, entity, key, column_of(one.shown, entity), one.shown)
    if one.moment is None:
        return field_of(world, tables, entity, key, one.field, one.leaf)
    held = field_of(world, tables, entity, key, column_of(one.moment, entity), one.moment)
    return held[:10] if isinstance(held, str) else held


def called(world: World, tables: Tables, entity: str, key: Json, leaf: SchemaLeaf, names: Names) -> list[Json]:
    """Return what a row is called; `leaf` makes names up where the answer shows none."""
    if names:
        return [field_of(world, tables, entity, key, column, shown) for column, shown in names]
    return [world.value(entity, key, name, leaf) for name in ("name", "title")]


def as_stored(value: Json) -> Json:
    """Return a value as rows keep it: lists as tuples, which nobody changes in place."""
    if isinstance(value, list):
        return tuple(as_stored(item) for item in value)
    return value if not isinstance(value, Mapping) else dict(value)
