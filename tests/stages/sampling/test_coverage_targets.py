"""Laws of the coverage targets and of the cells that aim at them."""

from __future__ import annotations

from collections import Counter

import pytest

from loopbuild.records import Cell, Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.sampling.aims import NEEDED, aim, aim_words, goal_of, parts_of, reached, targets_of
from loopbuild.stages.sampling.cells import plan_cells, plan_key
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


SHELF = {
    "name": "list_books",
    "parameters": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("author", "genre", "language", "publisher", "series")},
    },
    "returns": {"books": [{"book_id": "string", "title": "string"}]},
}
EITHER = {
    "name": "find_reader",
    "parameters": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("card_number", "phone", "city")},
        "oneOf": [{"required": ["card_number"]}, {"required": ["phone"]}],
        "dependentRequired": {"city": ["phone"]},
    },
    "returns": {"reader_id": "string"},
}


def given_and_not(tool: str, found: dict[Cell, Trajectory]) -> set[tuple[str, bool, str, bool]]:
    names = sorted(SHELF["parameters"]["properties"])  # type: ignore[index]
    calls = [s.call.arguments for row in found.values() for s in row.steps if s.call.tool == tool]
    return {
        (one, one in call, two, two in call)
        for call in calls
        for number, one in enumerate(names)
        for two in names[number + 1 :]
    }


def test_every_two_optional_parameters_are_seen_together_apart_and_left_out() -> None:
    found = sampled(*hr_with(SHELF), settings(per_tool=2, coverage=True))
    train = {cell: row for cell, row in found.items() if cell.purpose == "train"}
    assert len(given_and_not("hr/list_books", train)) == 4 * 10
    paired = [cell for cell in train if cell.aim and parts_of(cell.aim)[0] == "pair"]
    assert 1 <= len(paired) <= 8, "one call shows a pair of every two"


def test_what_a_schema_refuses_together_is_no_target() -> None:
    catalog, graph = hr_with(EITHER)
    pairs = {tuple(parts_of(one)[2:]) for one in targets_of(catalog, graph, ["hr/find_reader"]) if '["pair"' in one}
    assert pairs == {
        ("/card_number", True, "/phone", False),
        ("/card_number", False, "/phone", True),
        ("/card_number", True, "/city", False),
        ("/card_number", False, "/city", True),
        ("/card_number", False, "/city", False),
        ("/city", True, "/phone", True),
        ("/city", False, "/phone", True),
        ("/city", False, "/phone", False),
    }


def test_of_many_parameters_the_same_are_always_paired() -> None:
    def many(count: int) -> set[str]:
        named = {f"option_{number}": {"type": "string"} for number in range(count)}
        entry = {"name": "set_options", "parameters": {"type": "object", "properties": named}, "returns": {}}
        pairs = [parts_of(one) for one in targets_of(*hr_with(entry), ["hr/set_options"]) if '["pair"' in one]
        assert len(pairs) == 28 * 4
        return {name for pair in pairs for name in (pair[2], pair[4])}

    before, after = many(20), many(21)
    assert len(before) == 8
    assert len(before - after) <= 1


def test_rounds_add_cells_and_move_none() -> None:
    catalog, graph = hr_with(*ROOM)
    once = [cell for _, cell in cells(catalog, graph, settings(**FEW))]
    more = [cell for _, cell in cells(catalog, graph, settings(**FEW, rounds=3))]
    assert [cell for cell in more if not cell.round] == once
    assert {cell.round for cell in more} == {0, 1, 2, 3}
    assert all(cell.aim and cell.purpose == "train" for cell in more if cell.round)
    assert len({plan_key(cell, seed=0) for cell in more}) == len(more)


def test_a_new_tool_moves_no_cell_of_a_later_round_and_drops_none() -> None:
    before = {cell for _, cell in cells(*hr(), settings(**FEW, rounds=2)) if cell.round}
    after = {cell for _, cell in cells(*hr_with(*ROOM), settings(**FEW, rounds=2)) if cell.round}
    assert {(cell.aim, cell.index) for cell in before} <= {(cell.aim, cell.index) for cell in after}


def test_a_later_round_takes_another_way_where_the_first_is_held_out() -> None:
    catalog, graph = hr()
    chosen = settings(**FEW, rounds=1)
    short = {"evaluation": {"per_tool": 2}, "settings": dict(chosen)}
    every = plan_cells(catalog, graph, **short, trains=lambda path, length: length != 2)
    edges = [cell for batch in every.values() for cell in batch if cell.aim.startswith('["edge"')]
    assert {cell.length for cell in edges} > {3}
    assert min(cell.length for cell in edges if cell.goal == "hr/schedule_interview") == 3


def test_what_no_way_leads_to_is_looked_for_again_in_other_worlds() -> None:
    """An empty list is a world's own: another one holds something."""
    catalog, graph = hr_with(*ROOM)
    once, thrice = settings(per_tool=8), settings(per_tool=8, rounds=3)
    first, later = sampled(catalog, graph, once), sampled(catalog, graph, thrice)
    assert first
    assert first.keys() <= later.keys()
    assert all(later[cell] == row for cell, row in first.items())
    assert {row.key for row in later.values()} == {plan_key(cell, seed=0) for cell in later}
