"""Which output may feed which input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from loopbuild.records.codec import LEFT_OUT

EdgeStatus = Literal["declared", "inferred", "observed", "verified", "rejected"]

UNPROVEN = frozenset({"guessed", "proposed"})
"""Rules that are no evidence: nothing is sampled by them before a replay or the author speaks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFlowEdge:
    """An output leaf of one tool that may feed an input leaf of another."""

    producer: str
    producer_leaf: str
    consumer: str
    consumer_leaf: str
    score: float
    rule: str
    conversion: Literal["same", "pick", "map", "wrap"] = "same"
    """`pick`: an array item feeds a scalar."""
    status: EdgeStatus = "inferred"
    bound_with: tuple[tuple[str, str], ...] = ()
    """Parents that both calls must share, an input of the producer and one of the consumer each: `/org`, `/owner`."""

    @property
    def standing(self) -> str:
        """Return the status as a person reads it: `unproven` where a guess or a proposal is all there is."""
        return "unproven" if self.status == "inferred" and self.rule in UNPROVEN else self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeEvidence:
    """What a replay found out about an edge: one line of graph.lock."""

    edge: str
    """`source/tool#/leaf -> source/tool#/leaf`"""
    status: EdgeStatus
    replay: str
    """verified, rejected, uninformative, inconclusive, infra_error or skipped."""
    why: str = ""
    score: float
    rule: str
    conversion: Literal["same", "pick", "map", "wrap"] = "same"
    facts: str
    """Digest of both leaves and gates; evidence of other facts says nothing."""
    sandbox: str
    """Digest of where the calls ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgraph:
    """The unit of work: some goal tools of one source and all that can feed them."""

    name: str
    """`source/group`"""
    goals: tuple[str, ...]
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolGraph:
    """Edges sorted by (consumer, leaf, -score, producer), subgraphs by name."""

    edges: tuple[DataFlowEdge, ...] = ()
    subgraphs: tuple[Subgraph, ...] = ()
    flat_sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unproven: tuple[DataFlowEdge, ...] = field(default=(), metadata=LEFT_OUT)
    """Edges that a guess alone speaks for: a replay tries them, nothing is sampled by them."""
    beyond: tuple[DataFlowEdge, ...] = field(default=(), metadata=LEFT_OUT)
    """Edges by which nothing more is sampled, for an input has enough better ones: rows that use them still hold."""
