"""Laws of the coverage plan."""

from __future__ import annotations

from collections import Counter

from loopbuild.stages.sampling.cells import feasible, plan_cells, plan_key, repeats_of
from loopbuild.stages.sampling.reach import reach_of
from tests.stages.sampling.world import cells, hr, hr_with, settings


def test_each_goal_gets_its_number_of_cells_and_each_cell_another_key() -> None:
    catalog, graph = hr()
    planned = [cell for _, cell in cells(catalog, graph, settings(per_tool=17), per_tool_eval=5)]
    per_goal = Counter((cell.goal, cell.purpose) for cell in planned)
    assert set(per_goal) == {(tool.id, purpose) for tool in catalog.tools for purpose in ("train", "eval")}
    assert {count for (_, purpose), count in per_goal.items() if purpose == "train"} == {17}
    assert {count for (_, purpose), count in per_goal.items() if purpose == "eval"} == {5}
    assert len({plan_key(cell, seed=0) for cell in planned}) == len(planned)


def test_the_seed_is_part_of_the_key() -> None:
    catalog, graph = hr()
    _, cell = next(cells(catalog, graph, settings()))
    assert plan_key(cell, seed=0) != plan_key(cell, seed=1)


def test_shapes_a_tool_cannot_have_give_their_share_away() -> None:
    catalog, graph = hr()
    planned = plan_cells(catalog, graph, settings=settings(per_tool=20), evaluation={"per_tool": 1})
    shapes = Counter(
        (cell.goal, cell.topology) for rows in planned.values() for cell in rows if cell.purpose == "train"
    )
    assert shapes["hr/get_open_roles", "single"] == 20
    assert shapes["hr/schedule_interview", "single"] == 0
    assert shapes["hr/schedule_interview", "chain"] + shapes["hr/schedule_interview", "map"] == 20


def test_ids_a_person_knows_make_single_calls_possible() -> None:
    catalog, graph = hr()
    subgraph = next(one for one in graph.subgraphs if "hr/schedule_interview" in one.goals)
    closed = reach_of(catalog, graph, subgraph, settings())
    opened = reach_of(catalog, graph, subgraph, settings(user_known=["*_id"]))
    assert "single" not in feasible("hr/schedule_interview", closed)
    assert "single" in feasible("hr/schedule_interview", opened)


def test_no_cell_is_longer_than_allowed() -> None:
    catalog, graph = hr()
    for most in (1, 2, 3, 4, 6):
        planned = [cell for _, cell in cells(catalog, graph, settings(max_steps=most, user_known=["*_id"]))]
        assert max(cell.length for cell in planned) <= most
        assert all(cell.length > repeats_of(cell) for cell in planned if cell.topology == "map")


def test_a_new_tool_adds_cells_and_moves_none() -> None:
    catalog, graph = hr()
    before = [cell for _, cell in cells(catalog, graph, settings())]
    added = {"name": "list_buildings", "parameters": {}, "returns": {"building_ids": ["string"]}}
    after = [cell for _, cell in cells(*hr_with(added), settings())]
    assert [cell for cell in after if cell.goal != "hr/list_buildings"] == before
    assert len(after) == len(before) + 14
