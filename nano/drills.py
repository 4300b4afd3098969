"""Drills: one listing, then many short follow-ups that point into it. Dense practice for "the third one".

Positions are drawn evenly, so that pointing is learned as counting and not as a habit of taking the first.
"""

from __future__ import annotations

from random import Random
from typing import Any

import asking
import results
import values
from telling import report
from world import Call, World, distinct, filled, outcome, request

ACTS = (
    *("get", "get", "cancel", "approve", "delete", "close", "archive", "check"),
    *("start", "stop", "lock", "unlock", "track", "reject", "notify", "under", "compute", "share", "move"),
)
NTH = ("first", "second", "third", "fourth", "fifth", "sixth")


def pointed(rng: Random, at: int, count: int, noun: str, name: str) -> tuple[str, str]:
    """(the words for member `at` of a list, its short label for a reason)."""
    if name and rng.random() < 0.3:
        return rng.choice((f"the one called {name}", f"the {noun} named {name}", name)), name
    if at == count - 1 and count > 1 and rng.random() < 0.5:
        return rng.choice(("the last one", f"the last {noun}", "the last of those", f"the very last {noun}")), "last"
    word = NTH[at]
    plain = (f"the {word} one", f"the {word} {noun}", f"the {word} {noun}", f"the {word} of those", f"number {at + 1}")
    if at == 0:
        best = ("the best one", f"the top {noun}", "the one at the top of the list", f"the very first {noun}")
        return rng.choice((*plain, *best)), "first"
    return rng.choice(plain), word


def drilled(w: World) -> tuple[str, Call, list[tuple[str, str, list[Call], str]]]:
    """The opening request, its listing, and follow-ups: (text, reason, calls, closing words)."""
    rng, target = w.rng, w.entities[0]
    made = w.tool("list", target)
    given = asking.drawn(rng, made, odds=0.2)
    idents = distinct(w, target, rng.choice((2, 3, 3, 4, 4, 5, 6)))
    names: list[str] = []
    while rng.random() < 0.95 and len(names) < len(idents):
        new = values.proper(rng).value if rng.random() < 0.5 else values.person(rng).value
        names += [new] if new not in names else []
    named = len(names) == len(idents) and rng.random() < 0.4
    listing = Call(
        tool=made,
        arguments=filled(made, given, {}),
        result=results.listing(rng, target, idents, names if named else None),
        found=idents,
    )
    first = request(w, made, given, {})
    rounds: list[tuple[str, str, list[Call], str]] = []
    for _ in range(rng.choice((2, 3, 3, 4))):
        act = w.tool(rng.choice(ACTS), target, others=w.entities[1:])
        own = act.params[0].name
        extra: dict[str, Any] = asking.drawn(rng, act, skip=frozenset((own,)), odds=0.2)
        places = rng.sample(range(len(idents)), 2 if rng.random() < 0.15 else 1)
        spoken, labels = [], []
        for at in places:
            held = w.slots.hold(names[at]) if named else ""
            phrase, label = pointed(rng, at, len(idents), target.noun, held)
            spoken.append(phrase)
            labels.append(names[at] if held and label == held else label)
        calls = [outcome(w, act, filled(act, extra, {own: idents[at]})) for at in places]
        brief = rng.random() < 0.8
        for call in calls:
            call.result = {"ok": True} if brief else call.result
        reasons = [
            f"{label} is {idents[at]}." if named and label == names[at] else f"The {label} one is {idents[at]}."
            for label, at in zip(labels, places, strict=True)
        ]
        reason = " ".join(reasons) if rng.random() < 0.7 else ""
        text = request(w, act, extra, {own: " and ".join(spoken)})
        closing = "Done." if brief else " ".join(report(rng, call) for call in calls)
        rounds.append((text, reason, calls, closing))
    return first, listing, rounds


def quizzed(w: World) -> tuple[str, Call, list[tuple[str, str]]]:
    """The opening request, its listing, and rounds of (question, answer) about several members at once."""
    rng, target = w.rng, w.entities[0]
    made = w.tool("list", target)
    given = asking.drawn(rng, made, odds=0.1)
    idents = distinct(w, target, rng.choice((2, 3, 3, 4, 4, 5, 6)))
    names: list[str] = []
    while rng.random() < 0.4 or (names and len(names) < len(idents)):
        new = values.proper(rng).value if rng.random() < 0.5 else values.person(rng).value
        names += [new] if new not in names else []
        if len(names) == len(idents):
            break
    named = len(names) == len(idents)
    result = results.listing(rng, target, idents, names if named else None)
    listing = Call(tool=made, arguments=filled(made, given, {}), result=result, found=idents)
    rounds: list[tuple[str, str]] = []
    for _ in range(rng.choice((2, 3, 3))):
        spoken, told = [], []
        for _ in range(rng.choice((1, 2, 3))):
            at = rng.randrange(len(idents))
            phrase, label = pointed(rng, at, len(idents), target.noun, names[at] if named else "")
            spoken.append(phrase)
            told.append(f"{label} is {idents[at]}." if label in names else f"The {label} one is {idents[at]}.")
        asked = spoken[0] if len(spoken) == 1 else ", ".join(spoken[:-1]) + f" and {spoken[-1]}"
        lead = rng.choice(
            ("what is {}?", "which is {}?", "name {}", "tell me {}", "i need {}", "{}?", "give me the id of {}")
        )
        rounds.append((lead.format(asked), " ".join(told)))
    return request(w, made, given, {}), listing, rounds
