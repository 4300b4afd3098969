"""Two versions of one tool -> what changed in its leaves, its gate, its effect and its texts.

Pure. Levels say what may break; they condemn no row, they select the rows to look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.records import GRAVITY, ChangeLevel, Json, LeafChange, SchemaLeaf, Side, ToolSchema
from loopbuild.stages.catalog.branches import successors, translated
from loopbuild.stages.catalog.renames import pair_up, parameter_score
from loopbuild.stages.catalog.returndiff import returns
from loopbuild.stages.catalog.rulesdiff import RuleChange, Rules
from loopbuild.stages.catalog.sentences import (
    called,
    changed,
    covers,
    enum_changed,
    gone,
    is_reshaped,
    json_text,
    quoted,
    reshaped,
    types_text,
)
from loopbuild.stages.catalog.wholebranches import moved_branches, whole_branches
from loopbuild.visible import named


def worst(levels: Sequence[ChangeLevel]) -> ChangeLevel:
    """Return the gravest of `levels`, `doc` when there is none."""
    return min(levels, key=GRAVITY.index, default="doc")


def compare(
    old: ToolSchema, new: ToolSchema, *, renames: Mapping[str, str], notes: list[str]
) -> tuple[LeafChange, ...]:
    """Return the changes of one tool, sorted by side, pointer and class; `renames` maps old to new pointers."""
    changes = _inputs(old, new, renames, notes)
    if old.gate != new.gate:
        changes += _gate(old, new, changes)
    changes += returns(old, new)
    if old.output_origin != new.output_origin:
        detail = f"return shape was {old.output_origin}, is {new.output_origin}"
        changes.append(
            changed("return_origin_changed", "behavioural", "output", old=old.output_origin, new=new.output_origin,
                    detail=detail)
        )  # fmt: skip
    if old.effect != new.effect:
        detail = f"effect was {old.effect}, is {new.effect}"
        changes.append(changed("effect_changed", "safety", old=old.effect, new=new.effect, detail=detail))
    changes += _surroundings(old, new)
    changes += _wording(old, new, changes)
    return tuple(sorted(changes, key=lambda item: (item.side, item.pointer, item.change, item.detail)))


def _inputs(old: ToolSchema, new: ToolSchema, renames: Mapping[str, str], notes: list[str]) -> list[LeafChange]:
    moved = successors((leaf.pointer for leaf in old.inputs), (leaf.pointer for leaf in new.inputs))
    before = {translated(leaf.pointer, moved): leaf for leaf in old.inputs}
    after = {leaf.pointer: leaf for leaf in new.inputs}
    changes = moved_branches(moved, old.inputs)
    apart = {pointer: leaf for pointer, leaf in before.items() if pointer not in after}
    fresh = {pointer: leaf for pointer, leaf in after.items() if pointer not in before}
    changes += whole_branches("parameter_removed", apart, after)
    changes += whole_branches("parameter_added", fresh, before)
    removed, added = list(apart.values()), list(fresh.values())
    for lost in list(removed):
        twin = next((leaf for leaf in added if is_reshaped(lost.pointer, leaf.pointer)), None)
        if twin is not None:
            changes.append(reshaped("type_changed", lost, twin))
            removed.remove(lost)
            added.remove(twin)
    pairs: list[tuple[SchemaLeaf, SchemaLeaf]] = []
    for lost in list(removed):
        twin = next((leaf for leaf in added if leaf.pointer == renames.get(lost.pointer)), None)
        if twin is not None:
            pairs.append((lost, twin))
            changes.append(_renamed(lost, twin, 1.0))
            removed.remove(lost)
            added.remove(twin)
    found = pair_up(removed, added, parameter_score, lambda leaf: leaf.pointer)
    for lost, twin, points in found.certain:
        pairs.append((lost, twin))
        changes.append(_renamed(lost, twin, points))
        removed.remove(lost)
        added.remove(twin)
    for lost, twin, points in found.doubtful:
        notes.append(
            f"parameter `{named(lost.pointer[1:])}` of `{named(new.id)}` may have become "
            f"`{named(twin.pointer[1:])}` ({points:.2f}); treated as removed and added"
        )
    changes += [gone("parameter_removed", leaf) for leaf in removed]
    changes += [_come(leaf) for leaf in added]
    rules = Rules(old.input_schema, new.input_schema, renamed={})
    pairs += [(before[pointer], after[pointer]) for pointer in before if pointer in after]
    rules.renamed |= {other.pointer: one.pointer for one, other in pairs if one.pointer != other.pointer}
    for one, other in pairs:
        changes += _parameter(one, other, rules)
    return changes


def _gate(old: ToolSchema, new: ToolSchema, changes: Sequence[LeafChange]) -> list[LeafChange]:
    """Return what changed in the rules around leaves; a gate whose difference nothing else shows may break."""
    moved = {str(item.old): str(item.new) for item in changes if item.change == "alternative_renamed"}
    rules = Rules(old.input_schema, new.input_schema, renamed={}, moved=moved)
    explained = [item.pointer for item in changes if item.change in _OUTSIDE_LEAF or item.change in _MOVES]
    explained += [str(item.old) for item in changes if item.change in ("parameter_renamed", "type_changed")]
    explained += [pointer for item in changes for pointer in item.concerns]
    explained += [leaf.pointer for leaf in old.inputs if not any(leaf.pointer == one.pointer for one in new.inputs)]
    found = [_ruled(rule, "input") for rule in rules.of_objects(explained)]
    if found or any(item.change in _GATE_CHANGES for item in changes):
        return found
    return [changed("rules_changed", "breaking", "input", detail="what makes a call valid changed")]


def _ruled(rule: RuleChange, side: Side) -> LeafChange:
    return changed(rule.change, rule.level, side, rule.pointer, rule.old, rule.new, rule.detail)


_MOVES = frozenset(["parameter_added", "parameter_removed", "parameter_renamed", "type_changed"])


def _parameter(old: SchemaLeaf, new: SchemaLeaf, rules: Rules) -> list[LeafChange]:
    changes: list[LeafChange] = []

    def note(change: str, level: ChangeLevel, before: Json, after: Json, detail: str) -> None:
        changes.append(changed(change, level, "input", new.pointer, before, after, detail))

    if old.is_required != new.is_required:
        word = "required" if new.is_required else "optional"
        level: ChangeLevel = "breaking" if new.is_required else "compatible"
        note(f"became_{word}", level, old.is_required, new.is_required, f"is now {word}")
    if old.types != new.types:
        is_wider = not new.types or (bool(old.types) and covers(new.types, old.types))
        note("type_changed", "compatible" if is_wider else "breaking", list(old.types), list(new.types),
             f"type was {types_text(old)}, is {types_text(new)}")  # fmt: skip
    if old.enum != new.enum:
        changes.append(enum_changed(old, new))
    for change, before, after in (
        ("pattern_changed", old.pattern, new.pattern),
        ("format_changed", old.format, new.format),
    ):
        if before != after:
            word = change.partition("_")[0]
            detail = f"{word} was {quoted(before)}, is {quoted(after)}"
            note(change, "breaking" if after else "compatible", before, after, detail)
    if old.fingerprint != new.fingerprint:
        changes += [_ruled(rule, "input") for rule in rules.of_leaf(new.pointer)]
        if all(item.change in _OUTSIDE_LEAF for item in changes):
            note("constraints_changed", "breaking", None, None, "allowed values changed")
    if (old.has_default, old.default) != (new.has_default, new.default):
        before, after = (json_text(leaf.default) if leaf.has_default else "none" for leaf in (old, new))
        note("default_changed", "behavioural", old.default, new.default, f"default was {before}, is {after}")
    return changes


_OUTSIDE_LEAF = frozenset({"became_required", "became_optional"})


_ANNOTATIONS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")


def _surroundings(old: ToolSchema, new: ToolSchema) -> list[LeafChange]:
    """Return what changed around the leaves: where calls go, what the source says about their danger."""
    found: list[LeafChange] = []
    before, after = ([one.transport.get("method"), one.transport.get("path")] for one in (old, new))
    if old.transport != new.transport:
        was, now = (" ".join(str(part) for part in parts if part) for parts in (before, after))
        detail = f"goes to {quoted(now)}, went to {quoted(was)}" if was != now else "is sent in another form"
        found.append(changed("endpoint_changed", "behavioural", old=was, new=now, detail=detail))
    # What changed the effect is told as that.
    for name in _ANNOTATIONS if old.effect == new.effect else ():
        if old.hints.get(name) != new.hints.get(name):
            detail = f"`{name}` was {json_text(old.hints.get(name))}, is {json_text(new.hints.get(name))}"
            found.append(
                changed("annotation_changed", "safety", old=old.hints.get(name), new=new.hints.get(name), detail=detail)
            )
    if old.is_deprecated != new.is_deprecated:
        detail = "is deprecated now" if new.is_deprecated else "is no longer deprecated"
        found.append(changed("wording_changed", "doc", detail=detail))
    return found


def _wording(old: ToolSchema, new: ToolSchema, changes: Sequence[LeafChange]) -> list[LeafChange]:
    found: list[LeafChange] = []
    if old.description != new.description:
        found.append(
            changed("description_changed", "doc", old=old.description, new=new.description, detail="its description")
        )
    before = {(leaf.side, leaf.pointer): leaf for leaf in (*old.inputs, *old.outputs)}
    for leaf in (*new.inputs, *new.outputs):
        twin = before.get((leaf.side, leaf.pointer))
        if twin is not None and twin.description != leaf.description:
            detail = f"description of {called(leaf)}"
            found.append(
                changed(
                    "description_changed", "doc", leaf.side, leaf.pointer, twin.description, leaf.description, detail
                )
            )
    is_same_shape = all(item.level == "doc" or item.change in _OUTSIDE_LEAF for item in changes)
    if old.docs != new.docs and not found and is_same_shape:
        found.append(changed("wording_changed", "doc", detail="titles, examples or remarks"))
    return found


_GATE_CHANGES = frozenset(["became_required", "became_optional", "default_changed", *_MOVES])


def _come(leaf: SchemaLeaf) -> LeafChange:
    word = "required" if leaf.is_required else "optional"
    level: ChangeLevel = "breaking" if leaf.is_required else "compatible"
    return changed("parameter_added", level, "input", leaf.pointer, detail=f"{word} parameter {called(leaf)}")


def _renamed(old: SchemaLeaf, new: SchemaLeaf, points: float) -> LeafChange:
    detail = f"parameter {called(old)} renamed to {called(new)} ({points:.2f})"
    return changed("parameter_renamed", "breaking", "input", new.pointer, old.pointer, new.pointer, detail)
