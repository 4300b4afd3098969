"""Two versions of one tool -> what changed in its leaves, its gate, its effect and its texts.

Pure. Levels say what may break; they condemn no row, they select the rows to look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from loopbuild.digest import canonical
from loopbuild.records import GRAVITY, ChangeLevel, Json, LeafChange, SchemaLeaf, Side, ToolSchema
from loopbuild.stages.catalog.renames import pair_up, parameter_score
from loopbuild.stages.catalog.rulesdiff import RuleChange, Rules
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
    changes += _outputs(old, new)
    if old.output_origin != new.output_origin:
        detail = f"return shape was {old.output_origin}, is {new.output_origin}"
        changes.append(
            _change("return_origin_changed", "behavioural", "output", old=old.output_origin, new=new.output_origin,
                    detail=detail)
        )  # fmt: skip
    if old.effect != new.effect:
        detail = f"effect was {old.effect}, is {new.effect}"
        changes.append(_change("effect_changed", "safety", old=old.effect, new=new.effect, detail=detail))
    changes += _surroundings(old, new)
    changes += _wording(old, new, changes)
    return tuple(sorted(changes, key=lambda item: (item.side, item.pointer, item.change, item.detail)))


def _inputs(old: ToolSchema, new: ToolSchema, renames: Mapping[str, str], notes: list[str]) -> list[LeafChange]:
    before = {leaf.pointer: leaf for leaf in old.inputs}
    after = {leaf.pointer: leaf for leaf in new.inputs}
    changes: list[LeafChange] = []
    removed = [leaf for pointer, leaf in before.items() if pointer not in after]
    added = [leaf for pointer, leaf in after.items() if pointer not in before]
    for gone in list(removed):
        twin = next((leaf for leaf in added if _is_reshaped(gone.pointer, leaf.pointer)), None)
        if twin is not None:
            changes.append(_reshaped("type_changed", gone, twin))
            removed.remove(gone)
            added.remove(twin)
    pairs: list[tuple[SchemaLeaf, SchemaLeaf]] = []
    for gone in list(removed):
        twin = next((leaf for leaf in added if leaf.pointer == renames.get(gone.pointer)), None)
        if twin is not None:
            pairs.append((gone, twin))
            changes.append(_renamed(gone, twin, 1.0))
            removed.remove(gone)
            added.remove(twin)
    found = pair_up(removed, added, parameter_score, lambda leaf: leaf.pointer)
    for gone, twin, points in found.certain:
        pairs.append((gone, twin))
        changes.append(_renamed(gone, twin, points))
        removed.remove(gone)
        added.remove(twin)
    for gone, twin, points in found.doubtful:
        notes.append(
            f"parameter `{named(gone.pointer[1:])}` of `{named(new.id)}` may have become "
            f"`{named(twin.pointer[1:])}` ({points:.2f}); treated as removed and added"
        )
    changes += [_gone("parameter_removed", leaf) for leaf in removed]
    changes += [_come(leaf) for leaf in added]
    rules = Rules(old.input_schema, new.input_schema, renamed={twin.pointer: gone.pointer for gone, twin in pairs})
    pairs += [(before[pointer], after[pointer]) for pointer in before if pointer in after]
    for one, other in pairs:
        changes += _parameter(one, other, rules)
    return changes


def _gate(old: ToolSchema, new: ToolSchema, changes: Sequence[LeafChange]) -> list[LeafChange]:
    """Return what changed in the rules around leaves; a gate whose difference nothing else shows may break."""
    rules = Rules(old.input_schema, new.input_schema, renamed={})
    explained = [item.pointer for item in changes if item.change in _OUTSIDE_LEAF or item.change in _MOVES]
    explained += [str(item.old) for item in changes if item.change in ("parameter_renamed", "type_changed")]
    explained += [leaf.pointer for leaf in old.inputs if not any(leaf.pointer == one.pointer for one in new.inputs)]
    found = [_ruled(rule, "input") for rule in rules.of_objects(explained)]
    if found or any(item.change in _GATE_CHANGES for item in changes):
        return found
    return [_change("rules_changed", "breaking", "input", detail="what makes a call valid changed")]


def _ruled(rule: RuleChange, side: Side) -> LeafChange:
    return _change(rule.change, rule.level, side, rule.pointer, rule.old, rule.new, rule.detail)


_MOVES = frozenset(["parameter_added", "parameter_removed", "parameter_renamed", "type_changed"])


def _parameter(old: SchemaLeaf, new: SchemaLeaf, rules: Rules) -> list[LeafChange]:
    changes: list[LeafChange] = []

    def note(change: str, level: ChangeLevel, before: Json, after: Json, detail: str) -> None:
        changes.append(_change(change, level, "input", new.pointer, before, after, detail))

    if old.is_required != new.is_required:
        word = "required" if new.is_required else "optional"
        level: ChangeLevel = "breaking" if new.is_required else "compatible"
        note(f"became_{word}", level, old.is_required, new.is_required, f"is now {word}")
    if old.types != new.types:
        is_wider = not new.types or (bool(old.types) and _covers(new.types, old.types))
        note("type_changed", "compatible" if is_wider else "breaking", list(old.types), list(new.types),
             f"type was {_types(old)}, is {_types(new)}")  # fmt: skip
    if old.enum != new.enum:
        changes.append(_enum(old, new))
    if (old.minimum, old.maximum) != (new.minimum, new.maximum):
        is_wider = _at_most(new.minimum, old.minimum) and _at_most(_negated(new.maximum), _negated(old.maximum))
        note("bounds_changed", "compatible" if is_wider else "breaking", [old.minimum, old.maximum],
             [new.minimum, new.maximum], f"bounds were {_bounds(old)}, are {_bounds(new)}")  # fmt: skip
    for change, before, after in (
        ("pattern_changed", old.pattern, new.pattern),
        ("format_changed", old.format, new.format),
    ):
        if before != after:
            word = change.partition("_")[0]
            detail = f"{word} was {_quoted(before)}, is {_quoted(after)}"
            note(change, "breaking" if after else "compatible", before, after, detail)
    if old.fingerprint != new.fingerprint:
        changes += [_ruled(rule, "input") for rule in rules.of_leaf(new.pointer)]
        if all(item.change in _OUTSIDE_LEAF for item in changes):
            note("constraints_changed", "breaking", None, None, "allowed values changed")
    if (old.has_default, old.default) != (new.has_default, new.default):
        before, after = (_json(leaf.default) if leaf.has_default else "none" for leaf in (old, new))
        note("default_changed", "behavioural", old.default, new.default, f"default was {before}, is {after}")
    return changes


_OUTSIDE_LEAF = frozenset({"became_required", "became_optional"})


def _enum(old: SchemaLeaf, new: SchemaLeaf) -> LeafChange:
    lost = [value for value in old.enum if value not in new.enum]
    gained = [value for value in new.enum if value not in old.enum]
    if not old.enum:
        level: ChangeLevel = "breaking"
        detail = f"enum limits it to {_values(gained)}"
    elif not new.enum:
        level, detail = "compatible", "enum is gone, any value goes"
    else:
        level = "breaking" if lost else "compatible"
        parts = [f"lost {_values(lost)}"] * bool(lost) + [f"gained {_values(gained)}"] * bool(gained)
        detail = "enum " + ", ".join(parts)
    return _change("enum_changed", level, old.side, new.pointer, list(old.enum), list(new.enum), detail)


def _outputs(old: ToolSchema, new: ToolSchema) -> list[LeafChange]:
    before = {leaf.pointer: leaf for leaf in old.outputs}
    after = {leaf.pointer: leaf for leaf in new.outputs}
    changes: list[LeafChange] = []
    removed = [leaf for pointer, leaf in before.items() if pointer not in after]
    added = [leaf for pointer, leaf in after.items() if pointer not in before]
    for gone in list(removed):
        twin = next((leaf for leaf in added if _is_reshaped(gone.pointer, leaf.pointer)), None)
        if twin is not None:
            changes.append(_reshaped("return_changed", gone, twin))
            removed.remove(gone)
            added.remove(twin)
    changes += [_gone("return_removed", leaf) for leaf in removed]
    for leaf in added:
        detail = f"returns {_called(leaf)} as well"
        changes.append(_change("return_added", "compatible", "output", leaf.pointer, detail=detail))
    for pointer, leaf in before.items():
        twin = after.get(pointer)
        if twin is not None and twin.fingerprint != leaf.fingerprint:
            changes += _returned(leaf, twin)
    return changes


def _returned(old: SchemaLeaf, new: SchemaLeaf) -> list[LeafChange]:
    changes: list[LeafChange] = []

    def note(level: ChangeLevel, before: Json, after: Json, detail: str) -> None:
        changes.append(_change("return_changed", level, "output", new.pointer, before, after, detail))

    if old.types != new.types:
        is_narrower = bool(new.types) and (not old.types or _covers(old.types, new.types))
        level: ChangeLevel = "compatible" if is_narrower else "breaking"
        note(level, list(old.types), list(new.types), f"type was {_types(old)}, is {_types(new)}")
    if old.is_required != new.is_required:
        level = "compatible" if new.is_required else "breaking"
        detail = "is always there now" if new.is_required else "may be missing now"
        note(level, old.is_required, new.is_required, detail)
    if old.enum != new.enum:
        note("behavioural", list(old.enum), list(new.enum), _enum(old, new).detail)
    if old.format != new.format:
        detail = f"format was {_quoted(old.format)}, is {_quoted(new.format)}"
        note("behavioural", old.format, new.format, detail)
    if not changes:
        note("behavioural", None, None, "possible values changed")
    return changes


_ANNOTATIONS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")


def _surroundings(old: ToolSchema, new: ToolSchema) -> list[LeafChange]:
    """Return what changed around the leaves: where calls go, what the source says about their danger."""
    found: list[LeafChange] = []
    before, after = ([one.transport.get("method"), one.transport.get("path")] for one in (old, new))
    if old.transport != new.transport:
        was, now = (" ".join(str(part) for part in parts if part) for parts in (before, after))
        detail = f"goes to {_quoted(now)}, went to {_quoted(was)}" if was != now else "is sent in another form"
        found.append(_change("endpoint_changed", "behavioural", old=was, new=now, detail=detail))
    # What changed the effect is told as that.
    for name in _ANNOTATIONS if old.effect == new.effect else ():
        if old.hints.get(name) != new.hints.get(name):
            detail = f"`{name}` was {_json(old.hints.get(name))}, is {_json(new.hints.get(name))}"
            found.append(
                _change("annotation_changed", "safety", old=old.hints.get(name), new=new.hints.get(name), detail=detail)
            )
    if old.is_deprecated != new.is_deprecated:
        detail = "is deprecated now" if new.is_deprecated else "is no longer deprecated"
        found.append(_change("wording_changed", "doc", detail=detail))
    return found


def _wording(old: ToolSchema, new: ToolSchema, changes: Sequence[LeafChange]) -> list[LeafChange]:
    found: list[LeafChange] = []
    if old.description != new.description:
        found.append(
            _change("description_changed", "doc", old=old.description, new=new.description, detail="its description")
        )
    before = {(leaf.side, leaf.pointer): leaf for leaf in (*old.inputs, *old.outputs)}
    for leaf in (*new.inputs, *new.outputs):
        twin = before.get((leaf.side, leaf.pointer))
        if twin is not None and twin.description != leaf.description:
            detail = f"description of {_called(leaf)}"
            found.append(
                _change(
                    "description_changed", "doc", leaf.side, leaf.pointer, twin.description, leaf.description, detail
                )
            )
    is_same_shape = all(item.level == "doc" or item.change in _OUTSIDE_LEAF for item in changes)
    if old.docs != new.docs and not found and is_same_shape:
        found.append(_change("wording_changed", "doc", detail="titles, examples or remarks"))
    return found


_GATE_CHANGES = frozenset(["became_required", "became_optional", "default_changed", *_MOVES])


def _change(
    change: str,
    level: ChangeLevel,
    side: Side | Literal[""] = "",
    pointer: str = "",
    old: Json = None,
    new: Json = None,
    detail: str = "",
) -> LeafChange:
    return LeafChange(
        change=change,
        level=level,
        side=side,
        pointer=pointer,
        old=old,
        new=new,
        detail=detail,
    )


def _gone(change: str, leaf: SchemaLeaf) -> LeafChange:
    word = "parameter" if leaf.side == "input" else "return"
    return _change(change, "breaking", leaf.side, leaf.pointer, detail=f"{word} {_called(leaf)} is gone")


def _come(leaf: SchemaLeaf) -> LeafChange:
    word = "required" if leaf.is_required else "optional"
    level: ChangeLevel = "breaking" if leaf.is_required else "compatible"
    return _change("parameter_added", level, "input", leaf.pointer, detail=f"{word} parameter {_called(leaf)}")


def _renamed(old: SchemaLeaf, new: SchemaLeaf, points: float) -> LeafChange:
    detail = f"parameter {_called(old)} renamed to {_called(new)} ({points:.2f})"
    return _change("parameter_renamed", "breaking", "input", new.pointer, old.pointer, new.pointer, detail)


def _reshaped(change: str, old: SchemaLeaf, new: SchemaLeaf) -> LeafChange:
    detail = "is a list now" if new.pointer.endswith("/[]") else "is no list any more"
    return _change(change, "breaking", old.side, new.pointer, old.pointer, new.pointer, detail)


def _is_reshaped(one: str, other: str) -> bool:
    return other == one + "/[]" or one == other + "/[]"


def _covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    return all(name in wide or (name == "integer" and "number" in wide) for name in narrow)


def _at_most(new: float | None, old: float | None) -> bool:
    return new is None or (old is not None and new <= old)


def _negated(bound: float | None) -> float | None:
    return None if bound is None else -bound


def _types(leaf: SchemaLeaf) -> str:
    return " or ".join(leaf.types) if leaf.types else "anything"


def _bounds(leaf: SchemaLeaf) -> str:
    low, high = (("" if bound is None else f"{bound:g}") for bound in (leaf.minimum, leaf.maximum))
    return f"{low}..{high}" if low or high else "none"


def _called(leaf: SchemaLeaf) -> str:
    return f"`{named(leaf.pointer.removeprefix('/'))}`"


def _values(values: Sequence[Json]) -> str:
    shown = ", ".join(f"`{named(value if isinstance(value, str) else _json(value))}`" for value in values[:8])
    return shown if len(values) <= 8 else f"{shown} and {len(values) - 8} more"


def _quoted(text: str) -> str:
    return f"`{named(text)}`" if text else "none"


def _json(value: Json) -> str:
    return canonical(value).decode()
