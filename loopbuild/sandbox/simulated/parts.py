"""Second parts of a key: the tag of a repository's release, the version of a file.

A read that takes a thing's id and such a part is about what the thing has under it; a part it has not is not found.
Decides which inputs are parts and what a row has of them. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from loopbuild.records import Json, SchemaLeaf
from loopbuild.sandbox.simulated.model import Input, ToolPlan
from loopbuild.sandbox.simulated.world import World

_WORDS = frozenset({"key", "path", "slug", "tag", "version", "sku", "filename", "revision"})
_BESIDE = frozenset({"name", "number"})
"""Last words of a part that has a word of its own before: `tag_name`, `line_number`, but no `name`."""
_PLACES = 2
"""Parts of one kind that a row has: as many as a list of made-up things shows."""


def is_part(leaf: SchemaLeaf) -> bool:
    """Say whether a leaf names one of several things that a thing has under it."""
    if leaf.enum or not {"string", "integer"} & set(leaf.types or ("string",)):
        return False
    return leaf.words[-1:] != () and (
        leaf.words[-1] in _WORDS or (len(leaf.words) > 1 and leaf.words[-1] in _BESIDE and leaf.words[-2] in _WORDS)
    )


def parts_of(plan: ToolPlan) -> list[Input]:
    """Return the inputs of a read that name a part of the one row it is about; none where it lists rows of another."""
    if plan.operation != "read" or any("[]" in leaf.pointer for leaf in plan.tool.outputs):
        return []
    is_one = any(one.entity == plan.subject and "[]" not in one.leaf.pointer for one in plan.inputs)
    return [
        one
        for one in plan.inputs
        if is_one and not one.entity and one.leaf.is_required and one.leaf.pointer.count("/") == 1 and is_part(one.leaf)
    ]


def parts_held(world: World, entity: str, key: Json, leaf: SchemaLeaf) -> Sequence[Json]:
    """Return the parts a row has that a leaf may name."""
    name = "_".join(leaf.words)
    return [world.value(entity, key, f"{name}.{place}", leaf) for place in range(_PLACES)]
