"""Edges that only a guess speaks for: shown, tried by a replay, never sampled as they are.

Decides that an input is worth a guess only where it is required and nothing better feeds it, and that the name has to
fit as closely as a declared one would. The score says how much a guess is worth, whatever rule found it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from loopbuild.records import DataFlowEdge
from loopbuild.stages.toolgraph.guesses import may_lie_at
from loopbuild.stages.toolgraph.index import Mark, PortIndex
from loopbuild.stages.toolgraph.ports import Port

GUESSED = 0.55
"""Below every threshold of sampling, above the weakest edge a replay tries."""
_STRICT = 0.85
"""What a name has to earn were it declared."""
Refuted = Mapping[tuple[str, str], Iterable[tuple[str, str]]]
"""Consumer and its leaf -> producers and their leaves that a replay refuted."""


class Guesses:
    """The guessed leaves of a catalog as producers."""

    def __init__(self, ports: Sequence[Port], *, denied: Mark, refuted: Refuted, per_input: int) -> None:
        self._index = PortIndex(ports, denied=denied)
        self._words = frozenset(word for port in ports for word in (*port.words, *port.entity))
        self._refuted, self._per_input = refuted, per_input

    def edges_into(self, consumer: Port) -> list[DataFlowEdge]:
        """Return the guessed edges of one input that nothing else feeds, best tools first."""
        # Most names share no word with the few guesses there are.
        if not consumer.leaf.is_required or not self._words & set(consumer.words[-1:]):
            return []
        refuted = list(self._refuted.get(consumer.place, ()))
        edges: dict[str, DataFlowEdge] = {}
        for found in self._index.best(consumer, min_score=_STRICT, tools=self._per_input + len(refuted) + 1):
            tool, leaf = found.producer.tool.id, found.producer.leaf
            is_refuted = any(tool == other and may_lie_at(leaf, pointer) for other, pointer in refuted)
            if tool == consumer.tool.id or is_refuted or len(edges) == self._per_input:
                continue
            edge = DataFlowEdge(
                producer=tool,
                producer_leaf=leaf.pointer,
                consumer=consumer.tool.id,
                consumer_leaf=consumer.leaf.pointer,
                score=GUESSED,
                rule="guessed",
                conversion=found.match.conversion,
            )
            edges.setdefault(tool, edge)
        return list(edges.values())
