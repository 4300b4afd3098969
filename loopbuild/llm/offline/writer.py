"""The offline writer: one request in, one set of words out, a pure function of the request.

Decides the voice and the number of tries; composing is left to its neighbours. Knows no files and no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from loopbuild.llm.names import runs_in
from loopbuild.llm.offline import asking, conditional, later, reports
from loopbuild.llm.offline.choices import Choices, voice_of
from loopbuild.llm.offline.register import polish
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.offline.slips import slips_in
from loopbuild.llm.offline.structures import compose
from loopbuild.llm.protocol import Argument, StepWords, WriteAnswer, WriteRequest

_ATTEMPTS = 12
_WORDS = {"low": 60, "high": 35}


class OfflineWriter:
    """A seeded grammar in four voices; costs nothing and says the same for the same request everywhere."""

    name = "offline"

    def write_many(self, requests: Sequence[WriteRequest]) -> Iterator[WriteAnswer]:
        """Yield one answer per request, in order."""
        for request in requests:
            yield write(request)


def write(request: WriteRequest) -> WriteAnswer:
    """Return the words of one row; tries again while a text holds a forbidden run of words, a slip, or is too long."""
    best: WriteAnswer | None = None
    fewest = 1 << 30
    for attempt in range(_ATTEMPTS):
        made = _once(request, attempt)
        faults = _faults(request, made)
        if not faults:
            return made
        if faults < fewest:
            best, fewest = made, faults
    assert best is not None
    return best


def _once(request: WriteRequest, attempt: int) -> WriteAnswer:
    voice = voice_of(request.seed, is_held_out=request.wording == "held_out")
    choices = Choices(request.seed, voice=voice, attempt=attempt)
    if request.later:
        return _dialogue(request, choices)
    scene = Scene(choices, steps=request.steps, synonyms=request.synonyms)
    missing = _missing(request.steps)
    draft = (
        compose(request.steps, scene, level=request.level)
        if request.condition is None
        else conditional.compose(request.steps, request.condition, scene, level=request.level)
    )
    users = [choices.fill(polish(draft.text, choices, is_open=draft.is_open))]
    asked: list[str] = []
    if missing is not None:
        step, gap, value = missing
        ask = asking.choose if gap.rule == "open" else asking.ask
        asked.append(choices.fill(ask(step, gap, scene)))
        users.append(choices.fill(asking.reply(gap, value, scene)))
    return WriteAnswer(
        key=request.key,
        user_turns=tuple(users),
        assistant_turns=tuple(asked),
        reasoning=reports.reasoning(request.steps, scene, request.condition),
        answer=choices.fill(reports.answer(request.steps, scene)),
        structure=draft.structure + (" choice" if missing is not None and missing[1].rule == "open" else ""),
        voice=voice,
    )


def _dialogue(request: WriteRequest, choices: Choices) -> WriteAnswer:
    """A request as any other, then the later turns; every turn of the person has its answer."""
    first = later.misspoken(later.parts(request)[0], request.slip)
    draft = compose(first, Scene(choices, steps=first, synonyms=request.synonyms), level=request.level)
    asked = choices.fill(polish(draft.text, choices, is_open=draft.is_open))
    asked = choices.fill(later.put_right(asked, first, request.slip, Scene(choices, steps=first)))
    users, thoughts, answers = later.dialogue(request, choices)
    return WriteAnswer(
        key=request.key,
        user_turns=(asked, *users),
        assistant_turns=answers[:-1],
        reasoning=tuple(thought for part in thoughts for thought in part),
        answer=answers[-1],
        structure=" ".join([draft.structure, *(one.kind for one in request.later)]),
        voice=choices.voice,
    )


def _missing(steps: tuple[StepWords, ...]) -> tuple[StepWords, Argument, Argument] | None:
    """Return the step and the argument the request leaves out or leaves open, once as gap and once as value."""
    for step in steps:
        for argument in step.arguments:
            if argument.origin == "missing" or argument.rule == "open":
                return step, argument, replace(argument, origin="user")
    return None


def _faults(request: WriteRequest, made: WriteAnswer) -> int:
    text = made.user_turns[0]
    if request.later:
        return sum(_faults(replace(request, later=()), replace(made, user_turns=(one,))) for one in made.user_turns)
    leaked = len(runs_in(text, request.forbidden))
    too_long = len(text.split()) > _WORDS.get(request.level, 60)
    return 4 * leaked + len(slips_in(text)) + int(too_long)
