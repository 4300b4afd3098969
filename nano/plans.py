"""Plans: which calls, in which order, with which results, and where each argument comes from.

A plan is worded by its own steps (`steps`) or, where one sentence can name the goal, by `goal`. Messages are made
elsewhere.
"""

from __future__ import annotations

from typing import Any

import asking
import results
import values
from domain import Tool
from params import Entity, reference, simple
from picking import ACTS, LINKED_ACTS, Pick, apply, named, source
from values import Value
from world import Call, Plan, Turn, World, distinct, filled, outcome, request

SINGLE = (
    *ACTS,
    "list",
    "list",
    "search",
    "search",
    "find",
    "find",
    "create",
    "create",
    "create",
    "create",
    "submit",
    "send",
    "count",
    "under",
    "under",
    "summary",
    "refresh",
    "get",
    "get",
    "book",
    "schedule",
    "schedule",
    "update",
    "update",
    "update",
    "cancel",
)


def single(w: World) -> Plan:
    made = w.tool(w.rng.choice(SINGLE), w.entities[0], child=w.entities[1])
    given = asking.drawn(w.rng, made)
    return Plan(turns=[Turn(calls=[outcome(w, made, filled(made, given, {}))])], steps=[request(w, made, given, {})])


def several(w: World) -> Plan:
    """The same action on two or three ids the user names: calls made together."""
    rng, target = w.rng, w.entities[0]
    made = w.tool(
        rng.choice(
            (
                "get",
                "delete",
                "cancel",
                "approve",
                "close",
                "archive",
                "check",
                "start",
                "stop",
                "lock",
                "unlock",
                "update",
                "track",
                "notify",
            )
        ),
        target,
    )
    own = made.params[0].name
    idents = distinct(w, target, rng.choice((2, 2, 3)))
    given = asking.drawn(rng, made, skip=frozenset((own,)))
    held = [w.slots.hold(ident) for ident in idents]
    many = rng.choice((target.plural, f"the {target.plural}", target.noun))
    ref = f"{many} {', '.join(held[:-1])} and {held[-1]}"
    calls = [outcome(w, made, filled(made, given, {own: ident})) for ident in idents]
    ordered = rng.random() < 0.25
    step = request(w, made, given, {own: ref})
    if ordered:
        return Plan(
            turns=[Turn(calls=[call]) for call in calls],
            steps=[step + rng.choice((", one after the other", " one by one", ", one at a time"))],
        )
    return Plan(turns=[Turn(calls=calls)], steps=[step])


def unrelated(w: World) -> Plan:
    """Two or three requests that need nothing of each other."""
    rng = w.rng
    made = [w.tool(key, target) for key, target in zip(rng.sample(ACTS, 3), w.entities, strict=True)][
        : rng.choice((2, 2, 3))
    ]
    given = [asking.drawn(rng, t) for t in made]
    calls = [outcome(w, t, filled(t, g, {})) for t, g in zip(made, given, strict=True)]
    steps = [request(w, t, g, {}, last=i == len(made) - 1) for i, (t, g) in enumerate(zip(made, given, strict=True))]
    return Plan(turns=[Turn(calls=[call]) for call in calls], steps=steps)


def list_act(w: World) -> Plan:
    target = w.entities[0]
    made, given, _, call, chosen = source(w, target, several_=w.rng.random() < 0.33)
    turns, step, goal = apply(w, target, w.entities[1:], chosen)
    return Plan(turns=[Turn(calls=[call]), *turns], steps=[request(w, made, given, {}, last=False), step], goal=goal)


def list_under_act(w: World) -> Plan:
    """A listing, the members of its first thing, an action on the best of them."""
    rng = w.rng
    parent, child = w.entities[0], w.entities[1]
    made, given, _, call, outer = source(w, parent, several_=False)
    if rng.random() < 0.25:
        made, given, call, outer = named(w, parent)
    ident = outer.idents[0]
    lower, lower_given, _, under, chosen = source(w, child, several_=rng.random() < 0.4, parent=parent)
    own = lower.params[0].name
    under.arguments, under.about = filled(lower, lower_given, {own: ident}), ident
    link = {parent: (ident, rng.choice((f"that {parent.noun}", f"the {parent.noun}", f"this {parent.noun}")))}
    turns, step, goal = apply(w, child, [parent], chosen, link)
    full = goal.replace(chosen.full, f"{chosen.full} of {outer.full}") if chosen.full in goal else ""
    steps = [
        request(w, made, given, {}, last=False),
        request(w, lower, lower_given, {own: outer.short}, last=False),
        step,
    ]
    return Plan(turns=[Turn(calls=[call]), Turn(calls=[under], because=outer.because), *turns], steps=steps, goal=full)


def find_act(w: World) -> Plan:
    target = w.entities[0]
    made, given, call, chosen = named(w, target)
    turns, step, goal = apply(w, target, w.entities[1:], chosen)
    return Plan(turns=[Turn(calls=[call]), *turns], steps=[request(w, made, given, {}, last=False), step], goal=goal)


def get_act(w: World) -> Plan:
    """Read a thing by id, act on the other thing its record names."""
    rng = w.rng
    target, other = w.entities[0], w.entities[1]
    made = w.tool(rng.choice(("get", "get", "track", "check")), target, others=[])
    given = asking.drawn(rng, made)
    own, ident = made.params[0].name, other.mint(rng)
    more: dict[str, Any] = {f"{other.key}_id": ident}
    if rng.random() < 0.25:
        more = {other.key: {"id": ident} | ({"name": values.person(rng).value} if rng.random() < 0.5 else {})}
    if rng.random() < 0.3:
        third = w.entities[2]
        more[f"{third.key}_id"] = third.mint(rng)
    call = Call(
        tool=made,
        arguments=filled(made, given, {}),
        result=results.record(rng, target, given[own].value, more),
        found=[ident],
        about=given[own].value,
    )
    held = w.slots.hold(given[own].said)
    chosen = Pick(
        idents=[ident],
        short=rng.choice((f"its {other.noun}", f"the {other.noun} of it", f"the {other.noun}", f"that {other.noun}")),
        full=rng.choice(
            (
                f"the {other.noun} of {target.noun} {held}",
                f"{target.noun} {held}'s {other.noun}",
                f"the {other.noun} that belongs to {target.noun} {held}",
            )
        ),
        because=rng.choice((f"Its {other.noun} is {ident}.", f"The {other.noun} is {ident}.")),
    )
    turns, step, goal = apply(w, other, [target], chosen, {target: (given[own].value, f"that {target.noun}")})
    return Plan(
        turns=[Turn(calls=[call]), *turns],
        steps=[request(w, made, given, {}, last=False), step],
        goal=goal if made.klass.key == "get" else "",
    )


_NTH = ("first", "second", "third")


def indexed(w: World) -> Plan:
    """One listing, then the same action on its first, second and third member, each with values of its own."""
    rng, target = w.rng, w.entities[0]
    made, given, _, call, _ = source(w, target, several_=True)
    while len(call.found) < 3:
        made, given, _, call, _ = source(w, target, several_=True)
    act = w.tool(rng.choice(LINKED_ACTS), w.entities[1], others=[target])
    if act.has_id:
        act.params.pop(0)
        act.has_id = False
    own = next((p.name for p in act.params if p.entity is target), "")
    if not own:
        act.params.insert(0, reference(target))
        own = act.params[0].name
    turns, steps = [Turn(calls=[call])], []
    for at in sorted(rng.sample(range(3), rng.choice((1, 2, 2, 3)))):
        each = asking.drawn(rng, act, skip=frozenset((own,)))
        ident = call.found[at]
        ref = rng.choice((f"the {_NTH[at]} {target.noun}", f"the {_NTH[at]} {target.noun}", f"the {_NTH[at]} one"))
        because = rng.choice((f"The {_NTH[at]} {target.noun} is {ident}.", f"The {_NTH[at]} one is {ident}."))
        turns.append(Turn(calls=[outcome(w, act, filled(act, each, {own: ident}))], because=because))
        steps.append(request(w, act, each, {own: ref}, last=False))
    first = request(w, made, given, {}, last=False)
    return Plan(turns=turns, steps=steps if not given and rng.random() < 0.4 else [first, *steps])


def record_use(w: World) -> Plan:
    """Read a thing, make another one with fields of its record."""
    rng, target = w.rng, w.entities[0]
    by_name = rng.random() < 0.35
    fields = rng.sample(("email", "phone", "city", "owner", "code"), rng.choice((1, 1, 2)))
    if not by_name:
        fields = rng.sample(("name", *fields), len(fields))
    new = w.tool("create", w.entities[1], others=[])
    rest = [p for p in new.params if p.name not in fields and p.name not in ("name", "contact", "label")][
        : rng.randint(0, 2)
    ]
    new.params = [simple(rng, name) for name in fields] + rest
    record = {name: new.params[i].draw(rng).value for i, name in enumerate(fields)}
    if "name" in record and "email" in record:
        record["email"] = values.mail_of(rng, record["name"]).value
    made, given, call, _ = named(w, target)
    if by_name:
        record = {"name": next(iter(given.values())).value} | record
    else:
        w.tools.remove(made)
        made = w.tool("get", target, others=[])
        given = asking.drawn(rng, made)
    ident = call.found[0] if by_name else given[made.params[0].name].value
    call = Call(
        tool=made, arguments=filled(made, given, {}), result=results.record(rng, target, ident, record), found=[ident]
    )
    call.about = None if by_name else ident
    extra = asking.drawn(rng, new, skip=frozenset(fields))
    arguments = filled(new, extra, {name: record[name] for name in fields})
    listed = " and ".join(fields)
    tail = rng.choice(
        (
            f"its {listed}",
            f"the {listed} of that {target.noun}",
            f"the {listed} of the {target.noun}",
            f"that {target.noun}'s {listed}",
        )
    )
    step = request(w, new, extra, {}, last=False).rstrip("?") + rng.choice((" with ", " using ", " and ")) + tail
    shown = " and ".join(str(record[name]) for name in fields)
    because = rng.choice((f"The {listed} {'are' if len(fields) > 1 else 'is'} {shown}.", f"I use {shown}."))
    return Plan(
        turns=[Turn(calls=[call]), Turn(calls=[outcome(w, new, arguments)], because=because)],
        steps=[request(w, made, given, {}, last=False), step],
    )


def create_use(w: World) -> Plan:
    """Make a thing, then use its new id."""
    rng, target = w.rng, w.entities[0]
    made = w.tool(rng.choice(("create", "create", "submit", "schedule")), target, others=w.entities[2:])
    given = asking.drawn(rng, made)
    ident = target.mint(rng)
    key = f"{target.key}_id" if rng.random() < 0.7 else "id"
    result: dict[str, Any] = {key: ident} | results.extras(rng, 2)
    if rng.random() < 0.25:
        result = {target.key: result}
    if rng.random() < 0.2:
        result = {"ok": True} | result
    call = Call(tool=made, arguments=filled(made, given, {}), result=result, found=[ident])
    chosen = Pick(
        idents=[ident],
        short=rng.choice(("it", f"that {target.noun}", f"the new {target.noun}", f"this {target.noun}")),
        full="",
        because=rng.choice((f"The new {target.noun} is {ident}.", f"It has id {ident}.", f"{ident} was created.")),
    )
    turns, step, _ = apply(w, target, w.entities[1:2], chosen)
    return Plan(turns=[Turn(calls=[call]), *turns], steps=[request(w, made, given, {}, last=False), step])


def joined(w: World) -> Plan:
    """Two sources feed one call."""
    rng = w.rng
    left, right = w.entities[0], w.entities[1]
    sides, steps, goals = [], [], []
    for target in (left, right):
        if rng.random() < 0.5:
            made, given, call, chosen = named(w, target)
        else:
            made, given, _, call, chosen = source(w, target, several_=False)
        sides.append((call, chosen))
        goals.append(chosen.full)
        steps.append(request(w, made, given, {}, last=False))
        if (
            chosen.short
            in ("it", "the first one", "the first of them", "the first", "the last one", "the last of them")
            or chosen.short.endswith(" one")
            or chosen.short.startswith("number")
        ):
            chosen.short = f"the {target.noun}" if len(call.found) == 1 or chosen.short == "it" else chosen.full
    (first, a), (second, b) = sides
    made = w.tool(rng.choice(("assign", "link")), left, others=[right])
    names = [made.params[0].name, made.params[1].name]
    call = outcome(w, made, {names[0]: a.idents[0], names[1]: b.idents[0]})
    because = f"{a.because} {b.because}" if rng.random() < 0.5 else ""
    last = request(w, made, {}, {names[0]: a.short, names[1]: b.short})
    goal = request(w, made, {}, {names[0]: goals[0], names[1]: goals[1]})
    return Plan(
        turns=[Turn(calls=[first]), Turn(calls=[second]), Turn(calls=[call], because=because)],
        steps=[*steps, last],
        goal=goal,
    )


def fanned(w: World) -> Plan:
    """One source, two actions on what it found."""
    target = w.entities[0]
    made, given, call, chosen = named(w, target) if w.rng.random() < 0.5 else _plain_source(w, target)
    turns, step, _ = apply(w, target, w.entities[1:], chosen)
    chosen.because = ""
    again = Pick(
        idents=chosen.idents,
        short=w.rng.choice(("it", f"the same {target.noun}", f"that {target.noun}")),
        full="",
        because="",
    )
    more, second, _ = apply(w, target, w.entities[1:], again)
    return Plan(
        turns=[Turn(calls=[call]), *turns, *more],
        steps=[request(w, made, given, {}, last=False), step.rstrip("?"), second],
    )


def _plain_source(w: World, target: Entity) -> tuple[Tool, dict[str, Value], Call, Pick]:
    made, given, _, call, chosen = source(w, target, several_=False)
    return made, given, call, chosen


def followed(w: World) -> Plan:
    """A first request, its answer, then a second one that refers back."""
    plan = w.rng.choice((list_act, find_act, create_use))(w)
    plan.follow, plan.follow_turns = plan.steps[-1], plan.turns[1:]
    plan.turns, plan.steps, plan.goal = plan.turns[:1], plan.steps[:1], ""
    return plan


CHAINS = (
    (list_act, 0.34),
    (find_act, 0.14),
    (get_act, 0.10),
    (record_use, 0.08),
    (indexed, 0.06),
    (create_use, 0.08),
    (list_under_act, 0.18),
    (joined, 0.07),
    (fanned, 0.05),
    (followed, 0.04),
)
