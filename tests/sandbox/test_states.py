"""Laws of states: in varied worlds some things are past their first one, and what is shown is what tools find."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from loopbuild.records import Json, ToolCatalog
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.catalog import build_catalog
from loopbuild.stages.sources.toolspec import read


def tool(name: str, needs: dict[str, Json], gives: dict[str, Json]) -> dict[str, Json]:
    return {"name": name, "description": "", "parameters": needs, "returns": gives}


ORDERS = tool(
    "list_orders",
    {"customer_id": "string", "status?": "string"},
    {"orders": [{"customer_id": "string", "order_id": "string", "status": "string"}]},
)
TOOLS = [
    tool("get_ticket", {"ticket_id": "string"}, {"ticket_id": "string", "status": "string"}),
    tool("close_ticket", {"ticket_id": "string"}, {"status": "string"}),
    tool("reopen_ticket", {"ticket_id": "string"}, {"status": "string"}),
    tool("create_ticket", {"title": "string"}, {"ticket_id": "string"}),
    tool("get_customer", {"customer_id": "string"}, {"customer_id": "string", "name": "string", "status": "string"}),
    ORDERS,
    tool("get_order", {"order_id": "string"}, {"order_id": "string", "status": "string"}),
    tool("cancel_order", {"order_id": "string"}, {"status": "string"}),
    tool("pause_plan", {"plan_id": "string"}, {"status": "string"}),
    tool("resume_plan", {"plan_id": "string"}, {"status": "string"}),
]


def catalog(*tools: dict[str, Json]) -> ToolCatalog:
    return build_catalog([read("desk", json.dumps(tools).encode(), file="desk.json", settings={})])


def opened(fixture: int = 0, *, varied: bool = True, tools: list[dict[str, Json]] = TOOLS) -> SimulatedSandbox:
    sandbox = SimulatedSandbox(catalog(*tools), source="desk", varied_states=varied)
    sandbox.open(fixture)
    return sandbox


def known(sandbox: SimulatedSandbox, thing: str) -> tuple[Json, ...]:
    return sandbox.known(f"desk/get_{thing}", f"/{thing}_id")


@pytest.mark.parametrize("fixture", [0, 3, 1000])
def test_what_is_shown_decides_what_may_be_done(fixture: int) -> None:
    sandbox = opened(fixture)
    start = sandbox.snapshot()
    shown: Counter[str] = Counter()
    for key in known(sandbox, "ticket"):
        sandbox.restore(start)
        status = sandbox.call("desk/get_ticket", {"ticket_id": key}).value["status"]
        shown[status] += 1
        assert (sandbox.call("desk/reopen_ticket", {"ticket_id": key}).status == "ok") is (status != "open")
        sandbox.restore(start)
        assert (sandbox.call("desk/close_ticket", {"ticket_id": key}).status == "ok") is (status != "closed")
        if status != "closed":
            fact = next(one for one in sandbox.state_diff() if one.field == "status")
            assert (fact.before, fact.after) == (status, "closed")
    assert set(shown) == {"open", "closed", "pending"}
    assert shown.most_common(1)[0][0] == "open"


def test_plain_worlds_know_first_states_only() -> None:
    sandbox = opened(varied=False)
    assert {
        sandbox.call("desk/get_ticket", {"ticket_id": key}).value["status"] for key in known(sandbox, "ticket")
    } == {"open"}
    plans = sandbox.known("desk/resume_plan", "/plan_id")
    assert {sandbox.call("desk/resume_plan", {"plan_id": key}).status for key in plans} == {"tool_error"}


def test_what_is_paused_resumes_and_people_are_never_paused() -> None:
    sandbox = opened()
    paused = sandbox.known("desk/resume_plan", "/plan_id")
    others = set(sandbox.known("desk/pause_plan", "/plan_id")) - set(paused)
    assert {sandbox.call("desk/resume_plan", {"plan_id": key}).status for key in paused} == {"ok"}
    assert {sandbox.call("desk/resume_plan", {"plan_id": key}).status for key in others} == {"tool_error"}
    people = {sandbox.call("desk/get_customer", {"customer_id": k}).value["status"] for k in known(sandbox, "customer")}
    assert people == {"active", "inactive"}


def test_what_is_made_starts_at_the_start() -> None:
    sandbox = opened()
    made = sandbox.call("desk/create_ticket", {"title": "Printer is out of paper"}).value["ticket_id"]
    assert sandbox.call("desk/get_ticket", {"ticket_id": made}).value["status"] == "open"


def test_no_tool_changes_a_state_of_the_world() -> None:
    fewer = opened(tools=[TOOLS[0]])
    more = opened()
    assert len(known(fewer, "ticket")) > 10
    assert known(fewer, "ticket") == known(more, "ticket")
    for key in known(more, "ticket"):
        assert fewer.call("desk/get_ticket", {"ticket_id": key}) == more.call("desk/get_ticket", {"ticket_id": key})


@pytest.mark.parametrize("varied", [True, False])
def test_a_list_under_a_parent_holds_to_its_further_filters(varied: bool) -> None:
    sandbox = opened(varied=varied)
    statuses = sandbox.known("desk/list_orders", "/status")
    assert len(statuses) > 1 if varied else statuses == ("placed",)
    several = 0
    for customer in known(sandbox, "customer"):
        every = sandbox.call("desk/list_orders", {"customer_id": customer}).value["orders"]
        found = {
            status: sandbox.call("desk/list_orders", {"customer_id": customer, "status": status}).value["orders"]
            for status in statuses
        }
        for status, orders in found.items():
            assert orders == [one for one in every if one["status"] == status]
        assert sorted(str(one) for orders in found.values() for one in orders) == sorted(map(str, every))
        several += len([orders for orders in found.values() if orders]) > 1
    assert bool(several) is varied


def test_a_list_shows_the_state_that_was_changed() -> None:
    sandbox = opened()
    for customer in known(sandbox, "customer"):
        asked = {"customer_id": customer, "status": "placed"}
        orders = sandbox.call("desk/list_orders", asked).value["orders"]
        if orders:
            break
    sandbox.call("desk/cancel_order", {"order_id": orders[0]["order_id"]})
    assert sandbox.call("desk/list_orders", asked).value["orders"] == orders[1:]
    asked["status"] = "cancelled"
    assert orders[0]["order_id"] in [one["order_id"] for one in sandbox.call("desk/list_orders", asked).value["orders"]]


def test_a_choice_shows_the_state_where_it_has_a_word_for_it() -> None:
    chosen = {"type": "object", "properties": {"status": {"type": "string", "enum": ["OPEN", "CLOSED"]}}}
    shows = {**tool("show_ticket", {"ticket_id": "string"}, {}), "returns": chosen}
    sandbox = opened(tools=[*TOOLS, shows])
    pairs = set()
    for key in known(sandbox, "ticket"):
        plain = sandbox.call("desk/get_ticket", {"ticket_id": key}).value["status"]
        pairs.add((plain, sandbox.call("desk/show_ticket", {"ticket_id": key}).value["status"]))
    assert {spelled for plain, spelled in pairs if plain == "open"} == {"OPEN"}
    assert {spelled for plain, spelled in pairs if plain == "closed"} == {"CLOSED"}
    assert {spelled for plain, spelled in pairs if plain == "pending"} <= {"OPEN", "CLOSED"}


def test_a_member_of_a_list_is_what_the_list_is_called_by() -> None:
    sandbox = opened()
    orders = set(map(str, known(sandbox, "order")))
    customers = known(sandbox, "customer")
    assert customers
    for customer in customers:
        listed = sandbox.call("desk/list_orders", {"customer_id": customer}).value["orders"]
        assert {one["order_id"] for one in listed} <= orders
        assert len({one["order_id"] for one in listed}) == len(listed) > 1


@pytest.mark.parametrize("varied", [False, True])
def test_statuses_may_be_numbers(varied: bool) -> None:
    status: Json = {"type": "integer", "enum": [1, 2, 3]}
    tools = [
        tool("list_orders", {}, {"orders": [{"order_id": "string", "status": status}]}),
        tool("get_order", {"order_id": "string"}, {"order_id": "string", "status": status}),
    ]
    shown: set[Json] = set()
    for fixture in range(4):
        sandbox = opened(fixture, varied=varied, tools=tools)
        for order in sandbox.call("desk/list_orders", {}).value["orders"]:
            assert sandbox.call("desk/get_order", {"order_id": order["order_id"]}).value == order
            shown.add(order["status"])
    assert shown == {1, 2, 3}


def test_a_status_may_be_anything_a_schema_lists() -> None:
    status: Json = {"enum": [["a"], {"b": 1}, "open"]}
    tools = [
        tool("list_orders", {}, {"orders": [{"order_id": "string", "status": status}]}),
        tool("get_order", {"order_id": "string"}, {"order_id": "string", "status": {"enum": [["a"], "open"]}}),
    ]
    (order, *_) = opened(tools=tools).call("desk/list_orders", {}).value["orders"]
    assert order["status"] in status["enum"]
