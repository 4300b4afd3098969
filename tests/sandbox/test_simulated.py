"""Laws of the simulated sandbox."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from loopbuild.records import Json, ToolCatalog, ToolResult
from loopbuild.sandbox import open_sandboxes
from loopbuild.sandbox.protocol import EVAL_FIXTURES
from loopbuild.sandbox.simulated import SimulatedSandbox
from tests.sandbox.tools import HR_TOOLS, SHOP, catalog, memory

FIXTURES = (0, 1, 7, EVAL_FIXTURES, EVAL_FIXTURES + 5)


def opened(tools: ToolCatalog, fixture: int = 0) -> SimulatedSandbox:
    sandbox = SimulatedSandbox(tools, source=tools.tools[0].source)
    sandbox.open(fixture)
    return sandbox


def value(sandbox: SimulatedSandbox, tool: str, **arguments: Json) -> Any:
    result = sandbox.call(f"{sandbox.name}/{tool}", arguments)
    assert result.status == "ok", result
    return result.value


def code(sandbox: SimulatedSandbox, tool: str, **arguments: Json) -> str:
    result = sandbox.call(f"{sandbox.name}/{tool}", arguments)
    assert result.status == "tool_error"
    return result.code


HR = catalog(HR_TOOLS)
STORE = catalog(SHOP)
MEMORY = memory()


@pytest.mark.parametrize("fixture", FIXTURES)
def test_lists_lead_to_rows_that_exist(fixture: int) -> None:
    sandbox = opened(HR, fixture)
    roles = value(sandbox, "get_open_roles")["role_ids"]
    assert 3 <= len(roles) <= 6
    for role in roles:
        candidates = value(sandbox, "get_role_candidates", role_id=role)
        assert 2 <= len(candidates["candidate_ids"]) == len(candidates["scores"])
        assert candidates["scores"] == sorted(candidates["scores"], reverse=True)
        for candidate in candidates["candidate_ids"]:
            profile = value(sandbox, "get_candidate", candidate_id=candidate)
            assert profile["email"].startswith(profile["name"].casefold().replace(" ", "."))
        assert value(sandbox, "get_role_candidates", role_id=role) == candidates


def test_unknown_ids_never_succeed_and_neither_do_those_of_another_entity() -> None:
    for tools in (HR, STORE):
        sandbox = opened(tools)
        others = {
            (leaf.entity, repr(known)): known
            for tool in tools.tools
            for leaf in tool.inputs
            if leaf.kind == "id"
            for known in sandbox.known(tool.id, leaf.pointer)[:2]
        }
        for tool in tools.tools:
            keys = [leaf for leaf in tool.inputs if leaf.kind == "id"]
            if not keys:
                continue
            arguments = {leaf.pointer[1:]: (sandbox.known(tool.id, leaf.pointer) or ("x",))[0] for leaf in tool.inputs}
            for leaf in keys:
                wrong = [known for (entity, _), known in others.items() if entity != leaf.entity]
                for bad in [*wrong, 999_999_999 if "integer" in leaf.types else "Z-0"]:
                    before = sandbox.state_diff()
                    result = sandbox.call(tool.id, {**arguments, leaf.pointer[1:]: bad})
                    assert result.status == "tool_error"
                    assert result.code in ("not_found", "invalid_argument")
                    assert sandbox.state_diff() == before


def test_a_wrong_call_is_refused_with_its_reason() -> None:
    sandbox = opened(HR)
    assert code(sandbox, "create_employee", name="A B", email="a@b.example", department="magic") == "invalid_argument"
    assert code(sandbox, "get_candidate") == "invalid_argument"
    assert code(sandbox, "get_candidate", candidate_id="C-1", x=1) == "invalid_argument"
    assert code(sandbox, "fly") == "unknown_tool"


def test_writes_change_what_reads_return() -> None:
    sandbox = opened(HR)
    role = value(sandbox, "get_open_roles")["role_ids"][0]
    candidate = value(sandbox, "get_role_candidates", role_id=role)["candidate_ids"][0]
    before = value(sandbox, "list_interviews", role_id=role)["interview_ids"]
    interview = value(sandbox, "schedule_interview", role_id=role, candidate_id=candidate)["interview_id"]
    assert interview not in before
    assert value(sandbox, "list_interviews", role_id=role)["interview_ids"] == [*before, interview]
    assert value(sandbox, "cancel_interview", interview_id=interview) == {"status": "cancelled"}
    assert code(sandbox, "cancel_interview", interview_id=interview) == "conflict"
    created = value(sandbox, "create_employee", name="Ada Quirk", email="ada@q.example", department="sales")
    assert value(sandbox, "find_employee", name="ada quirk") == {"email": "ada@q.example", **created}


def test_the_shop_keeps_its_books() -> None:
    sandbox = opened(STORE, 2)
    listed = value(sandbox, "list_orders")
    assert listed["count"] == len(listed["orders"])
    order = listed["orders"][0]
    assert value(sandbox, "get_order", order_id=order["id"])["customer_id"] == order["customer_id"]
    made = value(sandbox, "create_order", customer_id=order["customer_id"], note="Ring twice")
    assert made["status"] == "placed"
    read = value(sandbox, "get_order", order_id=made["order_id"])
    assert (read["id"], read["customer_id"], read["note"]) == (made["order_id"], order["customer_id"], "Ring twice")
    assert value(sandbox, "update_order", order_id=made["order_id"], note="Knock") == {"success": True}
    assert value(sandbox, "get_order", order_id=made["order_id"])["note"] == "Knock"
    product = sandbox.known("s/add_item", "/product_id")[0]
    item = value(sandbox, "add_item", order_id=made["order_id"], product_id=product, quantity=2)["item_id"]
    assert item.startswith("it_")
    assert code(sandbox, "delete_order", order_id=made["order_id"]) == "conflict"
    assert value(sandbox, "ship_order", order_id=made["order_id"]) == {"status": "SHIPPED"}
    assert value(sandbox, "delete_order", order_id=order["id"]) == {"deleted": True}
    assert code(sandbox, "get_order", order_id=order["id"]) == "not_found"
    assert order["id"] not in [one["id"] for one in value(sandbox, "list_orders")["orders"]]
    name = value(sandbox, "get_customer", customer_id=order["customer_id"])["name"]
    found = value(sandbox, "search_customers", query=name)["customers"]
    assert {"id": order["customer_id"], "name": name} in found


SHELF = catalog(
    [
        {"name": "list_shelves", "parameters": {"limit?": "integer", "offset?": "integer", "page?": "integer"},
         "returns": {"shelf_ids": ["string"]}},
        {"name": "add_book", "parameters": {"shelf_id": "string", "title": "string"}, "returns": {"book_id": "string"}},
        {"name": "add_note", "parameters": {"book_id": "string", "text": "string"}, "returns": {"note_id": "string"}},
        {"name": "get_note", "parameters": {"note_id": "string"}, "returns": {"book_id": "string", "text": "string"}},
        {"name": "delete_shelf", "parameters": {"shelf_id": "string", "cascade?": "boolean"},
         "returns": {"deleted": "boolean"}},
    ]
)  # fmt: skip


def test_pages_of_a_list_make_up_the_whole() -> None:
    sandbox = opened(SHELF, 1)
    whole = value(sandbox, "list_shelves")["shelf_ids"]
    pages = [value(sandbox, "list_shelves", limit=2, page=page)["shelf_ids"] for page in (1, 2, 3, 4)]
    assert [one for page in pages for one in page] == whole
    assert value(sandbox, "list_shelves", limit=2, offset=1)["shelf_ids"] == whole[1:3]
    assert value(sandbox, "list_shelves", offset=100)["shelf_ids"] == []


def test_what_hangs_on_a_row_keeps_it_unless_all_of_it_shall_go() -> None:
    sandbox = opened(SHELF)
    shelf = value(sandbox, "list_shelves")["shelf_ids"][0]
    book = value(sandbox, "add_book", shelf_id=shelf, title="Tea")["book_id"]
    note = value(sandbox, "add_note", book_id=book, text="read it")["note_id"]
    before = sandbox.state_diff()
    assert code(sandbox, "delete_shelf", shelf_id=shelf) == "conflict"
    assert code(sandbox, "delete_shelf", shelf_id=shelf, cascade=False) == "conflict"
    assert sandbox.state_diff() == before
    assert value(sandbox, "delete_shelf", shelf_id=shelf, cascade=True) == {"deleted": True}
    assert code(sandbox, "get_note", note_id=note) == "not_found"
    assert [(fact.change, fact.entity) for fact in sandbox.state_diff()] == [("removed", "shelf")]


def test_opaque_tools_answer_the_same_and_leave_a_note_when_they_act() -> None:
    sandbox = opened(STORE)
    one = value(sandbox, "summarize", text="a")
    assert isinstance(one["summary"], str)
    assert value(sandbox, "summarize", text="a") == one != value(sandbox, "summarize", text="b")
    assert sandbox.state_diff() == ()
    assert value(sandbox, "send_message", address="x", text="y") == {"sent": True}
    assert [(fact.entity, fact.field) for fact in sandbox.state_diff()] == [("call", "send_message")]


CALLS = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 30)), max_size=12)


def play(sandbox: SimulatedSandbox, moves: list[tuple[int, int]]) -> list[ToolResult]:
    """Make calls with valid ids, chosen by numbers."""
    tools = HR.tools
    results = []
    for which, pick in moves:
        tool = tools[which % len(tools)]
        arguments: dict[str, Json] = {}
        for leaf in tool.inputs:
            known = sandbox.known(tool.id, leaf.pointer)
            if leaf.enum:
                arguments[leaf.pointer[1:]] = leaf.enum[pick % len(leaf.enum)]
            elif known:
                arguments[leaf.pointer[1:]] = known[pick % len(known)]
            elif "integer" in leaf.types:
                arguments[leaf.pointer[1:]] = 2026
            else:
                arguments[leaf.pointer[1:]] = {"date": "2026-03-01", "email": "a@b.example"}.get(leaf.format, "words")
        results.append(sandbox.call(tool.id, arguments))
    return results


@given(before=CALLS, after=CALLS)
@hypothesis_settings(max_examples=60, deadline=None)
def test_restoring_is_as_if_nothing_happened(before: list[tuple[int, int]], after: list[tuple[int, int]]) -> None:
    sandbox = opened(HR, 4)
    play(sandbox, before)
    token, facts = sandbox.snapshot(), sandbox.state_diff()
    once = play(sandbox, after)
    sandbox.restore(token)
    assert sandbox.state_diff() == facts
    assert play(sandbox, after) == once


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["C-1", "\ud800", "2026-01-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(which=st.integers(0, 40), values=st.lists(ANYTHING, min_size=4, max_size=4), junk=ANYTHING)
@hypothesis_settings(max_examples=150, deadline=None)
def test_no_arguments_whatever_break_a_sandbox(which: int, values: list[Json], junk: Json) -> None:
    """What a model writes is not always what a schema wants: each call is answered, and refusals change nothing."""
    tools = (HR, STORE, MEMORY)[which % 3]
    sandbox = opened(tools)
    tool = tools.tools[which % len(tools.tools)]
    names = list(tool.input_schema.get("properties", {})) or ["x"]
    for arguments in (dict(zip(names, values, strict=False)), junk):
        before = sandbox.state_diff()
        result = sandbox.call(tool.id, arguments)
        assert result.status in ("ok", "tool_error")
        assert result.status == "ok" or sandbox.state_diff() == before


@given(moves=CALLS)
@hypothesis_settings(max_examples=40, deadline=None)
def test_the_same_calls_from_the_start_give_the_same_state(moves: list[tuple[int, int]]) -> None:
    one, other = opened(HR, 9), opened(HR, 9)
    assert play(one, moves) == play(other, moves)
    assert one.state_diff() == other.state_diff()


def test_independent_creates_commute() -> None:
    sandbox = opened(HR, 3)
    role = value(sandbox, "get_open_roles")["role_ids"][0]
    people = value(sandbox, "get_role_candidates", role_id=role)["candidate_ids"][:3]
    start = sandbox.snapshot()
    outcomes = set()
    for order in itertools.permutations(people):
        sandbox.restore(start)
        minted = {
            one: value(sandbox, "schedule_interview", role_id=role, candidate_id=one)["interview_id"] for one in order
        }
        listed = tuple(value(sandbox, "list_interviews", role_id=role)["interview_ids"])
        outcomes.add((tuple(sorted(minted.items())), listed, repr(sandbox.state_diff())))
    assert len(outcomes) == 1


def test_the_same_create_twice_makes_two_rows() -> None:
    sandbox = opened(HR)
    role = value(sandbox, "get_open_roles")["role_ids"][0]
    candidate = value(sandbox, "get_role_candidates", role_id=role)["candidate_ids"][0]
    ids = [value(sandbox, "schedule_interview", role_id=role, candidate_id=candidate)["interview_id"] for _ in range(3)]
    assert len(set(ids)) == 3


def test_a_value_depends_on_its_own_place_only() -> None:
    """Another tool, another output leaf, another order of tools: what was answered before stays what it was."""
    richer = [dict(entry) for entry in reversed(HR_TOOLS)]
    for entry in richer:
        if entry["name"] == "get_candidate":
            entry["returns"] = {**entry["returns"], "phone": "string", "city": "string"}
        if entry["name"] == "get_role_candidates":
            entry["returns"] = {"candidate_ids": ["string"], "ages": ["integer"]}
    richer.append(
        {"name": "list_departments", "parameters": {}, "returns": {"departments": [{"id": "string", "name": "string"}]}}
    )
    richer.append(
        {"name": "get_candidates", "parameters": {"department_id": "string"}, "returns": {"candidate_ids": ["string"]}}
    )
    old, new = opened(HR, 6), opened(catalog(richer), 6)
    assert value(old, "get_open_roles") == value(new, "get_open_roles")
    for role in value(old, "get_open_roles")["role_ids"]:
        candidates = value(old, "get_role_candidates", role_id=role)["candidate_ids"]
        assert value(new, "get_role_candidates", role_id=role)["candidate_ids"] == candidates
        assert value(new, "list_interviews", role_id=role) == value(old, "list_interviews", role_id=role)
        for candidate in candidates:
            assert value(old, "get_candidate", candidate_id=candidate).items() <= (
                value(new, "get_candidate", candidate_id=candidate).items()
            )
        made = [value(one, "schedule_interview", role_id=role, candidate_id=candidates[0]) for one in (old, new)]
        assert made[0] == made[1]


def test_worlds_of_training_and_evaluation_share_no_id() -> None:
    def ids(fixtures: range) -> set[Json]:
        found: set[Json] = set()
        for fixture in fixtures:
            sandbox = opened(HR, fixture)
            for tool in HR.tools:
                for leaf in tool.inputs:
                    if leaf.kind in ("id", "person"):
                        found |= set(sandbox.known(tool.id, leaf.pointer))
        return found

    train, evaluation = ids(range(16)), ids(range(EVAL_FIXTURES, EVAL_FIXTURES + 16))
    assert len(train) > 1000
    assert len(evaluation) > 1000
    assert not train & evaluation


def test_nested_arguments_make_one_row_per_item() -> None:
    sandbox = opened(memory())
    people = [
        {"name": "Ada", "entityType": "person", "observations": ["counts"]},
        {"name": "Engine", "entityType": "machine", "observations": []},
    ]
    assert value(sandbox, "create_entities", entities=people) == {"entities": people}
    assert value(sandbox, "open_nodes", names=["Ada"])["entities"] == people[:1]
    link = {"from": "Ada", "to": "Engine", "relationType": "programs"}
    value(sandbox, "create_relations", relations=[link])
    assert link in value(sandbox, "read_graph")["relations"]
    added = value(sandbox, "add_observations", observations=[{"entityName": "Ada", "contents": ["writes"]}])
    assert added == {"results": [{"entityName": "Ada", "addedObservations": ["writes"]}]}
    assert value(sandbox, "open_nodes", names=["Ada"])["entities"][0]["observations"] == ["counts", "writes"]
    value(sandbox, "delete_observations", deletions=[{"entityName": "Ada", "observations": ["counts"]}])
    assert value(sandbox, "search_nodes", query="ada")["entities"][0]["observations"] == ["writes"]
    value(sandbox, "delete_relations", relations=[link])
    assert link not in value(sandbox, "read_graph")["relations"]
    assert code(sandbox, "delete_relations", relations=[link]) == "not_found"
    value(sandbox, "delete_entities", entityNames=["Ada", "Engine"])
    assert code(sandbox, "open_nodes", names=["Ada"]) == "not_found"
    assert code(sandbox, "add_observations", observations=[{"entityName": "Ada", "contents": ["x"]}]) == "not_found"
    assert sandbox.state_diff() == ()


def test_answers_fit_the_declared_output() -> None:
    from loopbuild.judging.validate import Validator
    from loopbuild.records import ToolSchema

    for tools in (HR, STORE, memory()):
        outputs = ToolCatalog(
            tools=tuple(
                ToolSchema(
                    id=tool.id,
                    source=tool.source,
                    name=tool.name,
                    call_name=tool.call_name,
                    input_schema=tool.output_schema,
                )
                for tool in tools.tools
            )
        )
        validator = Validator(outputs)
        sandbox = opened(tools, 5)
        for tool in tools.tools:
            if tool.effect != "read":
                continue
            arguments = {
                leaf.pointer.split("/")[1]: sandbox.known(tool.id, leaf.pointer)
                for leaf in tool.inputs
                if leaf.is_required
            }
            single = {
                name: list(known[:2])
                if (tool.input_schema["properties"][name].get("type") == "array")
                else (known or ("x",))[0]
                for name, known in arguments.items()
            }
            result = sandbox.call(tool.id, single)
            assert result.status == "ok", (tool.id, single, result)
            assert validator.check(tool.id, result.value) == ()


OFFICE = catalog(
    [
        {"name": "create_event", "parameters": {"title": "string"}, "returns": {"event_id": "string"}},
        {"name": "get_event", "parameters": {"event_id": "string"}, "returns": {"title": "string"}},
        {"name": "remove_attendee", "parameters": {"event_id": "string", "email": "string"},
         "returns": {"status": "string"}},
        {"name": "delete_event", "parameters": {"event_id": "string"}, "returns": {"status": "string"}},
        {"name": "pin_event", "parameters": {"event_id": "string"}, "returns": {"status": "string"}},
        {"name": "search_accounts", "parameters": {"query": "string"},
         "returns": {"accounts": [{"account_id": "string", "name": "string"}]}},
    ],
    source="office",
)  # fmt: skip


def test_taking_a_part_off_a_thing_leaves_the_thing() -> None:
    sandbox = opened(OFFICE)
    event = value(sandbox, "create_event", title="Kickoff")["event_id"]
    value(sandbox, "remove_attendee", event_id=event, email="ada@pine.example")
    assert value(sandbox, "get_event", event_id=event)["title"] == "Kickoff"
    assert value(sandbox, "delete_event", event_id=event)["status"] == "deleted"
    assert code(sandbox, "get_event", event_id=event) == "not_found"


def test_an_update_that_sends_nothing_but_a_key_changes_the_state() -> None:
    sandbox = opened(OFFICE)
    event = sandbox.known("office/get_event", "/event_id")[0]
    value(sandbox, "pin_event", event_id=event)
    assert sandbox.state_diff()


@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_search_finds_what_it_shows(fixture: int) -> None:
    sandbox = opened(OFFICE, fixture)
    for query in sandbox.known("office/search_accounts", "/query")[:10]:
        found = value(sandbox, "search_accounts", query=query)["accounts"]
        assert found
        assert all(str(query).casefold() in account["name"].casefold() for account in found)


@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_day_is_compared_with_the_moment_that_is_shown(fixture: int) -> None:
    events = [{"event_id": "string", "title": "string", "start_time": {"type": "string", "format": "date-time"}}]
    tools = catalog(
        [
            {"name": "list_events", "parameters": {"date": "string"}, "returns": {"events": events}},
            {
                "name": "reschedule_event",
                "parameters": {"event_id": "string", "start_time": {"type": "string", "format": "date-time"}},
                "returns": {"status": "string"},
            },
        ]
    )
    sandbox = opened(tools, fixture)
    days = sandbox.known("s/list_events", "/date")
    assert days
    shown: list[Json] = []
    for day in days:
        shown = value(sandbox, "list_events", date=day)["events"]
        assert shown
        assert all(event["start_time"][:10] == day for event in shown)
    value(sandbox, "reschedule_event", event_id=shown[0]["event_id"], start_time="2031-05-06T09:00:00Z")
    found = value(sandbox, "list_events", date="2031-05-06")["events"]
    assert [event["event_id"] for event in found] == [shown[0]["event_id"]]


@pytest.mark.parametrize("fixture", FIXTURES)
def test_what_one_tool_closes_another_shows_as_closed_by_whatever_word(fixture: int) -> None:
    tools = catalog(
        [
            {
                "name": "get_issue",
                "parameters": {"issue_id": "string"},
                "returns": {"title": "string", "state": "string"},
            },
            {"name": "close_issue", "parameters": {"issue_id": "string"}, "returns": {"status": "string"}},
            {"name": "reopen_issue", "parameters": {"issue_id": "string"}, "returns": {"state": "string"}},
        ]
    )
    sandbox = opened(tools, fixture)
    issue = sandbox.known("s/get_issue", "/issue_id")[0]
    assert value(sandbox, "get_issue", issue_id=issue)["state"] == "open"
    assert value(sandbox, "close_issue", issue_id=issue) == {"status": "closed"}
    assert value(sandbox, "get_issue", issue_id=issue)["state"] == "closed"
    assert value(sandbox, "reopen_issue", issue_id=issue) == {"state": "open"}
    assert value(sandbox, "get_issue", issue_id=issue)["state"] == "open"


def test_an_opaque_tool_answers_with_what_it_was_told() -> None:
    mode = {"type": "string", "enum": ["off", "eco", "heat"]}
    tools = [{"name": "set_mode", "parameters": {"mode": mode, "hours": "integer"}, "returns": {"mode": mode}}]
    sandbox = opened(catalog(tools))
    for told in ("off", "eco", "heat"):
        assert value(sandbox, "set_mode", mode=told, hours=2) == {"mode": told}


def test_a_tool_whose_verb_nobody_knows_leaves_a_trace_of_its_call() -> None:
    tools = [
        {"name": "find_loan", "parameters": {"title": "string"}, "returns": {"loan_id": "string"}},
        {"name": "gribble_loan", "parameters": {"loan_id": "string"}, "returns": {"status": "string"}},
    ]
    sandbox = opened(catalog(tools))
    loan = sandbox.known("s/gribble_loan", "/loan_id")[0]
    value(sandbox, "gribble_loan", loan_id=loan)
    (fact,) = sandbox.state_diff()
    assert (fact.change, fact.entity, fact.field) == ("added", "call", "gribble_loan")
    assert (fact.before, fact.after) == (None, {"loan": loan})
    assert code(sandbox, "gribble_loan", loan_id="nobody") == "not_found"


def test_simulated_sources_share_their_rows_and_what_is_written() -> None:
    made = catalog(HR_TOOLS, source="hr").tools + catalog(
        [{"name": "list_employee_assets", "parameters": {"employee_id": "string"},
          "returns": {"asset_ids": ["string"]}}],
        source="assets",
    ).tools  # fmt: skip
    both = ToolCatalog(tools=made)
    settings: dict[str, Json] = {"hr": {"kind": "simulated"}, "assets": {"kind": "simulated"}}
    sandbox = open_sandboxes(settings, both, root=Path(), environment={})
    sandbox.open(0)
    start = sandbox.snapshot()
    call = {"name": "Ada Park", "email": "ada@pine.example", "department": "sales"}
    employee = sandbox.call("hr/create_employee", call).value["employee_id"]
    assert sandbox.call("assets/list_employee_assets", {"employee_id": employee}).status == "ok"
    facts = sandbox.state_diff()
    assert len(facts) == len({(fact.key, fact.field) for fact in facts}) > 0
    sandbox.restore(start)
    assert sandbox.call("assets/list_employee_assets", {"employee_id": employee}).code == "not_found"
    known = sandbox.known("hr/get_leave_balance", "/employee_id")
    assert known == sandbox.known("assets/list_employee_assets", "/employee_id")
