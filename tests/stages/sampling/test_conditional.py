"""Laws of pairs that go two ways: one look, two worlds, asked for in the same words."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

import pytest

from loopbuild.llm.offline.writer import OfflineWriter
from loopbuild.pointers import at
from loopbuild.records import Cell, Json, ToolCatalog, Trajectory, fact_name, from_json, to_json, trajectory_json
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.filters.grounding import check_grounding
from loopbuild.stages.filters.provenance import check_provenance
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.sampling.cells import plan_cells
from loopbuild.stages.sampling.replay import ReplayFault, replay
from loopbuild.stages.sampling.walk import Unreachable, sample
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.requests import make_requests
from tests.stages.sampling.world import SHARES, cells, hr, hr_with, sampled, settings

DESK = (
    {
        "name": "order_desk",
        "parameters": {"desk_id": "string", "size": {"type": "string", "enum": ["small", "large", "standing"]}},
        "returns": {"order_id": "string"},
    },
    {"name": "find_desk", "parameters": {"room": "string"}, "returns": {"desk_id": "string"}},
    {
        "name": "get_desk",
        "parameters": {"desk_id": "string"},
        "returns": {"desk_id": "string", "size": {"type": "string", "enum": ["small", "large", "standing"]}},
    },
    {"name": "reserve_desk", "parameters": {"desk_id": "string", "day": "string"}, "returns": {"booking_id": "string"}},
    {
        "name": "report_desk",
        "parameters": {"desk_id": "string", "reason": "string"},
        "returns": {"report_id": "string"},
    },
)
TWO_WAYS = {"topologies": {**SHARES, "conditional": 2.0}, "per_tool": 16}


@pytest.fixture(scope="module")
def catalog() -> ToolCatalog:
    return hr_with(*DESK)[0]


@pytest.fixture(scope="module")
def rows() -> dict[Cell, Trajectory]:
    made = sampled(*hr_with(*DESK), settings(**TWO_WAYS))
    return {cell: row for cell, row in made.items() if cell.topology == "conditional"}


def pairs(rows: dict[Cell, Trajectory]) -> list[list[Trajectory]]:
    found: dict[str, list[Trajectory]] = defaultdict(list)
    for _, row in sorted(rows.items(), key=lambda one: one[0].index):
        assert row.condition is not None
        found[row.condition.pair].append(row)
    return list(found.values())


def test_rows_come_in_pairs_that_go_two_ways_in_two_worlds(rows: dict[Cell, Trajectory]) -> None:
    assert len(pairs(rows)) > 8
    for first, second in pairs(rows):
        assert first.condition is not None
        assert second.condition is not None
        assert (first.condition.holds, second.condition.holds) == (True, False)
        assert first.fixture != second.fixture
        assert first.steps[-1].call.tool == first.cell.goal == second.condition.other.tool
        assert second.steps[-1].call.tool == first.condition.other.tool
        assert [step.call.tool for step in first.steps[:-1]] == [step.call.tool for step in second.steps[:-1]]
        assert first.key != second.key
        assert first.signature == second.signature


def test_the_branch_taken_is_the_one_that_what_was_seen_asks_for(rows: dict[Cell, Trajectory]) -> None:
    for row in rows.values():
        told = row.condition
        assert told is not None
        seen = at(row.steps[told.step].result.value, told.path)
        assert told.holds == (bool(seen) if told.test == "any" else seen == told.value)
        assert fact_name(row.steps[told.step].call.tool, "output", told.leaf) in row.reads


def test_no_branch_takes_the_value_that_decides(rows: dict[Cell, Trajectory]) -> None:
    """The request would have to name it twice, and nobody would have to look."""
    for row in rows.values():
        told = row.condition
        assert told is not None
        for call in (row.steps[-1].call, told.other):
            taken = [(one.step, one.leaf) for one in call.provenance.values()]
            assert told.test == "any" or (told.step, told.leaf) not in taken


def test_a_pair_is_asked_for_in_the_same_words(rows: dict[Cell, Trajectory], catalog: ToolCatalog) -> None:
    def bare(row: Trajectory) -> list[str]:
        """The wording; ids and names of a world masked."""
        texts = [answer.user_turns[0] for answer in OfflineWriter().write_many(make_requests(row, catalog))]
        for step in row.steps:
            for value in step.call.arguments.values():
                texts = [text.replace(str(value), "#") for text in texts]
        return texts

    for first, second in pairs(rows):
        told = first.condition
        assert told is not None
        same = {str(value) for value in told.other.arguments.values()}
        one, other = bare(first), bare(second)
        for value in same | {str(value) for value in first.steps[-1].call.arguments.values()}:
            one, other = [t.replace(value, "#") for t in one], [t.replace(value, "#") for t in other]
        assert one == other


def test_both_ways_are_in_the_text_and_what_was_seen_is_not(rows: dict[Cell, Trajectory], catalog: ToolCatalog) -> None:
    for row in rows.values():
        told = row.condition
        assert told is not None
        asked = make_requests(row, catalog, texts_per_level=2)
        for request, answer in zip(asked, OfflineWriter().write_many(asked), strict=True):
            task = to_task(row, request, answer, writer="offline")
            made = Row(example=to_example(row, task, catalog), task=task, trajectory=row)
            assert check_provenance(made, catalog=catalog) is None, answer.user_turns
            assert check_grounding(made) is None, answer
            if told.test == "is":
                assert re.search(rf"\b{told.value}\b", answer.user_turns[0])
                seen = at(row.steps[told.step].result.value, told.path)
                assert str(seen) in answer.reasoning[-1]
                assert told.holds or not re.search(rf"\b{seen}\b", answer.user_turns[0])


def test_a_branch_value_that_is_not_said_is_found(rows: dict[Cell, Trajectory], catalog: ToolCatalog) -> None:
    row = next(row for row in rows.values() if row.condition and row.condition.other.tool == "hr/reserve_desk")
    (request, *_) = make_requests(row, catalog)
    answer = next(OfflineWriter().write_many([request]))
    day = str(row.condition.other.arguments["day"]) if row.condition else ""
    task = to_task(
        row, request, replace(answer, user_turns=(answer.user_turns[0].replace(day, "soon"),)), writer="offline"
    )
    found = check_provenance(Row(example=to_example(row, task, catalog), task=task, trajectory=row), catalog=catalog)
    assert found is not None
    assert found.reason == "value_missing"


def test_replay_gives_the_row_back_and_notices_another_value(
    rows: dict[Cell, Trajectory], catalog: ToolCatalog
) -> None:
    sandbox = SimulatedSandbox(catalog, source="hr")
    for row in rows.values():
        assert replay(from_json(Trajectory, to_json(row)), catalog=catalog, sandbox=sandbox) == row
        told = row.condition
        assert told is not None
        steps = list(row.steps)
        value: Json = {**steps[told.step].result.value, told.path[1:]: "otherwise"}
        steps[told.step] = replace(steps[told.step], result=replace(steps[told.step].result, value=value))
        found = replay(replace(row, steps=tuple(steps)), catalog=catalog, sandbox=sandbox)
        assert isinstance(found, ReplayFault)
        assert (found.code, found.step) == ("value_differs", told.step)


def test_where_one_branch_is_out_of_reach_both_cells_say_why() -> None:
    """A status that is the same in every world."""
    lamps = (
        {"name": "get_lamp", "parameters": {"lamp_id": "string"}, "returns": {"lamp_id": "string", "status": "string"}},
        {"name": "find_lamp", "parameters": {"shelf": "string"}, "returns": {"lamp_id": "string"}},
        {"name": "sell_lamp", "parameters": {"lamp_id": "string", "buyer": "string"}, "returns": {"sale_id": "string"}},
        {"name": "clean_lamp", "parameters": {"lamp_id": "string"}, "returns": {"cleaning_id": "string"}},
    )
    catalog, graph = hr_with(*lamps)
    chosen = settings(topologies={"conditional": 1.0})
    sandbox = SimulatedSandbox(catalog, source="hr")
    why = []
    for subgraph, cell in cells(catalog, graph, chosen):
        if cell.topology == "conditional" and cell.goal == "hr/sell_lamp":
            outcome = sample(
                cell, seed=0, catalog=catalog, graph=graph, subgraph=subgraph, sandbox=sandbox, settings=chosen
            )
            assert isinstance(outcome, Unreachable)
            why.append(outcome)
    assert why
    assert {one.reason for one in why} == {"one_branch"}
    assert any("/status" in one.detail and "only one branch can be reached" in one.detail for one in why)


def test_pairs_are_whole_and_their_share_holds_over_all_tools() -> None:
    catalog, graph = hr_with(*DESK)
    planned = plan_cells(catalog, graph, settings=settings(**TWO_WAYS), evaluation={"per_tool": 5})
    for made in planned.values():
        told = [cell for cell in made if cell.topology == "conditional"]
        for cell in told:
            assert replace(cell, index=cell.index ^ 1) in told
    assert not any(
        cell.topology == "conditional"
        for made in plan_cells(*hr(), settings=settings(), evaluation={"per_tool": 4}).values()
        for cell in made
    )


def test_a_row_without_a_condition_is_written_as_before(rows: dict[Cell, Trajectory]) -> None:
    row = next(iter(rows.values()))
    assert "condition" in trajectory_json(row)
    assert "condition" not in trajectory_json(replace(row, condition=None))
