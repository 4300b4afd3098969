"""What a proposer is asked, and which of its proposals a graph shows: edges for a replay to try. Pure.

Decides that a tool is worth a question where an input it cannot do without is fed by nobody, and that the question does
not change when another edge is proven: an answer is paid for once. A proposal stands below any name's evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from loopbuild.records import DataFlowEdge, EdgeEvidence, SchemaLeaf, ToolCatalog, ToolGraph, ToolSchema
from loopbuild.stages.toolgraph.evidence import Facts
from loopbuild.stages.toolgraph.guesses import may_lie_at
from loopbuild.stages.toolgraph.lists import CONTROL, FREE_TEXT
from loopbuild.stages.toolgraph.patterns import PROPOSED
from loopbuild.stages.toolgraph.ports import Port, guessed_ports, input_ports, output_ports
from loopbuild.stages.toolgraph.score import conversion

_DEEPEST = 3
MOST_OUTPUTS = 150
"""Outputs that one question shows; in a larger source those that lie on the outside come first."""


def questions(catalog: ToolCatalog, graph: ToolGraph) -> Iterator[tuple[ToolSchema, list[SchemaLeaf], list[Port]]]:
    """Yield each tool somebody may know a producer for, its inputs, and what the others of its source return."""
    fed = {(edge.consumer, edge.consumer_leaf) for edge in graph.edges}
    offered = _offered(catalog.tools)
    for tool in catalog.tools:
        inputs = [leaf for leaf in tool.inputs if _may_be_passed(leaf)]
        if not any((tool.id, leaf.pointer) not in fed for leaf in inputs):
            continue
        others = (port for port in offered.get(tool.source, ()) if port.tool.id != tool.id)
        outputs = sorted(islice(others, MOST_OUTPUTS), key=lambda port: port.place)
        if outputs:
            yield tool, inputs, outputs


def with_proposals(
    catalog: ToolCatalog,
    graph: ToolGraph,
    proposed: Iterable[tuple[str, str, str, str]],
    evidence: Sequence[EdgeEvidence],
    *,
    per_input: int,
) -> ToolGraph:
    """Return the graph with what was proposed (producer, its leaf, consumer, its leaf) among what is unproven.

    Only between leaves there are, for inputs nothing feeds, and not what a replay refuted; at most `per_input` each.
    """
    outputs = {port.place: port for tool in catalog.tools for port in (*output_ports(tool), *guessed_ports(tool))}
    inputs = {port.place: port for tool in catalog.tools for port in input_ports(tool)}
    taken = {(edge.consumer, edge.consumer_leaf) for edge in graph.edges}
    known = {(edge.producer, edge.producer_leaf, edge.consumer, edge.consumer_leaf) for edge in graph.unproven}
    refuted: dict[tuple[str, ...], list[str]] = {}
    for edge, item in Facts(catalog).standing(evidence)[0]:
        if item.status == "rejected":
            refuted.setdefault((edge.producer, edge.consumer, edge.consumer_leaf), []).append(edge.producer_leaf)
    counts: dict[tuple[str, str], int] = {}
    edges = []
    for name in sorted(set(proposed) - known):
        producer, consumer = outputs.get(name[:2]), inputs.get(name[2:])
        if producer is None or consumer is None or consumer.place in taken or producer.tool is consumer.tool:
            continue
        if _is_refuted(producer, refuted.get((name[0], *name[2:]), ())):
            continue
        counts[consumer.place] = counts.get(consumer.place, 0) + 1
        if counts[consumer.place] <= per_input:
            edges.append(_edge(producer, consumer))
    unproven = sorted((*graph.unproven, *edges), key=lambda edge: (edge.consumer, edge.consumer_leaf, -edge.score))
    return replace(graph, unproven=tuple(unproven))


def _is_refuted(producer: Port, pointers: Iterable[str]) -> bool:
    """Say whether a replay refuted an output; of a guess at whatever place of the answer it was found."""
    leaf = producer.leaf
    return any(leaf.pointer == pointer or (producer.is_guessed and may_lie_at(leaf, pointer)) for pointer in pointers)


def types_of(leaf: SchemaLeaf) -> str:
    """Return the types of a leaf in words."""
    return " or ".join(leaf.types) or "unknown"


def _edge(producer: Port, consumer: Port) -> DataFlowEdge:
    return DataFlowEdge(
        producer=producer.tool.id,
        producer_leaf=producer.leaf.pointer,
        consumer=consumer.tool.id,
        consumer_leaf=consumer.leaf.pointer,
        score=PROPOSED,
        rule="proposed",
        conversion=conversion(producer, consumer),
    )


def _may_be_passed(leaf: SchemaLeaf) -> bool:
    """Say whether a required input may come from another tool at all, and may be told to a model elsewhere."""
    is_chosen = bool(leaf.enum) or leaf.has_default or "boolean" in leaf.types or "object" in leaf.types
    is_steering = " ".join(leaf.words) in CONTROL or leaf.words[-1:] in [(word,) for word in FREE_TEXT]
    return leaf.is_required and not (is_chosen or is_steering or leaf.is_sensitive)


def _offered(tools: Sequence[ToolSchema]) -> dict[str, list[Port]]:
    """Return source -> what its tools return, known or guessed, the outside first."""
    found: dict[str, list[Port]] = {}
    for tool in tools:
        if tool.effect != "delete":
            found.setdefault(tool.source, []).extend(
                port
                for port in (*output_ports(tool), *guessed_ports(tool))
                if port.depth <= _DEEPEST and port.leaf.types != ("boolean",) and not port.leaf.is_sensitive
            )
    return {source: sorted(ports, key=lambda port: (port.depth, port.place)) for source, ports in found.items()}
