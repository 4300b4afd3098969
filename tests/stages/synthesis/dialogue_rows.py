"""Dialogues over the HR tools, a search and a tool that updates what was made, executed in the simulated sandbox."""

from __future__ import annotations

from functools import cache

from loopbuild.llm.offline.writer import write
from loopbuild.records import ToolCatalog, Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.sampling.walk import sample
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.several_turns import dialogue_cell, dialogue_request
from tests.stages.sampling import world

EXTRA = (
    {
        "name": "create_room_booking",
        "description": "Book a room.",
        "parameters": {"room_name": "string", "date": "string", "seats": "integer"},
        "returns": {"room_booking_id": "string", "status": "string"},
    },
    {
        "name": "update_room_booking",
        "description": "Change a booking.",
        "parameters": {
            "room_booking_id": "string",
            "date": {"type": "string", "optional": True},
            "seats": {"type": "integer", "optional": True},
        },
        "returns": {"status": "string"},
    },
)


@cache
def dialogues() -> tuple[ToolCatalog, tuple[Row, ...]]:
    """Every dialogue the plan allows, with its words."""
    catalog, graph = world.hr_with(*EXTRA)
    chosen = world.settings(per_tool=14, user_known=["employee_id", "role_id"])
    sandbox = SimulatedSandbox(catalog, source="hr")
    made = []
    for subgraph, cell in world.cells(catalog, graph, chosen):
        begun = dialogue_cell(cell, part=1.0, seed=0)
        if begun is None:
            continue
        walked = sample(
            begun, seed=0, catalog=catalog, graph=graph, subgraph=subgraph, sandbox=sandbox, settings=chosen
        )
        if isinstance(walked, Trajectory):
            request = dialogue_request(walked, catalog, levels=("low", "high"))
            task = to_task(walked, request, write(request), writer="offline")
            made.append(Row(example=to_example(walked, task, catalog), task=task, trajectory=walked))
    return catalog, tuple(made)
