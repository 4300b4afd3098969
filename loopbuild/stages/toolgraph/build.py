"""Catalog and `graph:` settings -> `ToolGraph`: edges that names and types speak for, subgraphs, flat sources.

Pure and deterministic: the order of tools, sources and hash seeds leaves no trace. Scores come from `score`; this file
decides which of them become edges.
"""

from __future__ import annotations

from collections.abc import Sequence

from loopbuild.records import DataFlowEdge, Json, ToolCatalog, ToolGraph, ToolSchema
from loopbuild.stages.toolgraph.index import Found, PortIndex
from loopbuild.stages.toolgraph.patterns import EdgePattern, read_patterns
from loopbuild.stages.toolgraph.ports import Port, Words, input_ports, output_ports
from loopbuild.stages.toolgraph.score import Match, conversion, score_pair
from loopbuild.stages.toolgraph.subgraphs import subgraphs

MIN_SCORE = 0.6
STRONG = 0.85
"""Below this an edge is kept only for a required input that nothing better feeds."""
PER_INPUT = 5
FLAT_SHARE = 0.2
"""A source with a smaller share of tools touching an edge cannot carry chains."""


def build_graph(catalog: ToolCatalog, settings: Json) -> ToolGraph:
    """Return the graph; `settings` is the `graph:` section as plain values, an empty mapping means defaults.

    Raises LoopfileError for a pattern of `edges` that matches no tool or leaf.
    """
    chosen = settings or {}
    rules = chosen.get("edges") or {}
    outputs = [port for tool in catalog.tools for port in output_ports(tool)]
    inputs = [port for tool in catalog.tools for port in input_ports(tool)]
    allow = read_patterns(rules.get("allow") or (), outputs, inputs, key="allow")
    deny = read_patterns(rules.get("deny") or (), outputs, inputs, key="deny")
    search = _Search(
        outputs,
        allow,
        deny,
        min_score=float(chosen.get("min_score", MIN_SCORE)),
        per_input=int(chosen.get("per_input", PER_INPUT)),
    )
    edges = [edge for consumer in inputs for edge in search.edges_into(consumer)]
    edges.sort(key=lambda edge: (edge.consumer, edge.consumer_leaf, -edge.score, edge.producer, edge.producer_leaf))
    flat, notes = _flat_sources(catalog.tools, edges)
    return ToolGraph(
        edges=tuple(edges), subgraphs=subgraphs(catalog.tools, edges), flat_sources=flat, notes=tuple(notes)
    )


class _Search:
    """The producers of a catalog under the author's rules."""

    def __init__(
        self,
        outputs: Sequence[Port],
        allow: Sequence[EdgePattern],
        deny: Sequence[EdgePattern],
        *,
        min_score: float,
        per_input: int,
    ) -> None:
        self._allow, self._deny = allow, deny
        self._min_score, self._per_input = min_score, per_input
        self._index = PortIndex(outputs, denied=self._denied)
        self._exact = [(rule, [port for port in outputs if rule.takes_end(port)]) for rule in allow if rule.is_exact]

    def edges_into(self, consumer: Port) -> list[DataFlowEdge]:
        """Return the edges of one input, in no order."""
        declared = self._declared(consumer)
        found = self._index.best(consumer, min_score=self._min_score, tools=self._per_input + len(declared) + 1)
        inferred = [
            item for item in found if item.producer.tool.id != consumer.tool.id and item.producer.place not in declared
        ]
        strong = [item for item in inferred if item.match.score >= STRONG]
        if strong or declared or not consumer.leaf.is_required:
            inferred = strong
        kept = [*declared.values(), *_capped(inferred, self._per_input - len(declared))]
        return [
            DataFlowEdge(
                producer=item.producer.tool.id,
                producer_leaf=item.producer.leaf.pointer,
                consumer=consumer.tool.id,
                consumer_leaf=consumer.leaf.pointer,
                score=item.match.score,
                rule=item.match.rule,
                conversion=item.match.conversion,
                status="declared" if item.match.rule == "declared" else "inferred",
            )
            for item in kept
        ]

    def _denied(self, port: Port) -> frozenset[int]:
        return frozenset(at for at, rule in enumerate(self._deny) if rule.takes_end(port))

    def _declared(self, consumer: Port) -> dict[tuple[str, str], Found]:
        """Return what the author allows: leaves named on both sides, or any pair that names speak for."""
        globs = [rule for rule in self._allow if not rule.is_exact and rule.takes_end(consumer)]
        meant = [
            port
            for port in (self._index.partners(consumer) if globs else ())
            if any(rule.takes_end(port) for rule in globs) and score_pair(port, consumer) is not None
        ]
        meant += [port for rule, ports in self._exact if rule.takes_end(consumer) for port in ports]
        return {
            port.place: Found(port, Match(score=1.0, rule="declared", conversion=conversion(port, consumer)))
            for port in meant
            if not any(rule.takes(port, consumer) for rule in self._deny)
        }


def _capped(found: Sequence[Found], limit: int) -> list[Found]:
    """Return those of the first `limit` tools; a name that comes twice in one answer from the outside."""
    tools = list(dict.fromkeys(item.producer.tool.id for item in found))[: max(0, limit)]
    kept = [item for item in found if item.producer.tool.id in tools]
    depth: dict[tuple[str, Words], int] = {}
    for item in kept:
        key = (item.producer.tool.id, item.producer.words)
        depth[key] = min(item.producer.depth, depth.get(key, item.producer.depth))
    return [item for item in kept if item.producer.depth == depth[item.producer.tool.id, item.producer.words]]


def _flat_sources(tools: Sequence[ToolSchema], edges: Sequence[DataFlowEdge]) -> tuple[tuple[str, ...], list[str]]:
    touched = {edge.producer for edge in edges} | {edge.consumer for edge in edges}
    flat: list[str] = []
    notes: list[str] = []
    for source in sorted({tool.source for tool in tools}):
        own = [tool for tool in tools if tool.source == source]
        joined = [tool for tool in own if tool.id in touched]
        if len(joined) >= FLAT_SHARE * len(own) and joined:
            continue
        flat.append(source)
        known = sum(tool.output_origin != "none" for tool in own)
        count = sum(edge.producer.startswith(f"{source}/") for edge in edges)
        notes.append(
            f"source `{source}` is flat: {known} of {len(own)} tools declare what they return, {count} edges lead from "
            "it; only single and parallel calls are sampled, `returns:` of a source would connect its tools"
        )
    return tuple(flat), notes
