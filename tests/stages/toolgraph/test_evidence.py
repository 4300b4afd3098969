"""graph.lock: what it holds, for how long it counts, and what it changes in a graph."""

from __future__ import annotations

import pytest
from inferred import catalog, drawn, tool

from loopbuild.errors import LoopfileError
from loopbuild.records import DataFlowEdge, EdgeEvidence, ToolCatalog
from loopbuild.stages.toolgraph.build import build_graph
from loopbuild.stages.toolgraph.evidence import Facts, edge_text, read_evidence, write_evidence


def line(found: ToolCatalog, text: str, status: str, **more: object) -> EdgeEvidence:
    left, _, right = text.partition(" -> ")
    producer, consumer = left.split("#"), right.split("#")
    edge = DataFlowEdge(
        producer=producer[0],
        producer_leaf=producer[1],
        consumer=consumer[0],
        consumer_leaf=consumer[1],
        score=0,
        rule="",
    )
    facts = {"facts": Facts(found).of(edge), "sandbox": "x", "score": 0.4, "rule": "generic", "replay": status, **more}
    return EdgeEvidence(edge=edge_text(edge), status=status, **facts)  # type: ignore[arg-type]


A, B, C = tool("a", returns={"seat": "string"}), tool("b", returns={"seat": "string"}), tool("c", {"seat": "string"})
EDGE = "s/a#/seat -> s/c#/seat"


def test_what_is_written_is_read_and_written_the_same() -> None:
    found = catalog(s=[A, B, C])
    evidence = (
        line(found, EDGE, "verified", why="bräucht ü \u2028"),
        line(found, "s/b#/seat -> s/c#/seat", "rejected"),
    )
    content = write_evidence(evidence[::-1])
    assert read_evidence(content) == evidence
    assert write_evidence(read_evidence(content)) == content
    assert content.count(b"\n") == 3


def test_a_rejected_edge_is_out_and_a_verified_one_says_so() -> None:
    found = catalog(s=[A, B, C])
    evidence = (line(found, EDGE, "rejected"), line(found, "s/b#/seat -> s/c#/seat", "verified"))
    graph = build_graph(found, {}, evidence)
    assert [(edge.producer, edge.status) for edge in graph.edges] == [("s/b", "verified")]
    assert len(build_graph(found, {}).edges) == 2


def test_where_one_leaf_is_rejected_the_next_best_of_the_tool_steps_in() -> None:
    found = catalog(s=[tool("a", returns={"seat": "string", "new_seat": "string"}), C])
    graph = build_graph(found, {}, [line(found, EDGE, "rejected")])
    assert drawn(graph) == ["a/new_seat -> c/seat 0.85 role"]


def test_a_verified_edge_needs_no_score_and_is_never_cut() -> None:
    others = [tool(f"find_{name}", returns={"seat": "string"}) for name in "vwxyz"]
    weak = tool("a", returns={"place_no": "string"})
    found = catalog(s=[weak, *others, C])
    text = "s/a#/place_no -> s/c#/seat"
    graph = build_graph(found, {"per_input": 2}, [line(found, text, "verified")])
    assert [edge.producer for edge in graph.edges] == ["s/find_v", "s/a"]
    assert {edge.producer: edge.status for edge in graph.edges}["s/a"] == "verified"


def test_the_author_is_stronger_than_evidence() -> None:
    found = catalog(s=[A, C])
    denied = build_graph(found, {"edges": {"deny": [EDGE]}}, [line(found, EDGE, "verified")])
    allowed = build_graph(found, {"edges": {"allow": [EDGE]}}, [line(found, EDGE, "rejected")])
    assert denied.edges == ()
    assert [edge.status for edge in allowed.edges] == ["declared"]


@pytest.mark.parametrize(
    "changed",
    [
        tool("c", {"seat": {"type": "string", "minLength": 1}}),
        tool("c", {"seat": "string", "row": "string"}),
        tool("c", {"seat": {"type": "string", "enum": ["1A", "1B"]}}),
    ],
)
def test_evidence_ends_with_the_leaves_and_gates_it_is_about(changed: dict[str, object]) -> None:
    evidence = [line(catalog(s=[A, C]), EDGE, "rejected")]
    graph = build_graph(catalog(s=[A, changed]), {}, evidence)
    assert len(graph.edges) == 1
    assert any("1 line of graph.lock no longer fit" in note for note in graph.notes)


def test_evidence_survives_new_words_and_new_tools() -> None:
    evidence = [line(catalog(s=[A, C]), EDGE, "rejected")]
    reworded = {**C, "description": "Takes a seat."}
    assert build_graph(catalog(s=[A, reworded, tool("d", {"x": "string"})]), {}, evidence).edges == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nonsense\n", "graph.lock:1: not a line of it"),
        (b'{"graph.lock": 1}\n<<<<<<< HEAD\n', "graph.lock:2: a merge conflict"),
        (b'{"graph.lock": 1}\n{"edge": 3}\n', "graph.lock:2: not a line of it"),
        (b'{"graph.lock": 2}\n', "graph.lock is of version 2"),
        (b'{"graph.lock": 1}\n' + b"[" * 100_000 + b"\n", "graph.lock:2: not a line of it"),
    ],
)
def test_a_broken_file_is_named_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(LoopfileError) as caught:
        read_evidence(content)
    assert caught.value.message.startswith(message)
    assert caught.value.hint
