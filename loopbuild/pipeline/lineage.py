"""How a checkpoint came about, from its own record back to the base."""

from __future__ import annotations

from dataclasses import dataclass

from loopbuild.digest import digest, short
from loopbuild.engine.query import output
from loopbuild.pipeline.builds import OpenProject


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """One link of a chain of checkpoints."""

    phase: str
    mode: str
    name: str
    """Eight digits naming the weights."""
    parent: str
    reason: str
    rows: int
    replayed: int
    tokens: int
    increments: int


def lineage_of(opened: OpenProject, target: str) -> Ancestor | None:
    """Return how the checkpoint `target` came about; None for anything else or one never trained."""
    if not target.startswith("checkpoint:"):
        return None
    found = output(opened.workspace, target)
    if found is None:
        return None
    return Ancestor(
        phase=found["phase"],
        mode=found["mode"],
        name=short(digest("model", found["files"])),
        parent=short(found["parent"]) if found["parent"] else found["base"],
        reason=found["course"]["reason"],
        rows=found.get("rows", 0),
        replayed=found.get("replayed", 0),
        tokens=found.get("tokens", 0),
        increments=found["increments"],
    )
