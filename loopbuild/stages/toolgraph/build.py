"""Catalog and `graph:` settings -> `ToolGraph`: edges that names and types speak for, subgraphs, flat sources.

Pure and deterministic: the order of tools, sources and hash seeds leaves no trace. Scores come from `score`; this file
decides which of them become edges.
"""

from __future__ import annotations

from collections.abc import Sequence

from loopbuild.records import DataFlowEdge, Json, ToolCatalog, ToolGraph, ToolSchema
from loopbuild.stages.toolgraph.lists import LISTING_VERBS
from loopbuild.stages.toolgraph.patterns import EdgePattern, read_patterns
from loopbuild.stages.toolgraph.ports import Port, PortIndex, Words, input_ports, output_ports
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
    index = PortIndex(outputs)
    edges: list[DataFlowEdge] = []
    for consumer in sorted(inputs, key=lambda item: item.place):
        edges += _edges_into(
            consumer,
            index.partners(consumer),
            outputs,
            allow,
            deny,
            min_score=float(chosen.get("min_score", MIN_SCORE)),
            per_input=int(chosen.get("per_input", PER_INPUT)),
        )
    edges.sort(key=lambda edge: (edge.consumer, edge.consumer_leaf, -edge.score, edge.producer, edge.producer_leaf))
    flat, notes = _flat_sources(catalog.tools, edges)
    return ToolGraph(
        edges=tuple(edges), subgraphs=subgraphs(catalog.tools, edges), flat_sources=flat, notes=tuple(notes)
    )


def _edges_into(
    consumer: Port,
    partners: Sequence[Port],
    outputs: Sequence[Port],
    allow: Sequence[EdgePattern],
    deny: Sequence[EdgePattern],
    *,
    min_score: float,
    per_input: int,
) -> list[DataFlowEdge]:
    declared: dict[tuple[str, str], tuple[Port, Match]] = {}
    inferred: list[tuple[Port, Match]] = []
    for producer in partners:
        if any(pattern.takes(producer, consumer) for pattern in deny):
            continue
        match = score_pair(producer, consumer)
        if match is None:
            continue
        if any(pattern.takes(producer, consumer) for pattern in allow):
            declared[producer.place] = (producer, _declared(producer, consumer))
        elif match.score >= min_score:
            inferred.append((producer, match))
    exact = [pattern for pattern in allow if pattern.is_exact]
    for producer in outputs if exact else ():
        if any(pattern.takes(producer, consumer) for pattern in exact) and not any(
            pattern.takes(producer, consumer) for pattern in deny
        ):
            declared[producer.place] = (producer, _declared(producer, consumer))
    strong = [item for item in inferred if item[1].score >= STRONG]
    if strong or declared or not consumer.leaf.is_required:
        inferred = strong
    kept = [declared[place] for place in sorted(declared)] + _capped(inferred, per_input - len(declared))
    return [
        DataFlowEdge(
            producer=producer.tool.id,
            producer_leaf=producer.leaf.pointer,
            consumer=consumer.tool.id,
            consumer_leaf=consumer.leaf.pointer,
            score=match.score,
            rule=match.rule,
            conversion=match.conversion,
            status="declared" if match.rule == "declared" else "inferred",
        )
        for producer, match in kept
    ]


def _declared(producer: Port, consumer: Port) -> Match:
    return Match(score=1.0, rule="declared", conversion=conversion(producer, consumer))


def _capped(found: Sequence[tuple[Port, Match]], limit: int) -> list[tuple[Port, Match]]:
    """Return the edges of the `limit` best producers, of each only the leaves that fit best."""
    best: dict[str, float] = {}
    for producer, match in found:
        best[producer.tool.id] = max(match.score, best.get(producer.tool.id, 0.0))
    tools = {producer.tool.id: producer.tool for producer, _ in found}
    ranked = sorted(best, key=lambda tool: (-best[tool], _verb_rank(tools[tool]), tool))[: max(0, limit)]
    kept = [
        (producer, match)
        for producer, match in found
        if producer.tool.id in ranked and match.score == best[producer.tool.id]
    ]
    # The same name deeper in the same answer is a copy of the one above.
    depth: dict[tuple[str, Words], int] = {}
    for producer, _ in kept:
        key = (producer.tool.id, producer.words)
        depth[key] = min(producer.depth, depth.get(key, producer.depth))
    return [(producer, match) for producer, match in kept if producer.depth == depth[producer.tool.id, producer.words]]


def _verb_rank(tool: ToolSchema) -> int:
    if tool.verb in LISTING_VERBS:
        return 0
    return 1 if tool.effect == "create" else 2


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
