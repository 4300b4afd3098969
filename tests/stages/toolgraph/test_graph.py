"""Which outputs may feed which inputs, on the tools of the examples and rule by rule."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from inferred import catalog, drawn, graph, tool

from loopbuild.errors import LoopfileError
from loopbuild.records import DataFlowEdge, ToolCatalog, ToolGraph, from_json, to_json
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources.toolspec import read
from loopbuild.stages.toolgraph import build_graph, to_mermaid, to_svg, to_text
from loopbuild.stages.toolgraph.dot import to_dot
from loopbuild.stages.toolgraph.html import to_html
from loopbuild.stages.toolgraph.report import components, to_report

ROOT = Path(__file__).parents[3]


def of_file(source: str, path: Path, **settings: Any) -> ToolCatalog:
    return build_catalog([read(source, path.read_bytes(), file=path.name, settings=settings)])


def hr(*names: str) -> ToolCatalog:
    return of_file("hr", ROOT / "examples/hr/tools/hr.json", include=names)


def test_three_hr_tools_have_exactly_three_certain_edges() -> None:
    found = build_graph(hr("get_open_roles", "get_role_candidates", "schedule_interview"), {})
    assert drawn(found) == [
        "get_open_roles/role_ids/[] -> get_role_candidates/role_id 1 equal",
        "get_role_candidates/candidate_ids/[] -> schedule_interview/candidate_id 1 equal",
        "get_open_roles/role_ids/[] -> schedule_interview/role_id 1 equal",
    ]
    assert {edge.conversion for edge in found.edges} == {"pick"}
    assert found.flat_sources == ()


def test_the_hr_platform_falls_into_units_by_entity() -> None:
    found = build_graph(hr(), {})
    assert [(group.name, len(group.goals)) for group in found.subgraphs] == [
        ("hr/candidate", 2),
        ("hr/employee", 2),
        ("hr/interview", 3),
        ("hr/leave", 3),
        ("hr/role", 1),
    ]
    assert found.subgraphs[2].tools == (
        "hr/cancel_interview",
        "hr/get_open_roles",
        "hr/get_role_candidates",
        "hr/list_interviews",
        "hr/schedule_interview",
    )


def test_the_memory_server_joins_by_the_name_of_an_entity() -> None:
    found = build_graph(of_file("memory", ROOT / "examples/memory/tools/memory.json"), {})
    lines = drawn(found)
    assert "search_nodes/entities/[]/name -> delete_entities/entityNames/[] 0.9 container" in lines
    assert "read_graph/entities/[]/name -> add_observations/observations/[]/entityName 0.9 container" in lines
    assert not [edge for edge in found.edges if edge.producer.partition("/")[2].startswith("delete_")]
    assert not [edge for edge in found.edges if edge.consumer == "memory/create_entities"]
    assert found.flat_sources == ()


TEXT = {"type": "string"}


def mcp(name: str, taken: Any, given: Any = None) -> dict[str, Any]:
    entry = {"name": name, "inputSchema": {"type": "object", "properties": taken, "required": sorted(taken)}}
    return entry if given is None else {**entry, "outputSchema": {"type": "object", "properties": given}}


FLAT = {
    "files": [
        mcp("read_file", {"path": TEXT}, {"content": TEXT}),
        mcp("search_files", {"path": TEXT, "pattern": TEXT}, {"content": TEXT}),
        mcp("write_file", {"path": TEXT, "content": TEXT}, {"content": TEXT}),
    ],
    "git": [
        mcp("git_log", {"repo_path": TEXT}),
        mcp("git_show", {"repo_path": TEXT, "revision": TEXT}),
        mcp("git_checkout", {"repo_path": TEXT, "branch_name": TEXT}),
    ],
    "clock": [
        mcp("get_current_time", {"timezone": TEXT}, {"timezone": TEXT, "datetime": TEXT}),
        mcp(
            "convert_time",
            {"source_timezone": TEXT, "target_timezone": TEXT, "time": TEXT},
            {"source": {"type": "object", "properties": {"timezone": TEXT, "datetime": TEXT}}, "time_difference": TEXT},
        ),
    ],
}


@pytest.mark.parametrize("name", sorted(FLAT))
def test_servers_whose_returns_say_nothing_new_are_flat(name: str) -> None:
    """Text in an envelope, no declared return, and returns that repeat the question."""
    found = build_graph(catalog(**{name: FLAT[name]}), {})
    assert (found.edges, found.flat_sources) == ((), (name,))
    assert found.notes[0].startswith(f"source `{name}` is flat: ")


WEATHER = tool("get_weather", {"city": "string"}, {"degrees": "number"})
DICE = tool("roll_dice", {"sides": "integer"}, {"total": "integer"})


@pytest.mark.parametrize(
    ("tools", "told"),
    [
        ([WEATHER, DICE], "all 2 tools declare what they return, but nothing in it is called like"),
        (
            [WEATHER, tool("translate", {"phrase": "string"})],
            "1 of 2 tools do not declare what they return, `returns:`",
        ),
        ([DICE], "a single tool has no other to feed"),
        ([tool("translate", {"phrase": "string"})], "what its one tool returns is not declared, `returns:`"),
    ],
)
def test_a_flat_source_is_told_what_it_lacks(tools: list[dict[str, Any]], told: str) -> None:
    """Whoever declared all returns is not asked to declare them."""
    (note,) = graph(*tools).notes
    assert told in note
    assert ("`returns:`" in note) == any("returns" not in entry for entry in tools)


IDS = {"role_id": "string"}


@pytest.mark.parametrize(
    ("producer", "consumer", "expected"),
    [
        (tool("list_roles", returns={"roleIds": ["string"]}), tool("get_role", IDS), "1 equal"),
        (tool("get_customer", returns={"id": "string"}), tool("bill", {"customer_id": "string"}), "0.95 entity_id"),
        (tool("get_customer", returns={"id": "string"}), tool("bill", {"customer": "string"}), "0.95 bare_noun"),
        (tool("list_all", returns={"pets": [{"id": "string"}]}), tool("feed", {"pet_id": "string"}), "0.95 entity_id"),
        (tool("find_pet", returns={"pet_id": "string"}), tool("get_pet", {"id": "string"}), "0.9 id"),
        (tool("find_pet", returns={"id": "string"}), tool("update_pet", {"id": "string"}), "0.9 id"),
        (tool("get", returns={"user": {"name": "string"}}), tool("greet", {"user_name": "string"}), "0.9 container"),
        (tool("sky", returns={"sky_id": "string"}), tool("fly", {"origin_sky_id": "string"}), "0.85 role"),
        (tool("a", returns={"team_id": "string"}), tool("b", {"team_or_user_id": "string"}), "0.95 alternative"),
        (tool("a", returns={"role_id": "integer"}), tool("b", IDS), "0.95 equal"),
        (tool("a", returns={"seat": "string"}), tool("b", {"window_seat": "string"}), "0.75 suffix"),
        (tool("a", returns={"new_seat_no": "string"}), tool("b", {"seat_no": "string"}), "0.85 role"),
        (tool("a", returns={"seat": "integer"}), tool("b", {"seat": "string"}), "0.8 equal"),
        (
            tool("a", returns={"plan": "string"}),
            tool("b", {"plan": {"type": "string", "enum": ["x"]}}),
            "0.9 equal",
        ),
        (tool("a", returns={"user_name": "string"}), tool("b", {"user_name_or_url": "string"}), "0.95 alternative"),
        (tool("a", returns={"pickup_location": "string"}), tool("b", {"pickup_location": "string"}), "0.7 generic"),
        (
            tool("get_country", {"iso": "string"}, {"short_name": "string"}),
            tool("b", {"location": "string"}),
            "0.65 place",
        ),
        (tool("a", returns={"city": "string"}), tool("b", {"location": "string"}), "0.6 place"),
        (tool("a", returns={"place": {"name": "string"}}), tool("find_place", {"q": "string"}), "0.65 search"),
        (
            tool("a", returns={"place": {"name": "string"}}),
            tool("get_weather", {"q": "string"}, {"place": {"name": "string"}}),
            "0.65 search",
        ),
        (
            tool("find_bus", {"stop": "string"}, {"stop": "string"}),
            tool("buy_ticket", {"stop": "string"}),
            "1 equal",
        ),
        (tool("a", {"seat?": "string"}, {"seat": "string"}), tool("b", {"seat": "string"}), "1 equal"),
        (
            tool("search_hotels", returns={"hotel_name": "string"}),
            tool("reserve_hotel", {"hotel_name": "string"}),
            "1 equal",
        ),
    ],
)
def test_each_rule_of_evidence(producer: Any, consumer: Any, expected: str) -> None:
    (line,) = drawn(graph(producer, consumer))
    assert line.endswith(" " + expected)


@pytest.mark.parametrize(
    ("producer", "consumer"),
    [
        (tool("a", returns={"content": "string"}), tool("write_file", {"content": "string"})),
        (tool("a", returns={"status": "string"}), tool("b", {"status": "string"})),
        (tool("a", returns={"is_open": "boolean"}), tool("b", {"is_open": "boolean"})),
        (tool("a", returns={"page": "integer"}), tool("b", {"page": "integer"})),
        (tool("a", {"role_id": "string"}, {"role_id": "string"}), tool("b", IDS)),
        (tool("delete_role", returns={"role_id": "string"}), tool("b", IDS)),
        (tool("get_user", returns={"id": "string"}), tool("get_role", {"id": "string"})),
        (tool("a", returns={"start": "date"}), tool("b", {"start": "email"})),
        (tool("a", returns={"role": {"x": "string"}}), tool("b", {"role": "string"})),
        (
            tool("a", returns={"plan": {"type": "string", "enum": ["y"]}}),
            tool("b", {"plan": {"type": "string", "enum": ["x"]}}),
        ),
        (tool("get_candidate", returns={"name": "string"}), tool("find_employee", {"name": "string"})),
        (tool("get_user", returns={"email": "email"}), tool("create_user", {"email": "email"})),
        (tool("a", returns={"group_id": "string"}), tool("b", IDS)),
        (tool("a", {"seat?": "string"}, {"seat": "string"}), tool("b", {"seat?": "string"})),
        (tool("a", returns={"plan": "string"}), tool("b", {"plan?": {"type": "string", "enum": ["x"]}})),
        (tool("a", returns={"seat": {"type": "string", "enum": ["x"]}}), tool("b", {"window_seat": "string"})),
        (tool("get_repo", returns={"id": "integer"}), tool("b", {"repo": "string"})),
        (tool("find_bus", {"stop": "string"}, {"stop": "string"}), tool("get_times", {"stop": "string"})),
        (tool("find_bus", {"stop": "string"}, {"stop": "string"}), tool("buy_ticket", {"stop?": "string"})),
        (tool("search_hotels", returns={"hotel_name": "string"}), tool("create_hotel", {"hotel_name": "string"})),
        (tool("a", returns={"place": {"name": "string"}}), tool("find_song", {"q": "string"})),
        (tool("a", returns={"place": {"name": "string"}}), tool("find_place", {"q": "string", "day": "string"})),
    ],
)
def test_each_gate_keeps_a_false_edge_out(producer: Any, consumer: Any) -> None:
    assert drawn(graph(producer, consumer)) == []


def test_a_name_that_comes_twice_in_one_answer_is_taken_from_the_outside() -> None:
    producer = tool("sky", returns={"sky_id": "string", "more": {"sky_id": "string"}})
    assert drawn(graph(producer, tool("fly", {"origin_sky_id": "string"}))) == [
        "sky/sky_id -> fly/origin_sky_id 0.85 role"
    ]


def test_among_equals_what_lies_deep_in_an_answer_comes_last() -> None:
    deep = tool("list_events", returns={"payload": {"comment": {"app": {"seat": "string"}}}})
    shallow = tool("get_row", returns={"seat": "string"})
    found = graph(deep, shallow, tool("b", {"seat": "string"}), per_input=1)
    assert [edge.producer for edge in found.edges] == ["s/get_row"]


def test_a_weak_edge_serves_only_a_required_input_that_nothing_better_feeds() -> None:
    weak, strong = tool("a", returns={"seat": "string"}), tool("c", returns={"window_seat": "string"})
    assert len(graph(weak, tool("b", {"window_seat": "string"})).edges) == 1
    assert graph(weak, tool("b", {"window_seat?": "string"})).edges == ()
    assert [edge.producer for edge in graph(weak, strong, tool("b", {"window_seat": "string"})).edges] == ["s/c"]


def test_an_output_that_says_more_than_the_input_is_for_a_replay_to_try() -> None:
    tools = [tool("a", returns={"shown_seat": "string"}), tool("b", {"seat": "string"})]
    assert graph(*tools).edges == ()
    assert drawn(graph(*tools, min_score=0.4)) == ["a/shown_seat -> b/seat 0.55 longer"]


def test_at_most_so_many_producers_feed_one_input_listings_first() -> None:
    makers = [tool(f"{verb}_role_{n}", returns={"role_id": "string"}) for n in range(4) for verb in ("get", "list")]
    found = graph(*makers, tool("close", IDS), per_input=3)
    assert [edge.producer for edge in found.edges] == ["s/list_role_0", "s/list_role_1", "s/list_role_2"]


def test_other_sources_join_only_where_they_share_an_entity() -> None:
    found = build_graph(
        catalog(
            crm=[tool("find_seat", returns={"seat": "string"}), tool("find_user", returns={"user_id": "string"})],
            hr=[tool("book", {"seat": "string", "user_id": "string"})],
        ),
        {},
    )
    assert [edge.consumer_leaf for edge in found.edges] == ["/user_id"]


def test_a_score_does_not_move_when_other_tools_come() -> None:
    pair = [tool("a", returns={"seat": "string"}), tool("b", {"window_seat": "string"})]
    others = [tool(f"get_{n}", {f"k{n}": "string"}, {f"v{n}": "string"}) for n in range(20)]
    assert graph(*pair).edges == graph(*pair, *others).edges


def test_authors_rules_deny_beats_allow_beats_evidence() -> None:
    tools = [tool("a", returns={"x": "string", "seat": "string"}), tool("b", {"y?": "string", "seat": "string"})]
    allow = {"allow": ["s/a#/x -> s/b#/y"]}
    found = graph(*tools, edges=allow)
    assert drawn(found) == ["a/seat -> b/seat 1 equal", "a/x -> b/y 1 declared"]
    assert [edge.status for edge in found.edges] == ["inferred", "declared"]
    assert drawn(graph(*tools, edges={**allow, "deny": ["s/* -> s/b"]})) == []
    assert drawn(graph(*tools, edges={**allow, "deny": ["s/a#/seat -> s/b#*"]})) == ["a/x -> b/y 1 declared"]


def test_a_pattern_with_brackets_is_meant_literally() -> None:
    tools = [tool("a", returns={"seats": ["string"]}), tool("b", {"seat": "string"})]
    assert graph(*tools, edges={"deny": ["s/a#/seats/[] -> s/b#/seat"]}).edges == ()


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("s/a#/x -> s/b#/sat", "no input matches `s/b#/sat`", "did you mean `s/b#/seat`?"),
        ("s/nobody -> s/b", "no output matches `s/nobody`", ""),
        ("s/a, s/b", "is no edge", "write `source/tool#/leaf -> source/tool#/leaf`"),
    ],
)
def test_a_pattern_that_matches_nothing_is_an_error(line: str, message: str, hint: str) -> None:
    tools = [tool("a", returns={"x": "string"}), tool("b", {"seat": "string"})]
    with pytest.raises(LoopfileError, match=r"graph\.edges\.deny") as caught:
        graph(*tools, edges={"deny": [line]})
    (found,) = caught.value.diagnostics
    assert message in found.message
    assert (found.hint, found.span.pointer) == (hint, "/graph/edges/deny/0")


def test_patterns_that_match_nothing_are_named_all_at_once() -> None:
    tools = [tool("a", returns={"x": "string"}), tool("b", {"seat": "string"})]
    with pytest.raises(LoopfileError) as caught:
        graph(*tools, edges={"allow": ["s/a -> s/b", "s/z -> s/b"], "deny": ["s/a -> s/y", "s/a"]})
    assert [one.span.pointer for one in caught.value.diagnostics] == [
        "/graph/edges/allow/1", "/graph/edges/deny/0", "/graph/edges/deny/1"
    ]  # fmt: skip


def test_the_graph_survives_json() -> None:
    found = build_graph(hr(), {})
    assert from_json(ToolGraph, to_json(found)) == found


def test_a_thousand_tools_are_joined_without_looking_at_all_pairs() -> None:
    tools = [
        tool(f"get_thing{n}_part", {f"thing{n}_id": "string", "limit?": "integer"}, {"id": "string", "name": "string",
             f"owner{n % 50}_id": "string", "items": [{"id": "string", "label": "string"}]})
        for n in range(1000)
    ]  # fmt: skip
    found = catalog(s=tools)
    started = time.process_time()
    build_graph(found, {})
    assert time.process_time() - started < 5


HOSTILE = 'a"]; click x "javascript:alert(1)" <script>\u202e\x1b[2J`'


def test_drawings_escape_foreign_names() -> None:
    found = catalog(s=[tool(HOSTILE, returns={"role_id": "string"}), tool("b", IDS)])
    drawn_graph = build_graph(found, {})
    mermaid, text, svg = (draw(drawn_graph, found) for draw in (to_mermaid, to_text, to_svg))
    dot, html, report = (draw(drawn_graph, found) for draw in (to_dot, to_html, to_report))
    assert "<script>" not in svg
    assert html.count("<script") == 2
    assert html.count("</script>") == 2
    assert [line.count('"') % 2 for line in dot.replace('\\"', "").splitlines()] == [0] * dot.count("\n")
    assert '"]; click' not in mermaid
    assert "<script>" not in mermaid
    for drawing in (mermaid, text, svg, dot, html, report):
        assert "\x1b" not in drawing
        assert "\u202e" not in drawing
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_drawings_show_every_edge_and_do_not_depend_on_order() -> None:
    tools = json.loads((ROOT / "examples/hr/tools/hr.json").read_text())
    one, other = catalog(hr=tools), catalog(hr=tools[::-1])
    first, second = build_graph(one, {}), build_graph(other, {})
    assert first == second
    assert to_svg(first, one) == to_svg(second, other)
    assert to_mermaid(first, one).count("-->") + to_mermaid(first, one).count("-.->") == len(first.edges)
    assert to_text(first, one).count(" <- ") == len(first.edges)
    assert to_html(first, one) == to_html(second, other)
    assert to_dot(first, one) == to_dot(second, other)
    assert to_dot(first, one).count(" -> t") == len(first.edges)
    assert to_html(first, one).count('class="tool ') == len(one.tools)
    assert to_report(first, one) == to_report(second, other)


def test_the_page_needs_nothing_from_outside() -> None:
    """No address but the page's own parts, and a policy that forbids to load any."""
    page = to_html(build_graph(hr(), {}), hr())
    assert "http://" not in page
    assert "https://" not in page
    assert "src=" not in page
    assert "default-src 'none'" in page
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert len(data["tools"]) == 11
    assert {edge[6] for edge in data["edges"]} == {"inferred", "weak"}


def test_the_report_says_what_is_out_of_reach_and_what_offers_no_chains() -> None:
    lonely = [tool(f"get_{noun}", {f"{noun}_id": "string", "note": "string"}) for noun in ("pen", "cup", "key")]
    found = catalog(flat=lonely, s=[tool("list_roles", returns={"role_ids": ["string"]}), tool("get_role", IDS)])
    told = to_report(build_graph(found, {}), found).splitlines()
    assert told[0] == "source `flat`: 3 tools, 0 edges"
    assert "  returns: 3 none" in told
    assert "  required inputs: 6, of which 0 are fed by tools, 3 can be asked for, 3 are out of reach" in told
    assert "    /cup_id of 1 tool: get_cup" in told
    assert "  flat: these 3 tools offer no chains: get_cup, get_key, get_pen" in told
    assert "source `s`: 2 tools, 1 edge (1 inferred)" in told
    assert "1 component of connected tools, 3 tools without any edge" in told


def test_components_are_connected_whatever_the_direction() -> None:
    found = catalog(s=[tool(name) for name in "abcdef"])
    edges = [edge("b", "a"), edge("b", "c"), edge("e", "d")]
    assert components(found.tools, edges) == [["s/a", "s/b", "s/c"], ["s/d", "s/e"], ["s/f"]]


def edge(producer: str, consumer: str) -> DataFlowEdge:
    return DataFlowEdge(
        producer=f"s/{producer}",
        producer_leaf="/x",
        consumer=f"s/{consumer}",
        consumer_leaf="/x",
        score=1,
        rule="equal",
    )


def test_a_cycle_of_tools_can_be_drawn() -> None:
    found = catalog(s=[tool("a", {"y": "string"}, {"x": "string"}), tool("b", {"x": "string"}, {"y": "string"})])
    assert len(build_graph(found, {}).edges) == 2
    assert to_svg(build_graph(found, {}), found).count("<rect") == 2


def test_an_empty_catalog_has_an_empty_graph() -> None:
    found = build_graph(ToolCatalog(), {})
    assert found == ToolGraph()
    assert to_svg(found, ToolCatalog()).startswith("<svg")


def test_links_a_source_declares_are_edges_whatever_the_names_say() -> None:
    tools = (tool("a", returns={"x": "string"}), tool("b", {"y": "string"}))
    link = DataFlowEdge(
        producer="s/a",
        producer_leaf="/x",
        consumer="s/b",
        consumer_leaf="/y",
        score=1.0,
        rule="link",
        status="declared",
    )
    linked = replace(catalog(s=list(tools)), edges=(link,))
    assert drawn(build_graph(catalog(s=list(tools)), {})) == []
    found = build_graph(linked, {})
    assert drawn(found) == ["a/x -> b/y 1 declared"]
    assert [edge.status for edge in found.edges] == ["declared"]
    assert build_graph(linked, {"edges": {"deny": ["s/a -> s/b"]}}).edges == ()
