"""The records of a plan and the domain of one row.

A call carries its result and what the result brought to light; nothing here chooses what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import asking
import results
import words
from asking import Slots
from domain import Tool, tool
from params import Entity, entity
from values import Value


@dataclass(slots=True, kw_only=True)
class Call:
    """One call with its result; `found` are the ids the result brought to light."""

    tool: Tool
    arguments: dict[str, Any]
    result: Any
    found: list[Any] = field(default_factory=list)
    about: Any = None


@dataclass(slots=True, kw_only=True)
class Turn:
    """Calls made together; `because` may justify them, `parallel` says the request asked for it."""

    calls: list[Call]
    because: str = ""


@dataclass(slots=True, kw_only=True)
class Plan:
    turns: list[Turn]
    steps: list[str]
    goal: str = ""
    follow: str = ""
    follow_turns: list[Turn] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class World:
    """The domain of one row."""

    rng: Random
    slots: Slots
    entities: list[Entity]
    schemas: bool
    tools: list[Tool] = field(default_factory=list)

    @property
    def nouns(self) -> tuple[str, ...]:
        """Words that must stay spelt as they are, since tool names are made of them."""
        return tuple(word for made in self.tools for e in (made.entity, made.other) if e for word in e.noun.split())

    def tool(self, key: str, target: Entity, child: Entity | None = None, others: list[Entity] | None = None) -> Tool:
        """A tool of the row, made once per class and entity."""
        for made in self.tools:
            if made.klass.key == key and made.entity is target and (child is None or made.other is child):
                return made
        made = tool(
            self.rng, key, target, self.entities if others is None else others, schemas=self.schemas, child=child
        )
        self.tools.append(made)
        return made


def world(rng: Random, *, schemas: bool) -> World:
    chosen: list[Entity] = []
    while len(chosen) < 3:
        new = entity(rng)
        if all(new.noun.split()[-1] != other.noun.split()[-1] for other in chosen):
            chosen.append(new)
    return World(rng=rng, slots=Slots(), entities=chosen, schemas=schemas)


def outcome(w: World, made: Tool, arguments: dict[str, Any]) -> Call:
    """A call with a result nobody depends on."""
    rng, shape = w.rng, made.klass.shape
    ident = arguments.get(made.params[0].name) if made.has_id else None
    call = Call(tool=made, arguments=arguments, result={}, about=ident)
    if made.klass.key == "count":
        call.result = {rng.choice(("count", "total", f"{made.entity.key}_count")): rng.randint(0, 400)}
    elif shape in ("many", "query"):
        call.found = distinct(w, made.entity, rng.choice((0, 1, 2, 3, 3)))
        call.result = results.listing(rng, made.entity, call.found)
    elif shape == "under":
        child = made.other or made.entity
        call.found = distinct(w, child, rng.choice((0, 1, 2, 3)))
        call.result = results.listing(rng, child, call.found)
    elif shape == "named":
        call.found = [made.entity.mint(rng)]
        call.result = results.record(rng, made.entity, call.found[0], {"name": next(iter(arguments.values()))})
    elif shape in ("new", "send") or (shape == "slot" and not made.has_id):
        call.found = [made.entity.mint(rng)]
        call.result = results.receipt(rng, made, call.found[0])
        if "status" not in str(call.result):
            call.found = []
    elif made.klass.key in ("get", "track", "check"):
        call.result = results.record(rng, made.entity, ident, {"status": rng.choice(words.STATUSES)})
    elif shape in ("compute", "bare") and made.klass.key != "refresh":
        call.result = results.measured(rng, made)
    else:
        call.result = results.receipt(rng, made, ident)
    return call


def distinct(w: World, target: Entity, count: int) -> list[Any]:
    found: list[Any] = []
    while len(found) < count:
        new = target.mint(w.rng)
        if new not in found:
            found.append(new)
    return found


def request(w: World, made: Tool, given: dict[str, Value], refs: dict[str, str], *, last: bool = True) -> str:
    return asking.ask(w.rng, made, given, w.slots, refs, schemas=w.schemas, last=last)


def filled(made: Tool, given: dict[str, Value], bound: dict[str, Any]) -> dict[str, Any]:
    """Arguments in alphabetical order, the order in which canonical JSON stores them."""
    names = [p.name for p in made.params]
    content = {n: given[n].value for n in names if n in given} | {n: bound[n] for n in names if n in bound}
    return dict(ordered(content))


def ordered(content: Any) -> Any:
    """The same content with the keys of every object in alphabetical order."""
    if isinstance(content, dict):
        return {key: ordered(content[key]) for key in sorted(content)}
    return [ordered(item) for item in content] if isinstance(content, list) else content
