"""What descriptions of tools say, for writers that are asked over the network and only where loop.yaml wants it.

Quoted as data, cut, and without the names of tools and parameters that descriptions are full of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loopbuild.engine.target import Json
from loopbuild.llm import WriteRequest
from loopbuild.llm.names import struck
from loopbuild.records import Trajectory

WORDED = "worded"
"""The role under which texts see the catalog with its words."""
_SHOWN = 300
"""Characters of a description that a writer is shown."""


def descriptions(catalog: Json) -> Mapping[str, str]:
    """Return tool -> what its description says, of those that have one."""
    told = {tool["id"]: struck(tool["description"])[:_SHOWN] for tool in catalog["tools"]}
    return {name: text for name, text in told.items() if text}


def with_descriptions(request: WriteRequest, trajectory: Trajectory, told: Mapping[str, str]) -> WriteRequest:
    """Return a request each of whose steps says what the description of its tool does."""
    steps = tuple(
        replace(step, about=told.get(trajectory.steps[step.indices[0]].call.tool, "")) if step.indices else step
        for step in request.steps
    )
    return replace(request, steps=steps)
