"""Arguments of a call in words: what people call each, where it comes from, in the order they would say it.

Pure, a function of one call, the results before it and the leaves of the tools. Knows no steps and no rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loopbuild.judging.derive import CHOICES, COMPUTED
from loopbuild.llm.names import split_words
from loopbuild.llm.protocol import Argument
from loopbuild.pointers import escaped
from loopbuild.records import FROM_RESULT, Json, Provenance, SchemaLeaf, Step, ToolSchema, Trajectory
from loopbuild.stages.synthesis.naming import (
    is_key,
    is_name_of,
    is_own,
    item_noun,
    noun_of_key,
    words_of_leaf,
)
from loopbuild.stages.synthesis.seen import leaf_of
from loopbuild.stages.synthesis.working_out import computed_words


def arguments_of(
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
    if origin.kind == "derived" and origin.rule in COMPUTED:
        return computed_words(made, origin, tools[trajectory.steps[origin.step].call.tool], value)
    if origin.kind in FROM_RESULT and origin.step >= 0:
        producer = tools[trajectory.steps[origin.step].call.tool]
        source = leaf_of(producer, origin.leaf)
        from_list = "[]" in origin.leaf
        # A member of a list is pointed at as a whole, also where its name is what the next call takes.
        item = item_noun(origin.leaf)
        by_name = not key and from_list and source.kind in ("name", "person") and bool(source.entity)
        by_name = by_name and is_name_of(source, item)
        is_item = not key and not is_key(source) and not by_name and origin.leaf.endswith("/[]")
        return replace(
            made, origin="step", step=origin.step, rule=origin.rule or "only",
            ranks=() if origin.rule in CHOICES and origin.rule != "matching" else _ranks(step, pointer, value, origin),
            picked=tuple(value) if is_list else (value,) if from_list else (),
            field="" if is_key(source) or by_name or is_item else words_of_leaf(source), from_list=from_list,
            is_key=key or is_key(source) or by_name or is_item, item=item,
            entity=item if is_item else source.entity if by_name else made.entity,
            by=words_of_leaf(leaf_of(producer, origin.by, side="output")) if origin.by else "", given=origin.given,
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
        found = [rank_of(provenance_of(step, f"{pointer}/{i}").path) for i in range(len(value))]
        return tuple(rank for rank in found if rank >= 0)
    rank = rank_of(origin.path)
    return (rank,) if rank >= 0 else ()


def rank_of(path: str) -> int:
    """Return the place of a member by the last number of its path; -1 where there is none."""
    numbers = [part for part in path.split("/") if part.isdigit()]
    return int(numbers[-1]) if numbers else -1


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
