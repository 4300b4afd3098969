"""Laws of rows in which a value is worked out: done again from the execution it is the same, nothing else passes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from loopbuild.digest import canonical
from loopbuild.judging.derive import CHOICES, COMPUTED, derive
from loopbuild.judging.validate import Validator
from loopbuild.llm.offline.writer import write
from loopbuild.pointers import at
from loopbuild.records import Cell, EvalTask, Json, ToolCatalog, Trajectory, Transcript, from_json, to_json
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.evaluation.score import score
from loopbuild.stages.evaluation.tasks import to_task as to_eval
from loopbuild.stages.filters.controls import check_controls, shuffled
from loopbuild.stages.filters.grounding import check_grounding
from loopbuild.stages.filters.provenance import check_provenance
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.sampling.attempt import attempt
from loopbuild.stages.sampling.replay import ReplayFault, replay
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.requests import make_requests
from tests.stages.sampling.world import cells, hr_with, sampled, settings

BILLS = (
    {
        "name": "list_bills",
        "parameters": {"employee_id": "string"},
        "returns": {
            "bills": [{
                "bill_id": "string",
                "amount": "number",
                "due_on": {"type": "string", "format": "date"},
                "status": {"type": "string", "enum": ["open", "paid", "late"]},
            }],
        },
    },
    {"name": "list_staff", "parameters": {}, "returns": {"staff": [{"employee_id": "string", "hours": "integer"}]}},
    {
        "name": "get_bill",
        "parameters": {"bill_id": "string"},
        "returns": {
            "bill_id": "string", "amount": "number", "paid_amount": "number",
            "due_on": {"type": "string", "format": "date"},
        },
    },
    {"name": "pay_bill", "parameters": {"bill_id": "string", "amount": "number"}, "returns": {"payment_id": "string"}},
    {
        "name": "postpone_bill",
        "parameters": {"bill_id": "string", "due_on": {"type": "string", "format": "date"}},
        "returns": {"status": "string"},
    },
    {
        "name": "reserve_funds",
        "parameters": {"employee_id": "string", "budget": "number"},
        "returns": {"reservation_id": "string"},
    },
    {
        "name": "print_labels",
        "parameters": {"employee_id": "string", "quantity": "integer"},
        "returns": {"print_id": "string"},
    },
    {"name": "void_bill", "parameters": {"bill_id": "string"}, "returns": {"status": "string"}},
)  # fmt: skip
CHOSEN = {"per_tool": 8, "derived": 1.0, "user_known": ["employee_id"]}


@pytest.fixture(scope="module")
def catalog() -> ToolCatalog:
    return hr_with(*BILLS)[0]


@pytest.fixture(scope="module")
def rows() -> dict[Cell, Trajectory]:
    made = sampled(*hr_with(*BILLS), settings(**CHOSEN))
    return {cell: row for cell, row in made.items() if cell.derives}


@pytest.fixture(scope="module")
def worded(rows: dict[Cell, Trajectory], catalog: ToolCatalog) -> list[Row]:
    made = []
    for trajectory in rows.values():
        for request in make_requests(trajectory, catalog):
            task = to_task(trajectory, request, write(request), writer="offline")
            made.append(Row(example=to_example(trajectory, task, catalog), task=task, trajectory=trajectory))
    return made


def rules_of(trajectory: Trajectory) -> set[str]:
    sources = [one for step in trajectory.steps for one in step.call.provenance.values()]
    return {one.rule for one in (*sources, trajectory.told) if one is not None and one.kind == "derived"}


def test_every_way_of_working_out_is_there(rows: dict[Cell, Trajectory]) -> None:
    assert {*CHOICES, *COMPUTED} <= set().union(*map(rules_of, rows.values()))
    assert all(rules_of(row) for row in rows.values())
    assert {cell.purpose for cell in rows} == {"train", "eval"}


def test_a_worked_out_value_is_what_working_it_out_again_gives(rows: dict[Cell, Trajectory]) -> None:
    assert sum(row.told is not None for row in rows.values()) > 20
    for row in rows.values():
        for step in row.steps:
            for path, source in step.call.provenance.items():
                if source.kind == "derived":
                    value = at(step.call.arguments, path)
                    assert value is not None
                    assert derive(source, row.steps[source.step].result.value) == value
        if row.told is not None:
            assert derive(row.told, row.steps[row.told.step].result.value) is not None


def test_regular_cells_stay_as_they_were() -> None:
    without = [cell for _, cell in cells(*hr_with(*BILLS), settings(**{**CHOSEN, "derived": 0.0}))]
    among = [cell for _, cell in cells(*hr_with(*BILLS), settings(**CHOSEN)) if not cell.derives]
    assert without == among


def test_the_rows_survive_the_lint_and_a_round_through_json(worded: list[Row], catalog: ToolCatalog) -> None:
    found = [check_provenance(row, catalog=catalog) or check_grounding(row) for row in worded]
    bad = [one for one in found if one is not None and one.reason not in ("form", "reasoning_form")]
    assert not bad, bad[:3]
    assert sum(one is not None for one in found) < len(worded) / 20
    for row in worded[::9]:
        assert row.trajectory is not None
        assert from_json(Trajectory, to_json(row.trajectory)) == row.trajectory


def test_a_value_that_does_not_follow_is_found(worded: list[Row], catalog: ToolCatalog) -> None:
    """Both ways: another value, one member too few, a text that holds the answer, one that lacks what it needs."""
    seen = set()
    for row in worded:
        trajectory = row.trajectory
        assert trajectory is not None
        last = trajectory.steps[-1]
        for path, source in last.call.provenance.items():
            if source.kind != "derived" or path.count("/") != 1:
                continue
            value = last.call.arguments[path[1:]]
            strange = "2019-01-01" if source.rule == "shift" else "X"
            other: Json = value + 1 if isinstance(value, int | float) else strange
            call = replace(last.call, arguments={**last.call.arguments, path[1:]: other})
            wrong = replace(trajectory, steps=(*trajectory.steps[:-1], replace(last, call=call)))
            finding = check_provenance(replace(row, trajectory=wrong), catalog=catalog)
            assert finding is not None
            assert finding.reason == "not_derivable"
            seen.add(source.rule)
            if source.rule in ("match", "matching", "shift"):
                mute = replace(row, task=replace(row.task, user_turns=("please do the usual thing",)))
                unsaid = check_provenance(mute, catalog=catalog)
                assert unsaid is not None
                assert unsaid.reason == "value_missing"
            if source.rule == "matching":
                fewer = replace(trajectory, steps=trajectory.steps[:-1])
                cut = check_provenance(replace(row, trajectory=fewer), catalog=catalog)
                assert cut is not None
                assert cut.reason == "not_derivable"
                assert "matches, too, and nothing is done with it" in cut.detail
    assert {"largest", "match", "matching", "sum", "shift"} <= seen


def test_with_its_arguments_exchanged_a_writing_row_fails(worded: list[Row], catalog: ToolCatalog) -> None:
    sandbox = SimulatedSandbox(catalog, source="hr")
    writing = [row for row in worded if row.trajectory is not None and row.trajectory.state_diff]
    assert len(writing) > 20
    reasons: Counter[str] = Counter()
    for row in writing[::5]:
        assert row.trajectory is not None
        assert check_controls(row, catalog=catalog, attempt=lambda one: attempt(one, sandbox=sandbox)) is None
        mixed = shuffled(row.trajectory)
        is_written = any(one.kind == "derived" for one in row.trajectory.steps[-1].call.provenance.values())
        if mixed is not None and is_written:
            found = check_provenance(replace(row, trajectory=mixed), catalog=catalog)
            reasons[found.reason if found is not None else ""] += 1
    assert set(reasons) == {"value_missing", "not_derivable"}
    assert reasons.total() > 20


def test_replay_gives_the_same_and_another_world_fails(rows: dict[Cell, Trajectory], catalog: ToolCatalog) -> None:
    sandbox = SimulatedSandbox(catalog, source="hr")
    some = list(rows.values())[::3]
    assert len(some) > 40
    for row in some:
        again = replay(row, catalog=catalog, sandbox=sandbox)
        assert isinstance(again, Trajectory)
        assert again.digest == row.digest
        elsewhere = replay(replace(row, fixture=row.fixture + 1), catalog=catalog, sandbox=sandbox)
        assert isinstance(elsewhere, ReplayFault)


def test_an_answer_is_scored_by_the_value_it_owes(worded: list[Row], catalog: ToolCatalog) -> None:
    """The gold transcript solves; the same with another number, or without the calls' order, does not."""
    validator, solved = Validator(catalog), set()
    for row in worded:
        trajectory = row.trajectory
        assert trajectory is not None
        if trajectory.cell.purpose != "eval":
            continue
        task = to_eval(trajectory, row.task, split="values")
        assert from_json(EvalTask, to_json(task)) == task
        messages = row.example.messages[1:]
        done = Transcript(key=task.key, messages=messages, state_diff=trajectory.state_diff)
        right = score(task, done, catalog, validator)
        assert right.solved, (right.codes, right.detail)
        if trajectory.told is None:
            continue
        solved.add(trajectory.told.rule)
        vague = (*messages[:-1], {**messages[-1], "content": "I have looked it up."})
        wrong = score(task, Transcript(key=task.key, messages=vague), catalog, validator)
        assert not wrong.solved
        assert wrong.codes == ("wrong_answer",)
    assert len(solved) >= 3


def test_what_was_read_is_named(rows: dict[Cell, Trajectory]) -> None:
    for row in rows.values():
        for step in row.steps:
            for source in step.call.provenance.values():
                if source.kind == "derived":
                    tool = row.steps[source.step].call.tool
                    assert {f"{tool} output {leaf}" for leaf in (source.leaf, source.by) if leaf} <= set(row.reads)
    assert len({canonical(to_json(cell)) for cell in rows}) == len(rows)
