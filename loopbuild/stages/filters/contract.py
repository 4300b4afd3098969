"""Filter `contract`: every category keeps its promise.

No call at all where no tool is due; a clarifying row asks for exactly the value it lacks before anything is called.
"""

from __future__ import annotations

import re

from loopbuild.llm.presence import is_said
from loopbuild.records import ToolCatalog
from loopbuild.stages.filters.rows import Bound, Finding, Row, bound_values, leaf_pointer

_SILENT = ("no_tool", "out_of_scope")


def check_contract(row: Row, *, catalog: ToolCatalog) -> Finding | None:
    """Return `contract:<category>` for a broken promise."""
    messages, category = row.example.messages, row.example.category
    calling = [number for number, message in enumerate(messages) if message.get("tool_calls")]
    if category in _SILENT:
        return _broken(row, f"turn {calling[0] + 1} calls a tool") if calling else None
    if any(message["role"] == "assistant" and not message.get("loss") for message in messages):
        return _broken(row, "an assistant turn is not trained on")
    if not calling:
        return _broken(row, "nothing is called")
    if category != "clarify":
        return None if calling[0] == 1 else _broken(row, "the first answer calls nothing")
    return _clarify(row, catalog, first_call=calling[0])


def _clarify(row: Row, catalog: ToolCatalog, *, first_call: int) -> Finding | None:
    if first_call < 3 or len(row.task.user_turns) < 2 or not row.task.assistant_turns:
        return _broken(row, "a tool is called before anything was asked")
    missing = missing_slots(row)
    if len(missing) != 1:
        return _broken(row, f"{len(missing)} values are missing at first, expected one")
    if not is_said(missing[0].value, row.task.user_turns[1]):
        return _broken(row, f"`{missing[0].pointer}` is never given")
    leaf = next(
        (x for x in catalog.by_id()[missing[0].tool].inputs if x.pointer == leaf_pointer(missing[0].pointer)), None
    )
    asked = set(re.findall(r"[a-z]+", row.task.assistant_turns[0].lower()))
    wanted = {*leaf.words, *leaf.entity.split()} if leaf else set()
    return None if asked & wanted else _broken(row, f"the question does not ask for `{missing[0].pointer}`")


def missing_slots(row: Row) -> list[Bound]:
    """Return the user's values that the first turn does not say."""
    if row.trajectory is None:
        return []
    return [
        bound
        for bound in bound_values(row.trajectory)
        if bound.origin.kind == "user" and not isinstance(bound.value, bool)
        and not is_said(bound.value, row.task.user_turns[0])
    ]  # fmt: skip


def _broken(row: Row, detail: str) -> Finding:
    return Finding(reason=f"contract:{row.example.category}", detail=detail)
