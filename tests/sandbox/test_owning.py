"""Laws of what hangs on a thing, of statuses under a schema's own names, and of second parts of a key."""

from __future__ import annotations

import json

import pytest

from loopbuild.records import Json
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.sandbox.simulated.owning import OnDelete
from loopbuild.sandbox.simulated.statuses import standing_for
from loopbuild.stages.catalog import build_catalog
from loopbuild.stages.sources.toolspec import read
from tests.sandbox.test_states import tool

BOOKED = {"type": "string", "enum": ["attended", "booked", "cancelled"]}
DAY = {"type": "string", "format": "date"}
LIBRARY = [
    tool("list_loans", {"member_id": "string", "since?": DAY, "max_fee?": "number"},
         {"loans": [{"loan_id": "string", "lent_on": DAY, "fee": "number"}]}),
    tool("get_loan", {"loan_id": "string"}, {"loan_id": "string", "member_id": "string"}),
    tool("delete_member", {"member_id": "string"}, {"deleted": "boolean"}),
    tool("remove_member", {"member_id": "string", "cascade?": "boolean"}, {"deleted": "boolean"}),
    tool("create_booking", {"member_id": "string", "room": "string"}, {"booking_id": "string", "status": BOOKED}),
    tool("cancel_booking", {"booking_id": "string"}, {"status": BOOKED}),
    tool("get_booking", {"booking_id": "string"}, {"booking_id": "string", "status": BOOKED}),
    tool("list_releases", {"repository_id": "string"}, {"releases": [{"tag_name": "string", "published_at": DAY}]}),
    tool("get_release", {"repository_id": "string", "tag_name": "string"}, {"notes": "string"}),
    tool("get_name", {"repository_id": "string", "name": "string"}, {"notes": "string"}),
]  # fmt: skip


def opened(on_delete: OnDelete = "leave", *, tools: tuple[str, ...] = (), fixture: int = 0) -> SimulatedSandbox:
    catalog = build_catalog([read("lib", json.dumps(LIBRARY).encode(), file="lib.json", settings={})])
    sandbox = SimulatedSandbox(catalog, source="lib", on_delete=on_delete)
    sandbox.open(fixture, [f"lib/{name}" for name in tools])
    return sandbox


def call(sandbox: SimulatedSandbox, tool_name: str, /, **arguments: Json) -> Json:
    result = sandbox.call(f"lib/{tool_name}", arguments)
    return result.value if result.status == "ok" else result.code


def members(sandbox: SimulatedSandbox) -> tuple[Json, ...]:
    return sandbox.known("lib/list_loans", "/member_id")


@pytest.mark.parametrize("fixture", [0, 5, 1003])
def test_what_has_something_under_it_is_not_deleted_and_what_has_nothing_is(fixture: int) -> None:
    sandbox = opened("conflict", fixture=fixture, tools=("list_loans", "delete_member"))
    start, seen = sandbox.snapshot(), set()
    for member in members(sandbox):
        sandbox.restore(start)
        loans = call(sandbox, "list_loans", member_id=member)["loans"]
        answer = call(sandbox, "delete_member", member_id=member)
        assert answer == ("conflict" if loans else {"deleted": True})
        seen.add(bool(loans))
    assert seen == {True, False}


def test_cascading_takes_all_of_it_and_says_so() -> None:
    sandbox = opened("cascade", tools=("list_loans", "get_loan", "delete_member"))
    member = members(sandbox)[0]
    loans = {one["loan_id"] for one in call(sandbox, "list_loans", member_id=member)["loans"]}
    assert call(sandbox, "delete_member", member_id=member) == {"deleted": True}
    gone = {(fact.entity, fact.key) for fact in sandbox.state_diff()}
    assert gone == {("member", member), *(("loan", loan) for loan in loans)}
    assert {call(sandbox, "get_loan", loan_id=loan) for loan in loans} == {"not_found"}


def test_a_call_that_asks_for_it_cascades_where_others_are_refused() -> None:
    sandbox = opened("conflict")
    member = next(one for one in members(sandbox) if call(sandbox, "list_loans", member_id=one)["loans"])
    assert call(sandbox, "remove_member", member_id=member) == "conflict"
    assert call(sandbox, "remove_member", member_id=member, cascade=True) == {"deleted": True}


def test_only_tools_that_are_called_say_what_hangs_on_what() -> None:
    """So that one which is not called, or new, moves nobody's rows."""
    sandbox = opened("conflict", tools=("delete_member",))
    assert [call(sandbox, "delete_member", member_id=one) for one in members(sandbox)[:5]] == [{"deleted": True}] * 5


def test_left_alone_nothing_hangs_on_anything_but_what_was_made_since() -> None:
    sandbox = opened()
    one, other = members(sandbox)[:2]
    call(sandbox, "create_booking", member_id=one, room="12")
    assert call(sandbox, "delete_member", member_id=one) == "conflict"
    assert call(sandbox, "delete_member", member_id=other) == {"deleted": True}


def test_what_is_new_is_never_over() -> None:
    sandbox = opened()
    made = call(sandbox, "create_booking", member_id=members(sandbox)[0], room="12")
    assert made["status"] == "booked"
    assert call(sandbox, "get_booking", booking_id=made["booking_id"])["status"] == "booked"
    assert call(sandbox, "cancel_booking", booking_id=made["booking_id"]) == {"status": "cancelled"}
    assert call(sandbox, "cancel_booking", booking_id=made["booking_id"]) == "conflict"


def test_what_is_shown_decides_where_the_words_are_the_schema_s_own() -> None:
    sandbox = opened()
    start = sandbox.snapshot()
    seen = set()
    for booking in sandbox.known("lib/get_booking", "/booking_id"):
        sandbox.restore(start)
        status = call(sandbox, "get_booking", booking_id=booking)["status"]
        seen.add(status)
        assert (call(sandbox, "cancel_booking", booking_id=booking) != "conflict") is (status == "booked")
        if status == "booked":
            fact = next(one for one in sandbox.state_diff() if one.field == "status")
            assert (fact.before, fact.after) == ("booked", "cancelled")
    assert seen == {"attended", "booked", "cancelled"}


def test_a_person_names_what_may_be_brought_on() -> None:
    sandbox = opened()
    known = sandbox.known("lib/cancel_booking", "/booking_id")
    assert {call(sandbox, "get_booking", booking_id=one)["status"] for one in known} == {"booked"}


@pytest.mark.parametrize(
    ("status", "options", "standing"),
    [
        ("active", ["attended", "booked", "cancelled"], "booked"),
        ("cancelled", ["OPEN", "CANCELED"], "CANCELED"),
        ("cancelled", ["draft", "void"], "void"),
        ("closed", ["open", "done"], "done"),
        ("completed", ["todo", "in_progress", "done"], "done"),
        ("started", ["todo", "in_progress", "done"], "in_progress"),
        ("open", ["delivered", "placed", "shipped"], "placed"),
        ("scheduled", ["archived", "won"], "won"),
    ],
)
def test_a_status_goes_by_the_schema_s_word_for_it(status: str, options: list[str], standing: str) -> None:
    found = standing_for(status, options)
    assert found == standing


def test_an_unknown_second_part_is_not_found_and_a_listed_one_is() -> None:
    sandbox = opened()
    for repository in sandbox.known("lib/get_release", "/repository_id")[:5]:
        tags = [one["tag_name"] for one in call(sandbox, "list_releases", repository_id=repository)["releases"]]
        assert len(set(tags)) == 2
        for tag in tags:
            assert "notes" in call(sandbox, "get_release", repository_id=repository, tag_name=tag)
        assert call(sandbox, "get_release", repository_id=repository, tag_name="no such tag") == "not_found"
    assert "notes" in call(sandbox, "get_name", repository_id=repository, name="a name is no part")


def test_a_person_names_parts_that_the_thing_has() -> None:
    sandbox = opened()
    records = sandbox.records("lib/get_release", ["/tag_name"])
    assert len(records) == 2 * len(sandbox.known("lib/get_release", "/repository_id"))
    for record in records[:8]:
        named = {pointer[1:]: value for pointer, value in record.items()}
        assert "notes" in call(sandbox, "get_release", **named)


def test_ranges_bound_what_is_listed_under_a_thing_and_change_nothing_of_it() -> None:
    sandbox = opened()
    member = max(members(sandbox), key=lambda one: len(call(sandbox, "list_loans", member_id=one)["loans"]))
    loans = call(sandbox, "list_loans", member_id=member)["loans"]
    fee, day = sorted(one["fee"] for one in loans)[1], sorted(one["lent_on"] for one in loans)[1]
    cheap = call(sandbox, "list_loans", member_id=member, max_fee=fee)["loans"]
    late = call(sandbox, "list_loans", member_id=member, since=day)["loans"]
    assert cheap == [one for one in loans if one["fee"] <= fee] != loans
    assert late == [one for one in loans if one["lent_on"] >= day] != loans
    assert sandbox.known("lib/list_loans", "/max_fee")
