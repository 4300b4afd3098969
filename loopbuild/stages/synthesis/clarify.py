"""Clarifying rows: a request leaves one required value out, which has to be asked for before anything is done.

Decides which trajectories can give such a row and which value is dropped: one that stands nowhere else in the request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from loopbuild.digest import canonical, digest, unit_interval
from loopbuild.llm.protocol import Wording, WriteRequest
from loopbuild.pointers import scalars
from loopbuild.records import Json, Level, SchemaLeaf, Step, ToolCatalog, Trajectory
from loopbuild.stages.synthesis.arguments import provenance_of
from loopbuild.stages.synthesis.naming import noun_of_key, words_of_leaf
from loopbuild.stages.synthesis.requests import request

MARGIN = 3.0
"""How many times its share is tried where any shape may leave something out: the data set cuts what is too much."""
_SHAPES = ("single", "chain", "fan_out", "join", "map")
"""Shapes whose parts wait for each other: nothing of what is asked for is done without the value."""


Slot = tuple[int, str]
"""Place of a step and pointer of the argument that may be left out."""


def slots(trajectory: Trajectory, catalog: ToolCatalog, *, any_shape: bool = False) -> list[Slot]:
    """Return the values that may be left out: required, scalar and the user's, of a single call.

    With `any_shape` also of several: of the first of them, and of later ones where the first has none. Whoever is to do
    all of it asks before it begins.
    """
    if trajectory.cell.category != "call" or trajectory.condition is not None:
        return []
    if len(trajectory.steps) == 1:
        return [(0, leaf.pointer) for leaf in _required(trajectory.steps[0], catalog)]
    if not any_shape or trajectory.cell.topology not in _SHAPES:
        return []
    given, tools = _given(trajectory), catalog.by_id()
    # Two due dates of one request could not be told apart by a question, whichever calls they are for.
    asked = Counter(_called(leaf) for step in trajectory.steps for leaf in _required(step, catalog))
    for place, step in enumerate(trajectory.steps):
        called = asked | Counter(_called(leaf) for leaf in tools[step.call.tool].inputs)
        found = [
            (place, leaf.pointer)
            for leaf in _required(step, catalog)
            if given[canonical(step.call.arguments[leaf.pointer[1:]])] == 1 and called[_called(leaf)] == 1
        ]
        if found:
            return found
    return []


def _required(step: Step, catalog: ToolCatalog) -> list[SchemaLeaf]:
    return [
        leaf
        for leaf in catalog.by_id()[step.call.tool].inputs
        if leaf.is_required
        and "[]" not in leaf.pointer
        and leaf.pointer.count("/") == 1
        and leaf.pointer[1:] in step.call.arguments
        and provenance_of(step, leaf.pointer).kind == "user"
        and not isinstance(step.call.arguments[leaf.pointer[1:]], bool | list | dict)
    ]


def _given(trajectory: Trajectory) -> Counter[bytes]:
    """How often each value is given: what another call needs as well would be said, or found, with that one."""
    return Counter(canonical(value) for step in trajectory.steps for _, value in scalars(step.call.arguments))


def _called(leaf: SchemaLeaf) -> str:
    """What a question would call a value: two accounts of one call could not be told apart."""
    return noun_of_key(leaf) if leaf.kind == "id" else words_of_leaf(leaf)


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
    any_shape: bool = False,
) -> WriteRequest | None:
    """Return the request of a clarifying dialogue, or None when nothing can be left out."""
    ranked: list[Json] = [seed, trajectory.key]
    found = sorted(slots(trajectory, catalog, any_shape=any_shape), key=lambda slot: digest("slot", [*ranked, slot[1]]))
    if not found:
        return None
    if len(trajectory.steps) > 1 and unit_interval("level of", ["clarify", trajectory.key]) < 0.5:
        level = "low"
    return request(trajectory, catalog, level=level, wording=wording, seed=seed, lexicon=lexicon, missing=found[0])
