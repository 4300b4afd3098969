"""A leaf as one end of a possible edge, with the readings of its name, and the index that finds partners.

The index is what keeps inference away from all pairs: on a large API those are hundreds of millions, joined on
normalised names a few hundred thousand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loopbuild.records import SchemaLeaf, ToolSchema
from loopbuild.stages.toolgraph.lists import GENERIC, IDENTIFIERS, ROLES

Words = tuple[str, ...]
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Port:
    """One end: a leaf, its tool, and what its name can be read as."""

    tool: ToolSchema
    leaf: SchemaLeaf
    words: Words
    core: Words
    """`words` without leading and trailing role words."""
    container: Words
    """Words of the property around the leaf."""
    entity: Words

    @property
    def place(self) -> tuple[str, str]:
        """Return (tool id, pointer), the port's identity and sort key."""
        return (self.tool.id, self.leaf.pointer)


def port(tool: ToolSchema, leaf: SchemaLeaf) -> Port:
    """Return the port of a leaf."""
    return Port(
        tool=tool,
        leaf=leaf,
        words=leaf.words,
        core=without_roles(leaf.words),
        container=_container(leaf.pointer),
        entity=tuple(leaf.entity.split()),
    )


def is_generic(words: Words) -> bool:
    """Say whether a name consists of words that say too little to join on."""
    return all(word in GENERIC or word in ROLES for word in words)


def is_bare_id(words: Words) -> bool:
    """Say whether a name is `id` alone, so that only its surroundings tell whose."""
    return len(words) == 1 and words[0] in IDENTIFIERS


def without_roles(words: Words) -> Words:
    """Return `words` without leading and trailing role words."""
    start, end = 0, len(words)
    while start < end and words[start] in ROLES:
        start += 1
    while end > start and words[end - 1] in ROLES:
        end -= 1
    return words[start:end]


def alternatives(words: Words) -> list[Words]:
    """Return the readings of `a_or_b_id`: (a, id) and (b, id); one reading for any other name."""
    if "or" not in words[1:-1]:
        return [words]
    parts: list[Words] = []
    current: list[str] = []
    for word in words:
        if word == "or":
            parts.append(tuple(current))
            current = []
        else:
            current.append(word)
    parts.append(tuple(current))
    tail = parts[-1][-1:]
    if tail and tail[0] in IDENTIFIERS and len(parts[-1]) > 1:
        parts = [part if part[-1:] == tail else (*part, *tail) for part in parts]
    return [part for part in parts if part]


class PortIndex:
    """Producer ports by the readings of their names."""

    def __init__(self, ports: Iterable[Port]) -> None:
        self._by_key: dict[tuple[str, ...], list[Port]] = defaultdict(list)
        for item in ports:
            for key in sorted(set(_offers(item))):
                self._by_key[key].append(item)

    def partners(self, consumer: Port) -> list[Port]:
        """Return the producer ports whose name could fit `consumer`, sorted by tool and pointer."""
        found: dict[tuple[str, str], Port] = {}
        for key in _wants(consumer):
            for item in self._by_key.get(key, ()):
                found[item.place] = item
        return [found[place] for place in sorted(found)]


def _offers(item: Port) -> Iterator[tuple[str, ...]]:
    words = item.words
    if not words:
        return
    yield ("=", *words)
    if is_generic(words):
        yield ("entity", item.entity[-1] if item.entity else "", *words)
        if item.leaf.kind:
            yield ("kind", item.leaf.kind, *words)
    for around in (item.container, item.entity):
        if around:
            yield ("=", *around, *words)
            if is_bare_id(words):
                yield ("noun", *around)
    if item.core and not is_generic(item.core):
        yield ("core", *item.core)
    for start in range(1, len(words)):
        yield ("tail", *words[start:])


def _wants(item: Port) -> Iterator[tuple[str, ...]]:
    for words in alternatives(item.words):
        if is_generic(words):
            yield ("entity", item.entity[-1] if item.entity else "", *words)
            if item.leaf.kind:
                yield ("kind", item.leaf.kind, *words)
        else:
            yield ("=", *words)
            yield ("tail", *words)
            yield ("noun", *words)
        for around in (item.container, item.entity):
            if around:
                yield ("=", *around, *words)
        core = without_roles(words)
        if core and not is_generic(core):
            yield ("core", *core)
        for start in range(1, len(words)):
            rest = words[start:]
            if is_generic(rest):
                yield ("entity", words[start - 1], *rest)
            else:
                yield ("=", *rest)


def _container(pointer: str) -> Words:
    names = [part for part in pointer.split("/")[1:] if part not in ("[]", "*") and not part.startswith("|")]
    if len(names) < 2:
        return ()
    words = [word.casefold() for word in _PARTS.findall(names[-2])]
    # A crude singular is enough here: both sides of a comparison pass through it or through the catalog's own.
    return tuple(word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word for word in words)
