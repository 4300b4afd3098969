"""Part of filter `contract`: a clarifying row asks for exactly what it lacks, in time.

What is missing is a value the request does not say, asked for before anything is called; or which of several things
shown is to be destroyed, asked before it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from loopbuild.judging.effects import destroys
from loopbuild.llm.asked import asks_wrongly
from loopbuild.llm.presence import is_said
from loopbuild.pointers import scalars
from loopbuild.records import Json, SchemaLeaf, ToolCatalog, ToolSchema
from loopbuild.stages.filters.grounding import strange_in
from loopbuild.stages.filters.rows import Bound, Row, bound_values, called_in, input_leaf, leaf_pointer

_KEYS = frozenset({"id", "ids", "uuid", "guid", "identifier", "key", "keys"})


def asked_first(row: Row, catalog: ToolCatalog, *, first_call: int) -> str:
    """Return what breaks the promise of a clarifying row; empty when nothing does."""
    if len(row.task.user_turns) < 2 or not row.task.assistant_turns:
        return "nothing is asked"
    if row.is_asked_late:
        return _which(row, catalog)
    if first_call < 3:
        return "a tool is called before anything was asked"
    tools = catalog.by_id()
    missing = _missing_slots(row, tools)
    if len(missing) != 1:
        return f"{len(missing)} values are missing at first, expected one"
    slot = missing[0]
    if not _is_said(slot, row.task.user_turns[1], tools):
        return f"`{slot.pointer}` is never given"
    fault = _misasked(row, slot, tools[slot.tool])
    return f"the question does not ask for `{slot.pointer}`: {fault}" if fault else ""


def _missing_slots(row: Row, tools: Mapping[str, ToolSchema]) -> list[Bound]:
    """Return the user's values that the first turn does not say."""
    if row.trajectory is None:
        return []
    return [
        bound
        for bound in bound_values(row.trajectory)
        if bound.origin.kind == "user" and not isinstance(bound.value, bool)
        and not _is_said(bound, row.task.user_turns[0], tools)
    ]  # fmt: skip


def _is_said(bound: Bound, text: str, tools: Mapping[str, ToolSchema]) -> bool:
    """Say whether a text gives a value: of a choice the words count, in any case."""
    leaf = input_leaf(bound, tools[bound.tool])
    return is_said(bound.value, text, among=leaf.enum if leaf is not None else ())


def _misasked(row: Row, slot: Bound, tool: ToolSchema) -> str:
    """Return what is wrong with a question that should ask for `slot` and for nothing else of its call."""
    assert row.trajectory is not None
    leaves = {leaf.pointer: leaf for leaf in tool.inputs}
    wanted = leaves.get(leaf_pointer(slot.pointer))
    if wanted is None:
        return "no such argument"
    given = [
        (name, value)
        for pointer, value in scalars(row.trajectory.steps[slot.step].call.arguments)
        if pointer != slot.pointer and (leaf := leaves.get(leaf_pointer(pointer))) is not None
        for name in _names(leaf)
    ]
    return asks_wrongly(
        row.task.assistant_turns[0], {*_names(wanted), wanted.entity if wanted.kind in _NAMING else ""}, given,
        deed=f"{tool.entity} {' '.join(re.findall('[A-Z]?[a-z]+', tool.name))}",
    )  # fmt: skip


_NAMING = frozenset({"id", "name", "person"})
"""Kinds of values that name a thing: to ask which one is to ask for them."""


def _names(leaf: SchemaLeaf) -> Iterator[str]:
    """What a value is called: its own words, of a key without the word that says it is one."""
    yield " ".join(word for word in leaf.words if word not in _KEYS) or leaf.entity
    last = re.findall(r"[A-Z]?[a-z0-9]+", leaf.pointer.replace("/[]", "").rpartition("/")[2])
    yield " ".join(word.lower() for word in last if word.lower() not in _KEYS)


def _which(row: Row, catalog: ToolCatalog) -> str:
    """The things that could be meant were read, the question names them, the reply one of them, only that one goes."""
    if row.trajectory is None:
        return "nothing is called"
    messages, tools, named = row.example.messages, catalog.by_id(), catalog.by_call_name()
    question, (request, reply) = row.task.assistant_turns[0], row.task.user_turns[:2]
    asked = next((n for n, message in enumerate(messages) if message["content"] == question), -1)
    if asked < 0 or messages[asked].get("tool_calls") or messages[asked + 1]["role"] != "user":
        return "the question is no turn of its own"
    early = [name for message in messages[:asked] for name in called_in(message)]
    if any(name not in named or named[name].effect != "read" for name in early):
        return "something is written before it was asked"
    bound = list(bound_values(row.trajectory))
    ending = [one for one in bound if destroys(tools[one.tool]) and one.origin.kind == "tool"]
    meant = [one for one in ending if not is_said(one.value, request) and is_said(one.value, reply)]
    if len({str(one.value) for one in meant}) != 1:
        return "the reply does not name what is to be destroyed"
    slot = meant[0]
    others = [one for one in _beside(row, slot) if is_said(one, question)]
    if not is_said(slot.value, question) or not others:
        return "the question does not name what could be meant"
    fault = _misasked(row, slot, tools[slot.tool])
    if fault:
        return f"the question does not ask for `{slot.pointer}`: {fault}"
    strange = strange_in(row, question, before=row.trajectory.steps[slot.step].turn)
    return f"the question names `{strange}`, which was not seen yet" if strange else ""


def _beside(row: Row, slot: Bound) -> Iterator[Json]:
    """The other values that stand where a value was taken from."""
    assert row.trajectory is not None
    for pointer, value in scalars(row.trajectory.steps[slot.origin.step].result.value):
        if leaf_pointer(pointer) == slot.origin.leaf and value != slot.value:
            yield value
