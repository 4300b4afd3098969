"""Later turns of a dialogue: how a person corrects, asks for the same again, or goes on with what was found.

Short, and only understood from what came before; values are said byte for byte. Knows steps in words, nothing of calls.
"""

from __future__ import annotations

from dataclasses import replace

from loopbuild.llm.offline import reports
from loopbuild.llm.offline.choices import Choices
from loopbuild.llm.offline.clauses import clause_of, imperative
from loopbuild.llm.offline.questions import question
from loopbuild.llm.offline.references import runs_on, said, selections, shown
from loopbuild.llm.offline.scene import Scene, referent
from loopbuild.llm.protocol import Argument, LaterWords, StepWords, WriteRequest

_MEANT = (
    "sorry, I meant {v}", "make that {v}", "actually, {v} please", "no wait, {v}", "I got the {w} wrong, it's {v}",
    "the {w} should be {v}", "I meant {v}, not {o}", "not {o} but {v}", "{v} instead of {o}, please",
    "oops, the {w} is {v}", "correction: {w} {v}", "my mistake, I need it with {w} {v}", "hm, let's take {v} instead",
    "please use {v} as the {w}", "wrong {w}, it has to be {v}", "sorry, the {w} is {v} and not {o}",
)  # fmt: skip
_CHANGED = (
    "change the {w} to {v}", "can you change the {w} to {v}?", "please set the {w} to {v} instead",
    "let's make the {w} {v}", "I changed my mind about the {w}: {v}", "could the {w} be {v} instead?",
)  # fmt: skip
_WAIT = (
    "no wait, make that {v}", "sorry, I meant {v}, not {o}", "actually, take {v} instead of {o}", "correction: {w} {v}",
    "oh, and the {w} is {v}, not {o}", "wait, the {w} should be {v}", "I mean {v}, not {o}", "scratch that, {v} it is",
    "on second thought, {v} instead of {o}", "hold on, {w} {v} please", "no, {v} is better than {o}",
    "oops, {v} of course",
)  # fmt: skip
_SAME = (
    "the same for {s}", "and {s}?", "what about {s}?", "do that for {s} too", "now {s}, please", "also {s}, please",
    "{s} as well", "once more for {s}", "and the same again for {s}", "how about {s}?", "same thing for {s}",
    "please do it for {s} as well", "now the same with {s}", "repeat that for {s}",
)  # fmt: skip
_ON = (
    "{}", "{}", "now {}", "and {}", "ok, {}", "then {}", "great, now {}", "thanks, now {}", "next, {}",
    "good. Now {}", "could you also {}?", "can you {} too?", "please {} as well", "and please {}", "perfect, then {}",
    "one more thing: {}", "alright, {}",
)  # fmt: skip
_ASKED = ("{}", "and {}", "thanks. {}", "ok, {}", "good, {}", "one more thing: {}")


def misspoken(steps: tuple[StepWords, ...], slip: LaterWords | None) -> tuple[StepWords, ...]:
    """Return the steps of one turn with the value that was said first; as they are where none was."""
    if slip is None:
        return steps
    made = []
    for step in steps:
        is_it = slip.step in step.indices
        arguments = (replace(one, value=slip.old) if one == slip.argument else one for one in step.arguments)
        made.append(replace(step, arguments=tuple(arguments)) if is_it else step)
    return tuple(made)


def put_right(text: str, steps: tuple[StepWords, ...], slip: LaterWords | None, scene: Scene) -> str:
    """Return a turn whose last words put one of its values right: `... on Monday. No wait, make that Tuesday`."""
    if slip is None or slip.argument is None or not any(slip.step in step.indices for step in steps):
        return text
    end = "" if text.endswith((".", "!", "?")) else "."
    said_so = _filled(_WAIT, slip, slip.argument, scene)
    return f"{text}{end} {_typed(said_so, scene.choices)}"


def dialogue(
    request: WriteRequest, choices: Choices
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Return the later turns of a person, and for every turn what is said before its calls, and its answer."""
    scene = Scene(choices, steps=request.steps, synonyms=request.synonyms, is_talk=True)
    users, thoughts, answers = [], [], []
    for number, part in enumerate(parts(request)):
        if number:
            first = misspoken(part, request.slip)
            text = _typed(_spoken(request.later[number - 1], first[0], scene), choices)
            users.append(choices.fill(put_right(text, part, request.slip, scene)))
        scene.uttered += [step for step in part if not scene.is_uttered(step)]
        scene.mentioned |= {referent(one) for step in part for one in step.arguments if one.origin == "step"}
        thoughts.append(reports.reasoning(part, scene))
        answers.append(choices.fill(reports.answer(part, scene)))
    return tuple(users), tuple(thoughts), tuple(answers)


def parts(request: WriteRequest) -> list[tuple[StepWords, ...]]:
    """Return the steps of each turn of the person."""
    starts = [0, *(one.step for one in request.later)]
    ends = [*starts[1:], 1 + max(index for step in request.steps for index in step.indices)]
    return [
        tuple(step for step in request.steps if start <= step.indices[0] < end)
        for start, end in zip(starts, ends, strict=True)
    ]


def _spoken(later: LaterWords, step: StepWords, scene: Scene) -> str:
    if later.kind == "corrected" and later.argument is not None:
        return _correction(later, later.argument, step, scene)
    if later.kind == "same":
        return _again(step, scene)
    return _going_on(step, scene)


def _correction(later: LaterWords, argument: Argument, step: StepWords, scene: Scene) -> str:
    return _filled(_MEANT if step.effect == "read" else (*_MEANT, *_CHANGED), later, argument, scene)


def _filled(forms: tuple[str, ...], later: LaterWords, argument: Argument, scene: Scene) -> str:
    choices = scene.choices
    words = argument.entity if argument.is_key and argument.entity else argument.words
    value, old = said(argument, scene), choices.say(shown(later.old))
    if isinstance(argument.value, str) and runs_on(argument.value):
        value, old = f'"{value}"', f'"{old}"'
    return choices.pick(forms).format(v=value, o=old, w=words)


def _again(step: StepWords, scene: Scene) -> str:
    taken = next(one for one in step.arguments if one.origin == "step" and one.from_list)
    noun = scene.noun(taken.entity if taken.is_key and taken.entity else taken.item or taken.words)
    ones = [form.replace(f" {noun}", " one") for form in selections(taken, noun, scene)]
    return scene.choices.pick(_SAME).format(s=scene.choices.pick([*selections(taken, noun, scene), *ones]))


def _going_on(step: StepWords, scene: Scene) -> str:
    clause = clause_of(step, scene, describe=False)
    asked = question(clause, scene) if step.effect == "read" and scene.choices.chance(0.35) else ""
    if asked:
        return scene.choices.pick(_ASKED).format(asked)
    return scene.choices.pick(_ON).format(imperative(clause, scene))


def _typed(text: str, choices: Choices) -> str:
    text = text[:1].upper() + text[1:] if choices.chance(0.7) else text
    return text if text.endswith((".", "?", "!", '"')) else text + ("." if choices.chance(0.5) else "")
