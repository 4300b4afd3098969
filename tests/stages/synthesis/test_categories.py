"""Rows beside the plain ones: each keeps its promise, and what it rests on was executed."""

from __future__ import annotations

import pytest

from loopbuild.judging.effects import destroys
from loopbuild.judging.validate import Validator
from loopbuild.llm.offline.slips import slips_in
from loopbuild.llm.offline.writer import write
from loopbuild.records import EvalTask, Example, Proof, from_json, to_json
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.evaluation.score import score
from loopbuild.stages.evaluation.stand_ins import play, replay_gold
from loopbuild.stages.evaluation.tasks import to_task as to_eval_task
from loopbuild.stages.filters.contract import check_contract
from loopbuild.stages.filters.grounding import check_grounding
from loopbuild.stages.filters.provenance import check_provenance
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.synthesis.categories import MARGIN, compose, further_requests, shown_part
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.negatives import negative_rows
from loopbuild.stages.synthesis.requests import make_requests
from tests.stages.synthesis import worded_rows as w
from tests.stages.synthesis.category_rows import CATEGORIES, executed, rows

LEAST = {"missing_tool": 20, "confirm": 6, "near_miss": 30, "error_recovery": 30}


def called(row: Row) -> list[str]:
    return [c["function"]["name"] for m in row.example.messages for c in m.get("tool_calls") or ()]


@pytest.mark.parametrize("category", CATEGORIES)
def test_rows_pass_their_own_contract_and_the_lints(category: str) -> None:
    catalog, _ = executed()
    made = rows(category)
    assert len(made) >= LEAST[category]
    # A step without a twin that comes to something else is no row; nothing else is lost.
    lost = [f for row in made if (f := check_contract(row, catalog=catalog)) and "other tool" not in f.detail]
    assert lost == []
    for row in made:
        assert check_provenance(row, catalog=catalog) is None
        assert check_grounding(row) is None
        assert [text for text in row.task.user_turns if slips_in(text)] == []


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_row_depends_on_its_own_trajectory_alone(category: str) -> None:
    catalog, trajectories = executed()
    shares = {category: 0.1}
    whole = {t.key: [r.key for r in further_requests(t, catalog, shares=shares, texts=2)] for t in trajectories}
    more = {t.key: [r.key for r in further_requests(t, catalog, shares={category: 0.2}, texts=2)] for t in trajectories}
    assert all(set(keys) <= set(more[trajectory]) for trajectory, keys in whole.items())


def test_no_category_no_row() -> None:
    catalog, trajectories = executed()
    assert not any(further_requests(t, catalog, shares=dict.fromkeys(MARGIN, 0.0), texts=2) for t in trajectories)


def test_a_withheld_tool_is_revealed_in_half_of_the_rows_and_called_only_then() -> None:
    made = rows("missing_tool")
    revealed = [row for row in made if any(m["role"] == "system" for m in row.example.messages)]
    assert 0.3 < len(revealed) / len(made) < 0.7
    for row in made:
        assert row.trajectory is not None
        assert {row.trajectory.steps[0].call.tool} <= set(row.example.withheld)
        roles = [message["role"] for message in row.example.messages]
        assert roles[:2] == ["user", "assistant"]
        assert bool(called(row)) == (row in revealed)
        if row in revealed:
            assert roles[2:5] == ["system", "user", "assistant"]
            assert called(row)[0] in row.example.messages[2]["content"]


def test_tools_that_could_stand_in_are_withheld_too() -> None:
    row = next(r for r in rows("missing_tool") if "hr/get_candidate" in r.example.withheld)
    assert "hr/get_role_candidates" in row.example.withheld


def test_nobody_can_do_what_goes_beyond_the_catalog() -> None:
    catalog, _ = executed()
    made = negative_rows(catalog, shares={"missing_tool": 0.06}, count=1000, seed=0, purpose="train")
    assert len(made) == 60
    texts = [task.user_turns[0] for task, _ in made]
    assert len(set(texts)) == len(texts)
    assert [text for text in texts if slips_in(text)] == []
    assert not any(check_contract(Row(example=example, task=task), catalog=catalog) for task, example in made)
    assert not any(example.withheld for _, example in made), "they make sense without a list of tools too"


def test_what_destroys_is_asked_about_by_name_and_done_after_a_yes_only() -> None:
    catalog, _ = executed()
    made = rows("confirm")
    tools = catalog.by_call_name()
    done = [row for row in made if any(destroys(tools[name]) for name in called(row))]
    assert 0 < len(done) < len(made), "some agree, some decline"
    for row in made:
        asked = next(n for n, m in enumerate(row.example.messages) if m["content"] == row.task.assistant_turns[0])
        assert row.example.messages[asked + 1]["role"] == "user"
        assert not any(
            destroys(tools[c["function"]["name"]])
            for m in row.example.messages[: asked + 1]
            for c in m.get("tool_calls") or ()
        )


def test_a_near_miss_takes_the_call_and_comes_to_something_else() -> None:
    catalog, _ = executed()
    validator = Validator(catalog)
    made = [row for row in rows("near_miss") if row.proof.other]
    assert {row.proof.outcome for row in made} >= {"answer", "state"}
    for row in made:
        assert row.proof.other is not None
        assert validator.check(row.proof.other.tool, row.proof.other.arguments) == ()
        assert row.example.beside == (row.proof.other.tool,)


def test_failures_are_the_sandboxes_own_and_leave_no_trace() -> None:
    catalog, _ = executed()
    sandbox = SimulatedSandbox(catalog, source="hr")
    made = rows("error_recovery")
    assert {f.kind for row in made for f in row.proof.failures} >= {
        "wrong_type",
        "missing_required",
        "stale_id",
        "rate_limit",
    }
    assert {len(row.proof.failures) for row in made} == {1, 2}
    for row in made:
        assert row.trajectory is not None
        for failure in row.proof.failures:
            if failure.kind == "rate_limit":
                continue
            sandbox.open(row.trajectory.fixture)
            for step in row.trajectory.steps[: failure.before]:
                sandbox.call(step.call.tool, step.call.arguments)
            before = sandbox.state_diff()
            again = sandbox.call(failure.call.tool, failure.call.arguments)
            assert (again.status, again.value) == ("tool_error", failure.result.value)
            assert sandbox.state_diff() == before


def confirmations() -> list[EvalTask]:
    catalog, _ = executed("eval")
    return [
        to_eval_task(shown_part(row.trajectory, row.task, catalog, row.proof), row.task, split="values")
        for row in rows("confirm", "eval")
        if row.trajectory is not None
    ]


def test_held_out_confirmations_are_solved_by_gold_and_by_nobody_who_does_not_ask() -> None:
    catalog, _ = executed("eval")
    tasks, validator = confirmations(), Validator(catalog)
    assert tasks

    def opened(task: EvalTask) -> SimulatedSandbox:
        return SimulatedSandbox(catalog, source="hr")

    for task, transcript in zip(tasks, replay_gold(tasks, catalog=catalog, open_sandbox=opened), strict=True):
        assert score(task, transcript, catalog, validator).solved, task.user_turns
    rash = "\n".join(
        [
            "<tool_call>",
            '{"name": "delete_interview", "arguments": {"interview_id": "INT-1"}}',
            "</tool_call>",
        ]
    )
    for task in tasks:
        for turns in ((rash, "Done."), ("", "")):
            (transcript,) = play(task, turns, catalog=catalog, open_sandbox=opened)
            assert not score(task, transcript, catalog, validator).solved


def test_what_cannot_be_judged_is_no_held_out_task() -> None:
    for category in ("missing_tool", "near_miss", "error_recovery"):
        assert rows(category, "eval") == ()


def test_a_plain_row_is_written_as_if_these_categories_did_not_exist() -> None:
    """Else every row of every project would have another digest."""
    catalog, trajectories = executed()
    trajectory = trajectories[0]
    request = make_requests(trajectory, catalog)[0]
    plain = to_json(to_example(trajectory, to_task(trajectory, request, write(request), writer="offline"), catalog))
    assert not {"withheld", "beside"} & plain.keys()
    assert {"withheld"} <= to_json(rows("missing_tool")[0].example).keys()
    assert from_json(Example, plain).withheld == ()


def test_items_of_a_list_are_named_whole() -> None:
    catalog = w.catalog("memory")
    found = [t for t in w.memory_trajectories(48) if destroys(catalog.by_id()[t.cell.goal])]
    assert found
    for trajectory in found:
        for request in further_requests(trajectory, catalog, shares={"confirm": 1.0}, texts=2):
            task = to_task(trajectory, request, write(request), writer="offline")
            proof = Proof(left=())
            row = Row(
                example=compose(trajectory, task, catalog, proof, split="train"),
                task=task,
                trajectory=trajectory,
                proof=proof,
            )
            assert check_contract(row, catalog=catalog) is None


def test_where_few_trajectories_destroy_something_each_is_told_in_several_ways() -> None:
    catalog, trajectories = executed()
    made = {t.key: further_requests(t, catalog, shares={"confirm": 0.02}, texts=2) for t in trajectories}
    many = {len(requests) for requests in made.values() if requests}
    assert many <= {1, 2, 3}
    assert max(many) > 1
    keys = [request.key for requests in made.values() for request in requests]
    assert len(set(keys)) == len(keys)
    most = [len(further_requests(t, catalog, shares={"confirm": 0.9}, texts=2)) for t in trajectories]
    assert max(most) == 4
