"""What a writer is told of a trajectory, and what becomes of its words."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from loopbuild.llm import open_writer
from loopbuild.llm.offline.writer import write
from loopbuild.llm.protocol import WriteRequest
from loopbuild.records import ToolCatalog, ToolSchema, from_json, to_json
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.naming import spoken
from loopbuild.stages.synthesis.requests import make_requests, writer_of
from tests.stages.catalog.declared_tools import only, tool
from tests.stages.synthesis import worded_rows as w


@pytest.mark.parametrize(
    ("tool", "noun", "adjectives", "is_plural"),
    [
        ("hr/get_open_roles", "role", "open", True),
        ("hr/get_role_candidates", "candidate", "", True),
        ("hr/get_leave_balance", "leave balance", "", False),
        ("hr/schedule_interview", "interview", "", False),
        ("hr/find_employee", "employee", "", False),
    ],
)
def test_a_tools_name_gives_its_noun(tool: str, noun: str, adjectives: str, is_plural: bool) -> None:
    found = spoken(w.catalog("hr").by_id()[tool])
    assert (found.noun, found.adjectives, found.is_plural) == (noun, adjectives, is_plural)


@pytest.mark.parametrize(
    ("name", "verb", "entity", "noun", "is_plural"),
    [
        ("get_all_roles", "get", "role", "role", True),
        ("list_all_open_roles", "list", "role", "role", True),
        ("get_candidate_details", "get", "candidate", "candidate details", False),
    ],
)
def test_words_of_amount_and_plural_facets_are_no_part_of_the_noun(
    name: str, verb: str, entity: str, noun: str, is_plural: bool
) -> None:
    found = spoken(ToolSchema(id=f"hr/{name}", source="hr", name=name, verb=verb, entity=entity, call_name=name))
    assert (found.noun, found.is_plural) == (noun, is_plural)


@pytest.mark.parametrize(
    ("entry", "noun"),
    [
        (tool("get_pull_request", {"pull_request_id": "string"}), "pull request"),
        (
            tool("list_pull_requests", {"repository_id": "string"}, returns={"pull_request_ids": ["string"]}),
            "pull request",
        ),
        (tool("set_task_due_date", {"task_id": "string", "due_date": "date"}), "due date"),
        (tool("request_asset", {"employee_id": "string"}, returns={"request_id": "string"}), "asset"),
    ],
)
def test_what_a_tools_own_leaves_name_is_one_noun(entry: dict, noun: str) -> None:
    assert spoken(only(entry)).noun == noun


def test_requests_hold_no_identifier_of_a_tool_or_parameter() -> None:
    for name, found in (("hr", w.hr_trajectories(22)), ("memory", w.memory_trajectories(16))):
        catalog = w.catalog(name)
        forbidden = {x for tool in catalog.tools for x in (tool.id, tool.name)} | {
            part for tool in catalog.tools for leaf in tool.inputs for part in leaf.pointer.split("/") if "_" in part
        }
        for trajectory in found:
            for request in make_requests(trajectory, catalog):
                told = json.dumps(_spoken_parts(to_json(request)))
                assert not [word for word in forbidden if f'"{word}"' in told or f"{word}(" in told]


def _spoken_parts(request: dict) -> list:
    """Everything but observed and given values, which are a tool's or a person's own."""
    steps = []
    for step in request["steps"]:
        arguments = [{k: v for k, v in a.items() if k not in ("value", "groups")} for a in step["arguments"]]
        steps.append({**step, "arguments": arguments, "outcomes": [], "spoken": []})
    return steps


def test_a_request_survives_storage() -> None:
    for trajectory in (*w.hr_trajectories(11), *w.memory_trajectories(8)):
        name = trajectory.cell.goal.split("/")[0]
        for request in make_requests(trajectory, w.catalog(name)):
            again = from_json(WriteRequest, json.loads(json.dumps(to_json(request), sort_keys=True)))
            assert again == request
            assert write(again) == write(request)


def test_repetitions_over_a_list_become_one_step() -> None:
    interview = next(
        t for t in w.hr_trajectories(44) if len([s for s in t.steps if s.call.tool.endswith("schedule_interview")]) == 2
    )
    request = make_requests(interview, w.catalog("hr"))[0]
    last = request.steps[-1]
    assert last.times == 2
    assert next(a for a in last.arguments if a.entity == "candidate").ranks == (0, 1)


def test_another_tool_in_the_catalog_changes_no_request() -> None:
    catalog = w.catalog("hr")
    for trajectory in w.hr_trajectories(22):
        used = {step.call.tool for step in trajectory.steps}
        fewer = ToolCatalog(tools=tuple(tool for tool in catalog.tools if tool.id in used))
        assert make_requests(trajectory, fewer) == make_requests(trajectory, catalog)


def test_row_keys_are_distinct_and_stable() -> None:
    keys: dict[str, int] = defaultdict(int)
    for trajectory in w.hr_trajectories(44, purpose="eval"):
        for request in make_requests(trajectory, w.catalog("hr"), texts_per_level=2):
            keys[request.key] += 1
    assert set(keys.values()) == {1}
    first = make_requests(w.hr_trajectories(1)[0], w.catalog("hr"))[0]
    assert first.key == make_requests(w.hr_trajectories(1)[0], w.catalog("hr"))[0].key


def test_a_further_writer_takes_only_its_own_share() -> None:
    keys = [str(n) for n in range(300)]
    before = {key: writer_of(key, ["a", "b", "c"]) for key in keys}
    after = {key: writer_of(key, ["a", "b", "c", "d"]) for key in keys}
    moved = [key for key in keys if before[key] != after[key]]
    assert all(after[key] == "d" for key in moved)
    assert 40 < len(moved) < 110


def test_calls_and_results_are_copied_byte_for_byte() -> None:
    catalog = w.catalog("hr")
    for trajectory in w.hr_trajectories(22):
        request = make_requests(trajectory, catalog)[0]
        task = to_task(trajectory, request, write(request), writer="offline")
        example = to_example(trajectory, task, catalog)
        calls = [call["function"] for message in example.messages for call in message.get("tool_calls", ())]
        assert [call["arguments"] for call in calls] == [step.call.arguments for step in trajectory.steps]
        results = [message["content"] for message in example.messages if message["role"] == "tool"]
        assert [json.loads(content) for content in results] == [step.result.value for step in trajectory.steps]


def test_a_row_has_no_system_message_and_trains_on_every_assistant_turn() -> None:
    trajectory = w.hr_trajectories(2)[1]
    request = make_requests(trajectory, w.catalog("hr"))[0]
    example = to_example(trajectory, to_task(trajectory, request, write(request), writer="offline"), w.catalog("hr"))
    roles = [message["role"] for message in example.messages]
    assert roles[0] == "user"
    assert "system" not in roles
    assert roles[-1] == "assistant"
    assert all(
        message.get("loss") is (True if message["role"] == "assistant" else None) for message in example.messages
    )


def test_calls_of_one_turn_stand_in_one_message() -> None:
    trajectory = next(t for t in w.hr_trajectories(44) if t.cell.topology == "map")
    request = make_requests(trajectory, w.catalog("hr"))[0]
    example = to_example(trajectory, to_task(trajectory, request, write(request), writer="offline"), w.catalog("hr"))
    calling = [message for message in example.messages if message.get("tool_calls")]
    assert len(calling) == len({step.turn for step in trajectory.steps})
    assert len(calling[-1]["tool_calls"]) == len(trajectory.steps) - 2


def test_results_read_with_a_blank_after_commas() -> None:
    trajectory = w.hr_trajectories(2)[1]
    request = make_requests(trajectory, w.catalog("hr"))[0]
    example = to_example(trajectory, to_task(trajectory, request, write(request), writer="offline"), w.catalog("hr"))
    assert next(m for m in example.messages if m["role"] == "tool")["content"].startswith('{"role_ids": ["R-')


def test_digests_follow_words_and_calls() -> None:
    trajectory = w.hr_trajectories(2)[1]
    first, second = make_requests(trajectory, w.catalog("hr"))
    one = to_task(trajectory, first, write(first), writer="offline")
    other = to_task(trajectory, second, write(second), writer="offline")
    assert one.digest != other.digest
    assert to_example(trajectory, one, w.catalog("hr")).digest == to_example(trajectory, one, w.catalog("hr")).digest


def test_nested_values_can_be_read_back() -> None:
    """Every scalar of a list of objects stands in the text, in the order it was given."""
    writer = open_writer("offline")
    for trajectory in w.memory_trajectories(64):
        for request in make_requests(trajectory, w.catalog("memory")):
            text = next(writer.write_many([request])).user_turns[0]
            spelled = text + text.replace("_", " ")
            assert all(
                value in spelled or value.replace("_", " ") in text
                for value in _scalars(trajectory.steps[0].call.arguments)
            )


def _scalars(value) -> list[str]:
    if isinstance(value, dict):
        return [x for item in value.values() for x in _scalars(item)]
    if isinstance(value, list):
        return [x for item in value for x in _scalars(item)]
    return [value]
