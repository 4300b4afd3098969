"""How a request is worded: one step at a time, then steps joined and styled. Values are never altered.

Values stand in the text as private-use characters until `Slots.fill`, so case changes, typos and dropped words cannot
touch them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from typing import Any

import values
import words
from domain import Tool
from params import Param
from values import Value


@dataclass(slots=True)
class Slots:
    """Values set aside while the sentence around them is styled."""

    held: list[str] = field(default_factory=list)

    def hold(self, said: Any) -> str:
        self.held.append(str(said))
        return chr(0xE000 + len(self.held) - 1)

    def fill(self, text: str) -> str:
        for index, said in enumerate(self.held):
            text = text.replace(chr(0xE000 + index), said)
        return text


def ask(
    rng: Random,
    tool: Tool,
    given: dict[str, Value],
    slots: Slots,
    refs: dict[str, str],
    *,
    schemas: bool,
    last: bool = True,
) -> str:
    """The wording of one call. `given` are user values by parameter, `refs` phrases for values found on the way."""
    target = tool.entity
    noun = rng.choice(target.synonyms) if schemas and target.synonyms and rng.random() < 0.35 else target.noun
    rest = list(tool.params)
    thing, second = f"the {noun}", ""
    if tool.has_id:
        own = rest.pop(0)
        if own.name in refs:
            thing = refs[own.name]
        elif own.name in given:
            thing = identified(rng, noun, slots.hold(given[own.name].said), bare=schemas)
    elif tool.klass.shape == "named" and rest and rest[0].name in given:
        held = slots.hold(given[rest.pop(0).name].said)
        thing = rng.choice(
            (
                f"{noun} {held}",
                f"the {noun} {held}",
                f"the {noun} called {held}",
                f"the {noun} named {held}",
                f"{words.article(noun)} called {held}",
                f"a {noun} by the name {held}",
            )
        )
    elif tool.klass.shape == "slot" or tool.klass.shape == "new":
        thing = words.article(noun)
    if tool.klass.shape == "change" and rest and rest[0].name in given and rng.random() < 0.6:
        field_ = rest.pop(0)
        value = given[field_.name]
        label = field_.name.replace("_", " ")
        return rng.choice(
            (
                "change {} to {}",
                "set {} to {}",
                "update {} to {}",
                "{} should be {}",
                "{} is now {}",
                "put {} at {}",
                "make {} {}",
                "adjust {} to {}",
                "switch {} to {}",
            )
        ).format(
            rng.choice((f"the {label} of {thing}", f"{label} of {thing}", f"the {label} for {thing}")),
            slots.hold(value.said),
        )
    if tool.klass.shape == "pair" and rest:
        other = rest.pop(0)
        label = tool.other.noun if tool.other else "item"
        second = refs.get(other.name) or identified(rng, label, slots.hold(given[other.name].said), bare=schemas)
    one = rng.choice((words.article(noun), words.article(noun), f"a new {noun}", f"one {noun}", f"another {noun}"))
    many = words.plural(noun)
    if tool.klass.shape == "under" and tool.other:
        many = tool.other.plural
    elif tool.klass.shape == "add" and tool.other:
        one = words.article(tool.other.noun)
    parts, loose = [], ""
    status = next((p for p in rest if p.name == "status" and p.name in given and p.name not in refs), None)
    if status and tool.klass.shape in ("many", "under") and rng.random() < 0.6:
        many = f"{slots.hold(given[status.name].said)} {many}"
        rest.remove(status)
    for param in rest:
        if param.name in refs:
            parts.append(rng.choice(("for {}", "with {}", "for {}")).format(refs[param.name]))
        elif param.name in given:
            value = given[param.name]
            if value.free and (loose or not last):
                value = Value(said=f"'{value.said}'", value=value.value)
            worded = cue(rng, param, slots.hold(value.said), rest)
            if value.free:
                loose = worded
            else:
                parts.append(worded)
    if rng.random() < 0.5 and not any(p.name == "end_date" for p in rest):
        rng.shuffle(parts)
    core = rng.choice(tool.klass.asks)
    for mark, text in (("{o}", thing), ("{a}", one), ("{p}", many), ("{n}", noun), ("{w}", second), ("{f}", tool.fact)):
        core = core.replace(mark, text)
    question = core.endswith("?")
    core = core.rstrip("?")
    said = [p for p in rest if p.name in given and p.name not in refs and not p.flag]
    if len(said) == len(parts) + bool(loose) > 0 and rng.random() < 0.08 and not question:
        fields = (f"{p.name.replace('_', ' ')}: {slots.hold(_bare(given[p.name]))}" for p in said)
        return core + rng.choice((" - ", ": ", ", ")) + rng.choice(("; ", ", ")).join(fields)
    if parts and rng.random() < 0.08 and not question:
        text = ", ".join(parts) + ": " + core
    else:
        joint = rng.choice((" ", " ", " ", ", ", " and " if len(parts) > 1 else " "))
        text = core + "".join((" " if i == 0 or part[0] == "(" else joint) + part for i, part in enumerate(parts))
    if loose:
        text += (" " if rng.random() < 0.6 else ", ") + loose
    return text + ("?" if question and not loose and last else "")


def _bare(value: Value) -> str:
    """What is said of a value in a list of fields: no quotes."""
    return value.value if isinstance(value.value, str) and value.said[:1] in "'\"" else value.said


def identified(rng: Random, noun: str, held: str, *, bare: bool) -> str:
    """The object with its id."""
    if bare and rng.random() < 0.35:
        return held
    return rng.choice(
        (
            f"{noun} {held}",
            f"{noun} {held}",
            f"the {noun} {held}",
            f"{noun} number {held}",
            f"the {noun} with id {held}",
            f"{noun} id {held}",
        )
    )


def cue(rng: Random, param: Param, held: str, among: list[Param]) -> str:
    """A value with the words that say which parameter it is."""
    label = param.name.replace("_", " ")
    if param.flag:
        return rng.choice(param.cues)
    clash = sum(other.draw is param.draw and other.cues == param.cues for other in among) > 1
    if clash or rng.random() < 0.1:
        return rng.choice((f"{label} {held}", f"{label}: {held}", f"with {label} {held}"))
    return rng.choice(param.cues).format(held)


_NOT_VERBS = frozenset(
    """which what how where is are do i we all details information number total new an a the there any
    one give""".split()
)
_LEADS = (
    "please {}",
    "please {}",
    "can you {}?",
    "could you {}?",
    "could you please {}?",
    "i want you to {}",
    "i need you to {}",
    "we have to {}",
    "help me {}",
    "kindly {}",
    "go ahead and {}",
    "you should {}",
    "would you {}?",
    "i would like you to {}",
    "now {}",
    "just {}",
    "your task: {}",
    "time to {}",
)
_GREETINGS = (
    "hey, {}",
    "hi, {}",
    "hello, {}",
    "quick one: {}",
    "ok, {}",
    "next: {}",
    "{}",
    "good morning, {}",
    "team request: {}",
    "so, {}",
)
_TAILS = (" please", ", thanks", " now", " asap", ", thank you", " for me", ". thanks!", " if you can")
_JOINTS = (
    " and ",
    " then ",
    ", then ",
    " and then ",
    ". after that ",
    ", and ",
    ". then ",
    "; ",
    " and after that ",
    ". next, ",
    ", afterwards ",
)
_REASONS = (
    "a customer is waiting",
    "i am in a hurry",
    "we are behind schedule",
    "my boss asked for it",
    "the month ends soon",
    "it came up in the meeting",
    "i was told to fix this",
    "there was a mix-up",
    "we are cleaning up",
    "the plan changed",
    "i just got a call",
    "this has been on my list",
)


def _imperative(text: str) -> bool:
    first = text.split(" ", 1)[0]
    return first.isalpha() and first not in _NOT_VERBS


def join(rng: Random, steps: list[str]) -> str:
    """Steps as one text: in order, numbered, or the last step first."""
    if len(steps) == 1:
        return steps[0]
    steps = [step.rstrip("?") for step in steps]
    draw = rng.random()
    if draw < 0.1:
        sep, mark = rng.choice(((" ", "."), ("\n", "."), (" ", ")"), ("\n", ")")))
        return sep.join(f"{i + 1}{mark} {step}" for i, step in enumerate(steps))
    if draw < 0.16:
        return rng.choice((" -> ", " => ", " > ", " / ", "; ", " + ")).join(steps)
    if draw < 0.28 and len(steps) == 2:
        return rng.choice(
            (
                "{1}, but first {0}",
                "{1} after you {0}",
                "before you {1}, {0}",
                "{1}. for that, {0} first",
                "to {1}, {0} first",
            )
        ).format(*steps)
    text = steps[0]
    for step in steps[1:]:
        text += rng.choice(_JOINTS) + step
    if draw > 0.93:
        text = "first " + text
    return text


def style(rng: Random, text: str, nouns: tuple[str, ...] = ()) -> str:
    """Politeness, greeting, reason, telegram, case, typos; `nouns` are never misspelt."""
    draw, question = rng.random(), text.endswith("?")
    if draw < 0.34 and _imperative(text) and not question:
        text = rng.choice(_LEADS).format(text)
        if rng.random() < 0.4:
            text = text.rstrip("?")
    elif draw < 0.48:
        text = rng.choice(_GREETINGS).format(text)
    elif draw < 0.56:
        text = rng.choice(("{0}. {1}", "{0}, so {1}", "since {0}, {1}", "{1}, {0}", "{0} - {1}")).format(
            rng.choice(_REASONS), text
        )
    elif draw < 0.63:
        text = re.sub(r"\b(the|a|an|please|of|me|there) ", "", text)
    if rng.random() < 0.08 and not text.endswith("?"):
        text += rng.choice(_TAILS)
    elif rng.random() < 0.25 and text[-1] not in "?.!":
        text += "."
    if rng.random() < 0.06:
        text = typo(rng, text, nouns)
    draw = rng.random()
    if draw < 0.45:
        text = text[0].upper() + text[1:]
        text = re.sub(r"([.!?] )([a-z])", lambda m: m[1] + m[2].upper(), text)
    elif draw < 0.47:
        text = text.upper()
    return text


def typo(rng: Random, text: str, nouns: tuple[str, ...]) -> str:
    """Swap two letters of one longer word that is no noun of the domain."""
    words_ = re.finditer(r"[a-z]{4,}", text)
    found = [m for m in words_ if not any(noun[:4] == m[0][:4] for noun in nouns)]
    if not found:
        return text
    at = rng.choice(found).start() + rng.randint(1, 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def drawn(rng: Random, tool: Tool, *, skip: frozenset[str] = frozenset(), odds: float = 0.4) -> dict[str, Value]:
    """User values for the parameters: all required ones, optional ones by chance."""
    given = {p.name: p.draw(rng) for p in tool.params if p.name not in skip and (p.required or rng.random() < odds)}
    if "name" in given and "email" in given and rng.random() < 0.7:
        given["email"] = values.mail_of(rng, given["name"].value)
    return given


__all__ = ["Slots", "Value", "ask", "cue", "drawn", "identified", "join", "style", "values"]
