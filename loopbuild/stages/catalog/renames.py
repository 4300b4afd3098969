"""Which removed thing became which added thing: one-to-one, by what both are made of. Pure.

Certain renames keep rows alive, doubtful ones are only mentioned. Measured on two versions of a large public API with
37 removed and 152 added operations: nothing reached SURE, the two in the doubtful band were both wrong.
"""

from __future__ import annotations

import re
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
Scored = tuple[T, T, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing(Generic[T]):
    """Certain pairs with their score, and doubtful ones."""

    certain: tuple[Scored[T], ...]
    doubtful: tuple[Scored[T], ...]


def pair_up(
    removed: Sequence[T], added: Sequence[T], score: Callable[[T, T], float], key: Callable[[T], str]
) -> Pairing[T]:
    """Pair removed with added things, greedily by score and then by key; a near tie is doubtful, never certain."""
    return pair_scored([(old, new, score(old, new)) for old in removed for new in added], key)


def pair_scored(scored: Iterable[Scored[T]], key: Callable[[T], str]) -> Pairing[T]:
    """Do the same with candidates that were scored before."""
    ranked = sorted(
        ((points, key(old), key(new), old, new) for old, new, points in scored if points >= DOUBTFUL),
        key=lambda item: (-item[0], item[1], item[2]),
    )
    of_old: dict[str, list[tuple[float, str]]] = {}
    of_new: dict[str, list[tuple[float, str]]] = {}
    for points, old_key, new_key, _, _ in ranked:
        of_old.setdefault(old_key, []).append((points, new_key))
        of_new.setdefault(new_key, []).append((points, old_key))
    certain: list[Scored[T]] = []
    doubtful: list[Scored[T]] = []
    gone: set[str] = set()
    come: set[str] = set()
    for points, old_key, new_key, old, new in ranked:
        if old_key in gone or new_key in come:
            continue
        rival = max(_best(of_old[old_key], come, new_key), _best(of_new[new_key], gone, old_key))
        is_sure = points >= SURE and points - rival >= LEAD
        (certain if is_sure else doubtful).append((old, new, points))
        gone.add(old_key)
        come.add(new_key)
    return Pairing(certain=tuple(certain), doubtful=tuple(doubtful))


def _best(ranked: list[tuple[float, str]], taken: set[str], itself: str) -> float:
    """Return the best score that is still to be had by another one."""
    return next((points for points, name in ranked if name != itself and name not in taken), 0.0)


# -- tools -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Traits:
    """What a tool is compared by, worked out once."""

    name: frozenset[str]
    inputs: frozenset[tuple[str, tuple[str, ...]]]
    text: frozenset[str]
    outputs: frozenset[str]
    address: str = ""
    """Method and path of an HTTP operation, the names of its placeholders left out."""


_PARTS: tuple[tuple[str, str, float], ...] = (
    ("name", "words of the name", 0.35),
    ("inputs", "parameters", 0.35),
    ("text", "words of the description", 0.20),
    ("outputs", "returned leaves", 0.10),
)


def pair_tools(removed: Sequence[ToolSchema], added: Sequence[ToolSchema]) -> Pairing[ToolSchema]:
    """Pair tools of the same source.

    Only pairs that share a word of the name or a typed parameter are scored: without either none reaches DOUBTFUL
    (at most .46, where nothing but description and return are known).
    """
    traits = {tool.id: _traits(tool) for tool in (*removed, *added)}
    index: dict[Hashable, list[ToolSchema]] = {}
    for tool in added:
        for mark in _marks(tool, traits[tool.id]):
            index.setdefault(mark, []).append(tool)
    scored: list[Scored[ToolSchema]] = []
    for tool in removed:
        near = {twin.id: twin for mark in _marks(tool, traits[tool.id]) for twin in index.get(mark, ())}
        scored += [(tool, twin, _likeness(traits[tool.id], traits[name])) for name, twin in near.items()]
    return pair_scored(scored, lambda tool: tool.id)


def tool_reason(old: ToolSchema, new: ToolSchema) -> str:
    """Return what two tools have in common, for people: `2 of 3 words of the name, 1 of 1 parameters`."""
    one, other = _traits(old), _traits(new)
    parts = []
    for attribute, called, _ in _PARTS:
        left, right = getattr(one, attribute), getattr(other, attribute)
        if left or right:
            parts.append(f"{len(left & right)} of {len(left | right)} {called}")
    if one.address and one.address == other.address:
        parts.insert(0, f"both `{one.address}`")
    return ", ".join(parts)


def _traits(tool: ToolSchema) -> _Traits:
    return _Traits(
        name=frozenset(words_of(tool.name)),
        inputs=frozenset((leaf.pointer, leaf.types) for leaf in tool.inputs),
        text=frozenset(words_of(tool.description)),
        outputs=frozenset(leaf.pointer for leaf in tool.outputs),
        address=_address(tool),
    )


def _address(tool: ToolSchema) -> str:
    method, path = tool.transport.get("method"), tool.transport.get("path")
    return f"{method} {_PLACEHOLDER.sub('{}', path)}" if isinstance(path, str) else ""


_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def _marks(tool: ToolSchema, traits: _Traits) -> Iterable[Hashable]:
    yield from ((tool.source, word) for word in traits.name)
    yield from ((tool.source, leaf) for leaf in traits.inputs)
    if traits.address:
        yield (tool.source, "address", traits.address)


def _likeness(one: _Traits, other: _Traits) -> float:
    """Return how alike two tools are: the weighted mean of what each part of `_PARTS` shares.

    Evidence that is absent on both sides is left out of the sum instead of counting as agreement: two tools without
    parameters are not alike for that.
    """
    known = [
        (weight, jaccard(left, right))
        for attribute, _, weight in _PARTS
        if (left := getattr(one, attribute)) or getattr(other, attribute)
        for right in (getattr(other, attribute),)
    ]
    total = sum(weight for weight, _ in known)
    made = sum(weight * likeness for weight, likeness in known) / total if total else 0.0
    if one.address and one.address == other.address:
        # The same operation under another id: where a call goes says more than what it is called.
        made = max(made, 0.5 + 0.3 * jaccard(one.name, other.name) + 0.2 * jaccard(one.inputs, other.inputs))
    return round(made, 4)


# -- parameters ------------------------------------------------------------------------------------------------------


def parameter_score(old: SchemaLeaf, new: SchemaLeaf) -> float:
    """Return how alike two parameters of one tool are: words .5, type and format and enum .3, description .2."""
    same_shape = (old.types, old.format, old.enum) == (new.types, new.format, new.enum)
    if old.pointer.count("/") != new.pointer.count("/"):
        return 0.0
    texts = words_of(old.description), words_of(new.description)
    said = jaccard(*texts) if any(texts) else 1.0
    named = jaccard(_pointer_words(old), _pointer_words(new))
    return round(0.5 * named + 0.3 * same_shape + 0.2 * said, 4)


def jaccard(one: Iterable[Hashable], other: Iterable[Hashable]) -> float:
    """Return the share of common members; two empty collections share nothing."""
    left, right = frozenset(one), frozenset(other)
    common = len(left & right)
    return common / (len(left) + len(right) - common) if left or right else 0.0


def _pointer_words(leaf: SchemaLeaf) -> list[str]:
    return [word for part in leaf.pointer.split("/") for word in words_of(part)]
