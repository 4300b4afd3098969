"""The index finds exactly what looking at all pairs would find, and takes no longer per tool on a larger catalog."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inferred import catalog, tool

from loopbuild.records import DataFlowEdge, ToolCatalog
from loopbuild.stages.toolgraph import index
from loopbuild.stages.toolgraph.build import MIN_SCORE, PER_INPUT, STRONG, build_graph
from loopbuild.stages.toolgraph.index import rank
from loopbuild.stages.toolgraph.ports import Port, input_ports, output_ports
from loopbuild.stages.toolgraph.score import Match, score_fit, score_pair

NOUNS = ("user", "team", "city", "location", "hotel", "short_name", "name", "id", "user_id", "team_id", "q", "status")
NAMES = st.one_of(
    st.sampled_from(NOUNS),
    st.tuples(st.sampled_from(("origin", "user", "team", "start")), st.sampled_from(NOUNS)).map("_".join),
    st.tuples(st.sampled_from(("user", "team_id")), st.sampled_from(("team", "url"))).map("_or_".join),
)
TYPES = st.sampled_from(
    ("string", "integer", "number", "boolean", "email", "date", {"type": "string", "enum": ["x", "y"]})
)
VALUES = st.recursive(
    st.one_of(TYPES, TYPES.map(lambda item: [item])),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=2).flatmap(
        lambda one: st.sampled_from((one, [one]))
    ),
    max_leaves=3,
)
VERBS = st.sampled_from(("get", "list", "find", "create", "book", "update", "delete", ""))
PARAMETERS = st.dictionaries(st.tuples(NAMES, st.sampled_from(("", "?"))).map("".join), TYPES, max_size=3)
TOOLS = st.tuples(VERBS, NAMES, PARAMETERS, st.dictionaries(NAMES, VALUES, max_size=3))


@st.composite
def catalogs(draw: st.DrawFn) -> ToolCatalog:
    sources: dict[str, list[dict[str, Any]]] = {"one": [], "two": []}
    for number, (verb, noun, taken, given_back) in enumerate(draw(st.lists(TOOLS, min_size=2, max_size=9))):
        made = tool("_".join(filter(None, (verb, noun, "abcdefghi"[number]))), taken, given_back)
        sources[draw(st.sampled_from(("one", "one", "two")))].append(made)
    return catalog(**{name: tools for name, tools in sources.items() if tools})


def by_all_pairs(found: ToolCatalog, min_score: float) -> set[tuple[str, str, str, str, float, str]]:
    """The same decisions, made by asking every output about every input."""
    outputs = sorted((port for each in found.tools for port in output_ports(each)), key=rank)
    edges = set()
    for consumer in (port for each in found.tools for port in input_ports(each)):
        scored = [(producer, score_pair(producer, consumer)) for producer in outputs]
        fits = [(producer, match) for producer, match in scored if match and match.score >= min_score]
        strong = [item for item in fits if item[1].score >= STRONG]
        chosen = strong if strong or not consumer.leaf.is_required else fits
        best: dict[str, float] = {}
        for producer, match in chosen:
            best[producer.tool.id] = max(match.score, best.get(producer.tool.id, 0))
        order = {producer.tool.id: rank(producer)[0] for producer, _ in chosen}
        tools = sorted(best, key=lambda each: (-best[each], order[each], each))[:PER_INPUT]
        kept = [item for item in chosen if item[0].tool.id in tools and item[1].score == best[item[0].tool.id]]
        for producer, match in kept:
            twins = [other for other, _ in kept if (other.tool, other.words) == (producer.tool, producer.words)]
            if producer.depth == min(other.depth for other in twins):
                edges.add((*producer.place, *consumer.place, match.score, match.rule))
    return edges


def told(edge: DataFlowEdge) -> tuple[str, str, str, str, float, str]:
    return (edge.producer, edge.producer_leaf, edge.consumer, edge.consumer_leaf, edge.score, edge.rule)


@given(catalogs(), st.sampled_from((MIN_SCORE, 0.4)))
def test_the_index_finds_what_all_pairs_would(found: ToolCatalog, min_score: float) -> None:
    edges = {told(edge) for edge in build_graph(found, {"min_score": min_score}).edges}
    assert edges == by_all_pairs(found, min_score)


def test_a_name_in_every_answer_costs_no_more_per_tool_in_a_larger_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """`name` and `owner_email` are in all answers and all inputs: all pairs of them would be sixteen times as many."""
    scored = 0

    def counted(producer: Port, consumer: Port) -> Match | None:
        nonlocal scored
        scored += 1
        return score_fit(producer, consumer)

    def comparisons(count: int) -> int:
        nonlocal scored
        tools = [
            tool(
                f"create_{'abcdefghij'[n % 10]}thing{n}",
                {"name": "string", "owner_email": "email", f"thing{n}_id": "string"},
                {"id": "string", "name": "string", "owner": {"email": "email", "name": "string"}},
            )
            for n in range(count)
        ]
        scored = 0
        build_graph(catalog(s=tools), {})
        return scored

    monkeypatch.setattr(index, "score_fit", counted)
    small, large = comparisons(100), comparisons(400)
    assert small > 0
    assert large < 5 * small
