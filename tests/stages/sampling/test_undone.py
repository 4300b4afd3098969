"""Laws of tasks that take something away: an agent that does nothing never gets as far."""

from __future__ import annotations

import json

import pytest

from loopbuild.judging.validate import Validator
from loopbuild.llm.offline.writer import write
from loopbuild.records import Cell, Json, ToolCall, ToolCatalog, Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.filters.controls import check_controls
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.sampling.aims import parts_of, targets_of
from loopbuild.stages.sampling.attempt import attempt
from loopbuild.stages.sampling.execution import Run, attempt_call, comes_to_nothing
from loopbuild.stages.sampling.reach import beside, reach_of
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.requests import make_requests
from loopbuild.stages.toolgraph.build import build_graph
from tests.stages.sampling import world


def tool(name: str, needs: dict[str, Json], gives: dict[str, Json]) -> dict[str, Json]:
    return {"name": name, "description": "", "parameters": needs, "returns": gives}


MAKE = tool("create_scene", {"name": "string"}, {"scene_id": "string"})
GONE = tool("delete_scene", {"scene_id": "string"}, {"status": "string"})
RUN = tool("run_scene", {"scene_id": "string"}, {"status": "string"})
SHOW = tool("get_scene", {"scene_id": "string"}, {"scene_id": "string", "name": "string"})
FIND = tool("list_scenes", {}, {"scenes": [{"scene_id": "string", "name": "string"}]})
SHARES = {"single": 0.3, "chain": 0.4, "fan_out": 0.1, "conditional": 0.1, "parallel": 0.1}


def walked(*entries: dict[str, Json]) -> tuple[ToolCatalog, list[Trajectory]]:
    catalog = world.catalog_of(json.dumps(entries).encode(), "home")
    chosen = world.settings(topologies=SHARES, per_tool=12, coverage=True)
    return catalog, list(world.sampled(catalog, build_graph(catalog, {}), chosen, source="home").values())


@pytest.mark.parametrize("others", [(), (RUN,), (SHOW,), (RUN, SHOW), (FIND,), (FIND, RUN, SHOW)])
def test_what_is_taken_away_was_there_before_and_the_row_stays(others: tuple[dict[str, Json], ...]) -> None:
    catalog, found = walked(MAKE, GONE, *others)
    gone = [one for one in found if one.cell.goal == "home/delete_scene"]
    assert len(gone) >= 8
    sandbox = SimulatedSandbox(catalog, source="home")
    for one in gone:
        request = make_requests(one, catalog)[0]
        task = to_task(one, request, write(request), writer="offline")
        row = Row(example=to_example(one, task, catalog), task=task, trajectory=one)
        assert check_controls(row, catalog=catalog, attempt=lambda t: attempt(t, sandbox=sandbox)) is None


def test_only_what_nothing_finds_is_named_by_the_person() -> None:
    for others, is_named in (((), True), ((SHOW,), True), ((FIND,), False), ((FIND, SHOW), False)):
        _, found = walked(MAKE, GONE, *others)
        gone = [one for one in found if one.cell.goal == "home/delete_scene"]
        named = {one.steps[-1].call.provenance["/scene_id"].kind == "user" for one in gone}
        assert named == {is_named}


def test_nobody_asks_for_the_edge_from_making_to_taking_away() -> None:
    catalog = world.catalog_of(json.dumps([MAKE, GONE, RUN]).encode(), "home")
    targets = [parts_of(one) for one in targets_of(catalog, build_graph(catalog, {}))]
    consumers = {names[2] for kind, *names in targets if kind == "edge"}
    assert consumers == {"home/run_scene"}


def test_what_is_used_in_between_may_be_made_and_taken_away_again() -> None:
    _, found = walked(MAKE, GONE, RUN)
    calls = [[step.call.tool.partition("/")[2] for step in one.steps] for one in found]
    assert ["create_scene", "delete_scene"] not in calls
    assert ["create_scene", "run_scene"] in calls, "its id still comes with making it where it is used"


SWITCH = [
    tool(f"{verb}_pump", {"pump_id": "string"}, {"status": "string"})
    for verb in ("activate", "deactivate", "pause", "resume", "lock", "unlock", "start", "stop")
]


def test_no_walk_ends_as_it_began_where_it_writes() -> None:
    catalog, found = walked(*SWITCH, MAKE, GONE, FIND)
    tools = catalog.by_id()
    writing = [one for one in found if any(tools[step.call.tool].effect != "read" for step in one.steps)]
    assert {one.cell.topology for one in writing} >= {"single", "chain", "parallel"}
    assert [one for one in writing if not one.state_diff] == []


@pytest.mark.parametrize(
    ("first", "second", "is_nothing"),
    [("pause", "resume", True), ("deactivate", "activate", True), ("lock", "unlock", False), ("pause", "stop", False)],
)
def test_what_is_done_and_undone_comes_to_nothing(first: str, second: str, is_nothing: bool) -> None:
    catalog = world.catalog_of(json.dumps(SWITCH).encode(), "home")
    graph = build_graph(catalog, {})
    sandbox = SimulatedSandbox(catalog, source="home")
    sandbox.open(0)
    pump = sandbox.known("home/pause_pump", "/pump_id")[0]
    cell = Cell(goal=f"home/{second}_pump", topology="chain", length=2, index=0, purpose="train")
    reach = reach_of(catalog, graph, beside(catalog, graph.subgraphs[0]), world.settings())
    run = Run(cell=cell, key="", purpose="train", reach=reach, sandbox=sandbox, validator=Validator(catalog))
    steps = [
        attempt_call(run, ToolCall(tool=f"home/{verb}_pump", arguments={"pump_id": pump}), turn=turn)
        for turn, verb in enumerate((first, second))
    ]
    assert None not in steps
    assert comes_to_nothing(run, tuple(step for step in steps if step)) is is_nothing
