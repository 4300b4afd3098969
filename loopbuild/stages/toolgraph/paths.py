"""The path of an operation -> where its things live: parents, and the collection below them. Pure text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from loopbuild.pointers import escaped
from loopbuild.records import ToolSchema
from loopbuild.stages.toolgraph.names import Words, is_short_for, split_name, without_roles

_PARAMETER = re.compile(r"\{([^{}]+)\}")
_FILLER = re.compile(r"v\d[\w.]*|\d[\d.]*|api|rest|search|all|list|query|find")
_OWN = frozenset({"user", "me", "self", "viewer", "account", "profile", "my", "app", "installation"})
"""Places that belong to whoever calls, where no parameter follows: `/user/keys`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One parent: the collection it is a member of, and the parameters that say which member."""

    noun: Words
    """All words since the parent before: `pull`, `comment` for `/pulls/comments/{id}`."""
    names: tuple[str, ...] = ()

    def is_same(self, other: Step) -> bool:
        """Say whether two operations mean the same parent by it."""
        if len(self.names) != len(other.names):
            return False
        own, others = self._named(), other._named()
        if self.noun and other.noun and self.noun != other.noun:
            # `/orgs/{org}` and `/organizations/{org}`: what the member is called tells that one is the other cut short.
            short = min(self.noun[-1], other.noun[-1], key=len)
            return own == others and own[-1:] == [(short,)] and is_short_for(self.noun, other.noun)
        return bool(self.noun and other.noun) or own == others

    def _named(self) -> list[Words]:
        return [without_roles(split_name(name)) for name in self.names]


@dataclass(frozen=True, slots=True)
class Scope:
    """The parents of a collection, the words between the last of them and it, and the collection."""

    steps: tuple[Step, ...] = ()
    space: tuple[Words, ...] = ()
    collection: Words = ()
    is_part: bool = False
    """Of an input: a further part of a key of several, `repo` in `/{owner}/{repo}`."""

    @property
    def is_root(self) -> bool:
        """Say whether all things of its kind are here."""
        return not self.steps and not self.space


def scope_of_tool(tool: ToolSchema) -> Scope | None:
    """Return where the things live that a tool returns; None for a tool without a path.

    What an operation on one member returns is that member: its own parameter is no parent.
    """
    path = tool.transport.get("path")
    return _of_path(path) if isinstance(path, str) else None


def scope_of_input(tool: ToolSchema, pointer: str) -> Scope | None:
    """Return where the things live that an input names: for a part of the path its collection, else all of the path."""
    path = tool.transport.get("path")
    return _of_input(path, pointer) if isinstance(path, str) else None


def scope_of_thing(tool: ToolSchema) -> Scope | None:
    """Return the one thing an operation is about, its key the last of the steps; None where it is about several."""
    path = tool.transport.get("path")
    return _of_thing(path) if isinstance(path, str) and path.endswith("}") else None


@lru_cache(maxsize=65536)
def _of_thing(path: str) -> Scope:
    return _scope(_parse(path)[0], [])


@lru_cache(maxsize=65536)
def _of_path(path: str) -> Scope:
    steps, rest = _parse(path)
    if steps and steps[-1].names and not rest:
        last = steps.pop()
        return _scope(steps, last.nouns)
    return _scope(steps, rest)


@lru_cache(maxsize=65536)
def _of_input(path: str, pointer: str) -> Scope:
    steps, _ = _parse(path)
    for at, step in enumerate(steps):
        pointers = ["/" + escaped(name) for name in step.names]
        if pointer in pointers:
            return replace(_scope(steps[:at], step.nouns), is_part=pointer != pointers[0])
    return _scope(steps, [])


@dataclass(frozen=True, slots=True)
class _Raw:
    nouns: list[Words]
    """The literals before the parameters."""
    names: tuple[str, ...]


def _parse(path: str) -> tuple[list[_Raw], list[Words]]:
    """Return the parents on a path, each with the literals before it, and the literals after the last."""
    steps: list[_Raw] = []
    literals: list[Words] = []
    for part in path.split("/"):
        names = tuple(_PARAMETER.findall(part))
        if names and steps and not literals:
            steps[-1] = _Raw(steps[-1].nouns, steps[-1].names + names)  # `/{owner}/{repo}`: one key of two parts
        elif names:
            steps.append(_Raw(literals, names))
            literals = []
        elif part and not _FILLER.fullmatch(part.casefold()):
            literals.append(split_name(part))
    return steps, literals


def _scope(steps: list[_Raw], literals: list[Words]) -> Scope:
    parents: list[Step] = []
    for step in steps:
        parents += _own(step.nouns[:-1])
        noun = tuple(word for words in step.nouns if not _own([words]) for word in words)
        parents.append(Step(noun, step.names))
    parents += _own(literals[:-1])
    space = tuple(words for words in literals[:-1] if not _own([words]))
    return Scope(tuple(parents), space, literals[-1] if literals else ())


def _own(literals: list[Words]) -> list[Step]:
    return [Step(words) for words in literals if len(words) == 1 and words[0] in _OWN]
