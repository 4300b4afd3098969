"""Laws of rows in which something is left out: it is asked for exactly, in time, and then all of it is done."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from loopbuild.judging.effects import destroys
from loopbuild.llm.offline.slips import slips_in
from loopbuild.llm.offline.writer import write
from loopbuild.records import Example, ToolCatalog, Trajectory
from loopbuild.stages.filters.contract import check_contract
from loopbuild.stages.filters.grounding import check_grounding
from loopbuild.stages.filters.provenance import check_provenance
from loopbuild.stages.filters.rows import Finding, Row
from loopbuild.stages.synthesis.categories import compose
from loopbuild.stages.synthesis.clarify import clarify_request, slots
from loopbuild.stages.synthesis.dialogues import to_task
from loopbuild.stages.synthesis.open_choice import choice_request, is_possible
from loopbuild.stages.synthesis.requests import request
from tests.stages.sampling import world

BOOKINGS = {
    "name": "list_bookings",
    "description": "",
    "parameters": {"employee_id": "string"},
    "returns": {"bookings": [{"booking_id": "string", "title": "string"}]},
}
CANCEL = {
    "name": "delete_booking",
    "description": "",
    "parameters": {"booking_id": "string", "reason?": "string"},
    "returns": {"status": "string"},
}


@cache
def executed() -> tuple[ToolCatalog, tuple[Trajectory, ...]]:
    catalog, graph = world.hr_with(BOOKINGS, CANCEL)
    found = world.sampled(catalog, graph, world.settings(per_tool=24))
    return catalog, tuple(found[cell] for cell in found if cell.purpose == "train")


def row_of(trajectory: Trajectory, request) -> Row:
    catalog, _ = executed()
    task = to_task(trajectory, request, write(request), writer="offline")
    example = compose(trajectory, task, catalog, None, split="train")  # type: ignore[arg-type]
    return Row(example=example, task=task, trajectory=trajectory)


def faults(row: Row) -> list[str]:
    catalog, _ = executed()
    found = (check_contract(row, catalog=catalog), check_provenance(row, catalog=catalog), check_grounding(row))
    return [f"{one.reason} {one.detail}" for one in found if one]


@cache
def left_out() -> tuple[Row, ...]:
    catalog, found = executed()
    asked = ((one, clarify_request(one, catalog, any_shape=True)) for one in found)
    return tuple(row_of(one, request) for one, request in asked if request is not None)


@cache
def left_open() -> tuple[Row, ...]:
    catalog, found = executed()
    return tuple(row_of(one, choice_request(one, catalog)) for one in found if is_possible(one, catalog))


def roles(example: Example) -> list[str]:
    return [str(message["role"]) for message in example.messages]


def test_rows_of_every_shape_keep_the_promise() -> None:
    made = left_out()
    shapes = {row.example.topology for row in made}
    assert shapes >= {"single", "chain", "fan_out"}
    assert [(row.task.user_turns, fault) for row in made for fault in faults(row)] == []
    assert [text for row in made for text in row.task.user_turns if slips_in(text)] == []


def test_nothing_is_called_before_the_answer_and_everything_after_it() -> None:
    assert len(left_out()) > 100
    for row in left_out():
        assert row.trajectory is not None
        assert roles(row.example)[:3] == ["user", "assistant", "user"]
        calls = [len(message.get("tool_calls") or ()) for message in row.example.messages]
        assert sum(calls[:3]) == 0
        assert sum(calls) == len(row.trajectory.steps)


def test_only_single_calls_leave_something_out_unless_told_otherwise() -> None:
    catalog, found = executed()
    assert {len(one.steps) for one in found if slots(one, catalog)} == {1}
    wide = {one.key: slots(one, catalog, any_shape=True) for one in found}
    assert any(wide[one.key] for one in found if len(one.steps) > 2)


def test_what_may_be_meant_is_looked_up_named_and_asked_and_one_of_it_goes() -> None:
    catalog, _ = executed()
    made = left_open()
    named = catalog.by_call_name()
    assert len(made) >= 8
    assert [(row.example.messages[:5], fault) for row in made for fault in faults(row)] == []
    for row in made:
        messages = row.example.messages
        asked = next(n for n, message in enumerate(messages) if message["content"] == row.task.assistant_turns[0])
        called = [[call["function"]["name"] for call in m.get("tool_calls") or ()] for m in messages]
        assert all(named[name].effect == "read" for names in called[:asked] for name in names)
        gone = [name for names in called[asked:] for name in names if destroys(named[name])]
        assert len(gone) == 1
        assert [text for text in row.task.user_turns if slips_in(text)] == []


def test_a_question_too_late_for_less_or_for_something_else_is_no_row() -> None:
    row = left_open()[0]
    assert row.trajectory is not None
    request, reply = row.task.user_turns
    meant = row.trajectory.steps[-1].call.arguments["booking_id"]
    asked = row.task.assistant_turns[0]
    wrong = [
        ({"assistant_turns": ("Shall I go ahead?",)}, "the question does not name what could be meant"),
        (
            {"assistant_turns": (f"Which booking should I delete: {meant}?",)},
            "the question does not name what could be meant",
        ),
        ({"assistant_turns": (f"{asked} And BK-99999?",)}, "the question names `BK-99999`, which was not seen yet"),
        ({"user_turns": (request, "yes please")}, "the reply does not name what is to be destroyed"),
        ({"user_turns": (f"{request} ({meant})", reply)}, "the reply does not name what is to be destroyed"),
    ]
    catalog, _ = executed()
    assert check_contract(row, catalog=catalog) is None
    for changes, fault in wrong:
        task = replace(row.task, **changes)
        messages = [
            {**message, "content": task.assistant_turns[0]} if message["content"] == asked else message
            for message in row.example.messages
        ]
        told = replace(row, task=task, example=replace(row.example, messages=tuple(messages)))
        assert check_contract(told, catalog=catalog) == Finding(reason="contract:clarify", detail=fault)
    late = [message for message in row.example.messages if message["content"] != asked]
    told = replace(row, example=replace(row.example, messages=tuple(late)))
    fault = "the question is no turn of its own"
    assert check_contract(told, catalog=catalog) == Finding(reason="contract:clarify", detail=fault)


PRIORITY = {
    "name": "set_booking_priority",
    "description": "",
    "parameters": {
        "booking_id": "string",
        "priority": {"type": "string", "enum": ["LOW", "HIGH", "VERY_HIGH"]},
    },
    "returns": {"status": "string"},
}


def test_a_choice_counts_as_said_in_the_words_people_use_for_it() -> None:
    catalog, graph = world.hr_with(BOOKINGS, PRIORITY)
    found = world.sampled(catalog, graph, world.settings(per_tool=24))
    rows = [one for cell, one in found.items() if cell.goal == "hr/set_booking_priority" and cell.purpose == "train"]
    assert len({one.steps[-1].call.arguments["priority"] for one in rows}) == 3
    for trajectory in rows:
        value = str(trajectory.steps[-1].call.arguments["priority"])
        asked = request(trajectory, catalog, level="low", missing=(len(trajectory.steps) - 1, "/priority"))
        task = to_task(trajectory, asked, write(asked), writer="offline")
        reply = f"Make it {value.replace('_', ' ').lower()} priority, please."
        said = f"{task.user_turns[0]} At {value.lower().replace('_', ' ')} priority."
        for turns, fault in (
            ((task.user_turns[0], reply), ""),
            ((said, reply), "0 values are missing at first, expected one"),
            ((task.user_turns[0], "Make it urgent."), "`/priority` is never given"),
        ):
            words = replace(task, user_turns=turns)
            example = compose(trajectory, words, catalog, None, split="train")  # type: ignore[arg-type]
            found_fault = check_contract(Row(example=example, task=words, trajectory=trajectory), catalog=catalog)
            wanted = Finding(reason="contract:clarify", detail=fault) if fault else None
            assert found_fault == wanted, turns


def test_of_two_values_called_alike_neither_is_left_out() -> None:
    """Two reasons in one request could not be told apart by a question."""
    catalog, found = executed()
    left = [(one, place, pointer) for one in found for place, pointer in slots(one, catalog, any_shape=True)]
    several = [(one, place, pointer) for one, place, pointer in left if len(one.steps) > 1]
    assert several
    for trajectory, place, pointer in several:
        mine = [
            number
            for number, step in enumerate(trajectory.steps)
            if pointer in step.call.provenance and step.call.provenance[pointer].kind == "user"
        ]
        assert mine == [place]
