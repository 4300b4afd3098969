"""Changes of single leaves, each with its sentence for a screen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from loopbuild.digest import canonical
from loopbuild.records import ChangeLevel, Json, LeafChange, SchemaLeaf, Side
from loopbuild.stages.catalog.values import MAX_ENUM
from loopbuild.visible import named


def changed(
    change: str,
    level: ChangeLevel,
    side: Side | Literal[""] = "",
    pointer: str = "",
    old: Json = None,
    new: Json = None,
    detail: str = "",
    concerns: tuple[str, ...] = (),
) -> LeafChange:
    """Return a change of one leaf, or of a whole tool where no pointer is given."""
    return LeafChange(
        change=change,
        level=level,
        side=side,
        pointer=pointer,
        old=old,
        new=new,
        detail=detail,
        concerns=concerns,
    )


def gone(change: str, leaf: SchemaLeaf) -> LeafChange:
    """Return the change of a leaf that is gone."""
    word = "parameter" if leaf.side == "input" else "return"
    return changed(change, "breaking", leaf.side, leaf.pointer, detail=f"{word} {called(leaf)} is gone")


def reshaped(change: str, old: SchemaLeaf, new: SchemaLeaf) -> LeafChange:
    """Return the change of a scalar that became a list, or the other way round."""
    detail = "is a list now" if new.pointer.endswith("/[]") else "is no list any more"
    return changed(change, "breaking", old.side, new.pointer, old.pointer, new.pointer, detail)


def is_reshaped(one: str, other: str) -> bool:
    """Say whether one pointer names the items of the other."""
    return other == one + "/[]" or one == other + "/[]"


def covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Say whether the JSON types `wide` hold all that `narrow` do."""
    return all(name in wide or (name == "integer" and "number" in wide) for name in narrow)


def types_text(leaf: SchemaLeaf) -> str:
    """Return the types of a leaf for a screen."""
    return " or ".join(leaf.types) if leaf.types else "anything"


def called(leaf: SchemaLeaf) -> str:
    """Return the name of a leaf for a screen."""
    return f"`{named(leaf.pointer.removeprefix('/'))}`"


def values_text(values: Sequence[Json]) -> str:
    """Return values for a screen, the first eight."""
    shown = ", ".join(f"`{named(value if isinstance(value, str) else json_text(value))}`" for value in values[:8])
    return shown if len(values) <= 8 else f"{shown} and {len(values) - 8} more"


def quoted(text: str) -> str:
    """Return text for a screen, `none` when empty."""
    return f"`{named(text)}`" if text else "none"


def json_text(value: Json) -> str:
    """Return a value as JSON."""
    return canonical(value).decode()


def enum_changed(old: SchemaLeaf, new: SchemaLeaf) -> LeafChange:
    """Return the change of the listed values of a parameter."""
    lost, gained = _without(old.enum, new.enum), _without(new.enum, old.enum)
    if not old.enum:
        level: ChangeLevel = "breaking"
        detail = f"enum limits it to {values_text(gained)}"
    elif not new.enum:
        level, detail = "compatible", "enum is gone, any value goes"
    else:
        level = "breaking" if lost or _is_cut(old, new) else "compatible"
        parts = [f"lost {values_text(lost)}"] * bool(lost) + [f"gained {values_text(gained)}"] * bool(gained)
        detail = "enum " + ", ".join(parts)
    return changed("enum_changed", level, old.side, new.pointer, list(old.enum), list(new.enum), detail)


def _without(values: Sequence[Json], others: Sequence[Json]) -> list[Json]:
    """Return the values that are not among the others; 1 is not `true`, as it is in Python."""
    known = {canonical(value) for value in others}
    return [value for value in values if canonical(value) not in known]


def _is_cut(old: SchemaLeaf, new: SchemaLeaf) -> bool:
    return max(len(old.enum), len(new.enum)) >= MAX_ENUM
