"""Which leaf says what a column may hold, where several tools show it. Pure.

A record has one value per column. Where tools declare the column differently, what all of them allow is what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from loopbuild.records import Json, SchemaLeaf

Place = tuple[str, str, tuple[str, ...]]
"""Entity, column and JSON types: a number and a text of one name are two columns."""


def place_of(entity: str, name: str, leaf: SchemaLeaf) -> Place:
    """Return where the values of a leaf stand."""
    return entity, name, tuple(kind for kind in leaf.types if kind != "null")


def agreed(shown: Iterable[tuple[Place, SchemaLeaf]]) -> dict[Place, SchemaLeaf]:
    """Return the leaf that counts for every place that answers declare in more than one way."""
    found: dict[Place, list[SchemaLeaf]] = {}
    for place, leaf in shown:
        found.setdefault(place, []).append(leaf)
    made = {place: _common(leaves) for place, leaves in found.items()}
    return {place: leaf for place, leaf in made.items() if leaf is not None}


def _common(leaves: list[SchemaLeaf]) -> SchemaLeaf | None:
    if all(rules_of(leaf) == rules_of(leaves[0]) for leaf in leaves):
        return None
    chosen = [leaf for leaf in leaves if leaf.enum]
    if chosen:
        common = tuple(value for value in chosen[0].enum if all(value in leaf.enum for leaf in chosen))
        return replace(chosen[0], enum=common) if common else None
    return max(leaves, key=lambda leaf: sum(rule not in ("", None) for rule in rules_of(leaf)[1:]))


def rules_of(leaf: SchemaLeaf) -> tuple[Json, ...]:
    """Return what a leaf says about its values beside their type."""
    return (leaf.enum, leaf.pattern, leaf.format, leaf.minimum, leaf.maximum)
