"""One step as a question, as a bare noun phrase, or in telegram style.

Decides which reading steps can be asked for directly. Works on clauses already taken apart.
"""

from __future__ import annotations

import re

from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.clauses import Clause, imperative, spaced, whole_of
from loopbuild.llm.offline.modifiers import join_tails
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.offline.working_out import told_question

WRAPPED = (
    "the details",
    "the profile",
    "the record",
    "everything",
    "the data",
    "the file",
    "the information",
    "the entry",
)
"""How an object opens that already says what is wanted of the thing."""


def fragment(clause: Clause, scene: Scene) -> str:
    """Return the clause in telegram style: reads lose their verb, all lose their articles."""
    text = clause.object + spaced(join_tails(clause.tails))
    # A bare "first of those" would not say what is wanted of it.
    is_wanted = clause.verbs.key in ("list", "fact") or text.startswith(WRAPPED)
    if clause.step.effect != "read" or not is_wanted or len(text.split()) < 3:
        text = imperative(clause, scene)
    return re.sub(r"\b(the|a|an) (?!same|other)", "", text)


def question(clause: Clause, scene: Scene) -> str:
    """Return the clause as a direct question, or nothing when it does not ask for a fact."""
    step, tails = clause.step, spaced(join_tails(clause.tails))
    if step.effect != "read" or any(a.kind == "groups" for a in step.arguments):
        return ""
    pick, noun = scene.choices.pick, scene.phrase(step.noun)
    if step.told is not None and step.told.rule != "difference":
        return told_question(step.told, whole_of(step, step.told, scene), tails, scene)
    key = clause.verbs.key
    if key == "list":
        many = m.plural(noun)
        tails = re.sub(r"^ of ", " for ", tails)
        be_open = (
            f"which {many} are {step.adjectives}{tails}?" if step.adjectives and " " not in step.adjectives else ""
        )
        full = f"{step.adjectives} {many}".strip()
        forms = [
            f"which {full} are there{tails}?",
            f"what {full} do we have{tails}?",
            f"what are the {full}{tails}?",
            f"do we have any {full}{tails}?",
            f"are there any {full}{tails}?",
            f"which {full} do you see{tails}?",
        ]
        if scene.is_person(step.noun):
            forms += [f"who are the {full}{tails}?", f"who are our {full}{tails}?"]
        return pick([be_open, *forms] if be_open else forms)
    if key == "fact":
        return pick(
            (
                f"what is {clause.object}{tails}?",
                f"what's {clause.object}{tails}?",
                f"what does {clause.object}{tails} look like?",
                f"can you tell me {clause.object}{tails}?",
                f"could I have {clause.object}{tails}?",
                f"do you know {clause.object}{tails}?",
            )
        )
    if key == "record" and not any(a.is_own for a in step.arguments):
        return pick(
            (
                f"what is in {clause.object}{tails}?",
                f"can I see {clause.object}{tails}?",
                f"could you show me {clause.object}{tails}?",
                f"may I have a look at {clause.object}{tails}?",
                f"what does {clause.object} hold{tails}?",
            )
        )
    if key in ("record", "open") and clause.object.startswith(WRAPPED):
        return pick(
            (
                f"can I see {clause.object}{tails}?",
                f"could I have {clause.object}{tails}?",
                f"may I see {clause.object}{tails}?",
                f"what is in {clause.object}{tails}?",
            )
        )
    if key in ("record", "open"):
        return pick(
            (
                f"what do we know about {clause.object}{tails}?",
                f"what does the record say about {clause.object}{tails}?",
                f"what do you have on {clause.object}{tails}?",
                f"who is {clause.object}{tails}?" if scene.is_person(step.noun) else f"what is {clause.object}{tails}?",
                f"what can you tell me about {clause.object}{tails}?",
                f"what's on file for {clause.object}{tails}?",
            )
        )
    if key == "search":
        many = m.plural(noun)
        return pick(
            (
                f"are there any {many}{tails}?",
                f"do we have any {many}{tails}?",
                f"which {many} are there{tails}?",
                f"can you find any {many}{tails}?",
                f"what {many} do you find{tails}?",
            )
        )
    if key == "find" and tails:
        return pick((f"is there {clause.object}{tails}?", f"do we have {clause.object}{tails}?"))
    if key == "find":
        return pick(
            (
                f"do you have {clause.object} on file?",
                f"is {clause.object} in the system?",
                f"do we have {clause.object} in our records?",
                f"can you tell me which id {clause.object} has?",
            )
        )
    return ""


def noun_goal(clause: Clause, scene: Scene) -> str:
    """Return the bare thing wanted: `the candidates for role R-1042`, `the entry for employee Anna Keller`."""
    thing = clause.object
    has_own = any(a.is_own for a in clause.step.arguments)
    if has_own and clause.verbs.key in ("find", "record", "open") and not thing.startswith(WRAPPED):
        thing = scene.choices.pick(
            (
                "the entry for {}",
                "the record of {}",
                "the details of {}",
                "what we have on {}",
                "the file on {}",
                "the data of {}",
            )
        ).format(thing)
    return thing + spaced(join_tails(clause.tails))
