"""Which edges a replay calls true: on servers that refuse, that take anything, that lie, and that cannot be reset."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from benchmarks.graph import planted
from benchmarks.graph.verified import depot, placed, replayed, silent_depot
from loopbuild.records import DataFlowEdge, SchemaLeaf
from loopbuild.sandbox import open_sandbox
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.toolgraph.arguments import find, name_of, put
from loopbuild.stages.toolgraph.controls import control, is_empty, values_needed
from loopbuild.stages.toolgraph.evidence import edge_text
from loopbuild.stages.toolgraph.replay import verify

SERVER = str(Path(planted.__file__).resolve())


def settings(**more: object) -> dict[str, object]:
    state = {"kind": "sqlite", "path": "depot.db"}
    return {"kind": "mcp", "command": [sys.executable, SERVER], "state": state, **more}


def test_on_the_planted_server_all_true_edges_are_verified_and_no_false_one(tmp_path: Path) -> None:
    pytest.importorskip("mcp")
    catalog, true, false = depot()
    assert (len(true), len(false)) == (20, 20)
    found, _ = replayed(catalog, [*true, *false], settings(), tmp_path)
    assert {edge: found[edge_text(edge)].detail for edge in true if found[edge_text(edge)].outcome != "verified"} == {}
    assert [edge_text(edge) for edge in false if found[edge_text(edge)].outcome == "verified"] == []
    outcomes = {edge_text(edge).replace("depot/", ""): found[edge_text(edge)].outcome for edge in false}
    assert outcomes["list_archived_orders#/order_ids/[] -> get_order#/order_id"] == "rejected"
    assert outcomes["get_product#/title -> create_ticket#/subject"] == "uninformative"
    assert outcomes["get_order#/placed_on -> list_shifts#/day"] == "uninformative"


def test_of_a_server_that_declares_nothing_only_true_guesses_are_verified(tmp_path: Path) -> None:
    """The order ids that archived and purchase orders are guessed to tell are no order's."""
    pytest.importorskip("mcp")
    catalog, guesses = silent_depot()
    found, _ = replayed(catalog, guesses, settings(), tmp_path)
    verified = {placed(one, found[edge_text(one)]) for one in guesses if found[edge_text(one)].outcome == "verified"}
    # True by how the server is made, though nobody planted it.
    further = "depot/list_customers#/customer_ids/[] -> depot/list_customer_keys#/customer_id"
    assert verified - {further} <= {edge_text(one) for one in depot()[1]}
    assert len(verified) == 6
    refused = {placed(one, found[edge_text(one)]) for one in guesses if found[edge_text(one)].outcome == "rejected"}
    assert "depot/list_archived_orders#/order_ids/[] -> depot/get_order#/order_id" in refused


@contextmanager
def opened(tmp_path: Path, **more: object) -> Iterator[Sandbox]:
    pytest.importorskip("mcp")
    sandbox = open_sandbox(settings(**more), depot()[0], root=tmp_path, environment={}, source="depot")
    try:
        yield sandbox
    finally:
        sandbox.close()


def edge(text: str) -> DataFlowEdge:
    return next(each for each in (*depot()[1], *depot()[2]) if edge_text(each).replace("depot/", "") == text)


def test_a_server_whose_state_nobody_sees_is_only_read(tmp_path: Path) -> None:
    writing, reading = (
        edge("list_orders#/order_ids/[] -> cancel_order#/order_id"),
        edge("list_customers#/customer_ids/[] -> get_customer#/customer_id"),
    )
    with opened(tmp_path, state={"kind": "none"}) as sandbox:
        found = verify(depot()[0], [writing, reading], sandbox)
        assert found[name_of(writing)].outcome == "skipped"
        assert found[name_of(writing)].calls == 0
        assert found[name_of(reading)].outcome == "verified"


def test_a_server_that_dies_says_nothing_about_an_edge(tmp_path: Path) -> None:
    reading = edge("list_customers#/customer_ids/[] -> get_customer#/customer_id")
    broken = tmp_path / "broken.py"
    text = Path(SERVER).read_text().replace("lambda customer_id: told(", "lambda customer_id: os._exit(3) or told(")
    broken.write_text(text)
    with opened(tmp_path, command=[sys.executable, str(broken)]) as sandbox:
        assert verify(depot()[0], [reading], sandbox)[name_of(reading)].outcome == "infra_error"


def test_state_is_put_back_after_every_try(tmp_path: Path) -> None:
    writing = edge("list_orders#/order_ids/[] -> cancel_order#/order_id")
    helper = edge("list_customers#/customer_ids/[] -> list_orders#/customer_id")
    with opened(tmp_path) as sandbox:
        found = verify(depot()[0], [writing, helper], sandbox)
        assert found[name_of(writing)].outcome == "verified"
        assert sandbox.state_diff() == ()


def leaf(**more: object) -> SchemaLeaf:
    return SchemaLeaf(side="input", pointer="/x", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["R-1234", "C-17", "INT-4711", "P4711X", "Ada Lovelace", "order 66"])
def test_a_stand_in_has_the_shape_of_the_value_and_is_another(value: str) -> None:
    made = control(value, leaf(), "k", taken=set())
    assert made != value
    assert made == control(value, leaf(), "k", taken=set())
    for test in (str.isdigit, str.isupper, str.islower):
        assert [test(char) for char in made] == [test(char) for char in value]
    assert [char for char in made if not char.isalnum()] == [char for char in value if not char.isalnum()]


def test_a_stand_in_keeps_what_a_form_demands() -> None:
    made = control("6fa459ea-ee8a-3ca4-894e-db77e160355e", leaf(format="uuid"), "k", taken=set())
    assert str(UUID(made)) == made
    assert control("ada@mail.example", leaf(format="email"), "k", taken=set()).endswith(".example")
    assert control("R-1234", leaf(), "k", taken=set()).startswith("R-")


def test_a_stand_in_avoids_what_exists_and_stays_in_an_enum() -> None:
    taken = {repr(f"A-{number}") for number in range(10) if number != 7}
    assert control("A-3", leaf(), "k", taken=taken) in ("A-7", None)
    assert control("x", leaf(enum=("x", "y")), "k", taken=set()) == "y"
    assert control("x", leaf(enum=("x",)), "k", taken=set()) is None
    assert control(True, leaf(), "k", taken=set()) is None
    assert control("2026-01-15", leaf(format="date"), "k", taken=set()) > "2026-01-15"


def test_a_small_number_or_a_plain_word_needs_more_witnesses_than_an_id() -> None:
    assert values_needed("R-1234") < values_needed("open") < values_needed(7)


def test_an_answer_that_repeats_the_question_is_empty() -> None:
    assert is_empty({"id": "R-1", "rows": [], "total": 0}, {"role_id": "R-1"})
    assert not is_empty({"id": "R-1", "rows": ["C-1"]}, {"role_id": "R-1"})


def test_arguments_are_set_where_they_are_found() -> None:
    for pointer in ("/a", "/a/b", "/a/[]", "/a/[]/b", "/a/[]/b/[]", "/a~1b/c"):
        made: dict[str, object] = {}
        put(made, pointer, "v")
        assert list(find(made, pointer)) == ["v"]
