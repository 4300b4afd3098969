"""The shape of a tool's answer, compiled from its output leaves: which parts are rows of which entity.

Every declared output leaf is always present in an answer, so that declaring one more never hides another.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field

from loopbuild.pointers import alternatives
from loopbuild.records import SchemaLeaf
from loopbuild.sandbox.simulated.words import words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One scalar of the row at hand; `entity` when it holds that entity's key."""

    leaf: SchemaLeaf
    entity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """An array of scalars, one per row of `rows`; parallel to the other columns over the same rows."""

    leaf: SchemaLeaf
    rows: str
    entity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """An array of scalars that is one field of the row at hand."""

    leaf: SchemaLeaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """An array of objects: one per row of `rows`, or made up when `rows` is empty."""

    rows: str
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """An object; with `entity`, it shows another row than the one around it."""

    parts: dict[str, Part] = field(default_factory=dict)
    entity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No declared output."""


Part = Value | Column | Texts | Items | Object | Nothing

_Tree = dict[str, "SchemaLeaf | _Tree"]


def shape_of(leaves: Iterable[SchemaLeaf], key_of: Callable[[SchemaLeaf], str], entities: Container[str]) -> Part:
    """Return the shape of an answer with these leaves; `key_of` names the entity whose key a leaf holds."""
    tree: _Tree = {}
    listed = list(leaves)
    answered = _answered(leaf.pointer for leaf in listed)
    for leaf in listed:
        node = tree
        if any(prefix not in answered for prefix in alternatives(leaf.pointer)):
            continue
        parts = [part for part in leaf.pointer.split("/")[1:] if not part.startswith("|")]
        if not parts or parts == [""]:
            return Value(leaf=leaf, entity=key_of(leaf))
        for part in parts[:-1]:
            below = node.setdefault(part, {})
            if not isinstance(below, dict):
                break
            node = below
        else:
            node.setdefault(parts[-1], leaf)
    return _object(tree, key_of, entities, name="") if tree else Nothing()


def _answered(pointers: Iterable[str]) -> set[str]:
    """Return, of the alternatives at each place, the one that is answered: the first by name."""
    first: dict[str, str] = {}
    for pointer in pointers:
        for prefix in alternatives(pointer):
            place = prefix.rpartition("/")[0]
            first[place] = min(first.get(place, prefix), prefix)
    return set(first.values())


def leaf_name(pointer: str) -> str:
    """Return the property a pointer ends in, unescaped: `candidate_ids` for `/candidate_ids/[]`."""
    parts = [part for part in pointer.split("/") if part not in ("", "[]", "*")]
    return _plain(parts[-1]) if parts else ""


def shown(part: Part, entity: str) -> Iterator[tuple[str, SchemaLeaf]]:
    """Yield what an answer shows of rows: the entity and the leaf; `entity` is that of the row around `part`."""
    if isinstance(part, Object):
        for inner in part.parts.values():
            yield from shown(inner, part.entity or entity)
    elif isinstance(part, Items):
        yield from shown(part.part, part.rows)
    elif isinstance(part, Value | Column) and not part.entity:
        around = part.rows if isinstance(part, Column) else entity
        if around:
            yield around, part.leaf


def _object(tree: _Tree, key_of: Callable[[SchemaLeaf], str], entities: Container[str], *, name: str) -> Part:
    if set(tree) == {"[]"}:
        return _array(tree["[]"], key_of, entities, name=name, rows="")
    listed = [node["[]"] for node in tree.values() if isinstance(node, dict) and "[]" in node]
    keys = [key_of(item) for item in listed if isinstance(item, SchemaLeaf) and key_of(item)]
    parts: dict[str, Part] = {}
    for label, node in tree.items():
        plain = _plain(label)
        if label == "*" or label.startswith("|"):
            continue
        if isinstance(node, SchemaLeaf):
            parts[plain] = Value(leaf=node, entity=key_of(node))
        elif "[]" in node:
            parts[plain] = _array(node["[]"], key_of, entities, name=plain, rows=keys[0] if keys else "")
        else:
            parts[plain] = _object(node, key_of, entities, name=plain)
    return Object(parts=parts, entity=_shown(parts) if name else "")


def _array(
    item: SchemaLeaf | _Tree, key_of: Callable[[SchemaLeaf], str], entities: Container[str], *, name: str, rows: str
) -> Part:
    if isinstance(item, SchemaLeaf):
        own = key_of(item)
        if own or rows:
            return Column(leaf=item, rows=own or rows, entity=own)
        return Texts(leaf=item)
    part = _object(item, key_of, entities, name="")
    container = " ".join(words_of(name))
    keyed = [one.entity for one in part.parts.values() if isinstance(one, Value)] if isinstance(part, Object) else []
    # Of `orders: [{customer_id, order_id}]` each member is an order, whichever key comes first.
    shown = container if container in keyed else _shown(part.parts) if isinstance(part, Object) else ""
    if not shown:
        shown = container if container in entities else ""
    return Items(rows=shown or "?" + name, part=part)


def _shown(parts: dict[str, Part]) -> str:
    """Return the entity an object shows: that of its bare `id` or `name`, else of its first key."""
    keyed = [(label, part.entity) for label, part in parts.items() if isinstance(part, Value) and part.entity]
    for label, entity in keyed:
        if label in ("id", "name"):
            return entity
    return keyed[0][1] if keyed else ""


def _plain(label: str) -> str:
    return label.replace("~1", "/").replace("~2", "[]").replace("~0", "~")
