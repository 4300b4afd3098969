"""One row: a random domain, a plan in it, its wording, brief reasoning, calls, results and the final answer.

`row(seed)` is a pure function of its seed; rows are OpenAI messages with an optional list of tool schemas.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

import asking
import plans
import values
import words
from domain import Tool, tool
from drills import drilled, quizzed
from telling import answer, report, thought
from world import Call, Plan, Turn, World, filled, ordered, outcome, request, world

SYSTEM = "Use tools when needed. Be brief."


@dataclass(slots=True, kw_only=True)
class Row:
    """`kind` names the plan, `tools` are schemas shown in the prompt (or none)."""

    kind: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] = field(default_factory=list)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def acted(content: str, calls: list[Call]) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": content,
        "tool_calls": [
            {"type": "function", "function": {"name": c.tool.name, "arguments": ordered(c.arguments)}} for c in calls
        ],
    }


def returned(result: Any) -> dict[str, Any]:
    return {"role": "tool", "content": json.dumps(result, ensure_ascii=False)}


def played(rng: Random, turns: list[Turn]) -> list[dict[str, Any]]:
    """Assistant and tool messages of some turns, with the closing answer."""
    made: list[dict[str, Any]] = []
    neat = rng.random() < 0.6
    for index, turn in enumerate(turns):
        made.append(acted(thought(rng, turn, index, len(turns)), turn.calls))
        made += [returned(ordered(call.result) if neat else call.result) for call in turn.calls]
    return [*made, said(answer(rng, turns))]


def worded(w: World, plan: Plan) -> str:
    """The user's text of a plan: its goal alone, or its steps."""
    rng = w.rng
    text = plan.goal if plan.goal and rng.random() < 0.42 else asking.join(rng, plan.steps)
    return w.slots.fill(asking.style(rng, text, w.nouns))


def planned(w: World, kind: str) -> list[dict[str, Any]]:
    rng = w.rng
    if kind == "chain":
        make = rng.choices([c for c, _ in plans.CHAINS], [p for _, p in plans.CHAINS])[0]
        plan = make(w)
    else:
        plan = {"single": plans.single, "several": plans.several, "unrelated": plans.unrelated}[kind](w)
    messages = [user(worded(w, plan)), *played(rng, plan.turns)]
    if plan.follow:
        messages += [user(w.slots.fill(asking.style(rng, plan.follow, w.nouns))), *played(rng, plan.follow_turns)]
    return messages


def asked_value(w: World) -> list[dict[str, Any]]:
    """A required value other than the id is missing: ask for it, hear it, call."""
    rng, target = w.rng, w.entities[0]
    while True:
        made = w.tool(
            rng.choice(("schedule", "book", "create", "update", "send", "move", "share", "rename", "find")), target
        )
        names = [p.name for p in made.params if p.required and p.entity is None]
        if names:
            break
        w.tools.remove(made)
        target = rng.choice(w.entities)
    given = asking.drawn(rng, made)
    name = rng.choice(names)
    value = given.pop(name)
    label = name.replace("_", " ")
    text = w.slots.fill(asking.style(rng, request(w, made, given, {}), w.nouns))
    question = rng.choice(("What is the {}?", "What is the {}?", "Please give me the {}.", "Which {}?")).format(label)
    reply = rng.choice(
        ("{1}", "it's {1}", "It is {1}", "the {0} is {1}", "{0}: {1}", "{1} please", "The {0} is {1}.")
    ).format(label, value.said)
    call = outcome(w, made, filled(made, given | {name: value}, {}))
    return [user(text), said(question), user(reply), *played(rng, [Turn(calls=[call])])]


def clarified(w: World) -> list[dict[str, Any]]:
    """The id (or another required value) is missing: ask for it, hear it, call."""
    rng, target = w.rng, w.entities[0]
    if rng.random() < 0.35:
        return asked_value(w)
    made = w.tool(
        rng.choice(
            (
                "get",
                "delete",
                "cancel",
                "approve",
                "close",
                "update",
                "track",
                "archive",
                "start",
                "stop",
                "extend",
                "notify",
                "pay",
            )
        ),
        target,
    )
    given = asking.drawn(rng, made)
    own = made.params[0].name
    value = given.pop(own)
    text = request(
        w,
        made,
        given,
        {own: rng.choice((f"the {target.noun}", f"my {target.noun}", f"a {target.noun}", f"that {target.noun}"))},
    )
    question = rng.choice(
        (
            "Which {0}? Please give the {0} id.",
            "Which {0} do you mean?",
            "What is the {0} id?",
            "Please tell me the {0} id.",
        )
    )
    held = str(value.said)
    reply = rng.choice(("{}", "it is {}", "{1} {0}", "sorry, {}", "the id is {}", "{} please", "{1} {0}.")).format(
        held, target.noun
    )
    call = outcome(w, made, filled(made, given | {own: value}, {}))
    return [
        user(w.slots.fill(asking.style(rng, text, w.nouns))),
        said(question.format(target.noun)),
        user(reply),
        *played(rng, [Turn(calls=[call])]),
    ]


def failed(w: World) -> list[dict[str, Any]]:
    """A call fails: say so, or repair it when the result shows how."""
    rng, target = w.rng, w.entities[0]
    made = w.tool(
        rng.choice(("get", "delete", "cancel", "approve", "close", "archive", "start", "lock", "track")), target
    )
    given = asking.drawn(rng, made)
    own = made.params[0].name
    call = outcome(w, made, filled(made, given, {}))
    good = call.result
    messages = [
        user(w.slots.fill(asking.style(rng, request(w, made, given, {}), w.nouns))),
        acted(thought(rng, Turn(calls=[call]), 0, 1), [call]),
    ]
    ident = given[own].value
    if rng.random() < 0.3:
        new = target.mint(rng)
        messages.append(returned({"error": {"code": "moved", "message": f"{target.noun} {ident} is now {new}"}}))
        again = Call(tool=made, arguments=call.arguments | {own: new}, result=good, about=new)
        again.result = outcome(w, made, again.arguments).result
        messages += [
            acted(rng.choice((f"It is now {new}, so I try that.", f"I try again with {new}.")), [again]),
            returned(again.result),
            said(report(rng, again)),
        ]
        return messages
    reason = rng.choice(
        (
            ("not_found", f"{target.noun} {ident} was not found"),
            ("forbidden", "not allowed"),
            ("conflict", f"{target.noun} {ident} is {rng.choice(words.STATUSES)}"),
            ("unavailable", "try again later"),
        )
    )
    messages.append(returned({"error": {"code": reason[0], "message": reason[1]}}))
    closing = {
        "not_found": (f"Sorry, I could not find {target.noun} {ident}.", f"There is no {target.noun} {ident}."),
        "forbidden": ("Sorry, I am not allowed to do that.", f"That is not allowed for {ident}."),
        "conflict": (f"That failed: {reason[1]}.", f"Sorry, {reason[1]}."),
        "unavailable": ("Sorry, the service is unavailable right now.", "That did not work. Please try again later."),
    }[reason[0]]
    return [*messages, said(rng.choice(closing))]


def practised(w: World) -> list[dict[str, Any]]:
    """A listing and short follow-ups that point into it."""
    first, listing, rounds = drilled(w)
    text = w.slots.fill(asking.style(w.rng, first, w.nouns))
    made = [user(text), *played(w.rng, [Turn(calls=[listing])])]
    for asked, reason, calls, closing in rounds:
        made.append(user(w.slots.fill(asking.style(w.rng, asked, w.nouns))))
        made += [acted(reason, calls), *(returned(ordered(call.result)) for call in calls), said(closing)]
    return made


def questioned(w: World) -> list[dict[str, Any]]:
    """A listing and questions about its members, answered without a call."""
    first, listing, rounds = quizzed(w)
    text = w.slots.fill(asking.style(w.rng, first, w.nouns))
    made = [user(text), acted("", [listing]), returned(ordered(listing.result)), said("Done.")]
    for asked, told in rounds:
        made += [user(asked), said(told)]
    return made


_TALK = (
    (
        ("hello", "hi there", "good morning", "hey", "good evening"),
        ("Hello! What can I do for you?", "Hi, how can I help?"),
    ),
    (
        ("thanks a lot", "thank you", "great work", "thanks, that helped", "perfect"),
        ("You are welcome.", "Glad to help."),
    ),
    (("that is all for today", "bye", "see you", "good night"), ("Goodbye.", "See you next time.")),
    (("who are you?", "what are you?", "are you a person?"), ("I am an assistant that works with tools.",)),
    (
        ("what can you do?", "how can you help me?", "what are you good for?"),
        ("I can look things up and make changes with my tools.",),
    ),
    (("how are you?", "how is it going?", "are you ok?"), ("I am fine. How can I help?",)),
    (("tell me a joke", "make me laugh", "say something funny"), ("I would, but my tools have no sense of humour.",)),
)


def talked(w: World) -> list[dict[str, Any]]:
    """No call is right: small talk, ideas, or something no tool does."""
    rng = w.rng
    draw = rng.random()
    if draw < 0.4:
        asked, told = rng.choice(_TALK)
        text = rng.choice(asked)
        return [user(text if rng.random() < 0.6 else text.capitalize()), said(rng.choice(told))]
    thing = rng.choice((rng.choice(words.NOUNS), words.pseudo(rng)))
    if draw < 0.65:
        text = rng.choice(
            (
                "give me ideas for {}",
                "how would you name {}?",
                "brainstorm about {}",
                "what do you think about {}?",
                "any tips for {}?",
                "how do i choose {}?",
            )
        ).format(words.article(thing))
        first, second = rng.sample(words.ADJECTIVES, 2)
        return [
            user(text),
            said(
                rng.choice(
                    (
                        f"Some ideas: a {first} {thing}, a {second} {thing}.",
                        f"You could think of a {first} {thing} or a {second} {thing}.",
                        f"I would start with something {first}.",
                    )
                )
            ),
        ]
    text = rng.choice(
        (
            "write me a poem about {}",
            "sing a song about {}",
            "what is the weather like near the {}?",
            "translate {} into latin",
            "who won the {} game yesterday?",
            "write an essay about {}",
            "cook me {}",
            "what is the meaning of {}?",
            "solve the equation of the {}",
            "draw {} for me",
            "who invented the {}?",
            "how tall is the {}?",
        )
    ).format(thing)
    return [
        user(text),
        said(
            rng.choice(
                (
                    "I cannot do that with my tools.",
                    "Sorry, I have no tool for that.",
                    "That is outside what my tools can do.",
                )
            )
        ),
    ]


_KINDS = (
    ("chain", 0.44),
    ("single", 0.33),
    ("several", 0.04),
    ("unrelated", 0.05),
    ("clarified", 0.05),
    ("talked", 0.05),
    ("practised", 0.09),
    ("questioned", 0.2),
    ("failed", 0.03),
)
_MADE = {"clarified": clarified, "talked": talked, "failed": failed, "practised": practised, "questioned": questioned}


def row(seed: str, *, kind: str = "", schemas: bool | None = None) -> Row:
    """The row of a seed."""
    rng = Random(seed)
    shown = rng.random() < 0.3 if schemas is None else schemas
    kind = kind or rng.choices([k for k, _ in _KINDS], [p for _, p in _KINDS])[0]
    shown = shown and kind not in ("practised", "questioned")
    w = world(rng, schemas=shown)
    body = _MADE[kind](w) if kind in _MADE else planned(w, kind)
    tools: list[dict[str, Any]] = []
    if shown:
        listed: list[Tool] = list(w.tools)
        keys = {(t.klass.key, t.entity.noun) for t in listed}
        names = {t.name for t in listed}
        for _ in range(rng.randint(1, 5)):
            key, target = rng.choice(plans.SINGLE), rng.choice(w.entities)
            made = tool(rng, key, target, w.entities, schemas=True)
            if (key, target.noun) not in keys and made.name not in names and len(listed) < 8:
                keys.add((key, target.noun))
                names.add(made.name)
                listed.append(made)
        rng.shuffle(listed)
        tools = [t.schema() for t in listed]
    draw = rng.random()
    system = (
        SYSTEM
        if draw < 0.82
        else ""
        if draw < 0.96
        else rng.choice(
            (
                "You are a helpful assistant.",
                "Answer briefly. Call tools for facts.",
                f"You work for {values.proper(rng).value}. Be brief.",
            )
        )
    )
    head = [{"role": "system", "content": system}] if system else []
    return Row(kind=kind, messages=head + body, tools=tools)
