"""A verified trajectory -> what a writer is told: steps, values and references in words, no names and no schemas.

Decides which values a text must hold and how derived ones are referred to. Knows no writer and no grammar; the row keys
depend on the trajectory's key, level, writer and ordinal, never on other tools.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loopbuild.digest import digest
from loopbuild.llm.offline.morphology import joined
from loopbuild.llm.offline.scene import builtin_synonyms
from loopbuild.llm.protocol import Argument, ConditionWords, StepWords, Wording, WriteRequest
from loopbuild.pointers import escaped, unescaped
from loopbuild.records import (
    Condition,
    Json,
    Level,
    Provenance,
    SchemaLeaf,
    Step,
    ToolCatalog,
    ToolResult,
    ToolSchema,
    Trajectory,
)
from loopbuild.stages.synthesis.naming import is_key, is_own, item_noun, noun_of_key, split_words, spoken, words_of_leaf
from loopbuild.stages.synthesis.pointing import pointed_back
from loopbuild.stages.synthesis.seen import leaf_of, outcomes_of


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
    missing: str = "",
    category: str = "",
) -> WriteRequest:
    """Return one request; with `missing`, the pointer of an argument of the first call, that of a clarifying dialogue.

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
        forbidden=_forbidden(used),
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
    seen: Json = looked.result.value
    for name in condition.path.split("/")[1:]:
        seen = seen.get(unescaped(name)) if isinstance(seen, dict) else None
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


def step_words(trajectory: Trajectory, catalog: ToolCatalog, *, missing: str = "") -> tuple[StepWords, ...]:
    """Return the steps in words, repetitions over a list merged; `missing` is left out of the first."""
    tools = catalog.by_id()
    single = [
        _one(index, step, tools, trajectory, missing if index == 0 else "")
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
    return tuple(_covering(words, trajectory) for words in merged)


def _one(index: int, step: Step, tools: Mapping[str, ToolSchema], trajectory: Trajectory, missing: str) -> StepWords:
    tool = tools[step.call.tool]
    about = spoken(tool)
    arguments = tuple(_arguments(step, tool, about.noun, trajectory, tools, missing))
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


def _arguments(
    step: Step, tool: ToolSchema, noun: str, trajectory: Trajectory, tools: Mapping[str, ToolSchema], missing: str
) -> list[Argument]:
    """The top-level arguments in the order people name them; a schema's order does not survive storage."""
    made = []
    for name, value in step.call.arguments.items():
        pointer = "/" + escaped(name)
        made.append(argument_words(pointer, pointer, value, step, tool, noun, trajectory, tools, missing))
    return sorted(made, key=_place)


def _place(argument: Argument) -> tuple[int, str]:
    """The thing itself, whose, name, sort, numbers, start before end, lists, then free text."""
    words, kind = argument.words, argument.kind
    first, last = words.split(" ", 1)[0], words.rsplit(" ", 1)[-1]
    if argument.is_own or first in ("from", "source"):
        rank = 0
    elif kind in ("list", "groups"):
        rank = 9
    elif argument.is_key:
        rank = 1
    elif last in ("name", "title") or kind == "person":
        rank = 2
    elif kind == "enum" or last in ("type", "kind"):
        rank = 3
    elif kind in ("email", "phone"):
        rank = 4
    elif first in ("to", "target", "destination") and kind not in ("date", "datetime", "time"):
        rank = 5
    elif kind in ("number", "amount"):
        rank = 6
    elif kind in ("date", "datetime", "time"):
        rank = 8 if first in ("end", "to", "until") else 7
    else:
        rank = 10
    return rank, words


def argument_words(
    pointer: str, pattern: str, value: Json, step: Step, tool: ToolSchema, noun: str,
    trajectory: Trajectory, tools: Mapping[str, ToolSchema], missing: str,
) -> Argument:  # fmt: skip
    """Return one argument; lists of objects open into groups, other lists stay whole."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        groups = tuple(
            tuple(
                sorted(
                    (
                        argument_words(
                            f"{pointer}/{i}/{key}",
                            f"{pattern}/[]/{key}",
                            item[key],
                            step,
                            tool,
                            noun,
                            trajectory,
                            tools,
                            missing,
                        )
                        for key in item
                    ),
                    key=_place,
                )
            )
            for i, item in enumerate(value)
        )
        return Argument(words=_spaced(pattern), kind="groups", value=value, groups=groups)
    if isinstance(value, dict):
        groups = (tuple(
            argument_words(f"{pointer}/{key}", f"{pattern}/{key}", value[key], step, tool, noun, trajectory, tools,
                           missing)
            for key in value
        ),)  # fmt: skip
        return Argument(words=_spaced(pattern), kind="groups", value=value, groups=groups)
    is_list = isinstance(value, list)
    leaf = leaf_of(tool, f"{pattern}/[]" if is_list else pattern)
    origin = provenance_of(step, f"{pointer}/0" if is_list and value else pointer)
    key = is_key(leaf)
    made = Argument(
        words=words_of_leaf(leaf),
        kind="list" if is_list else _kind(leaf, value),
        entity=noun_of_key(leaf) if key else leaf.entity,
        is_key=key,
        is_own=is_own(leaf, tool, noun) and "[]" not in pattern,
        is_optional=not leaf.is_required,
        value=value,
    )
    if pointer == missing:
        return replace(made, origin="missing")
    if value is None:
        return replace(made, origin="constant")
    if origin.kind == "constant" and (not leaf.has_default or leaf.is_required or value == leaf.default):
        return replace(made, origin="constant")
    if origin.kind in ("tool", "derived") and origin.step >= 0:
        producer = tools[trajectory.steps[origin.step].call.tool]
        source = leaf_of(producer, origin.leaf)
        from_list = "[]" in origin.leaf
        # A member of a list is pointed at as a whole, also where its name is what the next call takes.
        by_name = not key and from_list and source.kind in ("name", "person") and bool(source.entity)
        item = item_noun(origin.leaf)
        is_item = not key and not is_key(source) and not by_name and origin.leaf.endswith("/[]")
        return replace(
            made, origin="step", step=origin.step, rule=origin.rule or "only",
            ranks=_ranks(step, pointer, value, origin),
            picked=tuple(value) if is_list else (value,) if from_list else (),
            field="" if is_key(source) or by_name or is_item else words_of_leaf(source), from_list=from_list,
            is_key=key or is_key(source) or by_name or is_item, item=item,
            entity=item if is_item else source.entity if by_name else made.entity,
        )  # fmt: skip
    return made


def provenance_of(step: Step, pointer: str) -> Provenance:
    """Return the provenance of an argument leaf: its own, or that of what holds it; a user's when none is kept."""
    known = step.call.provenance
    while pointer:
        if pointer in known:
            return known[pointer]
        pointer = pointer.rpartition("/")[0]
    return Provenance(kind="user")


def _ranks(step: Step, pointer: str, value: Json, origin: Provenance) -> tuple[int, ...]:
    if isinstance(value, list):
        found = [_rank(provenance_of(step, f"{pointer}/{i}").path) for i in range(len(value))]
        return tuple(rank for rank in found if rank >= 0)
    rank = _rank(origin.path)
    return (rank,) if rank >= 0 else ()


def _rank(path: str) -> int:
    numbers = [part for part in path.split("/") if part.isdigit()]
    return int(numbers[-1]) if numbers else -1


def _merge(before: StepWords, after: StepWords) -> StepWords | None:
    """Return both as one step done several times, if they differ only in which item of one list they take."""
    if len(before.arguments) != len(after.arguments):
        return None
    merged, differs = [], False
    for one, other in zip(before.arguments, after.arguments, strict=True):
        is_item = one.origin == other.origin == "step" and one.from_list and one.step == other.step
        if is_item and one.field == other.field and one.ranks != other.ranks:
            differs = True
            rule = one.rule if one.rule in ("top", "all", "each", "last") else "first"
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
        if len(argument.ranks) > 1 and argument.rule != "top" and words.times > 1:
            total = _list_length(trajectory, argument, words)
            if total == len(argument.ranks):
                argument = replace(argument, rule="all")
        made.append(argument)
    return replace(words, arguments=tuple(made))


def _list_length(trajectory: Trajectory, argument: Argument, words: StepWords) -> int:
    step = trajectory.steps[words.indices[0]]
    for origin in step.call.provenance.values():
        if origin.step == argument.step and "[]" in origin.leaf:
            value = trajectory.steps[origin.step].result.value
            for part in origin.leaf.partition("/[]")[0].split("/")[1:]:
                value = value.get(part) if isinstance(value, dict) else None
            return len(value) if isinstance(value, list) else 0
    return 0


def _kind(leaf: SchemaLeaf, value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if leaf.enum:
        return "enum"
    if isinstance(value, int | float):
        return "number"
    return leaf.format if leaf.format in ("date", "time", "email") else leaf.kind or "text"


def _spaced(pattern: str) -> str:
    return " ".join(split_words(pattern.rpartition("/")[2]))


def _forbidden(used: Sequence[ToolSchema]) -> tuple[str, ...]:
    runs = {" ".join(split_words(tool.name)) for tool in used if len(split_words(tool.name)) >= 3}
    return tuple(sorted(runs))


def _synonyms(used: Sequence[ToolSchema], lexicon: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Everyday and the team's own synonyms, without words the row's tools use for something else."""
    taken = {tool.entity for tool in used} | {
        " ".join(leaf.words) for tool in used for leaf in (*tool.inputs, *tool.outputs)
    }
    made = {noun: tuple(w for w in words if w not in taken) for noun, words in builtin_synonyms().items()}
    made |= {noun: tuple(words) for noun, words in lexicon.items()}
    return {noun: words for noun, words in sorted(made.items()) if words}
