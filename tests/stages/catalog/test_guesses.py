"""What a tool without declared returns is guessed to tell, by its name and by its description."""

from __future__ import annotations

from typing import Any

import pytest

from loopbuild.records import DeclaredTool, Listing, ToolSchema
from loopbuild.stages.catalog.canonical import build_catalog


def canonical(name: str, inputs: Any = None, **more: Any) -> ToolSchema:
    properties = {key: {"type": "string"} for key in inputs or ()}
    schema = {"type": "object", "properties": properties, "required": sorted(properties)}
    declared = DeclaredTool(source="s", name=name, input_schema=schema, **more)
    return build_catalog([Listing(source="s", tools=(declared,))]).tools[0]


def guessed(name: str, inputs: Any = None, **more: Any) -> list[str]:
    found = canonical(name, inputs, **more)
    assert not found.outputs
    return [leaf.pointer for leaf in found.guesses]


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        ("create_role", ["title"], ["/role_id"]),
        ("list_open_roles", [], ["/role_id"]),
        ("search-job-postings", ["query"], ["/posting_id", "/job_posting_id"]),
        ("findCandidatesForRole", ["role_id"], ["/candidate_id"]),
        ("get_role_by_title", ["title"], ["/role_id"]),
        ("get_role_id_by_title", ["title"], ["/id"]),
        ("Spotify_Scraper_Get_Artist_ID_By_Name", ["name"], ["/id"]),
        ("get_candidate_profile", ["email"], ["/candidate_id"]),
        ("order_list", [], ["/order_id"]),
        ("schedule_interview", ["day"], ["/interview_id"]),
        # Who has to say the id is told nothing by it; what is changed or taken away was known before.
        ("get_role", ["role_id"], []),
        ("get_role", ["id"], []),
        ("update_role", ["title"], []),
        ("delete_role", ["title"], []),
        ("translate", ["phrase"], []),
    ],
)
def test_a_name_tells_whose_id_comes_back(name: str, inputs: list[str], expected: list[str]) -> None:
    assert guessed(name, inputs) == expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Books a seat. Returns the `booking_ref` and the seat number.", ["/booking_ref"]),
        ("Books a seat and returns its booking id.", ["/booking_id"]),
        ("Returns: a list of ticket IDs", ["/ticket_id"]),
        ("Yields seatNumber, price_total and more", ["/seatNumber", "/price_total"]),
        ("Returns the unique id of what was made", ["/seat_id"]),
        ("Returns text for people.", []),
        ("Give it a booking_ref. Nothing is said about what comes back.", []),
        ("", []),
    ],
)
def test_a_description_tells_names_after_what_it_says_comes_back(description: str, expected: list[str]) -> None:
    assert guessed("hold_seat", ["row"], description=description) == expected


def test_a_description_is_foreign_text_and_ends_somewhere() -> None:
    names = ", ".join(f"name_{'abcdefghijklm'[number]}" for number in range(13))
    assert len(guessed("hold_seat", description=f"Returns {names}.")) == 8
    assert guessed("hold_seat", description="Returns " + "a_" * 100_000) == []


def test_nothing_is_guessed_where_something_is_declared_or_said_to_be_nothing() -> None:
    declared = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    assert canonical("create_role", output_schema=declared, output_origin="declared").guesses == ()
    assert canonical("create_role", hints={"transport": {"method": "post", "path": "/roles"}}).guesses == ()
    nothing = {"type": "null"}
    assert canonical("create_role", output_schema=nothing, output_origin="declared").guesses == ()
    wrapped = {"type": "object", "properties": {"content": {"type": "string"}}}
    hints = {"dialect": "mcp"}
    silent = canonical("create_role", output_schema=wrapped, output_origin="declared", hints=hints)
    assert [leaf.pointer for leaf in silent.guesses] == ["/role_id"]


def test_the_type_in_a_docstring_is_a_guess_like_any_other() -> None:
    told = {"type": "array", "items": {"type": "string"}}
    found = canonical("role_ids", output_schema=told, output_origin="guessed")
    assert found.outputs == ()
    assert [(leaf.pointer, leaf.origin) for leaf in found.guesses] == [("/[]", "guessed")]


def test_a_guess_changes_neither_what_a_call_does_nor_what_counts_as_its_contract() -> None:
    plain, telling = canonical("hold_seat"), canonical("hold_seat", description="Returns the seat id.")
    assert telling.guesses
    assert (plain.effect, plain.returns, plain.params) == (telling.effect, telling.returns, telling.params)
