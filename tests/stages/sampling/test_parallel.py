"""Laws of calls that share an assistant turn, on the HR example."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby

import pytest

from loopbuild.judging.compare import same_state
from loopbuild.llm.offline.writer import OfflineWriter
from loopbuild.records import Cell, Provenance, Step, ToolCall, Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.sampling.cells import plan_cells, plan_key
from loopbuild.stages.sampling.order import commutes
from loopbuild.stages.sampling.replay import replay
from loopbuild.stages.synthesis.requests import make_requests
from tests.stages.sampling.world import SHARES, cells, hr, hr_with, sampled, settings

ASIDE = {**SHARES, "parallel": 1.0}


@pytest.fixture(scope="module")
def rows() -> dict[Cell, Trajectory]:
    made = sampled(*hr(), settings(topologies=ASIDE, per_tool=16))
    return {cell: row for cell, row in made.items() if cell.topology == "parallel"}


@pytest.fixture(scope="module")
def together() -> dict[Cell, Trajectory]:
    """Shapes of every kind, with what is independent in one turn."""
    return sampled(*hr(), settings(parallel_turns=True, user_known=["*_id"], per_tool=16))


def turns(row: Trajectory) -> list[list[int]]:
    return [[n for n, _ in group] for _, group in groupby(enumerate(row.steps), key=lambda one: one[1].turn)]


def test_a_turn_needs_nothing_of_itself_and_nothing_waits_without_reason(
    rows: dict[Cell, Trajectory], together: dict[Cell, Trajectory]
) -> None:
    for row in (*rows.values(), *together.values()):
        assert [step.turn for step in row.steps] == sorted(step.turn for step in row.steps)
        for step in row.steps[:-1]:
            needed = [row.steps[one.step].turn for one in step.call.provenance.values() if one.kind == "tool"]
            assert step.turn == 1 + max(needed, default=-1)


def test_a_request_for_several_things_has_several_ends(rows: dict[Cell, Trajectory]) -> None:
    assert len(rows) > 30
    for cell, row in rows.items():
        used = {one.step for step in row.steps for one in step.call.provenance.values() if one.kind == "tool"}
        ends = set(range(len(row.steps))) - used
        assert len(ends) >= 2
        assert row.steps[-1].call.tool == cell.goal
        assert len(row.steps) == cell.length
        assert max(map(len, turns(row))) >= 2


def test_both_orders_come_to_the_same(rows: dict[Cell, Trajectory], together: dict[Cell, Trajectory]) -> None:
    catalog, _ = hr()
    sandbox = SimulatedSandbox(catalog, source="hr")
    for row in (*rows.values(), *together.values()):
        assert replay(row, catalog=catalog, sandbox=sandbox) == row
        sandbox.open(row.fixture)
        for members in turns(row):
            for number in reversed(members):
                step = row.steps[number]
                assert sandbox.call(step.call.tool, step.call.arguments).value == step.result.value
        assert same_state(sandbox.state_diff(), row.state_diff)


def test_calls_whose_order_matters_do_not_share_a_turn() -> None:
    """A list read beside the creation that adds to it."""
    catalog, _ = hr()
    sandbox = SimulatedSandbox(catalog, source="hr")
    sandbox.open(0)
    role = sandbox.call("hr/get_open_roles", {}).value["role_ids"][0]
    candidate = sandbox.call("hr/get_role_candidates", {"role_id": role}).value["candidate_ids"][0]
    start, before = sandbox.snapshot(), sandbox.state_diff()

    def done(tool: str, **arguments: str) -> Step:
        call = ToolCall(
            tool=tool, arguments=arguments, provenance={f"/{n}": Provenance(kind="user") for n in arguments}
        )
        return Step(call=call, result=sandbox.call(tool, arguments), turn=0)

    booked = done("hr/schedule_interview", candidate_id=candidate, role_id=role)
    listed = done("hr/list_interviews", role_id=role)
    after = sandbox.state_diff()
    assert not commutes([booked, listed], sandbox, start)
    assert sandbox.state_diff() == after != before
    sandbox.restore(start)
    other = done("hr/create_employee", name="Ada Moss", email="ada@moss.example", department="sales")
    again = done("hr/schedule_interview", candidate_id=candidate, role_id=role)
    assert commutes([other, again], sandbox, start)


def test_the_same_tool_twice_is_asked_for_different_things(rows: dict[Cell, Trajectory]) -> None:
    twice = 0
    for row in rows.values():
        asked = Counter(step.call.tool for step in row.steps)
        for tool in (tool for tool, count in asked.items() if count > 1):
            said = [step.call.arguments for step in row.steps if step.call.tool == tool]
            assert all(said.count(one) == 1 for one in said)
            twice += 1
    assert twice


def test_branches_and_independent_producers_share_a_turn_where_wished(together: dict[Cell, Trajectory]) -> None:
    for cell, row in together.items():
        widest = max(map(len, turns(row)))
        if cell.topology in ("join", "map"):
            assert widest >= 2, cell
        if cell.topology in ("single", "chain"):
            assert widest == 1, cell
    assert {"map", "fan_out"} <= {cell.topology for cell in together}


def test_what_a_join_needs_is_got_in_one_turn() -> None:
    assign = {
        "name": "assign_recruiter",
        "parameters": {"role_id": "string", "employee_id": "string"},
        "returns": {"assignment_id": "string"},
    }
    made = sampled(*hr_with(assign), settings(parallel_turns=True, topologies={"join": 1.0}))
    found = [row for cell, row in made.items() if cell.topology == "join" and cell.length == 3]
    assert found
    for row in found:
        assert [step.turn for step in row.steps] == [0, 0, 1]
        assert row.steps[-1].call.tool == "hr/assign_recruiter"


def test_no_text_says_an_order_that_is_none(rows: dict[Cell, Trajectory]) -> None:
    catalog, _ = hr()
    ordering = re.compile(r"\b(?:then|after that|afterwards|once|first|next|finally|before)\b", re.IGNORECASE)
    asked = [
        one
        for row in rows.values()
        if not any(source.kind == "tool" for step in row.steps for source in step.call.provenance.values())
        for one in make_requests(row, catalog, texts_per_level=3)
    ]
    assert len(asked) > 20
    for answer in OfflineWriter().write_many(asked):
        text = answer.user_turns[0]
        assert not ordering.search(re.sub(r"^next: ", "", text, flags=re.IGNORECASE)), text


def test_every_goal_is_told_in_the_answer(rows: dict[Cell, Trajectory]) -> None:
    catalog, _ = hr()
    for row in rows.values():
        answer = next(OfflineWriter().write_many(make_requests(row, catalog, levels=["low"])))
        minted = {fact.key for fact in row.state_diff if fact.change == "added"}
        assert all(key in answer.answer for key in minted), (minted, answer.answer)


def test_without_a_share_nothing_is_looked_for_and_with_one_no_other_key_moves() -> None:
    catalog, graph = hr()
    plain = plan_cells(catalog, graph, settings=settings(), evaluation={"per_tool": 4})
    assert not any(cell.topology == "parallel" for made in plain.values() for cell in made)
    before = {plan_key(cell, seed=0) for made in plain.values() for cell in made}
    shared = {
        plan_key(cell, seed=0) for _, cell in cells(catalog, graph, settings(topologies={**SHARES, "parallel": 0.1}))
    }
    assert len(before & shared) > 0.8 * len(before)
