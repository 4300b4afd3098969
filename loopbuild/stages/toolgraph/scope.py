"""Where in an API a value lives: an organisation's secret is no user's secret, whatever its name.

Read off the paths of two operations. A collection under a parent (`/orgs/{org}/secrets`) holds that parent's things
alone, and so does one under the caller's own place (`/user/secrets`). A collection at the root of an API
(`/repos/{owner}/{repo}`, `/contacts/{id}`) holds all of its kind: a listing below a parent is a view of it. Tools
without a path have no scope, and nothing is decided about them. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from loopbuild.pointers import escaped
from loopbuild.records import ToolSchema
from loopbuild.stages.toolgraph.lists import IDENTIFIERS
from loopbuild.stages.toolgraph.ports import Port, Words, split_name, without_roles

Bound = tuple[tuple[str, str], ...]
_PARAMETER = re.compile(r"\{([^{}]+)\}")
_FILLER = re.compile(r"v\d[\w.]*|\d[\d.]*|api|rest|search|all|list|query|find")
_IDS = tuple((word,) for word in sorted(IDENTIFIERS))
_OWN = frozenset({"user", "me", "self", "viewer", "account", "profile", "my", "app", "installation"})
"""Places that belong to whoever calls, where no parameter follows: `/user/keys`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One parent: the collection it is a member of, and the parameters that say which member."""

    noun: Words
    names: tuple[str, ...] = ()

    def is_same(self, other: Step) -> bool:
        """Say whether two operations mean the same parent by it."""
        if len(self.names) != len(other.names):
            return False
        if self.noun and other.noun:
            return self.noun == other.noun
        return [without_roles(split_name(name)) for name in self.names] == [
            without_roles(split_name(name)) for name in other.names
        ]


@dataclass(frozen=True, slots=True)
class Scope:
    """The parents of a collection, the words between the last of them and it, and the collection."""

    steps: tuple[Step, ...] = ()
    space: tuple[Words, ...] = ()
    collection: Words = ()

    @property
    def is_root(self) -> bool:
        """Say whether all things of its kind are here."""
        return not self.steps and not self.space


def is_within(producer: Port, consumer: Port) -> bool:
    """Say whether what `producer` gives can be what `consumer` asks for, as far as their places tell."""
    given, wanted = _scopes(producer, consumer)
    if given is None or wanted is None or wanted.is_root:
        return True
    if not _is_prefix(given.steps, wanted.steps):
        # A member's part of a collection: its ids are ids of the whole, its names may be its own.
        is_part = _is_prefix(wanted.steps, given.steps) and given.collection == wanted.collection
        return is_part and producer.leaf.words[-1:] in _IDS
    if given.collection[-1:] != wanted.collection[-1:] or not given.collection:
        return True
    return (given.space, given.collection) == (wanted.space, wanted.collection)


def bound(producer: Port, consumer: Port) -> Bound:
    """Return the parents both calls must share, each as (input of the producer, input of the consumer)."""
    given, wanted = _scopes(producer, consumer)
    if given is None or wanted is None or not is_within(producer, consumer):
        return ()
    return tuple(
        ("/" + escaped(one), "/" + escaped(other))
        for step, same in zip(given.steps, wanted.steps, strict=False)
        for one, other in zip(step.names, same.names, strict=True)
    )


def _scopes(producer: Port, consumer: Port) -> tuple[Scope | None, Scope | None]:
    if producer.tool.source != consumer.tool.source:
        return None, None
    return producer_scope(producer.tool), consumer_scope(consumer)


def _is_prefix(one: tuple[Step, ...], other: tuple[Step, ...]) -> bool:
    return len(one) <= len(other) and all(step.is_same(same) for step, same in zip(one, other, strict=False))


def producer_scope(tool: ToolSchema) -> Scope | None:
    """Return where the things live that a tool returns; None for a tool without a path.

    What an operation on one member returns is that member: its own parameter is no parent.
    """
    path = tool.transport.get("path")
    return _of_path(path) if isinstance(path, str) else None


def consumer_scope(port: Port) -> Scope | None:
    """Return where the things live that an input names: for a part of the path its collection, else all of the path."""
    path = port.tool.transport.get("path")
    return _of_input(path, port.leaf.pointer) if isinstance(path, str) else None


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
        if any("/" + escaped(name) == pointer for name in step.names):
            return _scope(steps[:at], step.nouns)
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
        parents.append(Step(step.nouns[-1] if step.nouns else (), step.names))
    parents += _own(literals[:-1])
    space = tuple(words for words in literals[:-1] if not _own([words]))
    return Scope(tuple(parents), space, literals[-1] if literals else ())


def _own(literals: list[Words]) -> list[Step]:
    return [Step(words) for words in literals if len(words) == 1 and words[0] in _OWN]
