"""Clarifying turns: the question for exactly one missing thing, and what the person answers.

Knows the missing argument in words and its value; nothing of the calls.
"""

from __future__ import annotations

from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.clauses import class_of
from loopbuild.llm.offline.references import said
from loopbuild.llm.offline.register import sentence
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.protocol import Argument, StepWords


def ask(step: StepWords, missing: Argument, scene: Scene) -> str:
    """Return the assistant's question; it names the missing thing by its words."""
    words = missing.entity if missing.is_key and missing.entity else missing.words
    verbs = class_of(step)
    pick = scene.choices.pick
    if missing.is_key and missing.is_own:
        forms: tuple[str, ...] = (
            f"Which {words} should I {verbs.plain}?",
            f"Which {words} do you mean?",
            f"What is the {words} id?",
            f"Which {words} is it? Please give me the {words} id.",
            f"Please tell me the {words} id.",
        )
    elif missing.is_key:
        forms = (
            f"Which {words} is this for?",
            f"Which {words} do you mean?",
            f"What is the {words} id?",
            f"Please give me the {words} id.",
            f"For which {words}?",
        )
    elif missing.kind == "enum":
        forms = (
            f"Which {words} should it be?",
            f"What is the {words}?",
            f"Which {words} do you want?",
            f"Please tell me the {words}.",
        )
    elif missing.kind in ("date", "datetime", "time"):
        forms = (
            f"What is the {words}?",
            f"Which {words} should I use?",
            f"Please give me the {words}.",
            f"What {words} do you want?",
        )
    else:
        forms = (
            f"What is the {words}?",
            f"What {words} should I use?",
            f"Please tell me the {words}.",
            f"I still need the {words}. What is it?",
        )
    return sentence(pick(forms))


def choose(step: StepWords, which: Argument, scene: Scene) -> str:
    """Return the assistant's question which of several things is meant; it names them all."""
    noun, verb = which.entity or which.words, class_of(step).plain
    many, named = m.plural(noun), [str(one) for one in which.picked]
    told, either = m.joined(named), f"{', '.join(named[:-1])} or {named[-1]}"
    forms = (
        f"There are {m.number_word(len(named))} {many}: {told}. Which {noun} should I {verb}?",
        f"I found {m.number_word(len(named))} {many}: {told}. Which {noun} do you mean?",
        f"Which {noun} should I {verb}: {either}?",
        f"Which {noun} do you mean: {either}?",
        f"There is more than one {noun}: {told}. Which {noun} is it?",
        f"Before I {verb} anything: which {noun}? I see {told}.",
    )
    form = scene.choices.pick(forms)
    return sentence(form)


def reply(missing: Argument, value: Argument, scene: Scene) -> str:
    """Return the person's answer, which holds the value byte for byte."""
    words = missing.entity if missing.is_key and missing.entity else missing.words
    told = said(value, scene)
    forms = [
        "{}",
        "it's {}",
        "it is {}",
        f"the {words} is {{}}",
        "{} please",
        f"{words} {{}}",
        "{}, please",
        "sorry, {}",
        "that would be {}",
        "oh, {}",
        "{}, thanks",
        "make it {}" if not missing.is_key else "I mean {}",
    ]
    text = scene.choices.pick(forms).format(told)
    if scene.choices.chance(0.5):
        text = text[:1].upper() + text[1:]
    return text + ("." if scene.choices.chance(0.4) else "")
