"""The gold calls of a task as a graph: which value comes from which result, and what must come before what.

Pure. Nothing but data flow and writes orders calls; whatever is left may come in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loopbuild.judging.derive import derive
from loopbuild.records import FROM_RESULT, Json, Provenance, Step, ToolCatalog, ToolSchema
from loopbuild.stages.evaluation.attempt import leaves_of
from loopbuild.stages.evaluation.pointers import MISSING, read_pointer

_WRITES = ("create", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A value of the step `producer`'s result is the step `consumer`'s argument at `pointer`."""

    producer: int
    origin: Provenance
    """Where in that result it stands, or how it is worked out from it."""
    consumer: int
    pointer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldPlan:
    """Gold steps by index and what relates them."""

    steps: tuple[Step, ...]
    links: tuple[Link, ...]
    before: tuple[tuple[int, int], ...]
    """Pairs whose order matters although no value flows."""
    required: frozenset[int]
    """Steps that succeeded; one that failed in the gold run (a shown recovery) may be left out."""
    roots: frozenset[str]
    """Tools that may be called first."""
    last_reads: tuple[int, ...]
    """Reads whose result no later step consumes: what was asked for."""


def plan_of(steps: Sequence[Step], catalog: ToolCatalog) -> GoldPlan:
    """Return the graph of `steps`; tools the catalog does not know order nothing."""
    tools = catalog.by_id()
    links = tuple(
        Link(producer=origin.step, origin=origin, consumer=index, pointer=pointer)
        for index, step in enumerate(steps)
        for pointer, origin in sorted(step.call.provenance.items())
        if is_link(origin, index)
    )
    before = tuple(
        (first, second)
        for second in range(len(steps))
        for first in range(second)
        if _is_ordered(steps[first], steps[second], tools)
    )
    waits = {link.consumer for link in links} | {second for _, second in before}
    consumed = {link.producer for link in links}
    required = frozenset(index for index, step in enumerate(steps) if step.result.status == "ok")
    return GoldPlan(
        steps=tuple(steps),
        links=links,
        before=before,
        required=required,
        roots=frozenset(step.call.tool for index, step in enumerate(steps) if index not in waits),
        last_reads=tuple(
            index
            for index, step in enumerate(steps)
            if index in required and index not in consumed and _effect(step, tools) not in _WRITES
        ),
    )


def is_link(origin: Provenance, consumer: int) -> bool:
    """Return whether a value comes from the result of an earlier step."""
    return origin.kind in FROM_RESULT and 0 <= origin.step < consumer


def value_of(origin: Provenance, result: Json) -> Json:
    """Return the value that comes from a result, as it stands there or worked out from it, or MISSING."""
    if origin.kind == "derived":
        value = derive(origin, result)
        return MISSING if value is None else value
    return read_pointer(result, origin.path)


def _effect(step: Step, tools: dict[str, ToolSchema]) -> str:
    tool = tools.get(step.call.tool)
    return tool.effect if tool else "unknown"


def _is_ordered(first: Step, second: Step, tools: dict[str, ToolSchema]) -> bool:
    """A later call waits for a write to the same entity, unless both touch different rows of it."""
    one, other = tools.get(first.call.tool), tools.get(second.call.tool)
    if one is None or other is None or first.turn == second.turn or one.effect not in _WRITES:
        return False
    if not one.entity or one.entity != other.entity:
        return False
    return other.effect not in _WRITES or bool(_texts(first) & _texts(second))


def _texts(step: Step) -> set[Json]:
    return {leaf for leaf in leaves_of(step.call.arguments) if isinstance(leaf, str)}
