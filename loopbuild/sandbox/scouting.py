"""What a person could know about a real server's world, found out by looking: its read-only tools, then its state file.

Calls only tools whose effect is `read`; a tool that refuses is passed over. Deterministic: tools by id, results in the
order they came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from loopbuild.records import Json, SchemaLeaf, ToolResult, ToolSchema
from loopbuild.sandbox.pools import side_of
from loopbuild.sandbox.protocol import purpose_of
from loopbuild.sandbox.rows import Rows

Call = Callable[[str, Mapping[str, Json]], ToolResult]
Known = dict[tuple[str, str], tuple[Json, ...]]
"""(entity, what) -> values; `what` is `id` for ids, else the words of the leaf."""

_CALLS = 40
_FOLLOWED = 3
_VALUES = 200


def scout(tools: Mapping[str, ToolSchema], call: Call) -> Known:
    """Return the values read-only tools show: first those without required parameters, then those fed by these."""
    found: dict[tuple[str, str], dict[str, Json]] = {}
    readable = [tools[name] for name in sorted(tools) if tools[name].effect == "read"]
    calls = 0
    plain = [tool for tool in readable if not _required(tool)]
    for tool in plain[:_CALLS]:
        calls += 1
        _note(found, tool, call(tool.id, {}))
    for tool in readable:
        required = _required(tool)
        if not required or any(leaf.kind != "id" or "[]" in leaf.pointer for leaf in required) or calls >= _CALLS:
            continue
        offers = [list(found.get(slot_of(leaf), {}).values())[:_FOLLOWED] for leaf in required]
        for values in zip(*offers, strict=False):
            calls += 1
            arguments = {leaf.pointer[1:]: value for leaf, value in zip(required, values, strict=True)}
            _note(found, tool, call(tool.id, arguments))
    return {slot: tuple(values.values())[:_VALUES] for slot, values in found.items()}


def from_rows(leaf: SchemaLeaf, rows: Rows) -> tuple[Json, ...]:
    """Return what the state file holds for a leaf: the keys of its entity's rows, or a column of that name."""
    values: dict[str, Json] = {}
    name = leaf.pointer.removesuffix("/[]").rpartition("/")[2]
    words = "_".join(leaf.words)
    for (entity, key), row in sorted(rows.items()):
        if leaf.kind == "id":
            if entity == leaf.entity:
                values.setdefault(key, int(key) if leaf.types == ("integer",) and key.isdigit() else key)
        elif leaf.kind in ("name", "person", "email", "phone") and entity == leaf.entity:
            held = row.get(name, row.get(words, row.get(leaf.words[-1] if leaf.words else "")))
            if held is None and leaf.words[-1:] == ("name",) and "name" not in row:
                held = key
            if isinstance(held, str | int | float) and held != "":
                values.setdefault(repr(held), held)
    return tuple(values.values())[:_VALUES]


def offered(
    tool: ToolSchema | None, pointer: str, known: Known, rows: Callable[[], Rows], *, fixture: int
) -> tuple[Json, ...]:
    """Return what a person may know for an input leaf: values seen by looking, else those of the starting `rows`.

    Where both sides have some, those of the fixture's own side, so that evaluation uses values training does not.
    """
    leaf = next((one for one in tool.inputs if one.pointer == pointer), None) if tool else None
    if tool is None or leaf is None or leaf.enum or (tool.effect == "create" and leaf.kind != "id"):
        return ()
    values = known.get(slot_of(leaf), ())
    if not values and leaf.kind in ("id", "name", "person", "email", "phone"):
        values = from_rows(leaf, rows())
    own = tuple(value for value in values if side_of(f"{leaf.entity}:{value}") == purpose_of(fixture))
    return own or values


def slot_of(leaf: SchemaLeaf) -> tuple[str, str]:
    """Return under what the values of a leaf are kept."""
    return (leaf.entity, "id" if leaf.kind == "id" else " ".join(leaf.words))


def _required(tool: ToolSchema) -> list[SchemaLeaf]:
    return [leaf for leaf in tool.inputs if leaf.is_required]


def _note(found: dict[tuple[str, str], dict[str, Json]], tool: ToolSchema, result: ToolResult) -> None:
    if result.status != "ok":
        return
    for leaf in tool.outputs:
        for value in _at(result.value, leaf.pointer.split("/")[1:]):
            if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
                found.setdefault(slot_of(leaf), {}).setdefault(repr(value), value)


def _at(value: Json, parts: list[str]) -> Iterator[Json]:
    if not parts:
        yield value
    elif parts[0] == "[]":
        for item in value if isinstance(value, list) else ():
            yield from _at(item, parts[1:])
    elif isinstance(value, dict) and parts[0] in value:
        yield from _at(value[parts[0]], parts[1:])
