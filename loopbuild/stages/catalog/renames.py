"""Which removed thing became which added thing: one-to-one, by what both are made of. Pure.

Certain renames keep rows alive, doubtful ones are only mentioned. Measured on two versions of a large public API with
37 removed and 152 added operations: nothing reached SURE, the two in the doubtful band were both wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from loopbuild.records import SchemaLeaf, ToolSchema
from loopbuild.stages.catalog.words import words_of

SURE = 0.70
DOUBTFUL = 0.50
LEAD = 0.05
"""A rename is certain only this far ahead of the next candidate of either side."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing(Generic[T]):
    """Certain pairs with their score, and doubtful ones."""

    certain: tuple[tuple[T, T, float], ...]
    doubtful: tuple[tuple[T, T, float], ...]


def pair_up(
    removed: Sequence[T], added: Sequence[T], score: Callable[[T, T], float], key: Callable[[T], str]
) -> Pairing[T]:
    """Pair removed with added things, greedily by score and then by key; a near tie is doubtful, never certain."""
    scored = ((score(old, new), key(old), key(new), old, new) for old in removed for new in added)
    ranked = sorted((item for item in scored if item[0] >= DOUBTFUL), key=lambda item: (-item[0], item[1], item[2]))
    certain: list[tuple[T, T, float]] = []
    doubtful: list[tuple[T, T, float]] = []
    gone: set[str] = set()
    come: set[str] = set()
    for points, old_key, new_key, old, new in ranked:
        if old_key in gone or new_key in come:
            continue
        rivals = [
            item[0]
            for item in ranked
            if (item[1] == old_key) != (item[2] == new_key) and item[1] not in gone and item[2] not in come
        ]
        is_sure = points >= SURE and points - max(rivals, default=0.0) >= LEAD
        (certain if is_sure else doubtful).append((old, new, points))
        gone.add(old_key)
        come.add(new_key)
    return Pairing(certain=tuple(certain), doubtful=tuple(doubtful))


def tool_score(old: ToolSchema, new: ToolSchema) -> float:
    """Return how alike two tools are: name words .35, typed inputs .35, description words .20, returns .10.

    Evidence that is absent on both sides is left out of the sum instead of counting as agreement: two tools without
    parameters are not alike for that.
    """
    if old.source != new.source:
        return 0.0
    parts = [
        (0.35, words_of(old.name), words_of(new.name)),
        (0.35, _typed(old.inputs), _typed(new.inputs)),
        (0.20, _text(old.description), _text(new.description)),
        (0.10, [leaf.pointer for leaf in old.outputs], [leaf.pointer for leaf in new.outputs]),
    ]
    known = [(weight, jaccard(one, other)) for weight, one, other in parts if one or other]
    total = sum(weight for weight, _ in known)
    return round(sum(weight * likeness for weight, likeness in known) / total, 4) if total else 0.0


def parameter_score(old: SchemaLeaf, new: SchemaLeaf) -> float:
    """Return how alike two parameters of one tool are: words .5, type and format and enum .3, description .2."""
    same_shape = (old.types, old.format, old.enum) == (new.types, new.format, new.enum)
    if old.pointer.count("/") != new.pointer.count("/"):
        return 0.0
    texts = _text(old.description), _text(new.description)
    said = jaccard(*texts) if any(texts) else 1.0
    named = jaccard(_pointer_words(old), _pointer_words(new))
    return round(0.5 * named + 0.3 * same_shape + 0.2 * said, 4)


def jaccard(one: Iterable[Hashable], other: Iterable[Hashable]) -> float:
    """Return the share of common members; two empty collections share nothing."""
    left, right = set(one), set(other)
    return len(left & right) / len(left | right) if left | right else 0.0


def _typed(leaves: Sequence[SchemaLeaf]) -> list[tuple[str, tuple[str, ...]]]:
    return [(leaf.pointer, leaf.types) for leaf in leaves]


def _text(text: str) -> tuple[str, ...]:
    return words_of(text)


def _pointer_words(leaf: SchemaLeaf) -> list[str]:
    return [word for part in leaf.pointer.split("/") for word in words_of(part)]
