"""What the scorer must say of gold, of silence, and of gold with one mistake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hr_world import (
    CATALOG,
    CHAIN,
    CLARIFY,
    FAN_OUT,
    MINTED,
    READ_CHAIN,
    SINGLE,
    TALK,
    TASKS,
    USER,
    WRITE,
    World,
    call,
    task,
    tool,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbuild.judging.validate import Validator
from loopbuild.records import EvalTask, Score, ToolCatalog, Transcript
from loopbuild.stages.evaluation.rollout import roll_out
from loopbuild.stages.evaluation.score import score
from loopbuild.stages.evaluation.stale import Previous
from loopbuild.stages.evaluation.stand_ins import FirstToolAgent, NullAgent, gold_turns, play, replay_gold, written
from loopbuild.stages.evaluation.summary import verdict_of

VALIDATOR = Validator(CATALOG)
Calls = Sequence[tuple[str, dict[str, Any]]]


def judged(task: EvalTask, *turns: str | Calls) -> Score:
    said = [turn if isinstance(turn, str) else written(turn) for turn in turns]
    (transcript,) = play(task, [*said, "Done."], catalog=CATALOG, open_sandbox=lambda _: World())
    return score(task, transcript, CATALOG, VALIDATOR)


def test_gold_is_right_everywhere() -> None:
    for one, transcript in zip(TASKS, replay_gold(TASKS, catalog=CATALOG, open_sandbox=lambda _: World()), strict=True):
        result = score(one, transcript, CATALOG, VALIDATOR)
        assert (result.solved, result.tool_selection, result.codes) == (True, True, ()), one.key
        assert result.schema_compliance in (True, None)
        assert result.argument_exact in (True, None)
        assert result.chaining in (True, None)
        assert result.execution in (True, None)
        assert result.calls_exact == result.calls_matched == len(one.gold)


def test_silence_is_right_nowhere_a_call_is_due() -> None:
    transcripts = roll_out(TASKS, model=NullAgent(), catalog=CATALOG, open_sandbox=lambda _: World())
    results = [score(task, one, CATALOG, VALIDATOR) for task, one in zip(TASKS, transcripts, strict=True)]
    assert not any(one.solved for one in results)
    assert not any(one.tool_selection for one, task in zip(results, TASKS, strict=True) if task.gold)
    assert {one.codes[0] for one, task in zip(results, TASKS, strict=True) if task.category == "call"} == {
        "no_call_when_needed"
    }
    assert not any(one.chaining or one.execution for one in results)


def test_first_tool_agent_is_a_call_and_nothing_more() -> None:
    transcripts = roll_out(TASKS, model=FirstToolAgent(CATALOG), catalog=CATALOG, open_sandbox=lambda _: World())
    results = [score(task, one, CATALOG, VALIDATOR) for task, one in zip(TASKS, transcripts, strict=True)]
    assert not any(one.solved for one in results)
    assert all(one.schema_compliance for one in results)


CANDIDATES: Calls = [("get_role_candidates", {"role_id": "R-00"})]
ROLES: Calls = [("get_open_roles", {})]

LEAVE = {"employee_id": "E-7", "leave_type": "vacation"}
BALANCE = {"employee_id": "E-7", "year": 2027}


def scheduled(candidate: str, role: str) -> Calls:
    return [("schedule_interview", {"candidate_id": candidate, "role_id": role})]


MUTATIONS: list[tuple[str, EvalTask, list[Calls], str]] = [
    ("wrong tool", SINGLE, [[("get_candidate", {"candidate_id": "E-7"})]], "domain wrong_tool_same_domain"),
    ("no such tool", SINGLE, [[("leave_balance", {"employee_id": "E-7"})]], "domain hallucinated_tool"),
    ("wrong enum", WRITE, [[("request_leave", LEAVE | {"leave_type": "holiday"})]], "parameter enum"),
    ("other enum", WRITE, [[("request_leave", LEAVE | {"leave_type": "sick"})]], "parameter value_literal"),
    ("missing required", WRITE, [[("request_leave", {"employee_id": "E-7"})]], "parameter missing_required"),
    ("default for a said value", SINGLE, [[("get_leave_balance", {"employee_id": "E-7"})]], "parameter value_literal"),
    ("wrong type", SINGLE, [[("get_leave_balance", BALANCE | {"year": "2027"})]], "parameter type"),
    ("out of range", SINGLE, [[("get_leave_balance", BALANCE | {"year": 2050})]], "parameter out_of_range"),
    ("undeclared argument", WRITE, [[("request_leave", LEAVE | {"note": "x"})]], "parameter unknown_param"),
    ("extra call", SINGLE, [[("get_leave_balance", BALANCE)], ROLES], "decomposition extra_step"),
    ("call repeated", SINGLE, [[("get_leave_balance", BALANCE)]] * 2, "context repeats_completed_call"),
    ("missing step", CHAIN, [CANDIDATES, scheduled("C-001", "R-00")], "decomposition missing_step"),
    ("stopped early", CHAIN, [ROLES, CANDIDATES], "decomposition stopped_early"),
    ("swapped ids", CHAIN, [ROLES, CANDIDATES, scheduled("R-00", "C-000")], "context wrong_source"),
    ("invented id", CHAIN, [ROLES, CANDIDATES, scheduled("C-999", "R-00")], "parameter invented_value"),
    ("id of another item", CHAIN, [ROLES, CANDIDATES, scheduled("C-001", "R-00")], "context wrong_source"),
    ("id of another result", CHAIN,
     [ROLES, [("get_role_candidates", {"role_id": "R-01"})], scheduled("C-010", "R-01")], "context wrong_source"),
    ("everything at once", READ_CHAIN,
     [[*CANDIDATES, ("get_candidate", {"candidate_id": "C-001"})]], "decomposition wrong_order"),
    ("call where none is due", TALK, [ROLES], "domain called_when_none_needed"),
    ("call before asking", CLARIFY,
     [[("cancel_interview", {"interview_id": "I-0"})]], "domain called_when_none_needed"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "turns", "code"), [one[1:] for one in MUTATIONS], ids=[one[0] for one in MUTATIONS])
def test_each_kind_of_mistake_gets_its_own_code(asked: EvalTask, turns: list[Calls], code: str) -> None:
    result = judged(asked, *turns)
    assert not result.solved
    assert f"{result.failure} {result.codes[0]}" == code


def test_reordered_independent_calls_are_solved() -> None:
    found = FAN_OUT.gold[1:]
    backwards = [(step.call.tool.removeprefix("hr/"), step.call.arguments) for step in reversed(found)]
    result = judged(FAN_OUT, CANDIDATES, backwards)
    assert result.solved
    assert result.chaining
    assert result.argument_exact
    one_by_one = judged(FAN_OUT, CANDIDATES, backwards[:1], backwards[1:])
    assert one_by_one.solved
    assert one_by_one.chaining


def test_ids_minted_in_another_order_are_followed_in_the_models_own_run() -> None:
    first = ("schedule_interview", {"candidate_id": "C-001", "role_id": "R-00"})
    second = ("schedule_interview", {"candidate_id": "C-000", "role_id": "R-00"})
    right = [("cancel_interview", {"interview_id": "I-101", "reason": "moved"}),
             ("cancel_interview", {"interview_id": "I-102", "reason": "ill"})]  # fmt: skip
    assert judged(MINTED, [first, second], right).solved
    assert judged(MINTED, [first, second], right).chaining
    literal = [("cancel_interview", {"interview_id": "I-101", "reason": "ill"}),
               ("cancel_interview", {"interview_id": "I-102", "reason": "moved"})]  # fmt: skip
    assert not judged(MINTED, [first, second], literal).solved
    assert not judged(MINTED, [first, second], literal).chaining


def test_omitted_optional_equals_its_default_given_explicitly() -> None:
    plain = task("default", "How many days has E-7 left?", [(0, call("get_leave_balance", employee_id=("E-7", USER)))])
    assert judged(plain, [("get_leave_balance", {"employee_id": "E-7", "year": 2026})]).solved
    assert judged(plain, [("get_leave_balance", {"employee_id": "E-7"})]).solved
    assert judged(plain, [("get_leave_balance", {"employee_id": "E-7", "year": 2027})]).codes == ("value_literal",)


def test_correct_calls_by_another_way_are_solved_by_effect_but_do_not_chain() -> None:
    result = judged(CHAIN, [("schedule_interview", {"candidate_id": "C-000", "role_id": "R-00"})])
    assert result.solved
    assert result.execution
    assert not result.chaining
    assert not result.tool_selection


def test_garbled_call_is_unscorable_and_wrong() -> None:
    result = judged(SINGLE, '<tool_call>\n{"name": get_leave_balance}\n</tool_call>')
    assert (result.status, result.solved, result.schema_compliance) == ("unscorable", False, False)
    assert (result.failure, result.codes[0]) == ("format", "not_json")


def test_broken_sandbox_says_nothing_about_the_model() -> None:
    result = score(SINGLE, Transcript(key="single", messages=(), status="environment"), CATALOG, VALIDATOR)
    assert (result.status, result.failure) == ("environment", "environment")


def test_recovering_after_a_refused_call_still_counts_by_effect() -> None:
    wrong, right = {"employee_id": "E-7"}, {"employee_id": "E-7", "leave_type": "vacation"}
    result = judged(WRITE, [("request_leave", wrong)], [("request_leave", right)])
    assert result.solved
    assert result.schema_compliance is False


def test_calls_that_were_right_before_the_change_are_named_stale() -> None:
    properties = {"employee_id": {"type": "string"}, "kind": {"type": "string"}}
    then = ToolCatalog(
        tools=(
            tool("request_leave", "create", "leave", properties),
            tool("leave_balance", "read", "leave balance", {"employee_id": {"type": "string"}}),
        )
    )
    before = Previous(then)
    habits = {
        "stale_name": (SINGLE, ("leave_balance", {"employee_id": "E-7"})),
        "stale_param": (WRITE, ("request_leave", {"employee_id": "E-7", "kind": "vacation"})),
        "hallucinated_tool": (SINGLE, ("leave_balance", {"employee": "E-7"})),
    }
    for code, (asked, made) in habits.items():
        (transcript,) = play(asked, [written([made])], catalog=CATALOG, open_sandbox=lambda _: World())
        result = score(asked, transcript, CATALOG, VALIDATOR, previous=before)
        assert code in result.codes
        assert not result.solved


def test_gold_turns_speak_a_question_first_where_one_is_due() -> None:
    assert gold_turns(CLARIFY, CATALOG)[0].endswith("?")


@settings(max_examples=60, deadline=None)
@given(
    asked=st.sampled_from([one for one in TASKS if one.gold]),
    place=st.integers(0, 4),
    surplus=st.sampled_from(["get_open_roles", "request_leave", "get_candidate", "no_such_tool"]),
)
def test_an_added_wrong_call_never_raises_a_score(asked: EvalTask, place: int, surplus: str) -> None:
    arguments = {"get_open_roles": {}, "request_leave": LEAVE | {"employee_id": "E-9"}}.get(
        surplus, {"candidate_id": "Q"}
    )
    turns = gold_turns(asked, CATALOG)
    turns.insert(min(place, len(turns) - 1), written([(surplus, arguments)]))
    (transcript,) = play(asked, turns, catalog=CATALOG, open_sandbox=lambda _: World())
    result = score(asked, transcript, CATALOG, VALIDATOR)
    assert result.codes
    if not asked.state_diff or surplus == "request_leave":
        assert not result.solved


@given(st.permutations(CATALOG.tools), st.data())
@settings(max_examples=30, deadline=None)
def test_the_order_of_tools_and_arguments_changes_no_score(tools: list[Any], data: st.DataObject) -> None:
    asked = data.draw(st.sampled_from(TASKS))
    other = ToolCatalog(tools=tuple(tools))
    (transcript,) = play(asked, gold_turns(asked, CATALOG), catalog=CATALOG, open_sandbox=lambda _: World())
    backwards = tuple(
        {**message, "tool_calls": [reversed_arguments(made) for made in message["tool_calls"]]}
        if "tool_calls" in message
        else message
        for message in transcript.messages
    )
    turned = replace(transcript, messages=backwards)
    assert score(asked, turned, other, Validator(other)) == score(asked, transcript, CATALOG, VALIDATOR)


def reversed_arguments(made: dict[str, Any]) -> dict[str, Any]:
    function = made["function"]
    return {"function": {**function, "arguments": dict(reversed(function["arguments"].items()))}}


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WRITTEN = st.fixed_dictionaries(
    {"name": st.sampled_from([tool.call_name for tool in CATALOG.tools]) | st.text()},
    optional={
        "arguments": st.dictionaries(st.sampled_from(["role_id", "candidate_id", "year", "x"]), GARBAGE) | GARBAGE
    },
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["assistant", "tool", "user", "x"])},
    optional={
        "content": GARBAGE,
        "tool_calls": st.lists(st.builds(lambda made: {"function": made}, WRITTEN) | GARBAGE, max_size=3),
        "status": st.sampled_from(["ok", "tool_error"]),
        "faults": st.lists(st.sampled_from(["not_json", "novel"]), max_size=2),
    },
)


@settings(max_examples=200, deadline=None)
@given(task=st.sampled_from(TASKS), messages=st.lists(MESSAGE, max_size=6))
def test_any_transcript_gets_a_score(task: EvalTask, messages: list[dict[str, Any]]) -> None:
    score(task, Transcript(key=task.key, messages=tuple(messages)), CATALOG, VALIDATOR)


@settings(max_examples=100, deadline=None)
@given(task=st.sampled_from(TASKS), turns=st.lists(st.text() | st.builds(lambda one: written([("get_candidate", one)]),
       st.dictionaries(st.text(), GARBAGE, max_size=2)), max_size=4))  # fmt: skip
def test_any_text_is_rolled_out_and_scored(task: EvalTask, turns: list[str]) -> None:
    judged(task, *turns)


def test_bottomless_nesting_is_a_fault() -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    message = {"role": "assistant", "tool_calls": [{"function": {"name": "get_candidate", "arguments": deep}}]}
    assert score(SINGLE, Transcript(key="s", messages=(message,)), CATALOG, VALIDATOR).status == "unscorable"


@pytest.mark.parametrize(
    "extra", [[("no_such_tool", {})], "<tool_call>{not json</tool_call>", [("get_open_roles", {})]]
)
def test_an_exact_call_beside_another_or_a_garbled_one_is_not_exact(extra: str | Calls) -> None:
    gold = [(SINGLE.gold[0].call.tool.partition("/")[2], dict(SINGLE.gold[0].call.arguments))]
    assert verdict_of("exact_call", SINGLE, judged(SINGLE, gold)) is True
    assert verdict_of("exact_call", SINGLE, judged(SINGLE, extra, gold)) is False
