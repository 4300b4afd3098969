"""Which arguments of a predicted call agree with its gold call.

Pure. A value due from a result is compared with that result as the model received it in its own run, not with the gold
literal; an omitted optional argument equals its default given explicitly. Refuses to name the mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from loopbuild.judging.compare import same_value
from loopbuild.records import FROM_RESULT, Json, Provenance, ToolCall, ToolSchema
from loopbuild.stages.evaluation.pointers import MISSING, child, leaf_at

Expected = Callable[[str, Provenance, Json], Json]
"""(argument pointer, provenance, gold literal) -> the value due in this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentMark:
    """One argument leaf, judged."""

    pointer: str
    kind: Literal["right", "missing", "extra", "differs"]
    gold: Json = None
    got: Json = None
    origin: Provenance | None = None

    @property
    def is_right(self) -> bool:
        """Return whether the leaf agrees."""
        return self.kind == "right"


def compare_arguments(
    gold: ToolCall, got: Mapping[str, Json], tool: ToolSchema | None, expected: Expected
) -> list[ArgumentMark]:
    """Return a mark per argument leaf in the order of gold, then of what the model added."""
    marks: list[ArgumentMark] = []
    for name in [*gold.arguments, *(name for name in got if name not in gold.arguments)]:
        pointer = child("", name)
        default = _default(tool, name)
        due = gold.arguments.get(name, default)
        has = got.get(name, default)
        if due is MISSING and has is MISSING:
            continue
        marks += _compare(pointer, due, has, gold.provenance, tool, expected)
    return marks


def share_right(marks: list[ArgumentMark]) -> float:
    """Return the share of right leaves; 1 for a call without arguments."""
    return sum(mark.is_right for mark in marks) / len(marks) if marks else 1.0


def _compare(
    pointer: str, due: Json, has: Json, origins: Mapping[str, Provenance], tool: ToolSchema | None, expected: Expected
) -> Iterator[ArgumentMark]:
    origin = origins.get(pointer)
    if due is MISSING:
        yield ArgumentMark(pointer=pointer, kind="extra", got=has)
        return
    if origin is not None and origin.kind in FROM_RESULT:
        due = expected(pointer, origin, due)
    elif isinstance(due, Mapping) and isinstance(has, Mapping) and due:
        for key in [*due, *(key for key in has if key not in due)]:
            yield from _compare(
                child(pointer, key), due.get(key, MISSING), has.get(key, MISSING), origins, tool, expected
            )
        return
    elif isinstance(due, list | tuple) and isinstance(has, list | tuple) and len(due) == len(has) and due:
        for index, (one, other) in enumerate(zip(due, has, strict=True)):
            yield from _compare(child(pointer, index), one, other, origins, tool, expected)
        return
    if has is MISSING:
        yield ArgumentMark(pointer=pointer, kind="missing", gold=due, origin=origin)
        return
    # A whole list from a result is judged by the leaf of its items.
    leaf = leaf_at(tool.inputs, child(pointer, 0) if isinstance(due, list) else pointer) if tool else None
    kind: Literal["right", "differs"] = "right" if same_value(due, has, leaf) else "differs"
    yield ArgumentMark(pointer=pointer, kind=kind, gold=due, got=has, origin=origin)


def _default(tool: ToolSchema | None, name: str) -> Json:
    """Return the declared default of a top-level parameter, or MISSING."""
    if tool is None or not isinstance(tool.input_schema, Mapping):
        return MISSING
    declared = tool.input_schema.get("properties", {}).get(name)
    return declared["default"] if isinstance(declared, Mapping) and "default" in declared else MISSING
