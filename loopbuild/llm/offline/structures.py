"""Discourse: in which order and form a request tells its steps.

Decides the structure of a text and composes its clauses; every structure belongs to some voices. Returns raw text with
placeholders and no final polish (register.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loopbuild.llm.offline import abreast, several, single
from loopbuild.llm.offline.clauses import class_of
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.protocol import StepWords


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request before polish; `is_open` texts accept politeness around them, the others are finished."""

    text: str
    structure: str
    is_open: bool = True


def compose(steps: tuple[StepWords, ...], scene: Scene, *, level: str) -> Draft:
    """Return the request of a row at `level` (low tells the steps, high the goal)."""
    told = list(steps) if level == "low" else goals_of(steps)
    parts = abreast.branches_of(told, steps)
    if len(parts) > 1:
        return _beside(parts, scene, level=level)
    table = _SINGLE if len(told) == 1 else _MANY
    choices = scene.choices
    names = [name for name, entry in table.items() if choices.voice in entry.voices and _suits(name, told, level=level)]
    while names:
        name = names.pop(int(choices.unit() * len(names)))
        text = table[name].compose(told, scene, level == "high")
        if text:
            return Draft(text=text, structure=f"{level}:{name.removesuffix(' again')}", is_open=table[name].is_open)
        scene.uttered.clear()
        scene.mentioned.clear()
    text = several.tell_and(told, scene, level == "high")
    return Draft(text=text, structure=f"{level}:and", is_open=True)


def _beside(parts: abreast.Branches, scene: Scene, *, level: str) -> Draft:
    names = [name for name, entry in _BESIDE.items() if scene.choices.voice in entry.voices]
    name = names[int(scene.choices.unit() * len(names))]
    text = _BESIDE[name].compose(parts, scene, level == "high")
    return Draft(text=text, structure=f"{level}:{name}", is_open=_BESIDE[name].is_open)


def goals_of(steps: tuple[StepWords, ...]) -> list[StepWords]:
    """Return what a goal must name: every change, and every reading nothing else builds on."""
    consumed = {a.step for step in steps for a in abreast.all_arguments(step) if a.origin == "step"}
    kept = [s for s in steps if s.effect != "read" or not any(index in consumed for index in s.indices)]
    return kept or [steps[-1]]


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
    if name in ("last first", "telegram arrows") and abreast.is_abreast(told):
        return False
    if name == "start by":
        return told[0].effect == "read"
    if name == "goal wish":
        return told[0].effect != "read"
    return level == "low" or name not in ("numbered", "numbered lines", "bullets")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    voices: str
    compose: Callable[[list[StepWords], Scene, bool], str]
    is_open: bool = True


_SINGLE: dict[str, _Entry] = {
    "imperative": _Entry(voices="abcd", compose=single.tell_imperative),
    "imperative again": _Entry(voices="abc", compose=single.tell_imperative),
    "question": _Entry(voices="abcd", compose=single.tell_question, is_open=False),
    "need": _Entry(voices="abd", compose=single.tell_need, is_open=False),
    "noun": _Entry(voices="acd", compose=single.tell_noun, is_open=False),
    "noun colon": _Entry(voices="d", compose=single.tell_noun_colon, is_open=False),
    "need to know": _Entry(voices="bcd", compose=single.tell_need_to_know, is_open=False),
    "telegram": _Entry(voices="ac", compose=single.tell_telegram, is_open=False),
    "slot first": _Entry(voices="bcd", compose=single.tell_slot_first, is_open=False),
    "form": _Entry(voices="bd", compose=single.tell_form, is_open=False),
    "reason first": _Entry(voices="ab", compose=several.tell_reason_first, is_open=False),
    "reason last": _Entry(voices="cd", compose=several.tell_reason_last, is_open=False),
    "goal wish": _Entry(voices="acd", compose=single.tell_goal_wish, is_open=False),
}

_MANY: dict[str, _Entry] = {
    "and": _Entry(voices="abc", compose=several.tell_and),
    "then": _Entry(voices="abcd", compose=several.tell_then),
    "first next": _Entry(voices="ac", compose=several.tell_first_next),
    "sentences": _Entry(voices="bcd", compose=several.tell_sentences),
    "numbered": _Entry(voices="ab", compose=several.tell_numbered, is_open=False),
    "numbered lines": _Entry(voices="bd", compose=several.tell_numbered_lines, is_open=False),
    "bullets": _Entry(voices="cd", compose=several.tell_bullets, is_open=False),
    "semicolons": _Entry(voices="ab", compose=several.tell_semicolons, is_open=False),
    "telegram arrows": _Entry(voices="bc", compose=several.tell_telegram_arrows, is_open=False),
    "last first": _Entry(voices="acd", compose=several.tell_last_first, is_open=False),
    "once done": _Entry(voices="bd", compose=several.tell_once_done),
    "start by": _Entry(voices="acd", compose=several.tell_start_by),
    "needs": _Entry(voices="abd", compose=several.tell_needs, is_open=False),
    "task colon": _Entry(voices="cd", compose=several.tell_task_colon, is_open=False),
    "reason first": _Entry(voices="ac", compose=several.tell_reason_first, is_open=False),
    "reason last": _Entry(voices="bd", compose=several.tell_reason_last, is_open=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    voices: str
    compose: Callable[[abreast.Branches, Scene, bool], str]
    is_open: bool = True


_BESIDE: dict[str, _Beside] = {
    "and also": _Beside(voices="abcd", compose=abreast.tell_also),
    "also": _Beside(voices="abcd", compose=abreast.tell_apart),
    "things": _Beside(voices="abcd", compose=abreast.tell_things, is_open=False),
    "marks": _Beside(voices="bc", compose=abreast.tell_marks, is_open=False),
    "lines": _Beside(voices="acd", compose=abreast.tell_lines, is_open=False),
    "meanwhile": _Beside(voices="abd", compose=abreast.tell_meanwhile),
    "wanted": _Beside(voices="bcd", compose=abreast.tell_wanted, is_open=False),
    "because": _Beside(voices="abc", compose=abreast.tell_because, is_open=False),
}
"""Structures for goals that need nothing of each other."""
