"""Finds the best producers of an input without looking at all pairs, and without scoring what is alike twice.

Decides three things. Ports meet only under a common reading of their names. Ports that `score_fit` cannot tell apart
are one `Alike`, scored once. Those that differ only in their surroundings (entity, container) are one `Family`: where
surroundings have nothing to do with the input all fit it equally well, so one of them is scored for all. A large
API has a `name` in every answer; this is what keeps its thousand `name` inputs from meeting each of them.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from loopbuild.stages.toolgraph.lists import LISTING_VERBS, LOGIN_NAMES, STATES, TAKING_VERBS
from loopbuild.stages.toolgraph.logins import login_offers, login_wants
from loopbuild.stages.toolgraph.names import alternatives, is_bare_id, is_generic, without_roles
from loopbuild.stages.toolgraph.ports import Port
from loopbuild.stages.toolgraph.scope import is_within
from loopbuild.stages.toolgraph.score import OTHER_SOURCE, Match, score_fit

Key = tuple[str, ...]
Mark = Callable[[Port], frozenset[int]]
"""Which of the author's `deny` patterns mean a port."""


@dataclass(frozen=True, slots=True)
class Found:
    """A producer and how well it fits."""

    producer: Port
    match: Match


@dataclass(slots=True, eq=False)
class Alike:
    """Producers that no score can tell apart."""

    marks: frozenset[int]
    tags: frozenset[str]
    ports: list[Port] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Family:
    """Producers that only their surroundings tell apart."""

    source: str
    members: list[Alike] = field(default_factory=list)
    ports: list[tuple[Port, Alike]] = field(default_factory=list)
    """All of the members', best rank first."""


@dataclass(slots=True)
class _Bucket:
    families: dict[str, list[Family]] = field(default_factory=lambda: defaultdict(list))
    """By source."""
    tagged: dict[str, list[Alike]] = field(default_factory=lambda: defaultdict(list))


class PortIndex:
    """Producer ports by the readings of their names; `denied` tells which patterns forbid a port."""

    def __init__(self, ports: Iterable[Port], *, denied: Mark = lambda port: frozenset()) -> None:
        self._denied = denied
        self._plain: dict[Key, _Bucket] = defaultdict(_Bucket)
        self._around: dict[Key, list[Alike]] = defaultdict(list)
        self._known: dict[tuple[object, ...], list[Found]] = {}
        lookalikes: dict[tuple[object, ...], Alike] = {}
        families: dict[tuple[object, ...], Family] = {}
        ranked = [item for item in ports if item.words and item.tool.effect != "delete"]
        for item in sorted(ranked, key=rank):
            marks = denied(item)
            blind = _blind(item, marks)
            key = (blind, item.entity, item.leaf.entity, item.container, item.named)
            alike = lookalikes.get(key)
            if alike is None:
                family = families.get(blind)
                if family is None:
                    family = families[blind] = Family(item.tool.source)
                    for plain in set(_offers(item)):
                        self._plain[plain].families[family.source].append(family)
                alike = lookalikes[key] = Alike(marks, _tags(item))
                family.members.append(alike)
                for plain in set(_offers(item)):
                    for tag in alike.tags:
                        self._plain[plain].tagged[tag].append(alike)
                for around in set(_offers_around(item)):
                    self._around[around].append(alike)
            alike.ports.append(item)
            families[blind].ports.append((item, alike))

    def best(self, consumer: Port, *, min_score: float, tools: int) -> list[Found]:
        """Return the best matches from at least `tools` tools if there are so many, best tools first.

        Of each tool only its leaves that fit best. A consumer's own tool may be among them.
        """
        key = (_consumer(consumer), self._denied(consumer), min_score, tools)
        if key not in self._known:
            self._known[key] = self._search(consumer, min_score, tools)
        return self._known[key]

    def partners(self, consumer: Port) -> list[Port]:
        """Return every producer whose name could fit `consumer`, sorted by tool and pointer."""
        near, families = self._reach(consumer, is_everywhere=True)
        ports = [port for alike in near for port in alike.ports]
        ports += [port for family in families for port, _ in family.ports]
        return sorted({port.place: port for port in ports}.values(), key=lambda port: port.place)

    def _reach(self, consumer: Port, *, is_everywhere: bool) -> tuple[dict[Alike, None], dict[Family, None]]:
        """Return the lookalikes with common surroundings, and the families by name alone."""
        tags = _wanted_tags(consumer)
        near: dict[Alike, None] = {}
        families: dict[Family, None] = {}
        for key in _wants_around(consumer):
            near.update(dict.fromkeys(self._around.get(key, ())))
        for key in _wants(consumer):
            bucket = self._plain.get(key)
            if bucket is None:
                continue
            for tag in tags:
                near.update(dict.fromkeys(bucket.tagged.get(tag, ())))
            chosen = bucket.families.values() if is_everywhere else [bucket.families.get(consumer.tool.source, ())]
            families.update(dict.fromkeys(family for some in chosen for family in some))
        return near, families

    def _search(self, consumer: Port, min_score: float, tools: int) -> list[Found]:
        near, families = self._reach(consumer, is_everywhere=min_score <= OTHER_SOURCE)
        forbidden = self._denied(consumer)
        levels: dict[float, list[Iterator[Found]]] = defaultdict(list)
        for alike in near:
            match = None if alike.marks & forbidden else score_fit(alike.ports[0], consumer)
            if match is not None and match.score >= min_score:
                levels[match.score].append(_each(alike.ports, match))
        for family in families:
            far = next((alike for alike in family.members if alike not in near), None)
            match = None if far is None or far.marks & forbidden else score_fit(far.ports[0], consumer)
            if match is not None and match.score >= min_score:
                levels[match.score].append(_each_far(family, near, match))
        chosen: dict[str, list[Found]] = {}
        for score in sorted(levels, reverse=True):
            merged = heapq.merge(*levels[score], key=lambda found: rank(found.producer))
            fitting = (found for found in merged if is_within(found.producer, consumer))
            for tool, found in groupby(fitting, key=attrgetter("producer.tool.id")):
                if tool not in chosen:
                    chosen[tool] = list(found)
                    if len(chosen) == tools:
                        return [item for some in chosen.values() for item in some]
        return [item for some in chosen.values() for item in some]


def rank(port: Port) -> tuple[bool, int, int, str, str]:
    """Return a producer's place among equals: listings first, then tools that create; what lies deep comes last."""
    is_aside = port.is_incidental or "/|" in port.leaf.pointer
    # Accounts turn up in every answer: first those that a call lists which has to know least.
    parents = port.parents if port.words[-1:] in LOGIN_NAMES else 0
    return (is_aside, _verb_rank(port), parents, port.tool.id, port.leaf.pointer)


def _verb_rank(port: Port) -> int:
    tool = port.tool
    if tool.verb in LISTING_VERBS or port.is_listed:
        return 0
    return 1 if tool.effect == "create" else 2


def _each(ports: Sequence[Port], match: Match) -> Iterator[Found]:
    return (Found(port, match) for port in ports)


def _each_far(family: Family, near: dict[Alike, None], match: Match) -> Iterator[Found]:
    return (Found(port, match) for port, alike in family.ports if alike not in near)


def _blind(item: Port, marks: frozenset[int]) -> tuple[object, ...]:
    """Return all that a score reads of a producer but its surroundings."""
    leaf, tool = item.leaf, item.tool
    return (
        item.words,
        leaf.types,
        leaf.kind,
        leaf.format,
        repr(leaf.enum) if leaf.enum else "",
        item.is_many,
        item.is_plural,
        item.is_incidental,
        item.echo,
        tool.source,
        tool.verb in LISTING_VERBS,
        item.place_name,
        item.named == tool.entity,
        bool(item.entity),
        bool(leaf.entity),
        _place(item),
        marks,
    )


def _place(item: Port) -> tuple[object, ...]:
    """Return what else a score reads where a name says little: whose login it is, of which thing a `sha` tells."""
    if item.words[-1:] in LOGIN_NAMES:
        return (item.scope and item.scope.collection, item.entity, item.container, item.is_listed)
    return (item.thing, item.container) if item.words in STATES else ()


def _consumer(item: Port) -> tuple[object, ...]:
    """Return all that a score reads of a consumer."""
    leaf, tool = item.leaf, item.tool
    return (
        item.words,
        item.container,
        item.entity,
        leaf.entity,
        leaf.types,
        leaf.kind,
        leaf.format,
        repr(leaf.enum) if leaf.enum else "",
        leaf.is_required,
        item.is_many,
        item.is_plural,
        item.is_new,
        item.is_chosen,
        item.member,
        item.scope,
        bool(tool.transport),
        item.is_in_path,
        item.subjects,
        tool.source,
        tool.effect == "create",
        (item.thing, tool.effect) if item.words in STATES else (),
        tool.verb in TAKING_VERBS,
    )


def _tags(item: Port) -> frozenset[str]:
    """Return the words of a producer's surroundings that a consumer may have in common with it."""
    return frozenset(
        (*item.entity[-1:], *item.leaf.entity.split()[-1:], *item.container[-1:], *filter(None, [item.named]))
    )


def _wanted_tags(item: Port) -> frozenset[str]:
    surroundings = (*item.entity[-1:], *item.leaf.entity.split()[-1:], *item.container[-1:])
    return frozenset((*item.words, *surroundings)) | item.subjects


def _offers(item: Port) -> Iterator[Key]:
    """Yield the keys that a producer's own name gives."""
    words = item.words
    yield ("=", *words)
    if is_generic(words) and item.leaf.kind:
        yield ("kind", item.leaf.kind, *words)
    if item.core and not is_generic(item.core):
        yield ("core", *item.core)
    for start in range(1, len(words)):
        yield ("tail", *words[start:])
    if item.place_name:
        yield ("where",)
    yield from login_offers(item)


def _offers_around(item: Port) -> Iterator[Key]:
    """Yield the keys that need its surroundings."""
    if is_generic(item.words):
        yield ("entity", item.entity[-1] if item.entity else "", *item.words)
    for around in (item.container, item.entity):
        if around:
            yield ("=", *around, *item.words)
            if is_bare_id(item.words):
                yield ("noun", *around)
    if item.named:
        yield ("named", item.named)


def _wants(item: Port) -> Iterator[Key]:
    if item.member:
        yield ("=", *item.member)
        yield ("tail", *item.member)
    yield from login_wants(item)
    if item.is_place:
        yield ("where",)
    for words in alternatives(item.words):
        if is_generic(words):
            if item.leaf.kind:
                yield ("kind", item.leaf.kind, *words)
            if len(words) > 1:
                yield ("=", *words)
        else:
            yield ("=", *words)
            yield ("tail", *words)
        for around in (item.container, item.entity):
            if around:
                yield ("=", *around, *words)
        core = without_roles(words)
        if core and not is_generic(core):
            yield ("core", *core)
        for start in range(1, len(words)):
            if not is_generic(words[start:]):
                yield ("=", *words[start:])


def _wants_around(item: Port) -> Iterator[Key]:
    for subject in sorted(item.subjects):
        yield ("named", subject)
    for words in alternatives(item.words):
        if is_generic(words):
            yield ("entity", item.entity[-1] if item.entity else "", *words)
        else:
            yield ("noun", *words)
        yield ("=", *words)
        for around in (item.container, item.entity):
            if around:
                yield ("=", *around, *words)
        for start in range(1, len(words)):
            if is_generic(words[start:]):
                yield ("entity", words[start - 1], *words[start:])
