"""Requests for one step: imperative, question, wish, form, telegram and their kin.

Each function composes one structure from the step's clause; an empty text means that the structure does not suit.
"""

from __future__ import annotations

from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.clauses import Clause, class_of, clause_of, imperative
from loopbuild.llm.offline.modifiers import join_tails
from loopbuild.llm.offline.questions import fragment, noun_goal, question
from loopbuild.llm.offline.references import said
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.protocol import StepWords


def tell_imperative(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`Cancel interview INT-1`: the verb of one of the class's phrases."""
    return imperative(clause_of(told[0], scene, describe=describe), scene)


def tell_question(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`Which roles are open?`, or nothing when the step does not ask for a fact."""
    return question(clause_of(told[0], scene, describe=describe), scene)


def tell_need(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`I need you to cancel interview INT-1`."""
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
    return f"{lead} {tell_imperative(told, scene, describe)}".replace(":  ", ": ")


def tell_noun(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`I'm looking for the open roles`."""
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


def tell_noun_colon(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`Wanted: the open roles`."""
    clause = clause_of(told[0], scene, describe=describe)
    lead = scene.choices.pick(
        ("wanted:", "needed:", "question:", "lookup:", "request:", "quick one:", "for today:", "missing here:")
    )
    return f"{lead} {noun_goal(clause, scene)}"


def tell_need_to_know(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`I want to know the candidates for role R-1`."""
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


def tell_telegram(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`candidates for role R-1`: no articles, reads without their verb."""
    return fragment(clause_of(told[0], scene, describe=describe), scene)


def tell_slot_first(told: list[StepWords], scene: Scene, describe: bool) -> str:
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


def tell_form(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`Request leave. Employee: E-12, leave type: sick, ...`"""
    step = told[0]
    given = [a for a in step.arguments if a.origin == "user" and a.kind != "groups"]
    if (
        (describe and any(a.origin == "step" for a in step.arguments))
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


def tell_goal_wish(told: list[StepWords], scene: Scene, describe: bool) -> str:
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
