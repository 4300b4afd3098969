"""Chooses the values a person says: one per leaf, from the leaf, the plan key and what the world holds.

A value's seed is (plan key, tool, leaf), so another parameter or tool moves none. Ids are never made up: they come from
the world's known values or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.digest import seed, unit_interval
from loopbuild.pointers import unescaped
from loopbuild.records import Json, Purpose, SchemaLeaf, ToolSchema
from loopbuild.sandbox.draws import Draws
from loopbuild.sandbox.spans import is_later, later
from loopbuild.sandbox.synthetic import email_of, synthesize

_EXAMPLE_SHARE = 0.5
_CURSORS = frozenset(
    {("page", "token"), ("next", "token"), ("next", "page", "token"), ("continuation", "token"), ("sync", "token"),
     ("starting", "after"), ("ending", "before")}
)  # fmt: skip


def choose(
    leaf: SchemaLeaf,
    *,
    tool: ToolSchema,
    key: str,
    index: int,
    place: int,
    attempt: int,
    purpose: Purpose,
    known: Sequence[Json],
    given: Mapping[str, Json],
    offered: Sequence[Json] = (),
) -> Json:
    """Return the value a person gives for `leaf`.

    `index` is the plan's number in its cell (enum values take turns over it), `place` counts items of an array,
    `attempt` repetitions after a refusal, `known` is what the world offers, `given` what the same call already holds
    by schema pointer, `offered` what the records hold that the rest of the call is about.
    """
    source: list[Json] = ["value", key, tool.id, leaf.pointer, place, attempt]
    if leaf.enum:
        turn = enum_turn(tool, leaf, index) + place + attempt
        turns = [leaf.enum[(turn + step) % len(leaf.enum)] for step in range(len(leaf.enum))]
        return next((value for value in turns if value in offered), turns[0])
    if leaf.is_sensitive:
        # Neither what a service holds nor what its author wrote down as an example: it may be somebody's.
        return synthesize(leaf, source, purpose=purpose, entity=leaf.entity or tool.entity)
    if known:
        # What is changed or removed is named by all its columns together; what is made new has each of its own.
        is_one = "/[]/" in leaf.pointer and tool.effect != "create"
        place_name = leaf.pointer.partition("/[]/")[0] if is_one else leaf.pointer
        # Places differ by one, so the items of an array never repeat a row while there are others.
        first = seed("known", ["value", key, tool.id, place_name, attempt])
        return known[(first + place) % len(known)]
    if leaf.has_default and not leaf.is_required and unit_interval("default", source) < 0.2:
        return leaf.default
    if leaf.examples and leaf.kind != "id" and unit_interval("example", source) < _EXAMPLE_SHARE and purpose == "train":
        return leaf.examples[seed("example", source) % len(leaf.examples)]
    follower = _after(leaf, tool, given, source)
    if follower is not None:
        return follower
    if leaf.format == "email" or leaf.kind == "email":
        name = _name_beside(leaf, given)
        if name:
            return email_of(name, source)
    value = synthesize(leaf, source, purpose=purpose, entity=leaf.entity or tool.entity)
    return _not_below(_least(leaf, tool, given), value, leaf)


def enum_turn(tool: ToolSchema, leaf: SchemaLeaf, index: int) -> int:
    """Return whose turn it is among the values of a choice, in the plan of this number."""
    return seed("enum-turn", [tool.id, leaf.pointer]) + index


def is_cursor(leaf: SchemaLeaf) -> bool:
    """Say whether a leaf holds a place in a list that only the service can name."""
    return leaf.words[-1:] == ("cursor",) or leaf.words in _CURSORS


def is_given(tool: ToolSchema, leaf: SchemaLeaf, *, key: str, share: float) -> bool:
    """Say whether a call sets `leaf`: required ones always, each optional object or leaf with probability `share`."""
    schema: Json = tool.input_schema
    path = ""
    for part in leaf.pointer.split("/")[1:]:
        if not isinstance(schema, Mapping):
            return True
        path += f"/{part}"
        if part == "[]":
            schema = schema.get("items")
            continue
        name = unescaped(part)
        if name not in schema.get("required", ()) and unit_interval("optional", [key, tool.id, path]) >= share:
            return False
        schema = schema.get("properties", {}).get(name)
    return True


def _after(leaf: SchemaLeaf, tool: ToolSchema, given: Mapping[str, Json], source: Json) -> Json:
    """Return a moment after the one that starts the same pair in the same call, if `leaf` is the end of one."""
    for other in starts_of(leaf, tool):
        if other.pointer in given:
            return later(given[other.pointer], Draws(source).below, words=leaf.words) or None
    return None


def _least(leaf: SchemaLeaf, tool: ToolSchema, given: Mapping[str, Json]) -> Json:
    """Return the least of a pair the call already holds, if `leaf` is the most of it: `min_price` for `max_price`."""
    if not {"max", "maximum"} & set(leaf.words) or not {"integer", "number"} & set(leaf.types):
        return None
    rest = [word for word in leaf.words if word not in ("max", "maximum")]
    for other in tool.inputs:
        is_least = {"min", "minimum"} & set(other.words) and other.pointer in given
        if is_least and [word for word in other.words if word not in ("min", "minimum")] == rest:
            return given[other.pointer]
    return None


def _not_below(least: Json, value: Json, leaf: SchemaLeaf) -> Json:
    if not isinstance(least, int | float) or value >= least:
        return value
    more = least + abs(value)
    return more if leaf.maximum is None else min(more, max(least, leaf.maximum))


def starts_of(leaf: SchemaLeaf, tool: ToolSchema) -> list[SchemaLeaf]:
    """Return the inputs that name the start of what `leaf` names the end of."""
    if "string" not in leaf.types:
        return []
    about = (leaf.entity or tool.entity).split()
    return [other for other in tool.inputs if is_later(leaf.words, other.words, about=about)]


def _name_beside(leaf: SchemaLeaf, given: Mapping[str, Json]) -> str:
    container = leaf.pointer.rpartition("/")[0]
    for end in ("name", "full_name"):
        value = given.get(f"{container}/{end}")
        if isinstance(value, str) and value:
            return value
    return ""
