"""The cap on edges of one input says what more is sampled, never what a row that there is may rest on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inferred import catalog, graph, tool

from loopbuild.pipeline.shared import edge_fact, walk_facts
from loopbuild.records import to_json
from loopbuild.stages.toolgraph.build import REMEMBERED, build_graph

NAMES = [f"list_orders_of_{word}" for word in ("anna", "bert", "carl", "dora", "emil", "fred", "gina", "hugo", "ines")]
MAKERS = [tool(name, {}, {"order_ids": ["string"]}) for name in NAMES]
GETS = [tool(f"get_parcel_{at}", {}, {"order_id": "string"}) for at in range(30)]
CLOSE = tool("close_order", {"order_id": "string"})


def facts(*tools: dict[str, object]) -> set[tuple[str, str]]:
    made = catalog(s=list(tools))
    known = walk_facts(to_json(made), to_json(build_graph(made, {})))
    return {(name, digest) for name, digest in known.items() if name.startswith("edge ")}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([*MAKERS, *GETS]), min_size=5, max_size=16, unique_by=lambda one: one["name"]))
def test_a_further_producer_takes_no_edge_from_who_uses_it(tools: list[dict[str, object]]) -> None:
    for number in range(1, len(tools)):
        assert facts(*tools[:number], CLOSE) <= facts(*tools[: number + 1], CLOSE)


def test_what_is_sampled_is_capped_all_the_same() -> None:
    found = graph(*MAKERS, CLOSE)
    assert len({edge.producer for edge in found.edges}) == 5
    assert len({edge.producer for edge in (*found.edges, *found.beyond)}) == len(MAKERS)
    assert not {edge_fact(edge) for edge in found.edges} & {edge_fact(edge) for edge in found.beyond}


def test_what_holds_has_a_limit_too() -> None:
    found = graph(*GETS, CLOSE)
    assert len({edge.producer for edge in (*found.edges, *found.beyond)}) == 5 * REMEMBERED


@pytest.mark.parametrize("denied", ["s/list_orders_of_ines -> *", "*#/order_ids/[] -> *"])
def test_what_the_author_denies_holds_for_nobody(denied: str) -> None:
    found = graph(*MAKERS, CLOSE, edges={"deny": [denied]})
    assert "s/list_orders_of_ines" not in {edge.producer for edge in (*found.edges, *found.beyond)}


def test_the_same_tools_and_evidence_make_the_same_graph_in_any_order() -> None:
    one, other = graph(*MAKERS, CLOSE), graph(CLOSE, *reversed(MAKERS))
    assert to_json(one) == to_json(other)


def test_a_graph_without_a_crowded_input_is_written_as_it_was() -> None:
    assert "beyond" not in to_json(graph(*MAKERS[:3], CLOSE))
