"""Guessed edges: shown and tried, never sampled, and what makes a guess a return."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from inferred import catalog, graph, tool
from test_evidence import line

from loopbuild.errors import LoopfileError
from loopbuild.records import EdgeEvidence, ToolCatalog, ToolGraph, from_json, to_json
from loopbuild.stages.toolgraph.build import build_graph
from loopbuild.stages.toolgraph.dot import to_dot
from loopbuild.stages.toolgraph.draw import to_text
from loopbuild.stages.toolgraph.guesses import place_of
from loopbuild.stages.toolgraph.html import to_html
from loopbuild.stages.toolgraph.proposals import with_proposals
from loopbuild.stages.toolgraph.report import to_report
from loopbuild.stages.toolgraph.returns import with_returns

MAKE, FIND = tool("create_role", {"title": "string"}), tool("find_candidates", {"role_id": "string"})
CLOSE, BOOK = tool("close_role", {"role_id": "string"}), tool("book", {"candidate_id": "string", "role_id": "string"})
EDGE = "s/create_role#/role_id -> s/close_role#/role_id"


def unproven(found: ToolGraph) -> list[str]:
    return [f"{one.producer}#{one.producer_leaf} -> {one.consumer}#{one.consumer_leaf}" for one in found.unproven]


def returns(found: ToolCatalog, name: str) -> list[tuple[str, str]]:
    return [(leaf.pointer, leaf.origin) for leaf in found.by_id()[name].outputs]


def test_a_guess_is_proposed_and_nothing_is_sampled_by_it() -> None:
    found = graph(MAKE, FIND, CLOSE, BOOK)
    assert found.edges == ()
    assert found.flat_sources == ("s",)
    assert unproven(found) == [
        "s/find_candidates#/candidate_id -> s/book#/candidate_id",
        "s/create_role#/role_id -> s/book#/role_id",
        EDGE,
        "s/create_role#/role_id -> s/find_candidates#/role_id",
    ]
    assert {(one.rule, one.score, one.status, one.standing) for one in found.unproven} == {
        ("guessed", 0.55, "inferred", "unproven")
    }
    assert "4 edges are guessed, which are not sampled: `loopbuild graph --verify` tries such" in found.notes[0]
    assert from_json(ToolGraph, to_json(found)) == found


def test_an_input_that_something_better_feeds_or_that_may_be_left_out_is_not_guessed_for() -> None:
    sure = tool("list_roles", returns={"role_ids": ["string"]})
    optional = tool("count", {"role_id?": "string"})
    found = graph(MAKE, sure, CLOSE, optional)
    assert {edge.producer for edge in found.edges} == {"s/list_roles"}
    assert found.unproven == ()


@pytest.mark.parametrize(
    "consumer",
    [{"query": "string"}, {"path": "string"}, {"description": "string"}, {"title": "string"}, {"staff_id": "string"}],
)
def test_nothing_is_guessed_for_an_input_that_is_no_such_id(consumer: dict[str, Any]) -> None:
    assert graph(MAKE, tool("list_files", {"folder": "string"}), tool("use", consumer)).unproven == ()


def test_who_deletes_and_what_the_author_denies_feeds_nothing() -> None:
    assert graph(tool("delete_role", {"title": "string"}), CLOSE).unproven == ()
    assert unproven(graph(MAKE, CLOSE, edges={"deny": [EDGE]})) == []
    assert unproven(graph(MAKE, CLOSE, edges={"deny": ["s/create_* -> s/*"]})) == []


def test_the_author_answers_for_an_edge_by_naming_its_leaf_and_for_no_other() -> None:
    rules = {"allow": [EDGE]}
    found = graph(MAKE, CLOSE, FIND, edges=rules)
    assert [(edge.consumer, edge.status) for edge in found.edges] == [("s/close_role", "declared")]
    assert unproven(found) == ["s/create_role#/role_id -> s/find_candidates#/role_id"]
    assert returns(with_returns(catalog(s=[MAKE, CLOSE]), rules, ()), "s/create_role") == [("/role_id", "guessed")]
    elsewhere = graph(MAKE, CLOSE, edges={"allow": ["s/create_role#/role/id -> s/close_role#/role_id"]})
    assert [edge.producer_leaf for edge in elsewhere.edges] == ["/role/id"]


def test_a_glob_is_no_word_about_a_guess() -> None:
    found = graph(MAKE, CLOSE, edges={"allow": ["s/* -> s/*"]})
    assert (found.edges, len(found.unproven)) == ((), 1)
    with pytest.raises(LoopfileError, match="no output matches `s/create_role#/owner/name`"):
        graph(MAKE, CLOSE, edges={"allow": ["s/create_role#/owner/name -> s/close_role#/role_id"]})


def test_what_a_replay_saw_is_a_return_like_any_observed_one() -> None:
    tools = catalog(s=[MAKE, CLOSE, FIND])
    seen = line(tools, "s/create_role#/data/role/id -> s/close_role#/role_id", "verified", rule="guessed")
    told = with_returns(tools, {}, [seen])
    assert returns(told, "s/create_role") == [("/data/role/id", "observed")]
    assert (told.by_id()["s/create_role"].output_origin, told.by_id()["s/create_role"].guesses) == ("observed", ())
    found = build_graph(tools, {}, [seen])
    assert [(edge.consumer, edge.producer_leaf, edge.status) for edge in found.edges] == [
        ("s/close_role", "/data/role/id", "verified"),
        ("s/find_candidates", "/data/role/id", "inferred"),
    ]
    assert found.unproven == ()
    assert build_graph(told, {}, [seen]) == found
    assert with_returns(told, {}, [seen]) == told


def test_what_a_replay_refused_is_not_proposed_again_wherever_it_lay() -> None:
    tools = catalog(s=[MAKE, CLOSE, FIND])
    refused = line(tools, "s/create_role#/role/id -> s/close_role#/role_id", "rejected", rule="guessed")
    assert unproven(build_graph(tools, {}, [refused])) == ["s/create_role#/role_id -> s/find_candidates#/role_id"]
    assert with_returns(tools, {}, [refused]) == tools


def test_what_a_replay_refused_is_not_shown_as_a_proposal_either_while_its_word_holds() -> None:
    tools = catalog(s=[MAKE, tool("book", {"place": "string"})])
    refused = line(tools, "s/create_role#/role/id -> s/book#/place", "rejected", rule="proposed")
    edge = ("s/create_role", "/role_id", "s/book", "/place")

    def shown(*evidence: EdgeEvidence) -> list[str]:
        return unproven(with_proposals(tools, build_graph(tools, {}, evidence), [edge], evidence, per_input=2))

    assert shown() == ["s/create_role#/role_id -> s/book#/place"]
    assert shown(refused) == []
    assert shown(replace(refused, facts="of other tools")) == shown()


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ({"role_id": "R-1"}, "/role_id"),
        ({"id": "R-1"}, "/id"),
        ({"data": {"id": "R-1"}}, "/data/id"),
        ({"role": {"id": "R-1", "owner": {"id": "P-1"}}}, "/role/id"),
        ({"roles": [{"id": "R-1"}]}, "/roles/[]/id"),
        ({"roleIds": ["R-1"]}, "/roleIds/[]"),
        ([{"id": 7}], "/[]/id"),
        (["R-1", "R-2"], "/[]"),
        ({"id": "X", "role_id": "R-1"}, "/role_id"),
        ({"owner": {"id": "P-1"}}, None),
        ({"title": "R-1"}, None),
        ("R-1", None),
        ({}, None),
        (None, None),
    ],
)
def test_a_guess_is_found_where_an_answer_is_called_like_it(answer: Any, place: str | None) -> None:
    (guess,) = catalog(s=[MAKE]).tools[0].guesses
    assert place_of(guess, answer) == place


def test_guesses_do_not_depend_on_the_order_of_tools() -> None:
    entries = [MAKE, FIND, CLOSE, BOOK, tool("list_open_roles"), tool("register_role", {"title": "string"})]
    graphs = [build_graph(catalog(s=[*entries[at:], *entries[:at]]), {}) for at in range(len(entries))]
    assert len(graphs[0].unproven) > 6
    assert all(one == graphs[0] for one in graphs)


def test_every_drawing_says_what_is_only_guessed() -> None:
    tools = catalog(s=[MAKE, CLOSE])
    found = build_graph(tools, {})
    assert "s/close_role /role_id <- s/create_role /role_id  0.55 guessed, unproven" in to_text(found, tools)
    assert "guessed returns: 1 that would feed 1 required input, unproven" in to_report(found, tools)
    assert "create_role /role_id" in to_report(found, tools)
    assert "style=dotted" in to_dot(found, tools)
    page = to_html(found, tools)
    assert 'class="link unproven"' in page
    assert '["/role_id", true, true]' in page  # no tool gives it
    assert "2 tools, 0 edges" in page
