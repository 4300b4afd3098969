"""What is said about cells without a trajectory and tools without a row."""

from __future__ import annotations

from loopbuild.engine.target import Json
from loopbuild.pipeline.coverage import gaps, said
from loopbuild.pipeline.covered import covered, covered_text, shown_by
from loopbuild.records import DataFlowEdge, SchemaLeaf, Subgraph, ToolCatalog, ToolGraph, ToolSchema


def reached(tool: str) -> Json:
    return {"cell": {"goal": tool}, "steps": []}


def missed(tool: str, reason: str = "no_producer", detail: str = "nothing leads there") -> Json:
    return {"goal": tool, "unreachable": {"reason": reason, "detail": detail}}


def rows(*made: Json) -> dict[str, Json]:
    return {f"{number:03d}": row for number, row in enumerate(made)}


def test_where_nothing_is_missing_nothing_is_said() -> None:
    found = gaps(rows(reached("s/a"), reached("s/b")), [{"tools": ["s/a", "s/b"]}])
    assert (found["cells"], said(found)) == (2, [])


def test_gaps_are_counted_per_tool_and_reason_against_what_was_aimed_at() -> None:
    found = gaps(
        rows(reached("s/a"), missed("s/a"), missed("s/a"), missed("s/b", "exhausted", "s/b: conflict"), missed("s/b")),
        [{"tools": ["s/a"]}],
    )
    counted = [(one["tool"], one["reason"], one["cells"], one["of"]) for one in found["unreachable"]]
    assert counted == [("s/a", "no_producer", 2, 3), ("s/b", "exhausted", 1, 2), ("s/b", "no_producer", 1, 2)]
    assert said(found) == [
        "No training row calls `s/b`",
        "No trajectory for 4 of 5 cells: `s/a` 2 of 3 (no tool leads there: nothing leads there); "
        "`s/b` 1 of 2 (every way was tried: s/b: conflict); `s/b` 1 of 2 (no tool leads there: nothing leads there)",
    ]


def test_a_tool_whose_rows_were_all_dropped_is_untaught_too() -> None:
    assert gaps(rows(reached("s/a"), reached("s/b")), [{"tools": ["s/a"]}])["untaught"] == ["s/b"]


def test_long_lists_are_cut_and_say_where_the_rest_is() -> None:
    found = gaps(rows(*(missed(f"s/t{number}") for number in range(9))), [])
    assert all(line.endswith("; and 4 more (`loopbuild show dataset:main`)") for line in said(found))
    assert len(said(found, most=9)[1].split("; ")) == 9


SORT = SchemaLeaf(side="input", pointer="/sort", types=("string",), enum=("up", "down"))
CATALOG = ToolCatalog(
    tools=(
        ToolSchema(id="s/a", source="s", name="a", call_name="a", effect="read"),
        ToolSchema(id="s/b", source="s", name="b", call_name="b", effect="read", inputs=(SORT,)),
    )
)
GRAPH = ToolGraph(
    edges=(DataFlowEdge(producer="s/a", producer_leaf="/x", consumer="s/b", consumer_leaf="/x", score=1.0, rule="r"),),
    subgraphs=(Subgraph(name="s/b", goals=("s/a", "s/b"), tools=("s/a", "s/b")),),
)


def walked(key: str, *calls: tuple[str, Json]) -> Json:
    cell = {"goal": calls[-1][0], "topology": "single", "length": 1, "index": 0, "purpose": "train"}
    steps = [
        {
            "call": {"tool": tool, "arguments": said, "provenance": {f"/{name}": {"kind": "user"} for name in said}},
            "result": {"status": "ok"},
            "turn": number,
        }
        for number, (tool, said) in enumerate(calls)
    ]
    return {"key": key, "cell": cell, "sandbox": "s", "fixture": 0, "steps": steps}


def test_targets_are_counted_by_rows_and_what_is_missing_says_why() -> None:
    made = {
        "t1": walked("t1", ("s/a", {})),
        "t2": walked("t2", ("s/b", {"sort": "up"})),
        "t3": missed("s/b") | {"aim": '["edge", "s/a", "/x", "s/b", "/x"]'},
    }
    found = covered(
        made, [{"trajectory": "t1"}] * 8, shown=shown_by(made, CATALOG, GRAPH), catalog=CATALOG, graph=GRAPH
    )
    assert found["tools"] == {"of": 2, "reachable": 2, "met": 1}
    assert found["edges"] == {"of": 1, "reachable": 0, "met": 0}
    assert found["parameters"] == {"of": 2, "reachable": 2, "met": 0}
    why = {one["what"]: one["reason"] for one in found["unmet"]}
    assert why == {
        "s/b": "dropped",
        "s/a#/x -> s/b#/x": "no_producer",
        "s/b with /sort": "dropped",
        "s/b without /sort": "not_aimed",
        's/b /sort = "up"': "dropped",
        's/b /sort = "down"': "not_aimed",
    }
    assert covered_text(found)[0] == "Shown often enough: 1 of 2 tools, 0 of 1 edges, 0 of 2 parameters, 0 of 2 values"
