"""Laws of verbs nobody listed: a text says what the tool's name says, grammatically, and guesses nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.llm.offline.morphology import participle
from loopbuild.llm.offline.verbs import verb_class
from loopbuild.records import DeclaredTool, Listing, ToolSchema
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.synthesis.naming import spoken
from loopbuild.stages.synthesis.own_verbs import own_verb


def tool(name: str, *inputs: str) -> ToolSchema:
    schema = {"type": "object", "properties": {one: {"type": "string"} for one in inputs}, "required": list(inputs)}
    declared = DeclaredTool(source="town", name=name, input_schema=schema)
    (found,) = build_catalog([Listing(source="town", tools=(declared,))]).tools
    return found


@pytest.mark.parametrize(
    ("name", "inputs", "verb", "noun"),
    [
        ("renew_card", ("card_id",), "renew", "card"),
        ("return_book", ("loan_id",), "return", "book"),
        ("borrow_book", ("isbn",), "borrow", "book"),
        ("checkIn", ("booking_id",), "check in", "booking"),
        ("check_out_guest", ("guest_id",), "check out", "guest"),
        ("admit_patient", ("patient_id",), "admit", "patient"),
        ("prioritize_ticket", ("ticket_id",), "prioritize", "ticket"),
    ],
)
def test_what_is_done_is_the_tools_own_verb(name: str, inputs: tuple[str, ...], verb: str, noun: str) -> None:
    found = spoken(tool(name, *inputs))
    assert (found.verb, found.noun) == (verb, noun)


@pytest.mark.parametrize(
    "name", ["get_role", "weather_forecast", "user_profile", "check_balance", "order_list", "ping"]
)
def test_a_verb_that_is_known_or_a_name_without_one_stays_as_it_was(name: str) -> None:
    assert spoken(tool(name, "id")).verb == ""


def test_every_phrase_of_an_own_verb_holds_it_once() -> None:
    for verb in ("renew", "check in"):
        own = verb_class(
            verb, "unknown", noun="card", is_plural=False, is_person=False, has_own_key=True, has_name=False
        )
        head, _, particle = verb.partition(" ")
        for phrase in own.phrases:
            words = phrase.split()
            assert words.count("{o}") == 1
            assert (head in words) != (participle(head) in words)
            assert words.count(particle) == 1 or not particle
    assert participle("admit") == "admitted"


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=8), min_size=1, max_size=4))
def test_a_verb_is_always_a_beginning_of_the_name(words: list[str]) -> None:
    found = own_verb(words, "get")
    assert found == "" or " ".join(words).startswith(found)
