"""A leaf as one end of a possible edge, with the readings of its name.

Pure; everything about a port is a function of its leaf and its tool alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from loopbuild.pointers import unescaped
from loopbuild.records import SchemaLeaf, ToolSchema
from loopbuild.stages.toolgraph.lists import LOGIN_NAMES, NAMES, PLACES, REFERENCES, SEARCH_TERMS, TAKING_VERBS
from loopbuild.stages.toolgraph.names import Words, is_generic, is_short_for, split_name, without_roles
from loopbuild.stages.toolgraph.paths import Scope, scope_of_input, scope_of_thing, scope_of_tool

_DEEP = 3
_REFERENCES = frozenset((word,) for word in REFERENCES)
_SURE = _REFERENCES & frozenset((word,) for word in ("id", "uuid", "guid", "identifier", "slug", "login", "sha"))
_TIMES = ("date", "datetime", "time", "duration")
_PLACE_WORDS = frozenset((word,) for word in PLACES)


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
    is_chosen: bool = False
    """An input that whoever calls decides about: a setting of what is written, a span of time to look at."""
    scope: Scope | None = None
    """Where in an API the thing lives, None for tools without a path."""
    thing: Scope | None = None
    """The one thing an operation over HTTP is about, None where it is about none or several."""
    member: Words = ()
    """The collection of whose members a part of a path names one: `issue` for `/issues/{issue_number}`."""

    @property
    def is_guessed(self) -> bool:
        """Say whether nothing but a guess says that there is such an output."""
        return self.leaf.origin == "guessed"

    @property
    def is_plural(self) -> bool:
        """Say whether the name is a plural: outside of a list `comments` is how many there are."""
        name = self.leaf.pointer.rpartition("/")[2].casefold()  # `[]` where it is a list of its own
        return bool(self.words) and name.endswith("s") and not self.words[-1].endswith("s")

    @property
    def is_in_path(self) -> bool:
        """Say whether an input is a part of an operation's path."""
        return "{" + unescaped(self.leaf.pointer[1:]) + "}" in str(self.tool.transport.get("path", ""))

    @property
    def is_listed(self) -> bool:
        """Say whether an output comes from a listing: a list in the answer of a collection."""
        method = self.tool.transport.get("method")
        path = str(self.tool.transport.get("path", ""))
        return str(method).lower() == "get" and self.is_many and not path.endswith("}")

    @property
    def parents(self) -> int:
        """Return how many names a path asks for before its answer holds this."""
        return str(self.tool.transport.get("path", "")).count("{")

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


def guessed_ports(tool: ToolSchema) -> list[Port]:
    """Return the ports of what a tool is guessed to return; the author's own allowance makes no more of a guess."""
    taken = {leaf.words: leaf.is_required for leaf in tool.inputs}
    allowed = [leaf for leaf in tool.outputs if leaf.origin == "guessed"]
    return [_output(tool, leaf, taken) for leaf in (*allowed, *tool.guesses)]


def input_ports(tool: ToolSchema) -> list[Port]:
    """Return the ports of what a tool takes."""
    required = [leaf for leaf in tool.inputs if leaf.is_required]
    subjects = frozenset(_subjects(tool)) if len(required) == 1 and tool.effect in ("read", "unknown") else frozenset()
    return [_input(tool, leaf, subjects) for leaf in tool.inputs]


def _input(tool: ToolSchema, leaf: SchemaLeaf, subjects: frozenset[str]) -> Port:
    scope = scope_of_input(tool, leaf.pointer)
    member = _member(scope, leaf)
    return Port(
        tool=tool,
        leaf=leaf,
        words=leaf.words,
        core=without_roles(leaf.words),
        container=_container(leaf.pointer),
        entity=member if member and leaf.kind != "id" else tuple(leaf.entity.split()),
        is_new=_is_new_field(tool, leaf),
        is_chosen=_is_chosen(tool, leaf),
        scope=scope,
        thing=scope_of_thing(tool),
        member=member,
        subjects=subjects if leaf.is_required and " ".join(leaf.words) in SEARCH_TERMS else frozenset(),
    )


def _member(scope: Scope | None, leaf: SchemaLeaf) -> Words:
    """Return the collection that a part of a path names a member of, where its own name agrees: `/issues/{number}`."""
    if scope is None or not scope.collection:
        return ()
    noun = list(leaf.words)
    while (noun and is_generic(tuple(noun[-1:]))) or (noun[-1:] and noun[-1] in REFERENCES):
        noun.pop()
    is_own = leaf.kind == "id" and leaf.entity.split()[-1:] == list(scope.collection[-1:])
    is_own = is_own or not noun or is_short_for(tuple(noun), scope.collection[-len(noun) :])
    return scope.collection if is_own else ()


def _is_chosen(tool: ToolSchema, leaf: SchemaLeaf) -> bool:
    """Only of calls over HTTP, which say where an input goes. What refers to something is passed on all the same."""
    parts = tool.transport.get("in")
    if not isinstance(parts, dict) or leaf.kind == "id":
        return False
    names = leaf.pointer.split("/")[1:]
    part = str(parts.get(unescaped(names[0]), ""))
    if part.startswith("body") or (part == "query" and len(names) > 1):
        return leaf.words[-1:] not in (_REFERENCES if leaf.is_required else _SURE)
    return part == "query" and (leaf.kind in _TIMES or leaf.words in (("created",), ("updated",)))


def _output(tool: ToolSchema, leaf: SchemaLeaf, taken: Mapping[Words, bool]) -> Port:
    container = _container(leaf.pointer)
    entity = tuple(leaf.entity.split())
    is_name = " ".join(leaf.words) in NAMES
    if is_name and len(leaf.words) > 1:
        entity = container or tuple(tool.entity.split())
    found = [taken[words] for words in (leaf.words, (*container, *leaf.words)) if words in taken]
    scope, thing = scope_of_tool(tool), scope_of_thing(tool)
    if leaf.words in LOGIN_NAMES and _is_told_login(container, thing, taken):
        found.append(True)
    return Port(
        tool=tool,
        leaf=leaf,
        words=leaf.words,
        core=without_roles(leaf.words),
        container=container,
        entity=entity,
        scope=scope,
        thing=thing,
        echo="required" if any(found) else "optional" if found else "",
        named=entity[-1] if is_name and entity else leaf.words[0] if leaf.words in _PLACE_WORDS else "",
    )


def _is_told_login(container: Words, thing: Scope | None, taken: Iterable[Words]) -> bool:
    """Say whether the login in an answer is the one that was asked for: that of the member, or of an `org` beside."""
    if container:
        return any(is_short_for(words, container) for words in taken)
    member = thing.steps[-1] if thing is not None else None
    return member is not None and any(
        name in LOGIN_NAMES or is_short_for(name, member.noun) for name in map(split_name, member.names)
    )


def _is_new_field(tool: ToolSchema, leaf: SchemaLeaf) -> bool:
    """An id is none, it may name the original of a copy or of a reply; and what is taken was there before."""
    is_making = tool.effect == "create" and tool.verb not in TAKING_VERBS
    # Over HTTP what is created is told its own `id`, where it is told one at all.
    is_id = leaf.kind == "id" and not (tool.transport and leaf.pointer == "/id")
    return is_making and not is_id and leaf.entity == tool.entity


def _subjects(tool: ToolSchema) -> Iterator[str]:
    """Yield what a lookup is about: its entity, and each single object of its answer that has a name."""
    if tool.entity:
        yield tool.entity.split()[-1]
    for leaf in tool.outputs:
        container = _container(leaf.pointer)
        if container and leaf.pointer.count("/") == 2 and " ".join(leaf.words) in NAMES:
            yield container[-1]


def _container(pointer: str) -> Words:
    names = [part for part in pointer.split("/")[1:] if part not in ("[]", "*") and not part.startswith("|")]
    if len(names) < 2:
        return ()
    return split_name(names[-2])
