"""Requests for several things at once: goals that need nothing of each other, asked for in one breath.

Decides which steps belong together and how their sentences stand side by side. No text here says an order that is none.
"""

from __future__ import annotations

from itertools import groupby

from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.offline.several import REASONS, tell_and, tell_then
from loopbuild.llm.offline.single import tell_imperative
from loopbuild.llm.protocol import Argument, StepWords

Branches = list[list[StepWords]]


def is_abreast(steps: tuple[StepWords, ...] | list[StepWords]) -> bool:
    """Return whether two different steps share an assistant turn."""
    turns = [turn for step in steps for turn in set(step.turns)]
    return len(set(turns)) < len(turns)


def branches_of(told: list[StepWords], steps: tuple[StepWords, ...]) -> Branches:
    """Return `told` cut into parts without order between them; a single part where every step hangs on another."""
    if not is_abreast(steps):
        return [told]
    parts = _connected(steps)
    cut = [[step for step in told if any(step is one for one in part)] for part in parts]
    cut = [branch for branch in cut if branch]
    if len(cut) == 1 and len(told) > 1 and len({step.turns[-1] for step in told}) == 1:
        return [[step] for step in told]
    return cut


def tell_also(parts: Branches, scene: Scene, describe: bool) -> str:
    """`A, and also B`."""
    texts = _texts(parts, scene, describe)
    is_plain = all(len(part) == 1 for part in parts)
    return m.joined(texts, last=scene.choices.pick(_ALSO if is_plain else _APART))


_ALSO = (", and also ", " and also ", ", plus ", ", and ", " and ", ", and please also ")
_APART = (", and also ", ", and apart from that ", ", and besides that ", ", and separately ")


def tell_apart(parts: Branches, scene: Scene, describe: bool) -> str:
    """`A. Also, B`."""
    texts = _texts(parts, scene, describe)
    text = texts[0]
    for part in texts[1:]:
        lead = scene.choices.pick(
            (
                "also, ",
                "apart from that, ",
                "and please ",
                "on top of that, ",
                "besides, ",
                "independently of that, ",
                "and another thing: ",
                "in addition, ",
            )
        )
        text += f". {lead}{part}"
    return text


def tell_things(parts: Branches, scene: Scene, describe: bool) -> str:
    """`Two things: A, and B`."""
    count = m.number_word(len(parts))
    lead = scene.choices.pick(
        (
            f"{count} things:",
            f"{count} requests:",
            f"I have {count} things for you:",
            f"{count} separate jobs:",
            f"{count} things that have nothing to do with each other:",
            f"I need {count} things:",
            f"{count} independent tasks:",
        )
    )
    joint = scene.choices.among((" and ", ", and ", "; and "))
    return f"{lead} {m.joined(_texts(parts, scene, describe), last=joint, comma='; ')}"


def tell_marks(parts: Branches, scene: Scene, describe: bool) -> str:
    """`A + B`, `A; B`."""
    return scene.choices.among(("; ", " + ", " / ", " & ")).join(_texts(parts, scene, describe))


def tell_lines(parts: Branches, scene: Scene, describe: bool) -> str:
    """`- A`, one thing a line."""
    mark = scene.choices.among(("-", "*", "+"))
    lead = scene.choices.pick(("", "to do:\n", "in any order:\n", "please do these:\n", "all of these, please:\n"))
    return lead + "\n".join(f"{mark} {text}" for text in _texts(parts, scene, describe))


def tell_meanwhile(parts: Branches, scene: Scene, describe: bool) -> str:
    """`A and, at the same time, B`."""
    texts = _texts(parts, scene, describe)
    form = scene.choices.pick(
        (
            "{0} and, at the same time, {1}",
            "{0}, and while you are at it, {1}",
            "{0} and {1} too",
            "{0}; in parallel, {1}",
            "{0}, and {1} as well",
        )
    )
    if form.endswith(("too", "as well")) and texts[-1].endswith(("\ue001", '"')):
        form = "{0}, and while you are at it, {1}"
    return form.format(", ".join(texts[:-1]), texts[-1])


def tell_wanted(parts: Branches, scene: Scene, describe: bool) -> str:
    """`I need you to A, and also to B`."""
    lead = scene.choices.pick(("I need you to", "I'd like you to", "I want you to", "we would like you to"))
    joint = scene.choices.among((", and also to ", " and also to ", ", and to "))
    return f"{lead} {m.joined(_texts(parts, scene, describe), last=joint)}"


def tell_because(parts: Branches, scene: Scene, describe: bool) -> str:
    """`The team is waiting, so please A and also B`."""
    please = scene.choices.pick(("please ", "", "could you ", "kindly ", "now "))
    return f"{scene.choices.pick(REASONS)}, so {please}{tell_also(parts, scene, describe)}"


def _texts(parts: Branches, scene: Scene, describe: bool) -> list[str]:
    return [_one(part, scene, describe) for part in parts]


def _one(part: list[StepWords], scene: Scene, describe: bool) -> str:
    if len(part) == 1:
        return tell_imperative(part, scene, describe)
    return (tell_then if scene.choices.chance(0.4) else tell_and)(part, scene, describe)


def _connected(steps: tuple[StepWords, ...]) -> list[list[StepWords]]:
    """The steps that hang together by what they take from each other, in their order."""
    group = list(range(len(steps)))
    places = {index: place for place, step in enumerate(steps) for index in step.indices}
    for place, step in enumerate(steps):
        for argument in all_arguments(step):
            if argument.origin == "step" and argument.step in places:
                old, new = group[place], group[places[argument.step]]
                group = [new if one == old else one for one in group]
    ordered = sorted(range(len(steps)), key=lambda place: (group.index(group[place]), place))
    return [[steps[place] for place in members] for _, members in groupby(ordered, key=lambda place: group[place])]


def all_arguments(step: StepWords) -> list[Argument]:
    """Return a step's arguments with the fields of those that are lists of objects."""
    found, pending = [], list(step.arguments)
    while pending:
        found += pending
        pending = [field for one in pending for members in one.groups for field in members]
    return found
