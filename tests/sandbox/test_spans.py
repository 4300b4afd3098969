"""Of two moments that belong together by their names, the first comes first, wherever values are made up."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.digest import seed
from loopbuild.records import ToolCatalog
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.sandbox.spans import earlier_name, is_later, later
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sampling.values import choose, starts_of
from loopbuild.stages.sources.toolspec import read

DAY = {"type": "string", "format": "date"}


def catalog_of(*entries: dict[str, Any]) -> ToolCatalog:
    return build_catalog([read("inn", json.dumps(entries).encode(), file="inn.json", settings={})])


@pytest.mark.parametrize(
    ("first", "last", "about"),
    [
        ("start_date", "end_date", "leave"),
        ("from", "until", ""),
        ("check_in", "check_out", "booking"),
        ("checkin_date", "checkout_date", "stay"),
        ("arrival_date", "departure_date", "reservation"),
        ("departure_time", "arrival_time", "flight"),
        ("departure_date", "return_date", "booking"),
        ("from_date", "to_date", "invoice"),
    ],
)
def test_which_of_two_comes_first(first: str, last: str, about: str) -> None:
    one, other = tuple(first.split("_")), tuple(last.split("_"))
    assert is_later(other, one, about=about.split())
    assert not is_later(one, other, about=about.split())


def test_names_of_other_things_are_no_pair() -> None:
    assert not is_later(("end", "date"), ("start", "time"), about=())
    assert not is_later(("due", "date"), ("issue", "date"), about=())
    assert earlier_name("due_date", about=()) == earlier_name("start_date", about=()) == ""


@given(st.dates(date(2000, 1, 1), date(2099, 1, 1)), st.sampled_from(["", "T09:30:00Z"]), st.integers(0, 999))
def test_later_is_later_and_keeps_the_form(day: date, rest: str, number: int) -> None:
    moment = day.isoformat() + rest
    after = later(moment, lambda n: seed("test", number) % n)
    assert after > moment
    assert after[10:] == rest


@given(st.integers(0, 23), st.integers(0, 58), st.integers(0, 999))
def test_a_time_of_day_ends_on_the_same_day(hour: int, minute: int, number: int) -> None:
    moment = f"{hour:02d}:{minute:02d}:00"
    assert moment < later(moment, lambda n: seed("test", number) % n) <= "23:59:00"


def test_what_is_no_moment_has_no_later() -> None:
    assert [later(text, lambda n: 0) for text in ("soon", "", None, 4711)] == [""] * 4


@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:59:00Z", "9999-12-31 23:59"])
@pytest.mark.parametrize("words", [(), ("end", "time")])
def test_nothing_comes_after_for_ever(text: str, words: tuple[str, ...]) -> None:
    assert later(text, lambda n: n - 1, words=words) == ""


STAY = {
    "name": "get_reservation",
    "parameters": {"reservation_id": "string"},
    "returns": {"departure_date": DAY, "arrival_date": DAY, "guest_name": "string"},
}
BOOK = {
    "name": "create_reservation",
    "parameters": {"departure_date": DAY, "arrival_date": DAY, "guest_name": "string"},
    "returns": {"reservation_id": "string"},
}
LEAVING = {
    "name": "list_reservations",
    "parameters": {},
    "returns": {"reservations": [{"reservation_id": "string", "departure_date": DAY}]},
}


def test_rows_of_a_world_end_after_they_begin_and_alike_for_tools_that_show_only_the_end() -> None:
    sandbox = SimulatedSandbox(catalog_of(STAY, BOOK, LEAVING), source="inn")
    for fixture in range(6):
        sandbox.open(fixture)
        reservations = sandbox.call("inn/list_reservations", {}).value["reservations"]
        assert len(reservations) > 2
        for shown in reservations:
            row = sandbox.call("inn/get_reservation", {"reservation_id": shown["reservation_id"]}).value
            assert row["arrival_date"] < row["departure_date"] == shown["departure_date"]


def test_what_is_made_with_a_start_ends_after_it() -> None:
    begun = {**BOOK, "parameters": {"arrival_date": DAY, "guest_name": "string"}}
    sandbox = SimulatedSandbox(catalog_of(STAY, begun), source="inn")
    sandbox.open(0)
    for day in ("2026-02-01", "2031-12-31"):
        made = sandbox.call("inn/create_reservation", {"arrival_date": day, "guest_name": "Ada Byron"}).value
        row = sandbox.call("inn/get_reservation", made).value
        assert row["arrival_date"] == day < row["departure_date"]


def test_answers_without_rows_are_in_order_too() -> None:
    entry = {
        "name": "estimate",
        "parameters": {"note": "string"},
        "returns": {"options": [{"start_time": {"type": "string", "format": "date-time"},
                                 "end_time": {"type": "string", "format": "date-time"}}]},
    }  # fmt: skip
    sandbox = SimulatedSandbox(catalog_of(entry), source="inn")
    for fixture in range(5):
        sandbox.open(fixture)
        options = sandbox.call("inn/estimate", {"note": f"number {fixture}"}).value["options"]
        assert options
        assert all(one["start_time"] < one["end_time"] for one in options)


def test_a_person_says_a_departure_after_the_arrival() -> None:
    (tool,) = catalog_of(BOOK).tools
    leaves = {leaf.pointer: leaf for leaf in tool.inputs}
    end = leaves["/departure_date"]
    assert [leaf.pointer for leaf in starts_of(end, tool)] == ["/arrival_date"]
    for number in range(20):
        chosen = choose(
            end, tool=tool, key=str(number), index=0, place=0, attempt=0, purpose="train", known=(),
            given={"/arrival_date": "2026-03-01"},
        )  # fmt: skip
        assert "2026-03-01" < chosen < "2026-03-16"


@pytest.mark.parametrize(
    ("words", "is_soon"),
    [(("end", "time"), True), (("end",), True), (("arrival", "time"), True), (("end", "date"), False),
     (("checkout", "time"), False), (("return", "time"), False), (("due",), False)],
)  # fmt: skip
def test_a_meeting_ends_within_two_hours_and_a_stay_after_days(words: tuple[str, ...], is_soon: bool) -> None:
    for number in range(30):
        end = later("2026-03-04T23:30:00Z", lambda n, number=number: seed("test", number) % n, words=words)  # type: ignore[misc]
        assert end > "2026-03-04T23:30:00Z"
        assert (end <= "2026-03-05T01:30:00Z") is is_soon
        assert end.endswith(":00Z")
