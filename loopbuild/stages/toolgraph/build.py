"""Catalog and `graph:` settings -> `ToolGraph`: edges that names and types speak for, subgraphs, flat sources.

Pure and deterministic: the order of tools, sources and hash seeds leaves no trace. Scores come from `score`; this file
decides which of them become edges.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from loopbuild.records import DataFlowEdge, EdgeEvidence, Json, ToolCatalog, ToolGraph
from loopbuild.stages.toolgraph.evidence import Facts
from loopbuild.stages.toolgraph.flat import flat_sources
from loopbuild.stages.toolgraph.index import Found, PortIndex, rank
from loopbuild.stages.toolgraph.names import Words
from loopbuild.stages.toolgraph.patterns import EdgePattern, read_patterns
from loopbuild.stages.toolgraph.ports import Port, guessed_ports, input_ports, output_ports
from loopbuild.stages.toolgraph.returns import with_returns
from loopbuild.stages.toolgraph.scope import bound
from loopbuild.stages.toolgraph.score import Match, conversion, score_pair
from loopbuild.stages.toolgraph.subgraphs import subgraphs
from loopbuild.stages.toolgraph.unproven import Guesses

MIN_SCORE = 0.6
STRONG = 0.85
"""Below this an edge is kept only for a required input that nothing better feeds."""
PER_INPUT = 5
REMEMBERED = 4
"""Times `per_input`: an edge of so many tools that feed one input holds for who uses it, though others are sampled."""


def build_graph(catalog: ToolCatalog, settings: Json, evidence: Sequence[EdgeEvidence] = ()) -> ToolGraph:
    """Return the graph; `settings` is the `graph:` section as plain values, an empty mapping means defaults.

    Of `evidence` only what still stands counts: a verified edge stays whatever its score and the cap, a rejected one
    is out. Links that a source declares count like edges the author allows; what the author denies is none, whoever
    says so. Raises LoopfileError with every pattern of `edges` that matches no tool or leaf.
    """
    chosen = settings or {}
    rules = chosen.get("edges") or {}
    catalog = with_returns(catalog, rules, evidence)
    outputs = [port for tool in catalog.tools for port in output_ports(tool)]
    guessed = [port for tool in catalog.tools for port in guessed_ports(tool)]
    inputs = [port for tool in catalog.tools for port in input_ports(tool)]
    allow, deny = read_patterns(rules, [*outputs, *guessed], inputs)
    standing, gone = Facts(catalog).standing(evidence) if evidence else ([], 0)
    search = _Search(
        outputs,
        allow,
        deny,
        [edge for edge, _ in standing],
        catalog.edges,
        min_score=float(chosen.get("min_score", MIN_SCORE)),
        per_input=int(chosen.get("per_input", PER_INPUT)),
    )
    edges: list[DataFlowEdge] = []
    beyond: list[DataFlowEdge] = []
    for consumer in inputs:
        sampled, held = search.edges_into(consumer)
        edges += sampled
        beyond += held
    edges.sort(key=_place)
    beyond.sort(key=_place)
    fed = {(edge.consumer, edge.consumer_leaf) for edge in edges}
    guesses = search.guesses(guessed)
    unproven = [edge for port in inputs if port.place not in fed for edge in guesses.edges_into(port)]
    unproven.sort(key=_place)
    flat, notes = flat_sources(catalog.tools, edges, unproven)
    if gone:
        lines = "1 line" if gone == 1 else f"{gone} lines"
        notes.append(f"{lines} of graph.lock no longer fit the tools; `loopbuild graph --verify` renews them")
    return ToolGraph(
        edges=tuple(edges),
        subgraphs=subgraphs(catalog.tools, edges),
        flat_sources=flat,
        notes=tuple(notes),
        unproven=tuple(unproven),
        beyond=tuple(beyond),
    )


def _place(edge: DataFlowEdge) -> tuple[str, str, float, str, str]:
    return (edge.consumer, edge.consumer_leaf, -edge.score, edge.producer, edge.producer_leaf)


class _Search:
    """The producers of a catalog under the author's rules."""

    def __init__(
        self,
        outputs: Sequence[Port],
        allow: Sequence[EdgePattern],
        deny: Sequence[EdgePattern],
        replayed: Sequence[DataFlowEdge],
        linked: Sequence[DataFlowEdge],
        *,
        min_score: float,
        per_input: int,
    ) -> None:
        self._allow, self._deny = allow, deny
        self._min_score, self._per_input = min_score, per_input
        # What the author alone stands for feeds what he says and nothing else.
        self._index = PortIndex((port for port in outputs if not port.is_guessed), denied=self._denied)
        self._places = {port.place: port for port in outputs}
        self._verified: dict[tuple[str, str], list[DataFlowEdge]] = {}
        self._rejected: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for edge in replayed:
            place = (edge.consumer, edge.consumer_leaf)
            if edge.status == "verified":
                self._verified.setdefault(place, []).append(edge)
            elif edge.status == "rejected":
                self._rejected.setdefault(place, set()).add((edge.producer, edge.producer_leaf))
        self._linked: dict[tuple[str, str], list[Port]] = {}
        for edge in linked:
            if (producer := self._places.get((edge.producer, edge.producer_leaf))) is not None:
                self._linked.setdefault((edge.consumer, edge.consumer_leaf), []).append(producer)
        self._exact = [(rule, [port for port in outputs if rule.takes_end(port)]) for rule in allow if rule.is_exact]

    def guesses(self, ports: Sequence[Port]) -> Guesses:
        """Return the guesses under the same rules."""
        return Guesses(ports, denied=self._denied, refuted=self._rejected, per_input=self._per_input)

    def edges_into(self, consumer: Port) -> tuple[list[DataFlowEdge], list[DataFlowEdge]]:
        """Return the edges of one input, and those the cap alone keeps from being among them, in no order."""
        declared = self._declared(consumer)
        verified = self._proven(consumer, declared)
        sure = declared | verified
        rejected = self._rejected.get(consumer.place)
        if rejected:
            found = self._thorough(consumer, rejected)
        else:
            most = REMEMBERED * self._per_input + len(sure) + 1
            found = self._index.best(consumer, min_score=self._min_score, tools=most)
        inferred = [
            item for item in found if item.producer.tool.id != consumer.tool.id and item.producer.place not in sure
        ]
        strong = [item for item in inferred if item.match.score >= STRONG]
        if strong or sure or not consumer.leaf.is_required:
            inferred = strong
        kept = [*sure.values(), *_capped(inferred, self._per_input - len(sure))]
        places = {item.producer.place for item in kept}
        further = _capped(inferred, REMEMBERED * self._per_input - len(sure))
        held = [item for item in further if item.producer.place not in places]
        return [_edge(item, consumer, verified) for item in kept], [_edge(item, consumer, verified) for item in held]

    def _proven(self, consumer: Port, declared: Mapping[tuple[str, str], Found]) -> dict[tuple[str, str], Found]:
        """Return the producers whose values a replay saw accepted; the cap never evicts them."""
        proven: dict[tuple[str, str], Found] = {}
        for edge in self._verified.get(consumer.place, ()):
            producer = self._places[edge.producer, edge.producer_leaf]
            if not any(rule.takes(producer, consumer) for rule in self._deny):
                match = Match(score=edge.score, rule=edge.rule, conversion=conversion(producer, consumer))
                proven[producer.place] = declared.get(producer.place) or Found(producer, match)
        return proven

    def _thorough(self, consumer: Port, rejected: set[tuple[str, str]]) -> list[Found]:
        """Return what the index would without the rejected producers, by asking every partner."""
        scored = [
            Found(port, match)
            for port in self._index.partners(consumer)
            if port.place not in rejected and not any(rule.takes(port, consumer) for rule in self._deny)
            if (match := score_pair(port, consumer)) is not None and match.score >= self._min_score
        ]
        scored.sort(key=lambda item: (-item.match.score, rank(item.producer)))
        best: dict[str, float] = {}
        for item in scored:
            best.setdefault(item.producer.tool.id, item.match.score)
        return [item for item in scored if item.match.score == best[item.producer.tool.id]]

    def _denied(self, port: Port) -> frozenset[int]:
        return frozenset(at for at, rule in enumerate(self._deny) if rule.takes_end(port))

    def _declared(self, consumer: Port) -> dict[tuple[str, str], Found]:
        """Return what the author allows, leaves named on both sides or any pair that names speak for, and links."""
        globs = [rule for rule in self._allow if not rule.is_exact and rule.takes_end(consumer)]
        meant = [
            port
            for port in (self._index.partners(consumer) if globs else ())
            if any(rule.takes_end(port) for rule in globs) and score_pair(port, consumer) is not None
        ]
        meant += [port for rule, ports in self._exact if rule.takes_end(consumer) for port in ports]
        meant += self._linked.get(consumer.place, ())
        return {
            port.place: Found(port, Match(score=1.0, rule="declared", conversion=conversion(port, consumer)))
            for port in meant
            if not any(rule.takes(port, consumer) for rule in self._deny)
        }


def _edge(item: Found, consumer: Port, verified: Container[tuple[str, str]]) -> DataFlowEdge:
    is_declared = item.match.rule == "declared"
    return DataFlowEdge(
        producer=item.producer.tool.id,
        producer_leaf=item.producer.leaf.pointer,
        consumer=consumer.tool.id,
        consumer_leaf=consumer.leaf.pointer,
        score=item.match.score,
        rule=item.match.rule,
        conversion=item.match.conversion,
        status="verified" if item.producer.place in verified else "declared" if is_declared else "inferred",
        bound_with=bound(item.producer, consumer),
    )


def _capped(found: Sequence[Found], limit: int) -> list[Found]:
    """Return those of the first `limit` tools; a name that comes twice in one answer from the outside."""
    tools = list(dict.fromkeys(item.producer.tool.id for item in found))[: max(0, limit)]
    kept = [item for item in found if item.producer.tool.id in tools]
    depth: dict[tuple[str, Words], int] = {}
    for item in kept:
        key = (item.producer.tool.id, item.producer.words)
        depth[key] = min(item.producer.depth, depth.get(key, item.producer.depth))
    return [item for item in kept if item.producer.depth == depth[item.producer.tool.id, item.producer.words]]
