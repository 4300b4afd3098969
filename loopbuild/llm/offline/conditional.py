"""Requests with two ways out: look at something, then do one thing or another by what it shows.

Decides how the look, the condition and both branches become one text. Which branch was taken is not in the words: a
pair of rows says the same.
"""

from __future__ import annotations

from dataclasses import replace

from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.abreast import all_arguments
from loopbuild.llm.offline.clauses import clause_of, imperative
from loopbuild.llm.offline.references import shown, source_of
from loopbuild.llm.offline.scene import Scene, is_person, referent
from loopbuild.llm.offline.several import tell_and, tell_then
from loopbuild.llm.offline.single import tell_imperative
from loopbuild.llm.offline.structures import Draft
from loopbuild.llm.protocol import Argument, ConditionWords, StepWords

_LOW = {
    "if": ("abcd", "{look}. If {if_}, {then}{or_}{other}"),
    "and if": ("acd", "{look}, and if {if_}, {then}{or_}{other}"),
    "in case": ("bd", "{look}. In case {if_}, {then}{or_}{other}"),
    "only if": ("abc", "{look} and {then} if {if_}{or_}{other}"),
    "steps": ("bcd", "{look}. {then} if {if_}. If not, {other}"),
}
_HIGH = {
    "if first": ("abcd", "if {if_}, {then}{or_}{other}"),
    "in case first": ("bd", "in case {if_}, {then}{or_}{other}"),
    "depends": ("acd", "it depends on {what}: if {is_}, {then}{or_}{other}"),
    "check": ("abd", "check {what}: if {is_}, {then}{or_}{other}"),
    "when": ("bc", "when {if_}, {then}{or_}{other}"),
}
_OR = (", otherwise ", ", else ", ". Otherwise, ", "; if not, ", ". If not, ", "; otherwise ")


def compose(steps: tuple[StepWords, ...], condition: ConditionWords, scene: Scene, *, level: str) -> Draft:
    """Return the request of a conditional row; low tells the look, high only what is to happen when."""
    trunk, taken = list(steps[:-1]), steps[-1]
    looked = next(step for step in trunk if condition.step in step.indices)
    then, other = (taken, condition.other) if condition.holds else (condition.other, taken)
    whose = source_of(looked, scene) if level == "high" else ""
    if level == "high" and not _says_all(whose, trunk, scene):
        # What leads to the thing does not fit into its name: the look is told after all.
        scene.mentioned.clear()
        whose = ""
    table = _HIGH if whose else _LOW
    names = [name for name, (voices, _) in table.items() if scene.choices.voice in voices]
    if condition.test == "any":
        names = [name for name in names if name not in ("depends", "check")]
    name = scene.choices.among(names)
    parts: dict[str, str] = {}
    if not whose:
        parts["look"] = _looking(trunk, scene)
        its = "their" if is_person(looked.noun) else "its"
        parts["if_"] = _clause(condition, scene, f"{its} {condition.words}", f"the {condition.words}")
    else:
        parts["what"] = f"the {condition.words} of {whose}"
        parts["if_"] = _clause(condition, scene, parts["what"]) + _of_list(condition, looked, whose)
        parts["is_"] = _clause(condition, scene, "it")
        scene.uttered.append(looked)
    parts["then"] = _branch(then, looked, scene, describe=bool(whose))
    parts["other"] = _branch(other, looked, scene, describe=bool(whose))
    parts["or_"] = scene.choices.pick(_OR)
    return Draft(text=table[name][1].format(**parts), structure=f"{level}:{name}", is_open=False)


def _says_all(text: str, trunk: list[StepWords], scene: Scene) -> bool:
    """Whether all that the person has to say for the look stands in the name of what is looked at."""
    told = scene.choices.fill(text)
    needed = [
        str(one)
        for step in trunk
        for argument in all_arguments(step)
        if argument.origin == "user" and argument.kind != "groups"
        for one in (argument.value if isinstance(argument.value, list) else [argument.value])
    ]
    return all(one in told for one in needed)


def _looking(trunk: list[StepWords], scene: Scene) -> str:
    if len(trunk) == 1:
        return tell_imperative(trunk, scene, False)
    return (tell_then if scene.choices.chance(0.5) else tell_and)(trunk, scene, False)


def _clause(condition: ConditionWords, scene: Scene, *subjects: str) -> str:
    if condition.test == "any":
        many = m.plural(condition.words)
        return scene.choices.among((f"there are any {many}", f"you find any {many}", f"there are {many}"))
    subject = scene.choices.among(subjects)
    return f"{subject} is {scene.choices.say(shown(condition.value))}"


def _of_list(condition: ConditionWords, looked: StepWords, whose: str) -> str:
    return f" for {whose}" if condition.test == "any" and looked.arguments else ""


def _branch(step: StepWords, looked: StepWords, scene: Scene, *, describe: bool) -> str:
    arguments = tuple(_back(argument, looked, scene) for argument in step.arguments)
    clause = clause_of(replace(step, arguments=arguments), scene, describe=describe)
    return imperative(clause, scene)


def _back(argument: Argument, looked: StepWords, scene: Scene) -> Argument:
    """What the person named when asking for the look is not named again, but pointed at."""
    if argument.origin != "user" or not argument.is_key or argument.kind in ("list", "groups"):
        return argument
    for one in all_arguments(looked):
        if one.origin == "user" and one.is_key and one.value == argument.value:
            same = replace(argument, origin="step", step=looked.indices[0], rule="only", entity=one.entity)
            scene.mentioned.add(referent(same))
            return same
    return argument
