"""What a person has named before is pointed at in a later turn, not said again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loopbuild.llm.protocol import StepWords
from loopbuild.records import Trajectory


def pointed_back(index: int, words: StepWords, trajectory: Trajectory, single: Sequence[StepWords]) -> StepWords:
    """Return a step in words; identifiers the person gave in an earlier turn are taken from the step they went to."""
    turn = trajectory.steps[index].turn
    start = max((one.turn for one in trajectory.later if one.turn <= turn), default=0)
    earlier = [n for n, step in enumerate(trajectory.steps) if step.turn < start]
    made = []
    for argument in words.arguments:
        wanted = (True, "user", argument.entity, argument.value)
        known = [
            n for n in earlier for one in single[n].arguments
            if (one.is_key, one.origin, one.entity, one.value) == wanted
        ]  # fmt: skip
        if argument.is_key and argument.origin == "user" and known:
            argument = replace(argument, origin="step", step=known[-1], rule="only")
        made.append(argument)
    return replace(words, arguments=tuple(made))
