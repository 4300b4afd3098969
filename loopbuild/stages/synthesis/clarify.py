"""Clarifying rows: a single call whose request leaves one required value out, so that it has to be asked for.

Decides which trajectories can give such a row and which value is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.digest import digest, unit_interval
from loopbuild.llm.protocol import Wording, WriteRequest
from loopbuild.records import Level, ToolCatalog, Trajectory
from loopbuild.stages.synthesis.arguments import provenance_of
from loopbuild.stages.synthesis.requests import request


def slots(trajectory: Trajectory, catalog: ToolCatalog) -> list[str]:
    """Return the pointers of the values that may be left out: required, scalar and the user's, of a single call."""
    if len(trajectory.steps) != 1 or trajectory.cell.category != "call":
        return []
    step = trajectory.steps[0]
    tool = catalog.by_id()[step.call.tool]
    return [
        leaf.pointer
        for leaf in tool.inputs
        if leaf.is_required
        and "[]" not in leaf.pointer
        and leaf.pointer.count("/") == 1
        and leaf.pointer[1:] in step.call.arguments
        and provenance_of(step, leaf.pointer).kind == "user"
        and not isinstance(step.call.arguments[leaf.pointer[1:]], bool | list | dict)
    ]


def is_due(trajectory: Trajectory, *, share: float, seed: int = 0) -> bool:
    """Return whether a trajectory that has slots also gives a clarifying row; `share` of them do."""
    return unit_interval("clarify", [seed, trajectory.key]) < share


def clarify_request(
    trajectory: Trajectory,
    catalog: ToolCatalog,
    *,
    level: Level = "high",
    wording: Wording = "seen",
    seed: int = 0,
    lexicon: Mapping[str, Sequence[str]] | None = None,
) -> WriteRequest | None:
    """Return the request of a clarifying dialogue, or None when nothing can be left out."""
    found = sorted(slots(trajectory, catalog), key=lambda pointer: digest("slot", [seed, trajectory.key, pointer]))
    if not found:
        return None
    return request(trajectory, catalog, level=level, wording=wording, seed=seed, lexicon=lexicon, missing=found[0])
