"""Two versions of what a tool returns -> what changed in it.

Decides by the readers: what they may not find any more, or find as something else, is breaking; fewer possible values
are compatible, others behavioural. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.records import ChangeLevel, Json, LeafChange, SchemaLeaf, ToolSchema
from loopbuild.stages.catalog.branches import successors, translated
from loopbuild.stages.catalog.rulesdiff import Rules
from loopbuild.stages.catalog.sentences import (
    called,
    changed,
    covers,
    enum_changed,
    gone,
    is_reshaped,
    quoted,
    reshaped,
    types_text,
)
from loopbuild.stages.catalog.wholebranches import moved_branches, whole_branches

Pair = tuple[SchemaLeaf, SchemaLeaf]


def returns(old: ToolSchema, new: ToolSchema) -> list[LeafChange]:
    """Return the changes of what a tool returns."""
    moved = successors((leaf.pointer for leaf in old.outputs), (leaf.pointer for leaf in new.outputs))
    before = {translated(leaf.pointer, moved): leaf for leaf in old.outputs}
    after = {leaf.pointer: leaf for leaf in new.outputs}
    changes = moved_branches(moved, old.outputs)
    removed = {pointer: leaf for pointer, leaf in before.items() if pointer not in after}
    added = {pointer: leaf for pointer, leaf in after.items() if pointer not in before}
    for pointer, lost in list(removed.items()):
        twin = next((leaf for place, leaf in added.items() if is_reshaped(pointer, place)), None)
        if twin is not None:
            changes.append(reshaped("return_changed", lost, twin))
            del removed[pointer], added[twin.pointer]
    changes += whole_branches("return_removed", removed, after)
    changes += whole_branches("return_added", added, before)
    changes += [gone("return_removed", leaf) for leaf in removed.values()]
    changes += [
        changed("return_added", "compatible", "output", leaf.pointer, detail=f"returns {called(leaf)} as well")
        for leaf in added.values()
    ]
    pairs = [(before[pointer], after[pointer]) for pointer in before if pointer in after]
    rules = Rules(
        old.output_schema, new.output_schema, renamed={other.pointer: one.pointer for one, other in pairs if moved}
    )
    for one, other in pairs:
        if other.fingerprint != one.fingerprint:
            changes += _returned(one, other, rules)
    return changes + _nulls(pairs, moved)


def _returned(old: SchemaLeaf, new: SchemaLeaf, rules: Rules) -> list[LeafChange]:
    changes: list[LeafChange] = []

    def note(level: ChangeLevel, before: Json, after: Json, detail: str) -> None:
        changes.append(changed("return_changed", level, "output", new.pointer, before, after, detail))

    if old.types != new.types:
        is_narrower = bool(new.types) and (not old.types or covers(old.types, new.types))
        level: ChangeLevel = "compatible" if is_narrower else "breaking"
        note(level, list(old.types), list(new.types), f"type was {types_text(old)}, is {types_text(new)}")
    if old.is_required != new.is_required:
        level = "compatible" if new.is_required else "breaking"
        detail = "is always there now" if new.is_required else "may be missing now"
        note(level, old.is_required, new.is_required, detail)
    if old.enum != new.enum:
        is_narrower = not old.enum or enum_changed(new, old).level == "compatible"
        note(_of_values(is_narrower), list(old.enum), list(new.enum), enum_changed(old, new).detail)
    for word in ("format", "pattern"):
        before, after = getattr(old, word), getattr(new, word)
        if before != after:
            note(_of_values(not before), before, after, f"{word} was {quoted(before)}, is {quoted(after)}")
    for rule in rules.of_leaf(new.pointer):
        note(_of_values(rule.is_narrower), rule.old, rule.new, rule.detail)
    if not changes and old.nulls == new.nulls:
        note("behavioural", None, None, "possible values changed")
    return changes


def _of_values(is_narrower: bool) -> ChangeLevel:
    return "compatible" if is_narrower else "behavioural"


def _nulls(pairs: Sequence[Pair], moved: Mapping[str, str]) -> list[LeafChange]:
    """Return which objects and lists may be null now, or no longer, by the leaves that lie in them."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for one, other in pairs:
        was = {translated(place, moved) for place in _places(one)}
        now = set(_places(other))
        for found, places in ((after, now - was), (before, was - now)):
            for place in places:
                found.setdefault(place, []).append(one.pointer)
    gained = [_null(place, leaves, is_null=True) for place, leaves in sorted(after.items())]
    return gained + [_null(place, leaves, is_null=False) for place, leaves in sorted(before.items())]


def _null(place: str, leaves: Sequence[str], *, is_null: bool) -> LeafChange:
    level: ChangeLevel = "breaking" if is_null else "compatible"
    detail = "may be null now" if is_null else "is never null now"
    detail = detail if place else f"the whole {detail}"
    return changed("return_changed", level, "output", place, not is_null, is_null, detail, concerns=tuple(leaves))


def _places(leaf: SchemaLeaf) -> list[str]:
    parts = leaf.pointer.split("/")
    return ["/".join(parts[: depth + 1]) for depth in leaf.nulls]
