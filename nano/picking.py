"""Picking from what was found and acting on it: the links between the steps of a chain.

Each link yields the argument, the words that stand for it in the request, and the sentence that justifies it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import asking
import results
import values
import words
from domain import Tool
from params import Entity, entity, reference
from values import Value
from world import Call, Turn, World, distinct, filled, outcome, request

ACTS = (
    "update",
    "delete",
    "cancel",
    "approve",
    "reject",
    "assign",
    "book",
    "schedule",
    "close",
    "archive",
    "export",
    "move",
    "check",
    "start",
    "stop",
    "rename",
    "share",
    "track",
    "pay",
    "refund",
    "rate",
    "extend",
    "lock",
    "unlock",
    "notify",
    "compute",
    "add",
    "link",
    "get",
)
LINKED = ("schedule", "create", "submit", "book")
LINKED_ACTS = ("schedule", "schedule", "create", "submit")

_ORDINALS = ("first", "second", "third", "fourth")


@dataclass(slots=True, kw_only=True)
class Pick:
    """Which members of a list the user means, and the words for them; `full` carries the noun phrase."""

    idents: list[Any]
    short: str
    full: str
    because: str
    names: list[str] | None = None
    together: bool = False


def pick(w: World, target: Entity, idents: list[Any], phrase: str, *, several_: bool) -> Pick:
    """Choose from the list; `phrase` is the noun with its filters ("open orders")."""
    rng, count, noun = w.rng, len(idents), target.noun
    draw = rng.random()
    if several_ and count > 1:
        k = rng.randint(2, min(3, count))
        if rng.random() < 0.3:
            k = min(count, 4)
        number = ("two", "three", "four")[k - 2] if rng.random() < 0.75 else str(k)
        together = rng.random() < 0.3
        tail = rng.choice((" at once", " together", " in parallel", " at the same time")) if together else ""
        word = rng.choice(("top {}", "first {}", "{} best", "best {}")).format(number)
        short, full = (
            rng.choice((f"the {word}", f"the {word} {words.plural(noun)}")),
            f"the {word} {plural_phrase(phrase)}",
        )
        if k == count and rng.random() < 0.6:
            short, full = (
                rng.choice(("all of them", "each of them", "every one of them")),
                rng.choice((f"all {plural_phrase(phrase)}", f"every {phrase}")),
            )
        listed = ", ".join(str(i) for i in idents[: k - 1]) + f" and {idents[k - 1]}"
        return Pick(
            idents=idents[:k],
            short=short + tail,
            full=full + tail,
            because=f"{rng.choice(('I take', 'These are', 'The chosen ones are'))} {listed}.",
            together=together,
        )
    if draw < 0.25 or count == 1:
        word, at = rng.choice(("first", "first", "very first")), 0
        short = rng.choice(
            (
                f"the {word} one",
                f"the {word} {noun}",
                "the first of them",
                "the first",
                "the one at the top of the list",
            )
        )
        if count == 1:
            short = rng.choice((short, "it", f"that {noun}", f"the {noun}"))
    elif draw < 0.43:
        word, at = rng.choice(("best", "top", "strongest", "highest rated", "leading", "top ranked")), 0
        short = rng.choice((f"the {word} one", f"the {word} {noun}", f"the {word} {noun}"))
    elif draw < 0.56:
        word, at = "last", count - 1
        short = rng.choice(("the last one", f"the last {noun}", "the last of them", "the last of those"))
    elif draw < 0.82:
        at = rng.randint(0, min(3, count - 1))
        word = _ORDINALS[at]
        short = rng.choice(
            (
                f"the {word} one",
                f"the {word} {noun}",
                f"number {at + 1}",
                f"the {word} of those",
                f"the {word} on the list",
            )
        )
    else:
        at, names = rng.randrange(count), []
        while len(names) < count:
            new = values.proper(rng).value if rng.random() < 0.6 else values.person(rng).value
            if new not in names:
                names.append(new)
        held = w.slots.hold(names[at])
        short = rng.choice((f"the one called {held}", f"the {noun} called {held}", f"{held}", f"the one named {held}"))
        return Pick(
            idents=[idents[at]],
            short=short,
            full=f"the {phrase} {rng.choice(('called', 'named'))} {held}",
            because=rng.choice((f"{names[at]} is {idents[at]}.", f"The {noun} {names[at]} has id {idents[at]}.")),
            names=names,
        )
    ident = idents[at]
    return Pick(
        idents=[ident],
        short=short,
        full=f"the {word} {phrase}",
        because=rng.choice(
            (f"The {word} {noun} is {ident}.", f"The {word} one is {ident}.", f"I take {ident}.", f"I found {ident}.")
        ),
    )


def plural_phrase(phrase: str) -> str:
    head, _, tail = phrase.partition(" | ")
    return words.plural(head) + (f" {tail}" if tail else "")


def actor(w: World, target: Entity, others: list[Entity]) -> tuple[Tool, str]:
    """A tool that takes an id of the entity, with the parameter that takes it."""
    rng = w.rng
    if rng.random() < 0.28:
        made = w.tool(rng.choice(LINKED), entity(rng), others=[target, *others])
        if made.klass.shape == "slot" and made.has_id:
            made.params.pop(0)
            made.has_id = False
        own = next((p.name for p in made.params if p.entity is target), "")
        if not own:
            made.params.insert(0, reference(target))
            own = made.params[0].name
        return made, own
    made = w.tool(rng.choice([key for key in (*ACTS, "under", "under") if key != "schedule"]), target, others=others)
    if not made.has_id:
        made.params.insert(0, reference(target))
        made.has_id = True
    return made, made.params[0].name


def source(
    w: World, target: Entity, *, several_: bool, parent: Entity | None = None
) -> tuple[Tool, dict[str, Value], str, Call, Pick]:
    """A listing call, the noun phrase of its filters, and what is picked from it."""
    rng = w.rng
    made = w.tool("under", parent, child=target) if parent else w.tool(rng.choice(("list", "list", "search")), target)
    skip = frozenset((made.params[0].name,)) if parent else frozenset()
    given = asking.drawn(rng, made, skip=skip, odds=0.35)
    idents = distinct(w, target, rng.choice((2, 3, 3, 4)) if several_ else rng.choice((1, 2, 3, 3, 4, 5)))
    phrase = target.noun
    modifiers = []
    for param in made.params:
        if param.name not in given:
            continue
        value = given[param.name]
        if value.free:
            value = given[param.name] = Value(said=f"'{value.said}'", value=value.value)
        if param.name == "status":
            phrase = f"{w.slots.hold(value.said)} {phrase}"
        elif param.name != "limit":
            modifiers.append(asking.cue(rng, param, w.slots.hold(value.said), made.params))
        elif rng.random() < 0.5:
            given.pop("limit")
        else:
            modifiers.append(asking.cue(rng, param, w.slots.hold(value.said), made.params))
    chosen = pick(w, target, idents, phrase + (" | " + " ".join(modifiers) if modifiers else ""), several_=several_)
    chosen.full = chosen.full.replace(" | ", " ")
    call = Call(
        tool=made,
        arguments=filled(made, given, {}),
        result=results.listing(rng, target, idents, chosen.names),
        found=idents,
    )
    return made, given, phrase, call, chosen


def apply(
    w: World, target: Entity, others: list[Entity], chosen: Pick, extra: dict[Any, tuple[Any, str]] | None = None
) -> tuple[list[Turn], str, str]:
    """Act on the picked ids: turns, the step's wording, the goal's wording."""
    made, own = actor(w, target, others)
    given = asking.drawn(w.rng, made, skip=frozenset((own,)))
    bound: dict[str, Any] = {}
    refs: dict[str, str] = {}
    for param in made.params:
        if extra and param.name != own and param.entity in extra:
            bound[param.name], refs[param.name] = extra[param.entity]
            given.pop(param.name, None)
    calls = [outcome(w, made, filled(made, given, bound | {own: ident})) for ident in chosen.idents]
    step = request(w, made, given, refs | {own: chosen.short})
    goal = request(w, made, given, refs | {own: chosen.full})
    turns = (
        [Turn(calls=calls, because=chosen.because)]
        if chosen.together
        else [
            Turn(
                calls=[call],
                because=chosen.because
                if i == 0
                else w.rng.choice((f"Next is {ident}.", f"The next one is {ident}.", f"Then comes {ident}.")),
            )
            for i, (call, ident) in enumerate(zip(calls, chosen.idents, strict=True))
        ]
    )
    return turns, step, goal


def named(w: World, target: Entity) -> tuple[Tool, dict[str, Value], Call, Pick]:
    """Find a thing by its name; the pick is that thing."""
    rng = w.rng
    made = w.tool("find", target)
    given = asking.drawn(rng, made)
    name = next(iter(given.values()))
    ident = target.mint(rng)
    more = {made.params[0].name: name.value}
    result = (
        results.record(rng, target, ident, more)
        if rng.random() < 0.7
        else results.listing(rng, target, [ident], [name.value])
    )
    held = w.slots.hold(name.said)
    chosen = Pick(
        idents=[ident],
        short=rng.choice(("it", f"that {target.noun}", f"the {target.noun}", f"this {target.noun}")),
        full=rng.choice(
            (
                f"the {target.noun} {held}",
                f"the {target.noun} called {held}",
                f"{target.noun} {held}",
                f"the {target.noun} named {held}",
            )
        ),
        because=rng.choice((f"{name.value} is {ident}.", f"The {target.noun} is {ident}.", f"I found {ident}.")),
    )
    return made, given, Call(tool=made, arguments=filled(made, given, {}), result=result, found=[ident]), chosen
