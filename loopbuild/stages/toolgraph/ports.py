"""A leaf as one end of a possible edge, with the readings of its name.

Pure; everything about a port is a function of its leaf and its tool alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from loopbuild.records import SchemaLeaf, ToolSchema
from loopbuild.stages.toolgraph.lists import GENERIC, IDENTIFIERS, NAMES, PLACES, ROLES, SEARCH_TERMS, TAKING_VERBS

Words = tuple[str, ...]
_DEEP = 3
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
    is_new: bool = False
    """An input is a field of the very thing its tool creates: nobody has stored it before."""

    @property
    def place(self) -> tuple[str, str]:
        """Return (tool id, pointer), the port's identity and sort key."""
        return (self.tool.id, self.leaf.pointer)

    @property
    def depth(self) -> int:
        """Return how many properties lie around the leaf."""
        return sum(part not in ("[]", "*") for part in self.leaf.pointer.split("/")) - 2

    @property
    def is_incidental(self) -> bool:
        """Say whether the leaf lies so deep that the answer is hardly about it."""
        return self.depth >= _DEEP

    @property
    def is_many(self) -> bool:
        """Say whether the leaf lies in a list."""
        return "/[]" in self.leaf.pointer

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
            is_new=_is_new_field(tool, leaf),
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


def _is_new_field(tool: ToolSchema, leaf: SchemaLeaf) -> bool:
    """An id is none, it may name the original of a copy or of a reply; and what is taken was there before."""
    is_making = tool.effect == "create" and tool.verb not in TAKING_VERBS
    return is_making and leaf.kind != "id" and leaf.entity == tool.entity


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


def _container(pointer: str) -> Words:
    names = [part for part in pointer.split("/")[1:] if part not in ("[]", "*") and not part.startswith("|")]
    if len(names) < 2:
        return ()
    return split_name(names[-2])


@lru_cache(maxsize=65536)
def split_name(name: str) -> Words:
    """Return the words of a name, roughly in the singular."""
    words = [word.casefold() for word in _PARTS.findall(name)]
    # A crude singular is enough here: both sides of a comparison pass through it or through the catalog's own.
    return tuple(word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word for word in words)
