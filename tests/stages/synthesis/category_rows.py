"""Rows of every category over the HR tools and one that deletes, executed in the simulated sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from loopbuild.judging.validate import Validator
from loopbuild.llm.offline.writer import write
from loopbuild.records import ToolCatalog, Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.synthesis.categories import compose, further_requests, prove
from loopbuild.stages.synthesis.dialogues import to_task
from tests.stages.sampling import world

CATEGORIES = ("missing_tool", "confirm", "near_miss", "error_recovery")
DELETE = {
    "name": "delete_interview",
    "description": "Delete an interview.",
    "parameters": {"interview_id": "string"},
    "returns": {"status": "string"},
}
KNOWN = ["role_id", "candidate_id", "interview_id", "employee_id", "leave_id"]


@cache
def executed(purpose: str = "train") -> tuple[ToolCatalog, tuple[Trajectory, ...]]:
    catalog, graph = world.hr_with(DELETE)
    chosen = world.settings(user_known=KNOWN, per_tool=8)
    found = world.sampled(catalog, graph, chosen)
    return catalog, tuple(found[cell] for cell in found if cell.purpose == purpose)


@cache
def rows(category: str, purpose: str = "train") -> tuple[Row, ...]:
    """Every row of a category that the trajectories allow."""
    return tuple(_rows(category, purpose))


def _rows(category: str, purpose: str) -> Iterator[Row]:
    catalog, trajectories = executed(purpose)
    sandbox, validator = SimulatedSandbox(catalog, source="hr"), Validator(catalog)
    for trajectory in trajectories:
        for request in further_requests(trajectory, catalog, shares={category: 1.0}, texts=2):
            task = to_task(trajectory, request, write(request), writer="offline")
            proof = prove(trajectory, task, catalog, sandbox=sandbox, validator=validator)
            example = compose(trajectory, task, catalog, proof, split="train")
            yield Row(example=example, task=task, trajectory=trajectory, proof=proof)
