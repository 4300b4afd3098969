"""Laws of the coverage targets and of the cells that aim at them."""

from __future__ import annotations

from collections import Counter

import pytest

from loopbuild.records import Cell, Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.sampling.aims import NEEDED, aim, aim_words, goal_of, parts_of, reached, targets_of
from loopbuild.stages.sampling.cells import plan_key
from loopbuild.stages.sampling.walk import Unreachable, sample
from tests.stages.sampling.world import cells, hr, hr_with, sampled, settings

ROOM = (
    {
        "name": "create_room",
        "parameters": {
            "type": "object",
            "properties": {
                "floor": {"type": "integer", "minimum": 1, "maximum": 9},
                "kind": {"type": "string", "enum": ["office", "lab", "hall", "workshop", "kitchen"]},
                "limit": {"type": "integer"},
                "note": {"type": "string"},
            },
            "required": ["floor", "kind"],
        },
        "returns": {"room_id": "string"},
    },
    {"name": "book_room", "parameters": {"room_id": "string"}, "returns": {"booking_id": "string"}},
)  # fmt: skip
FEW = {"per_tool": 2, "coverage": True}


@pytest.fixture(scope="module")
def rows() -> dict[Cell, Trajectory]:
    return sampled(*hr_with(*ROOM), settings(**FEW))


def test_every_target_in_reach_is_met_and_each_other_says_why(rows: dict[Cell, Trajectory]) -> None:
    catalog, graph = hr_with(*ROOM)
    tools, chosen = catalog.by_id(), settings(**FEW)
    counts: Counter[str] = Counter()
    for cell, row in rows.items():
        if cell.purpose == "train":
            counts.update(reached(row, tools))
    sandbox = SimulatedSandbox(catalog, source="hr")
    failed = {}
    for subgraph, cell in cells(catalog, graph, chosen):
        if cell.aim and cell not in rows:
            outcome = sample(
                cell, seed=0, catalog=catalog, graph=graph, subgraph=subgraph, sandbox=sandbox, settings=chosen
            )
            assert isinstance(outcome, Unreachable)
            assert outcome.detail
            failed[cell.aim] = outcome
    targets = [target for target in targets_of(catalog, graph) if parts_of(target)[0] != "tool"]
    assert len(targets) > 40
    for target in targets:
        assert counts[target] >= NEEDED[parts_of(target)[0]] or target in failed, aim_words(target)
    assert len(failed) < len(targets) / 8


def test_a_cell_that_aims_reaches_its_target(rows: dict[Cell, Trajectory]) -> None:
    tools = hr_with(*ROOM)[0].by_id()
    aimed = {cell: row for cell, row in rows.items() if cell.aim}
    assert {parts_of(cell.aim)[0] for cell in aimed} >= {"edge", "with", "value"}
    for cell, row in aimed.items():
        assert cell.aim in reached(row, tools)
        assert cell.goal == goal_of(cell.aim) == row.steps[-1].call.tool
        assert len(row.steps) == cell.length


def test_bounds_and_parameters_that_shape_an_answer_are_seen(rows: dict[Cell, Trajectory]) -> None:
    calls = [s.call.arguments for c, row in rows.items() if c.aim for s in row.steps if s.call.tool == "hr/create_room"]
    assert {1, 9} <= {call["floor"] for call in calls}
    assert any("limit" in call for call in calls)


def test_cells_that_aim_move_no_other() -> None:
    catalog, graph = hr_with(*ROOM)
    plain = [cell for _, cell in cells(catalog, graph, settings(per_tool=2))]
    more = [cell for _, cell in cells(catalog, graph, settings(**FEW))]
    assert [cell for cell in more if not cell.aim] == plain
    assert len({plan_key(cell, seed=0) for cell in more}) == len(more) > len(plain)
    assert all(cell.purpose == "train" for cell in more if cell.aim)


def test_a_new_tool_adds_aims_of_its_own_and_drops_none() -> None:
    before = {cell for _, cell in cells(*hr(), settings(**FEW)) if cell.aim}
    after = {cell for _, cell in cells(*hr_with(*ROOM), settings(**FEW)) if cell.aim}
    kept = {(cell.aim, cell.index) for cell in after}
    assert all((cell.aim, cell.index) in kept for cell in before)


def test_what_is_enough_is_not_aimed_at() -> None:
    few = [cell for _, cell in cells(*hr(), settings(per_tool=2, coverage=True)) if cell.aim]
    many = [cell for _, cell in cells(*hr(), settings(per_tool=60, coverage=True)) if cell.aim]
    assert len(many) < len(few)


def test_a_target_is_named_for_people() -> None:
    assert aim_words(aim("edge", "hr/a", "/x/[]", "hr/b", "/y")) == "hr/a#/x/[] -> hr/b#/y"
    assert aim_words(aim("value", "hr/a", "/x", "on")) == 'hr/a /x = "on"'
    assert aim_words(aim("without", "hr/a", "/x")) == "hr/a without /x"
