"""The assistant's own words: a short sentence before each call turn, and the answer at the end.

Decides nothing about what happened: every identifier, number and status told was observed or said before.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from loopbuild.judging.derive import CHOICES, COMPUTED
from loopbuild.llm.offline import abreast
from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.clauses import class_of
from loopbuild.llm.offline.references import shown
from loopbuild.llm.offline.register import sentence
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.offline.structures import goals_of
from loopbuild.llm.offline.working_out import members, thought, told_report
from loopbuild.llm.protocol import Argument, ConditionWords, Outcome, StepWords

_TOGETHER = 3
"""Deeds of one turn that are told."""
_LISTED = 4
"""Values an answer names before it only counts."""
_QUOTED = 60
"""Characters of the longest text an answer repeats."""


def reasoning(steps: tuple[StepWords, ...], scene: Scene, condition: ConditionWords | None = None) -> tuple[str, ...]:
    """Return what is said before the calls of each turn: the plan first, later the members taken and the deed.

    With a condition the plan tells both branches, and the last turn what was seen.
    """
    turns = sorted({turn for step in steps for turn in step.turns})
    if condition is None:
        return tuple(_thought(steps, turn, turns, scene) for turn in turns)
    between = tuple(_thought(steps[:-1], turn, turns, scene) for turn in turns[1:-1])
    return (_two_ways(steps, condition, scene), *between, _decided(steps, condition, turns[-1], scene))


def _two_ways(steps: tuple[StepWords, ...], condition: ConditionWords, scene: Scene) -> str:
    """`First I read the ticket, then escalate it if the priority is urgent, otherwise assign it`"""
    then, other = (steps[-1], condition.other) if condition.holds else (condition.other, steps[-1])
    trunk = ", then ".join(_intention(step, scene) for step in steps[:-1])
    form = scene.choices.among(("First I {}, then {} if {}, otherwise {}", "I {}, then {} if {}, otherwise {}"))
    told = form.format(trunk, _intention(then, scene), said_condition(condition), _intention(other, scene))
    return sentence(scene.choices.fill(told))


def _decided(steps: tuple[StepWords, ...], condition: ConditionWords, turn: int, scene: Scene) -> str:
    """`The priority is low, so I assign the ticket`"""
    step = steps[-1]
    if condition.test == "any":
        some = m.plural(condition.words)
        seen = f"there are {some}" if condition.holds else f"there are no {some}"
    else:
        seen = f"the {condition.words} is {shown(condition.seen)}"
        if not condition.holds and scene.choices.chance(0.5):
            seen += f", not {shown(condition.value)}"
    picks = [sentence(scene.choices.fill(pick)) for pick in _picks(step, turn, scene)[:2]]
    deed = _deed(step, turn, scene, is_brief=bool(picks))
    return " ".join([*picks, sentence(scene.choices.fill(f"{seen}, so I {deed}"))])


def said_condition(condition: ConditionWords) -> str:
    """Return the condition as a clause: `the priority is urgent`, `there are interviews`."""
    if condition.test == "any":
        return f"there are {m.plural(condition.words)}"
    return f"the {condition.words} is {shown(condition.value)}"


def answer(steps: tuple[StepWords, ...], scene: Scene) -> str:
    """Return what came of it, in at most twenty words where the values allow it."""
    if abreast.is_abreast(steps):
        return " ".join(sentence(_report(step, scene)) for step in _told(goals_of(steps)))
    last = _gathered(steps)
    others = [s for s in steps if s.turns[-1] == last.turns[-1] and (s.verb, s.noun) != (last.verb, last.noun)]
    return " ".join(sentence(_report(step, scene)) for step in [*others[-1:], last])


def _gathered(steps: tuple[StepWords, ...]) -> StepWords:
    """The last step, with those before it that did the same to other things."""
    last = steps[-1]
    for before in reversed(steps[:-1]):
        if (before.verb, before.noun, before.effect) != (last.verb, last.noun, last.effect):
            break
        last = replace(
            last,
            turns=(*before.turns, *last.turns),
            indices=(*before.indices, *last.indices),
            outcomes=(*before.outcomes, *last.outcomes),
            spoken=(*before.spoken, *last.spoken),
        )
    return last


def _told(goals: list[StepWords]) -> list[StepWords]:
    """What was asked for side by side, alike deeds as one; the last few where it was much."""
    made: list[StepWords] = []
    while goals:
        last = _gathered(tuple(goals))
        made.insert(0, last)
        goals = [goal for goal in goals if not set(goal.indices) & set(last.indices)]
    return made[-_TOGETHER:]


def _thought(steps: tuple[StepWords, ...], turn: int, turns: list[int], scene: Scene) -> str:
    choices = scene.choices
    acting = [step for step in steps if turn in step.turns]
    if len(turns) == 1:
        if choices.chance(0.1):
            return ""
        form = choices.pick(("I {}", "I will {}", "Let me {}", "I {} now", "I'll {}", "I can {}"))
        return sentence(choices.fill(form.format(m.joined([_deed(step, turn, scene) for step in acting[:_TOGETHER]]))))
    if turn == turns[0]:
        return sentence(choices.fill(_plan(steps, scene)))
    picks = [pick for step in acting for pick in _picks(step, turn, scene)]
    what = m.joined([_deed(step, turn, scene, is_brief=bool(picks)) for step in acting[:_TOGETHER]])
    if turn == turns[-1]:
        form = choices.among(("Now I {}", "Now I {}", "Last, I {}", "Then I {}"))
    else:
        form = choices.among(("Next I {}", "Now I {}", "Then I {}", "Now I {}"))
    return " ".join(sentence(choices.fill(part)) for part in (*picks[:2], form.format(what)))


def _plan(steps: tuple[StepWords, ...], scene: Scene) -> str:
    """`First I list the open roles, then list the candidates for the second role, then read the top candidate`

    A model that has said what it is about to do, and of which members of which lists, need not work it out again from
    the request at every turn.
    """
    deeds = [
        m.joined([_intention(step, scene) for step in group])
        for _, group in groupby(steps, key=lambda one: one.turns[0])
    ]
    form = scene.choices.among(("First I {}, then {}", "I {}, then {}", "Plan: {}, then {}"))
    return form.format(deeds[0], ", then ".join(deeds[1:]))


def _intention(step: StepWords, scene: Scene) -> str:
    """What a step does, with the members it will take: `read the second candidate`; no value that is not seen yet."""
    verbs = class_of(step)
    full = f"{step.adjectives} {step.noun}".strip()
    chosen = [a for a in step.arguments if a.origin == "step" and a.from_list and a.is_key and a.rule != "only"]
    own = next((a for a in chosen if a.is_own), None)
    if own is not None:
        return f"{verbs.plain} {_selection(own, scene)}{_extras(step)}"
    thing = f"the {m.plural(full) if step.is_plural or step.times > 1 else full}"
    link = "for" if verbs.key not in ("send", "assign", "add", "share") else "to"
    tail = f" {link} {m.joined([_selection(a, scene) for a in chosen[:2]])}" if chosen else ""
    return f"{verbs.plain} {thing}{tail}{_extras(step)}"


def _extras(step: StepWords) -> str:
    """` with the reason`: what the user gave although the step could do without it, which is soon forgotten."""
    given = [a for a in step.arguments if a.is_optional and a.origin == "user" and not a.is_own][:3]
    named = [a.words for a in given if a.kind != "boolean"]
    # A yes or no has no name of its own: `with refundable true`, not `with the refundable`.
    told = [f"the {m.joined(named)}"] if named else []
    told += [f"{a.words} {shown(a.value)}" for a in given if a.kind == "boolean"]
    return f" with {m.joined(told)}" if told else ""


def _selection(argument: Argument, scene: Scene) -> str:
    """`the second role`, `the top two candidates`, `all roles`"""
    noun, count = argument.entity or argument.words, len(argument.ranks)
    if argument.rule == "open":
        return f"the {noun} you choose"
    if argument.rule in ("all", "each"):
        return f"all {m.plural(noun)}"
    if argument.rule in CHOICES:
        return members(argument, noun, scene)[0]
    if count > 1:
        where = argument.rule if argument.rule in ("top", "last") else "first"
        return f"the {where} {m.number_word(count)} {m.plural(noun)}"
    return f"the {_place(argument, 0)} {noun}"


def _place(argument: Argument, number: int) -> str:
    """The word for one of the members taken: `second`, `last`; `top` is the first of a list that is ranked."""
    rank = argument.ranks[number] if number < len(argument.ranks) else 0
    if len(argument.ranks) == 1 and (argument.rule == "last" or (argument.rule == "top" and rank == 0)):
        return argument.rule
    return m.ordinal(rank)


def _picks(step: StepWords, turn: int, scene: Scene) -> list[str]:
    """`The second role is R-210`: each member of a list that the calls of this turn take, by its place."""
    at = _repetitions(step, turn)
    made = []
    for argument in step.arguments:
        if argument.origin == "step" and argument.rule in (*CHOICES, *COMPUTED):
            if turn == step.turns[0]:
                made.append(thought(argument, argument.entity or argument.item or argument.words, scene))
            continue
        if argument.origin != "step" or not argument.from_list or not argument.is_key:
            continue
        if argument.rule in ("only", "open"):
            continue
        spread = len(argument.picked) == step.times and step.times > 1
        numbers = at if spread else range(len(argument.picked))
        noun = argument.entity or argument.words
        taken = [(_place(argument, i), shown(argument.picked[i])) for i in numbers if i < len(argument.picked)]
        if len(taken) == 1:
            made.append(f"the {taken[0][0]} {noun} is {taken[0][1]}")
        elif taken and len(taken) <= _LISTED:
            made.append(f"the {m.plural(noun)} are {m.joined([value for _, value in taken])}")
    return made


def _repetitions(step: StepWords, turn: int) -> list[int]:
    """Which of a step's repetitions happen in this turn."""
    if len(step.turns) != step.times:
        return list(range(step.times))
    return [i for i, t in enumerate(step.turns) if t == turn]


def _deed(step: StepWords, turn: int, scene: Scene, *, is_brief: bool = False) -> str:
    """`schedule the interview for C-501`; brief where the sentence before has named what it is for."""
    verbs = class_of(step)
    at = _repetitions(step, turn)
    noun = step.noun
    told = {shown(value) for a in step.arguments for value in a.picked} if is_brief else set()
    keys = [key for i in at for key in [key for key in step.spoken[i] if key not in told][:1]] if step.spoken else []
    own = any(a.is_own and not (is_brief and a.picked) for a in step.arguments)
    full = f"{step.adjectives} {noun}".strip()
    if any(a.kind == "groups" for a in step.arguments):
        return f"{verbs.plain} the {m.plural(noun) if _is_several(step) else noun}"
    if own and keys and len(keys) <= 3:
        return f"{verbs.plain} {noun} {m.joined(keys)}{_extras(step)}"
    thing = f"the {m.plural(full) if step.is_plural or len(at) > 1 else full}"
    if keys and len(keys) <= 3:
        link = "for" if verbs.key not in ("send", "assign", "add", "share") else "to"
        return f"{verbs.plain} {thing} {link} {m.joined(keys)}{_extras(step)}"
    return f"{verbs.plain} {thing}{_extras(step)}"


def _report(step: StepWords, scene: Scene) -> str:
    """One step's outcome in a sentence without its full stop."""
    choices, verbs = scene.choices, class_of(step)
    noun = step.noun
    full = f"{step.adjectives} {noun}".strip()
    if step.told is not None:
        return told_report(step.told, scene)
    seen = [outcome for outcomes in step.outcomes for outcome in outcomes]
    if step.effect == "read":
        return _reading(step, verbs.key, full, seen, scene)
    ids = [shown(o.value) for outcomes in step.outcomes for o in _made(outcomes, noun)]
    done = verbs.done
    status = [shown(o.value) for o in seen if o.words == "status" and not isinstance(o.value, list)]
    # Of several things one status is told only where it is that of all.
    status = [word for word in status if len(set(status)) == 1 and word != done]
    if ids:
        many = m.plural(noun) if len(ids) > 1 else noun
        be = "are" if len(ids) > 1 else "is"
        told = m.joined(ids[:_LISTED])
        tail = f", status {status[0]}" if status else ""
        return choices.pick(
            (
                f"Done, the {many} {be} {told}{tail}",
                f"The {many} {be} {done}: {told}{tail}",
                f"Done: {told}{tail}",
                f"I {done} {told}{tail}" if done.endswith("ed") else f"All set: {told}{tail}",
                f"{m.plural(noun).capitalize() if len(ids) > 1 else noun.capitalize()} {told} {be} {done}{tail}",
            )
        )
    is_named = any(a.is_own and a.kind != "groups" for a in step.arguments)
    keys = [key for spoken in step.spoken for key in spoken[:1]] if is_named else []
    if len(keys) == 1 and not _is_several(step):
        what = f"{noun} {keys[0]}"
    else:
        what = m.joined(keys[:_LISTED]) or f"the {m.plural(noun) if _is_several(step) else noun}"
    be = "are" if len(keys) > 1 or _is_several(step) else "is"
    opened = what if what in keys or len(keys) > 1 else what[:1].upper() + what[1:]
    if status:
        return choices.pick(
            (
                f"Done, {what} {be} {done}; the status is {status[0]}",
                f"The status of {what} is now {status[0]}",
                f"{opened} {be} {done}, status {status[0]}",
                f"Done, status {status[0]}",
            )
        )
    return choices.pick((f"Done, {what} {be} {done}", f"{opened} {be} {done}", f"Done. {opened} {be} {done}"))


def _made(outcomes: tuple[Outcome, ...], noun: str) -> list[Outcome]:
    """The id of what a step made; those of other things beside it, the book of a loan, are not its own."""
    keys = [one for one in outcomes if one.is_key and not isinstance(one.value, list)]
    if len(keys) < 2:
        return keys
    named = [(one, one.words.removesuffix("id").strip()) for one in keys]
    return [one for one, word in named if not word or word == noun or noun.endswith(f" {word}")][:1]


def _several(step: StepWords, scene: Scene) -> str:
    """Several readings alike: one telling value of each, or each with its key."""
    each = []
    for outcomes, spoken in zip(step.outcomes, step.spoken, strict=True):
        lists = [len(o.value) for o in outcomes if isinstance(o.value, list)]
        if lists and spoken:
            each.append(f"{spoken[0]}: {lists[0]} {step.noun if lists[0] == 1 else m.plural(step.noun)}")
            continue
        scalars = [o for o in outcomes if not isinstance(o.value, list) and len(shown(o.value)) <= _QUOTED]
        names = [o for o in scalars if o.words.rsplit(" ", 1)[-1] in ("name", "title", "subject")]
        telling = (names or [o for o in scalars if not o.is_key] or scalars)[:1]
        key = spoken[0] if spoken else ""
        each.append(
            f"{key}: {shown(telling[0].value)}"
            if key and telling
            else key or (shown(telling[0].value) if telling else "")
        )
    told = ", ".join(one for one in each[:_LISTED] if one)
    return (
        scene.choices.pick((told, f"Here they are: {told}", f"I found {told}", f"Result: {told}")) if told else "Done"
    )


def _is_several(step: StepWords) -> bool:
    """Whether a step treats more than one thing: by its values where they are listed, else by its name."""
    for argument in step.arguments:
        if argument.is_own and isinstance(argument.value, list):
            return len(argument.value) > 1
        if argument.kind == "groups":
            inner = [
                f.value
                for group in argument.groups
                for f in group
                if isinstance(f.value, list) and not any(g.words in ("name", "type") for g in group)
            ]
            return len(argument.groups) > 1 or any(len(value) > 1 for value in inner)
    return step.is_plural or step.times > 1


def _reading(step: StepWords, key: str, full: str, seen: list[Outcome], scene: Scene) -> str:
    choices = scene.choices
    if step.times > 1:
        return _several(step, scene)
    lists = [o for o in seen if isinstance(o.value, list)]
    scalars = [
        o for o in seen if not isinstance(o.value, list) and o.value is not None and len(shown(o.value)) <= _QUOTED
    ]
    if (key in ("list", "search") and lists) or (lists and not scalars):
        values = [shown(v) for v in lists[0].value]
        if not step.is_plural:
            full = m.singular(lists[0].words)
        many = m.plural(full)
        if not values:
            return choices.pick((f"There are no {many}", f"I found no {many}", f"No {many} found"))
        if len(values) == 1:
            return choices.pick(
                (
                    f"There is one {full}: {values[0]}",
                    f"The only {full} is {values[0]}",
                    f"I found one {full}: {values[0]}",
                )
            )
        if len(values) > _LISTED:
            first = m.joined(values[:3])
            return choices.pick(
                (
                    f"There are {len(values)} {many}, the first are {first}",
                    f"I found {len(values)} {many}, first {first}",
                    f"{len(values)} {many}, starting with {first}",
                )
            )
        told = m.joined(values)
        return choices.pick(
            (
                f"The {many} are {told}",
                f"I found {len(values)} {many}: {told}",
                f"Here are the {many}: {told}",
                f"There are {len(values)} {many}: {told}",
                f"{len(values)} {many}: {told}",
            )
        )
    if not scalars:
        return choices.pick((f"I have read the {full}", "Done", "That is all there is"))
    told_scalars = scalars[: 3 if len(scalars) <= 3 else 2]
    if len(told_scalars) == 1:
        one = told_scalars[0]
        be = m.agree(one.words)
        return choices.pick(
            (
                f"The {one.words} {be} {shown(one.value)}",
                f"{one.words.capitalize()}: {shown(one.value)}",
                f"The {one.words}: {shown(one.value)}",
            )
        )
    pairs = [f"{o.words} {shown(o.value)}" for o in told_scalars]
    stated = [f"the {o.words} {m.agree(o.words)} {shown(o.value)}" for o in told_scalars]
    return choices.pick(
        (
            f"Found: {m.joined(pairs)}",
            m.joined(stated),
            f"I found {m.joined(pairs)}",
            f"{', '.join(f'{o.words}: {shown(o.value)}' for o in told_scalars)}",
        )
    )
