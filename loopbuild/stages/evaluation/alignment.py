"""Which predicted call answers which gold call, judged with the results the model received in its own run.

Pure. A consumer's expected value depends on the producer's partner and the other way round, so pairs are found in a few
rounds: first any result of the producing tool may explain a value, then only the partner's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loopbuild.judging.compare import same_value
from loopbuild.records import Json, Provenance, ToolCatalog
from loopbuild.stages.evaluation.arguments import ArgumentMark, Expected, compare_arguments, share_right
from loopbuild.stages.evaluation.attempt import AttemptedCall
from loopbuild.stages.evaluation.matching import LIMIT, best_pairs
from loopbuild.stages.evaluation.plan import GoldPlan, Link, is_link, value_of
from loopbuild.stages.evaluation.pointers import MISSING, leaf_at, read_pointer

_ROUNDS = 4
_EXACT, _SAME_TOOL = 10**6, 10**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Gold step -> predicted call of the same tool, and the marks of its arguments."""

    pairs: dict[int, int]
    marks: dict[int, list[ArgumentMark]]

    def is_exact(self, step: int) -> bool:
        """Return whether the gold step has a partner with all arguments right."""
        return step in self.pairs and all(mark.is_right for mark in self.marks[step])


def align(plan: GoldPlan, calls: Sequence[AttemptedCall], catalog: ToolCatalog) -> Alignment:
    """Return the best pairs; calls beyond the first 64 stay unmatched."""
    tools = catalog.by_id()
    calls = calls[:LIMIT]
    table: dict[tuple[int, int], list[ArgumentMark]] = {}
    pairs: dict[int, int] | None = None
    for _ in range(_ROUNDS):
        weights = []
        for index, step in enumerate(plan.steps[:LIMIT]):
            row = []
            for call in calls:
                if call.tool != step.call.tool:
                    row.append(0)
                    continue
                marks = table[index, call.index] = compare_arguments(
                    step.call, call.arguments, tools.get(step.call.tool), _expected(plan, calls, pairs, index, call)
                )
                is_exact = all(mark.is_right for mark in marks)
                row.append(_EXACT * is_exact + _SAME_TOOL + round(999 * share_right(marks)))
            weights.append(row)
        following = best_pairs(weights)
        if following == pairs:
            break
        pairs = following
    final = pairs or {}
    return Alignment(pairs=final, marks={step: table[step, call] for step, call in final.items()})


def is_link_right(
    link: Link, plan: GoldPlan, found: Alignment, calls: Sequence[AttemptedCall], catalog: ToolCatalog
) -> bool:
    """Return whether the consumer's value comes from the result the model itself received, one turn earlier."""
    if link.producer not in found.pairs or link.consumer not in found.pairs:
        return False
    producer, consumer = calls[found.pairs[link.producer]], calls[found.pairs[link.consumer]]
    if not producer.is_ok or producer.turn >= consumer.turn:
        return False
    due, got = value_of(link.origin, producer.result), read_pointer(consumer.arguments, link.pointer)
    if due is MISSING or got is MISSING:
        return False
    tool = catalog.by_id().get(consumer.tool)
    leaf = leaf_at(tool.inputs, link.pointer + ("/0" if isinstance(due, list) else "")) if tool else None
    return same_value(due, got, leaf)


def _expected(
    plan: GoldPlan, calls: Sequence[AttemptedCall], pairs: dict[int, int] | None, consumer: int, got: AttemptedCall
) -> Expected:
    """Return what tells the value due in the model's run; the gold literal where its own run cannot say."""

    def due(pointer: str, origin: Provenance, literal: Json) -> Json:
        if not is_link(origin, consumer):
            return literal
        if pairs is not None:
            partner = pairs.get(origin.step)
            if partner is None or not calls[partner].is_ok:
                return literal
            own = value_of(origin, calls[partner].result)
            return literal if own is MISSING else own
        has = read_pointer(got.arguments, pointer)
        producer = plan.steps[origin.step].call.tool
        for call in calls[: got.index]:
            if call.is_ok and call.tool == producer and value_of(origin, call.result) == has:
                return has
        return literal

    return due
