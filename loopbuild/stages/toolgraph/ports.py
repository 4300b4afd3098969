"""A leaf as one end of a possible edge, with the readings of its name, and the index that finds partners.

The index is what keeps inference away from all pairs: on a large API those are hundreds of millions, joined on
normalised names a few hundred thousand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from loopbuild.records import SchemaLeaf, ToolSchema
from loopbuild.stages.toolgraph.lists import GENERIC, IDENTIFIERS, NAMES, PLACES, ROLES, SEARCH_TERMS

Words = tuple[str, ...]
_PLACE_WORDS = frozenset((word,) for word in PLACES)
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
    echo: Literal["", "optional", "required"] = ""
    """The input of its own tool that an output repeats."""
    named: str = ""
    """The entity an output is the name of."""
    subjects: frozenset[str] = frozenset()
    """The entities whose names an input asks for that takes any search term."""

    @property
    def place(self) -> tuple[str, str]:
        """Return (tool id, pointer), the port's identity and sort key."""
        return (self.tool.id, self.leaf.pointer)

    @property
    def depth(self) -> int:
        """Return how many properties lie around the leaf."""
        return sum(part not in ("[]", "*") for part in self.leaf.pointer.split("/")) - 2

    @property
    def is_place(self) -> bool:
        """Say whether an input asks where."""
        return len(self.core) == 1 and self.core[0] in PLACES

    @property
    def place_name(self) -> bool:
        """Say whether an output is the name of a place."""
        return self.named in PLACES


def output_ports(tool: ToolSchema) -> list[Port]:
    """Return the ports of what a tool returns."""
    taken = {leaf.words: leaf.is_required for leaf in tool.inputs}
    return [_output(tool, leaf, taken) for leaf in tool.outputs]


def input_ports(tool: ToolSchema) -> list[Port]:
    """Return the ports of what a tool takes."""
    required = [leaf for leaf in tool.inputs if leaf.is_required]
    subjects = frozenset(_subjects(tool)) if len(required) == 1 and tool.effect in ("read", "unknown") else frozenset()
    return [
        Port(
            tool=tool,
            leaf=leaf,
            words=leaf.words,
            core=without_roles(leaf.words),
            container=_container(leaf.pointer),
            entity=tuple(leaf.entity.split()),
            subjects=subjects if leaf.is_required and " ".join(leaf.words) in SEARCH_TERMS else frozenset(),
        )
        for leaf in tool.inputs
    ]


def _output(tool: ToolSchema, leaf: SchemaLeaf, taken: Mapping[Words, bool]) -> Port:
    container = _container(leaf.pointer)
    entity = tuple(leaf.entity.split())
    is_name = " ".join(leaf.words) in NAMES
    if is_name and len(leaf.words) > 1:
        entity = container or tuple(tool.entity.split())
    found = [taken[words] for words in (leaf.words, (*container, *leaf.words)) if words in taken]
    return Port(
        tool=tool,
        leaf=leaf,
        words=leaf.words,
        core=without_roles(leaf.words),
        container=container,
        entity=entity,
        echo="required" if any(found) else "optional" if found else "",
        named=entity[-1] if is_name and entity else leaf.words[0] if leaf.words in _PLACE_WORDS else "",
    )


def _subjects(tool: ToolSchema) -> Iterator[str]:
    """Yield what a lookup is about: its entity, and each single object of its answer that has a name."""
    if tool.entity:
        yield tool.entity.split()[-1]
    for leaf in tool.outputs:
        container = _container(leaf.pointer)
        if container and leaf.pointer.count("/") == 2 and " ".join(leaf.words) in NAMES:
            yield container[-1]


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
    if item.named:
        yield ("named", item.named)
        if item.place_name:
            yield ("where",)


def _wants(item: Port) -> Iterator[tuple[str, ...]]:
    if item.is_place:
        yield ("where",)
    for subject in sorted(item.subjects):
        yield ("named", subject)
    for words in alternatives(item.words):
        if is_generic(words):
            yield ("entity", item.entity[-1] if item.entity else "", *words)
            if item.leaf.kind:
                yield ("kind", item.leaf.kind, *words)
            if len(words) > 1:
                yield ("=", *words)
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
