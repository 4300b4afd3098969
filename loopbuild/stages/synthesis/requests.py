"""A verified trajectory -> what a writer is told: steps, values and references in words, no names and no schemas.

Decides which values a text must hold and how derived ones are referred to. Knows no writer and no grammar; the row keys
depend on the trajectory's key, level, writer and ordinal, never on other tools.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loopbuild.digest import digest
from loopbuild.llm.names import forbidden_runs
from loopbuild.llm.offline.morphology import joined
from loopbuild.llm.offline.scene import builtin_synonyms
from loopbuild.llm.protocol import Argument, ConditionWords, StepWords, Wording, WriteRequest
from loopbuild.pointers import at
from loopbuild.records import (
    Condition,
    Level,
    Step,
    ToolCatalog,
    ToolResult,
    ToolSchema,
    Trajectory,
)
from loopbuild.stages.synthesis.arguments import arguments_of
from loopbuild.stages.synthesis.naming import (
    item_noun,
    spoken,
    words_of_leaf,
)
from loopbuild.stages.synthesis.pointing import pointed_back
from loopbuild.stages.synthesis.seen import leaf_of, outcomes_of
from loopbuild.stages.synthesis.working_out import told_words


def make_requests(
    trajectory: Trajectory,
    catalog: ToolCatalog,
    *,
    levels: Sequence[Level] = ("low", "high"),
    texts_per_level: int = 1,
    seed: int = 0,
    lexicon: Mapping[str, Sequence[str]] | None = None,
    wordings: Sequence[Wording] | None = None,
) -> list[WriteRequest]:
    """Return the requests of one trajectory, `texts_per_level` for each level and wording, sorted by nothing but order.

    Which writer gets a request is `writer_of` its key. Training trajectories are worded by the trained voices
    only; evaluation trajectories once so and once in the held-out voice, so that either split may choose.
    """
    worded: Sequence[Wording] = wordings or (("seen",) if trajectory.cell.purpose == "train" else ("seen", "held_out"))
    return [
        request(trajectory, catalog, level=level, ordinal=ordinal, wording=wording, seed=seed, lexicon=lexicon)
        for level in levels
        for ordinal in range(texts_per_level)
        for wording in worded
    ]


def request(
    trajectory: Trajectory,
    catalog: ToolCatalog,
    *,
    level: Level,
    ordinal: int = 0,
    wording: Wording = "seen",
    seed: int = 0,
    lexicon: Mapping[str, Sequence[str]] | None = None,
    missing: tuple[int, str] | None = None,
    category: str = "",
) -> WriteRequest:
    """Return one request; with `missing`, a step and the pointer of an argument, that of a clarifying dialogue.

    A `category` of its own gives a text of its own, worded like a plain one.
    """
    kind = "clarify" if missing else category
    tools = catalog.by_id()
    used = [tools[step.call.tool] for step in trajectory.steps]
    condition = trajectory.condition
    if condition is not None:
        used.append(tools[condition.other.tool])
    return WriteRequest(
        key=row_key(trajectory, level, ordinal, wording, seed=seed, kind=kind or "task"),
        like=digest("task", [condition.pair, level, ordinal, wording, seed]) if condition is not None else "",
        condition=condition_words(trajectory, condition, tools) if condition is not None else None,
        category=kind or trajectory.cell.category,
        level=level,
        purpose=trajectory.cell.purpose,
        wording=wording,
        steps=step_words(trajectory, catalog, missing=missing),
        synonyms=_synonyms(used, lexicon or {}),
        forbidden=forbidden_runs(tool.name for tool in used),
    )


def row_key(
    trajectory: Trajectory, level: str, ordinal: int, wording: str, *, seed: int = 0, kind: str = "task"
) -> str:
    """Return the stable key of a row."""
    return digest(kind, [trajectory.key, level, ordinal, wording, seed])


def pair_of(trajectory: Trajectory) -> str:
    """Return what decides about the words of a trajectory: its key, or that of the pair it belongs to."""
    return trajectory.condition.pair if trajectory.condition is not None else trajectory.key


def condition_words(trajectory: Trajectory, condition: Condition, tools: Mapping[str, ToolSchema]) -> ConditionWords:
    """Return what decides in words, with the step not taken."""
    looked = trajectory.steps[condition.step]
    leaf = leaf_of(tools[looked.call.tool], condition.leaf, side="output")
    seen = at(looked.result.value, condition.path)
    left = Step(call=condition.other, result=ToolResult(status="ok"), turn=trajectory.steps[-1].turn)
    return ConditionWords(
        step=condition.step,
        words=item_noun(condition.leaf) or words_of_leaf(leaf) if condition.test == "any" else words_of_leaf(leaf),
        test=condition.test,
        value=condition.value,
        seen=seen if condition.test == "is" else None,
        holds=condition.holds,
        other=_one(len(trajectory.steps), left, tools, trajectory, ""),
    )


def writer_of(key: str, writers: Sequence[str]) -> str:
    """Return the writer a row belongs to: the highest of hashes, so that a further writer takes only its own share."""
    return max(writers, key=lambda name: digest("writer", [key, name]))


def step_words(
    trajectory: Trajectory, catalog: ToolCatalog, *, missing: tuple[int, str] | None = None
) -> tuple[StepWords, ...]:
    """Return the steps in words, repetitions over a list merged; `missing` is the place of a step and a pointer."""
    tools = catalog.by_id()
    single = [
        _one(index, step, tools, trajectory, missing[1] if missing and missing[0] == index else "")
        for index, step in enumerate(trajectory.steps)
    ]
    if trajectory.later:
        single = [pointed_back(index, words, trajectory, single) for index, words in enumerate(single)]
    starts = {one.turn for one in trajectory.later}
    merged: list[StepWords] = []
    for index, words in enumerate(single):
        is_asked_anew = trajectory.steps[index].turn in starts
        if merged and not is_asked_anew and trajectory.steps[index].call.tool == trajectory.steps[index - 1].call.tool:
            joined = _merge(merged[-1], words)
            if joined is not None:
                merged[-1] = joined
                continue
        merged.append(words)
    made = [_covering(words, trajectory) for words in merged]
    if trajectory.told is not None:
        made[-1] = replace(made[-1], told=told_words(trajectory.told, trajectory.steps, tools))
    return tuple(made)


def _one(index: int, step: Step, tools: Mapping[str, ToolSchema], trajectory: Trajectory, missing: str) -> StepWords:
    tool = tools[step.call.tool]
    about = spoken(tool)
    arguments = tuple(arguments_of(step, tool, about.noun, trajectory, tools, missing))
    named = [a for a in arguments if a.is_key or a.kind in ("person", "name") or a.is_own]
    told: list[str] = []
    for one in sorted(named, key=lambda a: not a.is_own):
        if isinstance(one.value, list):
            told += [joined([str(v) for v in one.value])] if len(one.value) < 3 else []
        elif not isinstance(one.value, dict):
            told.append(str(one.value))
    return StepWords(
        turns=(step.turn,),
        indices=(index,),
        verb=about.verb or tool.verb,
        effect=tool.effect,
        noun=about.noun,
        adjectives=about.adjectives,
        is_plural=about.is_plural,
        arguments=arguments,
        outcomes=(tuple(outcomes_of(step.result.value, tool)),),
        spoken=(tuple(told),),
    )


def _merge(before: StepWords, after: StepWords) -> StepWords | None:
    """Return both as one step done several times, if they differ only in which item of one list they take."""
    if len(before.arguments) != len(after.arguments):
        return None
    merged, differs = [], False
    for one, other in zip(before.arguments, after.arguments, strict=True):
        is_item = one.origin == other.origin == "step" and one.from_list and one.step == other.step
        if is_item and one.field == other.field and one.ranks != other.ranks:
            differs = True
            rule = one.rule if one.rule in ("top", "all", "each", "last", "matching") else "first"
            merged.append(
                replace(one, ranks=(*one.ranks, *other.ranks), picked=(*one.picked, *other.picked), rule=rule)
            )
        elif one == other or (is_item and one.ranks == other.ranks):
            merged.append(one)
        else:
            return None
    if not differs:
        return None
    return replace(
        before,
        turns=(*before.turns, *after.turns),
        indices=(*before.indices, *after.indices),
        arguments=tuple(merged),
        outcomes=(*before.outcomes, *after.outcomes),
        spoken=(*before.spoken, *after.spoken),
    )


def _covering(words: StepWords, trajectory: Trajectory) -> StepWords:
    """A step done for every item of a list of three or more is done for all of them, unless a ranking chose."""
    made = []
    for argument in words.arguments:
        if len(argument.ranks) > 1 and argument.rule not in ("top", "matching") and words.times > 1:
            total = _list_length(trajectory, argument, words)
            if total == len(argument.ranks):
                argument = replace(argument, rule="all")
        made.append(argument)
    return replace(words, arguments=tuple(made))


def _list_length(trajectory: Trajectory, argument: Argument, words: StepWords) -> int:
    step = trajectory.steps[words.indices[0]]
    for origin in step.call.provenance.values():
        if origin.step == argument.step and "[]" in origin.leaf:
            value = at(trajectory.steps[origin.step].result.value, origin.leaf.partition("/[]")[0])
            return len(value) if isinstance(value, list) else 0
    return 0


def _synonyms(used: Sequence[ToolSchema], lexicon: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Everyday and the team's own synonyms, without words the row's tools use for something else."""
    taken = {tool.entity for tool in used} | {
        " ".join(leaf.words) for tool in used for leaf in (*tool.inputs, *tool.outputs)
    }
    made = {noun: tuple(w for w in words if w not in taken) for noun, words in builtin_synonyms().items()}
    made |= {noun: tuple(words) for noun, words in lexicon.items()}
    return {noun: words for noun, words in sorted(made.items()) if words}
