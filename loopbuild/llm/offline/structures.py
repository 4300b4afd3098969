"""Discourse: in which order and form a request tells its steps.

Decides the structure of a text and composes its clauses; every structure belongs to some voices. Returns raw text with
placeholders and no final polish (register.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.clauses import Clause, class_of, clause_of, fragment, imperative, noun_goal, question
from loopbuild.llm.offline.modifiers import join_tails
from loopbuild.llm.offline.references import said
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.protocol import Argument, StepWords


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request before polish; `is_open` texts accept politeness around them, the others are finished."""

    text: str
    structure: str
    is_open: bool = True


Composer = Callable[[list[StepWords], Scene], str]


def compose(steps: tuple[StepWords, ...], scene: Scene, *, level: str) -> Draft:
    """Return the request of a row at `level` (low tells the steps, high the goal)."""
    told = list(steps) if level == "low" else goals_of(steps)
    table = _SINGLE if len(told) == 1 else _MANY
    choices = scene.choices
    names = [name for name, entry in table.items() if choices.voice in entry.voices and _suits(name, told, level=level)]
    name = names[int(choices.unit() * len(names))]
    entry = table[name]
    text = entry.compose(told, scene, level == "high")
    if not text:
        scene.uttered.clear()
        scene.mentioned.clear()
        name, entry = "imperative" if len(told) == 1 else "and", table["imperative" if len(told) == 1 else "and"]
        text = entry.compose(told, scene, level == "high")
    return Draft(text=text, structure=f"{level}:{name}", is_open=entry.is_open)


def goals_of(steps: tuple[StepWords, ...]) -> list[StepWords]:
    """Return what a goal must name: every change, and every reading nothing else builds on."""
    consumed = {a.step for step in steps for a in _all_arguments(step) if a.origin == "step"}
    kept = [s for s in steps if s.effect != "read" or not any(index in consumed for index in s.indices)]
    return kept or [steps[-1]]


def _all_arguments(step: StepWords) -> list[Argument]:
    nested = [field for a in step.arguments for group in a.groups for field in group]
    return [*step.arguments, *nested]


def _suits(name: str, told: list[StepWords], *, level: str) -> bool:
    has_groups = any(a.kind == "groups" for step in told for a in step.arguments)
    if has_groups and name in ("form", "slot first", "noun", "telegram", "noun colon", "telegram arrows", "goal wish"):
        return False
    if name == "question" or name == "noun" or name == "noun colon" or name == "need to know":
        is_list_or_fact = class_of(told[0]).key in ("list", "fact", "count")
        return told[0].effect == "read" and (is_list_or_fact or name != "need to know")
    if name == "telegram" and not told[0].arguments and not told[0].adjectives:
        return False
    if name == "form":
        return len([a for a in told[0].arguments if a.origin == "user"]) > 1
    if name == "goal wish":
        return told[0].effect != "read"
    return level == "low" or name not in ("numbered", "numbered lines", "bullets")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    voices: str
    compose: Callable[[list[StepWords], Scene, bool], str]
    is_open: bool = True


# --- one step ------------------------------------------------------------------------------------------------------


def _imperative(told: list[StepWords], scene: Scene, describe: bool) -> str:
    return imperative(clause_of(told[0], scene, describe=describe), scene)


def _question(told: list[StepWords], scene: Scene, describe: bool) -> str:
    return question(clause_of(told[0], scene, describe=describe), scene)


def _need(told: list[StepWords], scene: Scene, describe: bool) -> str:
    lead = scene.choices.pick(
        (
            "I need you to",
            "I'd like you to",
            "I want you to",
            "you should",
            "I would like you to",
            "we need you to",
            "it's time to",
            "your task: ",
            "I have to ask you to",
            "what I need: ",
        )
    )
    return f"{lead} {_imperative(told, scene, describe)}".replace(":  ", ": ")


def _noun(told: list[StepWords], scene: Scene, describe: bool) -> str:
    clause = clause_of(told[0], scene, describe=describe)
    lead = scene.choices.pick(
        (
            "I need",
            "I'm looking for",
            "I want",
            "I'd like to have",
            "I'm after",
            "we need",
            "I could use",
            "what I want is",
            "I'd like to see",
            "can I have",
            "could I get",
            "may I see",
        )
    )
    return f"{lead} {noun_goal(clause, scene)}" + ("?" if lead.startswith(("can", "could", "may")) else "")


def _noun_colon(told: list[StepWords], scene: Scene, describe: bool) -> str:
    clause = clause_of(told[0], scene, describe=describe)
    lead = scene.choices.pick(
        ("wanted:", "needed:", "question:", "lookup:", "request:", "quick one:", "for today:", "missing here:")
    )
    return f"{lead} {noun_goal(clause, scene)}"


def _need_to_know(told: list[StepWords], scene: Scene, describe: bool) -> str:
    clause = clause_of(told[0], scene, describe=describe)
    lead = scene.choices.pick(
        (
            "I want to know",
            "I need to know",
            "I'm curious about",
            "let me know",
            "I'm trying to find",
            "I have a question about",
            "I need a look at",
            "I'd like to check",
            "please tell me about",
            "do you know",
        )
    )
    return f"{lead} {noun_goal(clause, scene)}" + ("?" if lead == "do you know" else "")


def _telegram(told: list[StepWords], scene: Scene, describe: bool) -> str:
    return fragment(clause_of(told[0], scene, describe=describe), scene)


def _slot_first(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`For employee E-12: request vacation leave from ... to ...`"""
    clause = clause_of(told[0], scene, describe=describe)
    front = next((t for t in clause.tails if t.startswith(("for ", "in ", "on ", "from ", "with ", "because"))), "")
    if not front or (front.startswith("with ") and len(clause.tails) < 2):
        return ""
    rest = Clause(
        step=clause.step, verbs=clause.verbs, object=clause.object, tails=tuple(t for t in clause.tails if t != front)
    )
    mark = scene.choices.pick((":", ",", " -", ","))
    return f"{front}{mark} {imperative(rest, scene)}"


def _form(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`Request leave. Employee: E-12, leave type: sick, ...`"""
    step = told[0]
    given = [a for a in step.arguments if a.origin == "user" and a.kind != "groups"]
    if (
        (describe
        and any(a.origin == "step" for a in step.arguments))
        or not given
        or any(a.origin in ("step", "missing") for a in step.arguments)
    ):
        return ""
    verbs = class_of(step)
    noun = scene.phrase(step.noun)
    full = f"{step.adjectives} {noun}".strip()
    thing = m.plural(full) if step.is_plural else m.with_article(full) if step.effect == "create" else full
    scene.uttered.append(step)
    parts = [f"{a.words}: {said(a, scene)}" for a in given]
    mark = scene.choices.pick((". ", " - ", ": ", ". ", "\n"))
    separator = "\n" if mark == "\n" else scene.choices.pick((", ", "; ", ", "))
    verb = scene.choices.pick([p for p in verbs.phrases if p.endswith("{o}")]).removesuffix(" {o}")
    return f"{verb} {thing}{mark}{separator.join(parts)}"


def _reason_first(told: list[StepWords], scene: Scene, describe: bool) -> str:
    body = _body(told, scene, describe)
    return f"{scene.choices.pick(_REASONS)}, so {scene.choices.pick(('please', '', 'could you', 'kindly', 'please', 'now'))} {body}".replace(
        " so  ", " so "
    )


def _reason_last(told: list[StepWords], scene: Scene, describe: bool) -> str:
    body = _body(told, scene, describe)
    return f"{body}{scene.choices.pick((', ', ' - ', '. '))}{scene.choices.pick(_REASONS)}"


def _goal_wish(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`I'd like to get an interview with ... scheduled`."""
    clause = clause_of(told[0], scene, describe=describe)
    lead = scene.choices.pick(
        (
            "I want {} {}",
            "I'd like {} {}",
            "I need {} {}",
            "we want {} {}",
            "we need to have {} {}",
            "I want to see {} {}",
            "please get {} {}",
            "let's have {} {}",
        )
    )
    tails = join_tails(clause.tails)
    gap = "" if tails.startswith(",") or not tails else " "
    done = clause.verbs.done
    return lead.format(clause.object, done) + gap + tails


_REASONS = (
    "I have a meeting in ten minutes", "my manager is asking", "we are behind schedule", "I need it for the report",
    "the team is waiting", "I promised it for today", "it came up in the meeting", "we want to move on",
    "I am putting together an overview", "the planning starts soon", "I can't get to it myself", "someone just called about it",
    "things have changed here", "we are tidying up", "I am out this afternoon", "the deadline is close", "I just got the message",
    "there has been a mix-up", "our list is out of date", "this has been open for a while",
)  # fmt: skip


# --- several steps -------------------------------------------------------------------------------------------------


def _clauses(told: list[StepWords], scene: Scene, describe: bool) -> list[str]:
    return [imperative(clause_of(step, scene, describe=describe), scene) for step in told]


def _body(told: list[StepWords], scene: Scene, describe: bool) -> str:
    return _and(told, scene, describe) if len(told) > 1 else _imperative(told, scene, describe)


def _and(told: list[StepWords], scene: Scene, describe: bool) -> str:
    parts = _clauses(told, scene, describe)
    return m.joined(parts, last=scene.choices.pick((", and ", " and ", ", then ", " and then ", ", and then ")))


def _then(told: list[StepWords], scene: Scene, describe: bool) -> str:
    parts = _clauses(told, scene, describe)
    joint = scene.choices.pick((", then ", " and then ", ", after that ", ", next ", ", and after that "))
    last = scene.choices.pick((", then ", ", and finally ", " and then ", ", and at the end ", ", and last "))
    return m.joined(parts, comma=joint, last=last if len(parts) > 2 else joint)


def _first_next(told: list[StepWords], scene: Scene, describe: bool) -> str:
    parts = _clauses(told, scene, describe)
    middle = scene.choices.pick((", next ", ", then ", ", after that ", "; then "))
    end = scene.choices.pick((", then ", ", and then ", ", finally ", ", and lastly ")) if len(parts) > 2 else middle
    return f"{scene.choices.pick(('first', 'first', 'to start,', 'first of all,'))} " + m.joined(
        parts, comma=middle, last=end
    )


def _sentences(told: list[StepWords], scene: Scene, describe: bool) -> str:
    parts = _clauses(told, scene, describe)
    text = parts[0]
    for index, part in enumerate(parts[1:], start=1):
        lead = (
            "finally, "
            if index == len(parts) - 1 and index > 1 and scene.choices.chance(0.4)
            else scene.choices.pick(
                (
                    "then ",
                    "after that, ",
                    "next, ",
                    "",
                    "with that, ",
                    "then please ",
                    "once that is done, ",
                    "when you have that, ",
                    "afterwards, ",
                )
            )
        )
        text += f". {lead}{part}"
    return text


def _numbered(told: list[StepWords], scene: Scene, describe: bool) -> str:
    mark = scene.choices.among((".", ")"))
    return " ".join(f"{i}{mark} {part}" for i, part in enumerate(_clauses(told, scene, describe), start=1))


def _numbered_lines(told: list[StepWords], scene: Scene, describe: bool) -> str:
    mark = scene.choices.among((".", ")"))
    lead = scene.choices.pick(("", "steps:\n", "to do:\n", "please do this:\n", "my list:\n"))
    return lead + "\n".join(f"{i}{mark} {part}" for i, part in enumerate(_clauses(told, scene, describe), start=1))


def _bullets(told: list[StepWords], scene: Scene, describe: bool) -> str:
    mark = scene.choices.among(("-", "*"))
    lead = scene.choices.pick(("", "in this order:\n", "to do, in order:\n", "what I need, step by step:\n"))
    return lead + "\n".join(f"{mark} {part}" for part in _clauses(told, scene, describe))


def _semicolons(told: list[StepWords], scene: Scene, describe: bool) -> str:
    return scene.choices.among(("; ", " / ", "; ")).join(_clauses(told, scene, describe))


def _telegram_arrows(told: list[StepWords], scene: Scene, describe: bool) -> str:
    parts = [fragment(clause_of(step, scene, describe=describe), scene) for step in told]
    return scene.choices.pick((" -> ", " => ", " > ", ", ", " + ", "; ")).join(parts)


def _last_first(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`Schedule ... - but first list ...`: the end describes what the beginning will yield."""
    last = imperative(clause_of(told[-1], scene, describe=True), scene)
    earlier = [imperative(clause_of(step, scene, describe=True), scene) for step in told[:-1]]
    del describe
    before = m.joined(earlier, last=scene.choices.pick((" and ", ", then ", " and then ")))
    form = scene.choices.pick(
        (
            "{0}, but first {1}",
            "{0}. For that, first {1}",
            "before you {0}, {1}",
            "{0}, but before that {1}",
            "{0}; to get there, {1} first",
            "{0} - first {1} though",
            "to {0}, first {1}",
        )
    )
    return form.format(last, before)


def _once_done(told: list[StepWords], scene: Scene, describe: bool) -> str:
    parts = _clauses(told, scene, describe)
    text = parts[0]
    for part in parts[1:]:
        text += scene.choices.pick(
            (
                ". Once you have that, {}",
                ". When that is done, {}",
                ", and once you have it, {}",
                ". As soon as you have that, {}",
                ", and with the result, {}",
                ". With that in hand, {}",
            )
        ).format(part)
    return text


def _needs(told: list[StepWords], scene: Scene, describe: bool) -> str:
    lead = scene.choices.pick(
        ("I need you to", "I'd like you to", "I want you to", "you need to", "we would like you to", "your job is to")
    )
    return f"{lead} {_and(told, scene, describe)}"


def _task_colon(told: list[StepWords], scene: Scene, describe: bool) -> str:
    lead = scene.choices.pick(
        (
            "here is what I need:",
            "two things:" if len(told) == 2 else "a few things:",
            "task:",
            "a small job:",
            "today's job:",
            "this is the plan:",
            "to do:",
        )
    )
    return f"{lead} {_and(told, scene, describe)}"


def _start_by(told: list[StepWords], scene: Scene, describe: bool) -> str:
    parts = _clauses(told, scene, describe)
    rest = m.joined(parts[1:], last=scene.choices.pick((" and then ", ", then ", " and ")), comma=", ")
    form = scene.choices.pick(
        ("{0} and use that to {1}", "{0} so that you can {1}", "{0} in order to {1}", "{0}, which you need to {1}")
    )
    return form.format(parts[0], rest)


_SINGLE: dict[str, _Entry] = {
    "imperative": _Entry(voices="abcd", compose=_imperative),
    "imperative again": _Entry(voices="abc", compose=_imperative),
    "question": _Entry(voices="abcd", compose=_question, is_open=False),
    "need": _Entry(voices="abd", compose=_need, is_open=False),
    "noun": _Entry(voices="acd", compose=_noun, is_open=False),
    "noun colon": _Entry(voices="d", compose=_noun_colon, is_open=False),
    "need to know": _Entry(voices="bcd", compose=_need_to_know, is_open=False),
    "telegram": _Entry(voices="ac", compose=_telegram, is_open=False),
    "slot first": _Entry(voices="bcd", compose=_slot_first, is_open=False),
    "form": _Entry(voices="bd", compose=_form, is_open=False),
    "reason first": _Entry(voices="ab", compose=_reason_first, is_open=False),
    "reason last": _Entry(voices="cd", compose=_reason_last, is_open=False),
    "goal wish": _Entry(voices="acd", compose=_goal_wish, is_open=False),
}

_MANY: dict[str, _Entry] = {
    "and": _Entry(voices="abc", compose=_and),
    "then": _Entry(voices="abcd", compose=_then),
    "first next": _Entry(voices="ac", compose=_first_next),
    "sentences": _Entry(voices="bcd", compose=_sentences),
    "numbered": _Entry(voices="ab", compose=_numbered, is_open=False),
    "numbered lines": _Entry(voices="bd", compose=_numbered_lines, is_open=False),
    "bullets": _Entry(voices="cd", compose=_bullets, is_open=False),
    "semicolons": _Entry(voices="ab", compose=_semicolons, is_open=False),
    "telegram arrows": _Entry(voices="bc", compose=_telegram_arrows, is_open=False),
    "last first": _Entry(voices="acd", compose=_last_first, is_open=False),
    "once done": _Entry(voices="bd", compose=_once_done),
    "needs": _Entry(voices="abd", compose=_needs, is_open=False),
    "task colon": _Entry(voices="cd", compose=_task_colon, is_open=False),
    "reason first": _Entry(voices="ac", compose=_reason_first, is_open=False),
    "reason last": _Entry(voices="bd", compose=_reason_last, is_open=False),
}
