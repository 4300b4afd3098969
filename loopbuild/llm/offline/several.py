"""Requests for several steps: in order, numbered, last step first, with a reason, as a telegram.

Each function composes one structure; the order of the steps is always said or plain from the references.
"""

from __future__ import annotations

from itertools import groupby

from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.clauses import clause_of, imperative
from loopbuild.llm.offline.questions import fragment
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.offline.single import tell_imperative
from loopbuild.llm.protocol import StepWords


def tell_reason_first(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`The team is waiting, so please cancel ...`."""
    body = _body(told, scene, describe)
    please = scene.choices.pick(("please ", "", "could you ", "kindly ", "please ", "now "))
    return f"{scene.choices.pick(REASONS)}, so {please}{body}"


def tell_reason_last(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`Cancel ... The team is waiting`."""
    body = _body(told, scene, describe)
    return f"{body}{scene.choices.pick((', ', ' - ', '. '))}{scene.choices.pick(REASONS)}"


REASONS = (
    "I have a meeting in ten minutes",
    "my manager is asking",
    "we are behind schedule",
    "I need it for the report",
    "the team is waiting",
    "I promised it for today",
    "it came up in the meeting",
    "we want to move on",
    "I am putting together an overview",
    "the planning starts soon",
    "I can't get to it myself",
    "someone just called about it",
    "things have changed here",
    "we are tidying up",
    "I am out this afternoon",
    "the deadline is close",
    "I just got the message",
    "there has been a mix-up",
    "our list is out of date",
    "this has been open for a while",
)


def _clauses(told: list[StepWords], scene: Scene, describe: bool) -> list[str]:
    """Return a text for each step; what happens in one turn stands together, for there is no order in it."""
    made: list[str] = []
    for _, group in groupby(told, key=lambda step: step.turns[-1]):
        parts = [imperative(clause_of(step, scene, describe=describe), scene) for step in group]
        made.append(m.joined(parts, last=scene.choices.pick(_TOGETHER)) if len(parts) > 1 else parts[0])
    return made


_TOGETHER = (" and ", " and also ", ", and also ")


def _body(told: list[StepWords], scene: Scene, describe: bool) -> str:
    return tell_and(told, scene, describe) if len(told) > 1 else tell_imperative(told, scene, describe)


def tell_and(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`A, B and C`."""
    parts = _clauses(told, scene, describe)
    return m.joined(parts, last=scene.choices.pick((", and ", " and ", ", then ", " and then ", ", and then ")))


def tell_then(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`A, then B, and finally C`."""
    parts = _clauses(told, scene, describe)
    joint = scene.choices.pick((", then ", " and then ", ", after that ", ", next ", ", and after that "))
    last = scene.choices.pick((", then ", ", and finally ", " and then ", ", and at the end ", ", and last "))
    return m.joined(parts, comma=joint, last=last if len(parts) > 2 else joint)


def tell_first_next(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`First A, next B, and lastly C`."""
    parts = _clauses(told, scene, describe)
    middle = scene.choices.pick((", next ", ", then ", ", after that ", "; then "))
    end = scene.choices.pick((", then ", ", and then ", ", finally ", ", and lastly ")) if len(parts) > 2 else middle
    return f"{scene.choices.pick(('first', 'first', 'to start,', 'first of all,'))} " + m.joined(
        parts, comma=middle, last=end
    )


def tell_sentences(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`A. Then B. After that, C`."""
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


def tell_numbered(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`1. A 2. B 3. C` in one line."""
    mark = scene.choices.among((".", ")"))
    return " ".join(f"{i}{mark} {part}" for i, part in enumerate(_clauses(told, scene, describe), start=1))


def tell_numbered_lines(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`1. A`, one step a line."""
    mark = scene.choices.among((".", ")"))
    lead = scene.choices.pick(("", "steps:\n", "to do:\n", "please do this:\n", "my list:\n"))
    return lead + "\n".join(f"{i}{mark} {part}" for i, part in enumerate(_clauses(told, scene, describe), start=1))


def tell_bullets(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`- A`, one step a line."""
    mark = scene.choices.among(("-", "*"))
    lead = scene.choices.pick(("", "in this order:\n", "to do, in order:\n", "what I need, step by step:\n"))
    return lead + "\n".join(f"{mark} {part}" for part in _clauses(told, scene, describe))


def tell_semicolons(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`A; B; C`."""
    return scene.choices.among(("; ", " / ", "; ")).join(_clauses(told, scene, describe))


def tell_telegram_arrows(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`A -> B -> C` without articles."""
    parts = [fragment(clause_of(step, scene, describe=describe), scene) for step in told]
    return scene.choices.pick((" -> ", " => ", " > ", ", ", " + ", "; ")).join(parts)


def tell_last_first(told: list[StepWords], scene: Scene, describe: bool) -> str:
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


def tell_once_done(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`A. Once you have that, B`."""
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


def tell_needs(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`I need you to A, B and C`."""
    lead = scene.choices.pick(
        ("I need you to", "I'd like you to", "I want you to", "you need to", "we would like you to", "your job is to")
    )
    return f"{lead} {tell_and(told, scene, describe)}"


def tell_task_colon(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """`To do: A, B and C`."""
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
    return f"{lead} {tell_and(told, scene, describe)}"


def tell_start_by(told: list[StepWords], scene: Scene, describe: bool) -> str:
    """Return the first step and what it is for."""
    parts = _clauses(told, scene, describe)
    rest = m.joined(parts[1:], last=scene.choices.pick((" and then ", ", then ", " and ")), comma=", ")
    form = scene.choices.pick(
        (
            "{0} and use that to {1}",
            "{0} so that you can {1}",
            "{0} in order to {1}",
            "{0}, and use what you get to {1}",
        )
    )
    return form.format(parts[0], rest)
