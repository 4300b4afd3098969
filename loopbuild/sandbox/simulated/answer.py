"""Writes an answer: walks a compiled output shape and fills each part from the rows at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loopbuild.records import Json, SchemaLeaf
from loopbuild.sandbox.draws import Draws
from loopbuild.sandbox.simulated import lookup
from loopbuild.sandbox.simulated.model import ToolPlan, column_of
from loopbuild.sandbox.simulated.parts import is_part, parts_held
from loopbuild.sandbox.simulated.shape import Column, Nothing, Object, Part, Texts, Value
from loopbuild.sandbox.simulated.tables import Tables
from loopbuild.sandbox.simulated.world import World
from loopbuild.sandbox.spans import is_later, later
from loopbuild.sandbox.synthetic import synthesize

_SCORES = frozenset({"score", "rank", "rating", "relevance", "similarity", "confidence", "match"})
_YES = frozenset({"success", "ok", "deleted", "updated", "created", "done", "removed", "sent", "accepted", "found"})
_COUNTS = frozenset({"count", "total", "size"})
_PERIODS = frozenset({"year", "month", "week", "quarter", "date", "day", "period", "from", "to", "since", "until"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What an answer is about."""

    world: World
    tables: Tables
    plan: ToolPlan
    keys: Mapping[str, Json] = field(default_factory=dict)
    """Entity -> the one key named in the call."""
    rows: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    """Entity -> rows to show, where the call decides it."""
    call: Json = None
    """What made-up parts are seeded with."""
    told: Mapping[str, Json] = field(default_factory=dict)
    """Output pointer -> what the caller gave under the same pointer: `set_mode(mode)` answers with that mode."""
    period: Json = None
    """Period the caller asked about; numbers of a row may differ by it."""
    message: str = ""
    changed: Mapping[Json, Mapping[str, Json]] = field(default_factory=dict)
    """Row -> columns as the call sent them, for items that are echoed."""


def write(scene: Scene, part: Part, entity: str, key: Json) -> Json:
    """Return the answer for `part`; (`entity`, `key`) is the row around it, entity empty when there is none."""
    if isinstance(part, Nothing):
        return scene.message or "ok"
    if isinstance(part, Object):
        if part.entity and part.entity != entity:
            entity, key = part.entity, _related(scene, entity, key, part.entity)
        return {name: write(scene, inner, entity, key) for name, inner in part.parts.items()}
    if isinstance(part, Value):
        return _value(scene, part, entity, key)
    if isinstance(part, Texts):
        return _texts(scene, part.leaf, entity, key)
    if isinstance(part, Column):
        return [_cell(scene, part, entity, key, row) for row in rows_for(scene, part.rows, entity, key)]
    if part.rows.startswith("?"):
        return [_member(scene, part.part, entity, key, place) for place in range(2)]
    return [write(scene, part.part, part.rows, row) for row in rows_for(scene, part.rows, entity, key)]


def _member(scene: Scene, part: Part, entity: str, key: Json, place: int) -> Json:
    """Return a made-up member of a list; what names it under the row around it is what that row has."""
    made = write(scene, part, "", place)
    if entity and isinstance(part, Object):
        named = {name: inner.leaf for name, inner in part.parts.items() if isinstance(inner, Value)}
        made |= {
            name: parts_held(scene.world, entity, key, leaf)[place] for name, leaf in named.items() if is_part(leaf)
        }
    return made


def rows_for(scene: Scene, wanted: str, entity: str, key: Json) -> tuple[Json, ...]:
    """Return which rows of `wanted` an answer shows around the row (`entity`, `key`)."""
    if wanted in scene.rows:
        return scene.rows[wanted]
    if entity and entity not in ("", wanted):
        return tuple(lookup.belonging(scene.world, scene.tables, entity, key, wanted))
    for parent, parent_key in scene.keys.items():
        return tuple(
            row
            for row in lookup.belonging(scene.world, scene.tables, parent, parent_key, wanted)
            if (parent, parent_key) != (wanted, row)
        )
    if scene.plan.operation == "list" and wanted == scene.plan.subject:
        return ()
    return tuple(lookup.listed(scene.world, scene.tables, wanted))


def _value(scene: Scene, part: Value, entity: str, key: Json) -> Json:
    leaf = part.leaf
    if part.entity:
        return key if part.entity == entity else _related(scene, entity, key, part.entity)
    name = column_of(leaf, entity)
    if not entity or scene.plan.operation == "opaque":
        return _made_up(scene, leaf, key)
    if name in ("success", "ok") or ("boolean" in leaf.types and set(leaf.words) & _YES):
        return True
    if scene.message and set(leaf.words) & {"message", "detail"} and scene.plan.operation not in ("read", "find"):
        return scene.message
    if scene.period is not None and {"integer", "number"} & set(leaf.types):
        return scene.world.value(entity, key, f"{name}@{scene.period}", leaf)
    return lookup.field_of(scene.world, scene.tables, entity, key, name, leaf)


def _made_up(scene: Scene, leaf: SchemaLeaf, key: Json) -> Json:
    words = set(leaf.words)
    if words & _COUNTS and "integer" in leaf.types and scene.rows:
        return len(next(iter(scene.rows.values())))
    if "boolean" in leaf.types and words & _YES:
        return True
    if scene.message and words & {"message", "detail"}:
        return scene.message
    if words & {"cursor", "token"} and "next" in words:
        return ""
    told = scene.told.get(leaf.pointer)
    if told is not None:
        return told
    for start in _starts(scene, leaf):
        after = later(
            _made_up(scene, start, key), Draws(["opaque-after", scene.call, leaf.pointer, key]).below, words=leaf.words
        )
        if after:
            return after
    return synthesize(leaf, ["opaque", scene.world.fixture, scene.call, leaf.pointer, key], purpose=scene.world.purpose)


def _starts(scene: Scene, leaf: SchemaLeaf) -> list[SchemaLeaf]:
    """Return the leaves of the same object that name the start of what `leaf` names the end of."""
    beside, about = leaf.pointer.rpartition("/")[0], scene.plan.tool.entity.split()
    return [
        other
        for other in scene.plan.tool.outputs
        if other.pointer.rpartition("/")[0] == beside and is_later(leaf.words, other.words, about=about)
    ]


def _texts(scene: Scene, leaf: SchemaLeaf, entity: str, key: Json) -> Json:
    if not entity or scene.plan.operation == "opaque":
        return [_made_up(scene, leaf, place) for place in range(2)]
    name = column_of(leaf, entity)
    row = scene.tables.row(entity, key)
    if row is not None and name in row.fields:
        held = row.fields[name]
        return list(held) if isinstance(held, tuple) else [held]
    sent = scene.changed.get(key, {}).get(name.removeprefix("added_").removeprefix("removed_"))
    if isinstance(sent, list):
        return list(sent)
    return [scene.world.value(entity, key, f"{name}.{place}", leaf) for place in range(2)]


def _cell(scene: Scene, part: Column, entity: str, key: Json, row: Json) -> Json:
    if part.entity == part.rows:
        return row
    if part.entity:
        return _related(scene, part.rows, row, part.entity)
    leaf = part.leaf
    parent, parent_key = (entity, key) if entity and entity != part.rows else next(iter(scene.keys.items()), ("", None))
    if parent and set(leaf.words) & _SCORES and {"integer", "number"} & set(leaf.types):
        fit = scene.world.closeness(parent, parent_key, part.rows, row)
        low = 0.0 if leaf.minimum is None else leaf.minimum
        high = (100.0 if "number" not in leaf.types else 1.0) if leaf.maximum is None else leaf.maximum
        score = low + (0.3 + 0.69 * fit) * (high - low)
        return round(score, 2) if "number" in leaf.types else round(score)
    name = column_of(leaf, part.rows)
    return lookup.field_of(scene.world, scene.tables, part.rows, row, name, leaf)


def _related(scene: Scene, entity: str, key: Json, wanted: str) -> Json:
    """Return the key of `wanted` that a row refers to: as written, as named in the call, or as the world has it."""
    if entity:
        row = scene.tables.row(entity, key)
        if row is not None and wanted in row.refs:
            return row.refs[wanted]
    if wanted in scene.keys:
        return scene.keys[wanted]
    if wanted in scene.rows and len(scene.rows[wanted]) == 1:
        return scene.rows[wanted][0]
    return scene.world.parent(entity or "call", key if entity else scene.call, wanted)


def period_of(arguments: Mapping[str, Json], names: Mapping[str, tuple[str, ...]]) -> Json:
    """Return the arguments that name a period, or None; `names` are the words of each argument."""
    found = {name: value for name, value in sorted(arguments.items()) if _PERIODS & set(names.get(name, ()))}
    return found or None
