"""Laws of lists: what is shown fits what was asked for, and what belongs together is found together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from loopbuild.records import Json
from loopbuild.sandbox.protocol import EVAL_FIXTURES
from loopbuild.sandbox.simulated import SimulatedSandbox
from tests.sandbox.desk import CATALOG

FIXTURES = (0, 3, 7, EVAL_FIXTURES)
FLIGHT = ("/origin", "/destination", "/departure_date", "/max_price", "/cabin")
TICKET = ("/state", "/label", "/min_votes", "/max_votes", "/since")


def opened(fixture: int) -> SimulatedSandbox:
    sandbox = SimulatedSandbox(CATALOG, source="s")
    sandbox.open(fixture)
    return sandbox


def value(sandbox: SimulatedSandbox, tool: str, **arguments: Json) -> Any:
    result = sandbox.call(f"s/{tool}", arguments)
    assert result.status == "ok", result
    return result.value


def asked(record: Any, pointers: tuple[str, ...]) -> dict[str, Json]:
    return {pointer[1:]: record[pointer] for pointer in pointers if pointer in record}


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.sampled_from(FIXTURES), st.integers(0, 99), st.sets(st.sampled_from(FLIGHT[3:])))
def test_filters_of_one_record_find_it(fixture: int, which: int, optional: set[str]) -> None:
    sandbox = opened(fixture)
    pointers = (*FLIGHT[:3], *sorted(optional))
    records = sandbox.records("s/search_flights", pointers)
    arguments = asked(records[which % len(records)], pointers)
    assert set(arguments) == {pointer[1:] for pointer in pointers}
    shown = value(sandbox, "search_flights", **arguments)["flights"]
    assert shown
    for flight in shown:
        assert all(flight[name] == arguments[name] for name in ("origin", "destination", "departure_date"))
        assert flight["price"] <= arguments.get("max_price", flight["price"])
        assert flight["cabin"] == arguments.get("cabin", flight["cabin"])


@pytest.mark.parametrize("fixture", FIXTURES)
def test_people_are_found_by_both_their_names(fixture: int) -> None:
    sandbox = opened(fixture)
    records = sandbox.records("s/find_customer", ("/first_name", "/last_name"))
    assert len(records) > 10
    for record in records:
        found = value(sandbox, "find_customer", first_name=record["/first_name"], last_name=record["/last_name"])
        assert set(found) == {"customer_id", "email"}
        assert all(found.values())


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.sampled_from(FIXTURES), st.integers(0, 99), st.sets(st.sampled_from(TICKET)), st.booleans())
def test_no_row_contradicts_a_filter(fixture: int, which: int, pointers: set[str], is_all: bool) -> None:
    sandbox = opened(fixture)
    records = sandbox.records("s/list_tickets", TICKET)
    arguments = asked(records[which % len(records)], tuple(sorted(pointers)))
    if is_all and "state" in arguments:
        arguments["state"] = "all"
    shown = value(sandbox, "list_tickets", **arguments)["tickets"]
    assert shown
    for ticket in shown:
        assert arguments.get("state") in (None, "all", ticket["state"])
        assert arguments.get("label", ticket["label"]) == ticket["label"]
        assert arguments.get("min_votes", 0) <= ticket["votes"] <= arguments.get("max_votes", 10**9)
        assert ticket["created_at"] >= arguments.get("since", "")
    if arguments == {"state": "all"}:
        assert shown == value(sandbox, "list_tickets")["tickets"]


@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_record_is_the_same_in_a_list_and_by_itself(fixture: int) -> None:
    sandbox = opened(fixture)
    tickets = value(sandbox, "list_tickets", min_votes=0)["tickets"]
    assert tickets
    for ticket in tickets:
        alone = value(sandbox, "get_ticket", ticket_id=ticket["ticket_id"])
        assert alone == {name: ticket[name] for name in ("title", "state", "votes")}


@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_list_is_sorted_and_cut_as_asked(fixture: int) -> None:
    sandbox = opened(fixture)
    for name in ("votes", "created_at"):
        rising = [one[name] for one in value(sandbox, "list_tickets", sort=name, order="asc")["tickets"]]
        falling = [one[name] for one in value(sandbox, "list_tickets", sort=name, order="desc")["tickets"]]
        assert len(set(rising)) > 1
        assert rising == sorted(rising)
        assert falling == rising[::-1]
        first = value(sandbox, "list_tickets", sort=name, order="desc", limit=1)["tickets"]
        assert [one[name] for one in first] == falling[:1]


def test_what_was_made_is_in_every_list_that_asks_for_it() -> None:
    sandbox = opened(0)
    made = value(sandbox, "create_ticket", title="Broken lamp", label="light")["ticket_id"]
    for arguments in ({}, {"label": "light"}, {"state": "all"}):
        shown = value(sandbox, "list_tickets", **arguments)["tickets"]
        assert made in [one["ticket_id"] for one in shown]


def test_a_world_names_no_place_in_a_list() -> None:
    sandbox = opened(0)
    assert value(sandbox, "list_tickets")["next_cursor"] == ""
    records = sandbox.records("s/list_tickets", ("/cursor", "/label"))
    assert records
    assert {name for record in records for name in record} == {"/label"}
