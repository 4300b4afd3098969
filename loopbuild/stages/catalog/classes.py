"""The classes of change: what each may make stale, and what is done about it.

A class condemns no row. It selects the rows to look at: stored calls are validated again and executions replayed, and
only what does not come out the same is made anew. Pure data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from loopbuild.records import GRAVITY, CatalogDiff, ChangeLevel, LeafChange, ToolChange, fact_name

Stale = Literal["graph", "trajectories", "calls", "prompts", "wording", "model", "sandbox"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeClass:
    """What a class of change means at one level."""

    level: ChangeLevel
    stale: tuple[Stale, ...]
    action: str


def _class(level: ChangeLevel, stale: str, action: str) -> ChangeClass:
    return ChangeClass(level=level, stale=tuple(stale.split()), action=action)  # type: ignore[arg-type]


_REVALIDATE = "validate and replay the calls that set it"
_NARROWED = (_class("breaking", "calls", _REVALIDATE), _class("compatible", "prompts", "cover the new values"))
CLASSES: dict[str, tuple[ChangeClass, ...]] = {
    "tool_added": (_class("compatible", "graph prompts", "new edges and new rows; old rows stay"),),
    "tool_removed": (_class("breaking", "graph trajectories calls prompts model", "its rows go, others are replayed"),),
    "tool_renamed": (
        _class("breaking", "calls prompts model wording", "rewrite its calls and replay them; texts stay"),
    ),
    "parameter_renamed": (
        _class("breaking", "calls prompts model wording", "rewrite the calls that set it and replay them"),
    ),
    "parameter_added": (
        _class("breaking", "graph calls trajectories model", "make its rows anew, with a value for it"),
        _class("compatible", "prompts", "some new rows set it"),
    ),
    "parameter_removed": (
        _class("breaking", "calls wording", "leave it out of the calls that set it and replay them; word them anew"),
    ),
    "alternative_renamed": (_class("compatible", "graph trajectories", "replay the rows that read it"),),
    "became_required": (_class("breaking", "calls", "validate the calls that leave it out"),),
    "became_optional": (_class("compatible", "", "nothing"),),
    **dict.fromkeys(
        (
            "type_changed",
            "enum_changed",
            "bounds_changed",
            "pattern_changed",
            "format_changed",
            "constraints_changed",
            "rules_changed",
        ),
        _NARROWED,
    ),
    "default_changed": (_class("behavioural", "trajectories", "replay the calls that leave it out"),),
    "call_name_changed": (_class("breaking", "calls prompts model", "render its calls anew"),),
    "return_removed": (_class("breaking", "graph trajectories", "replay the rows that read it"),),
    "return_changed": (
        _class("breaking", "graph trajectories", "replay the rows that read it"),
        _class("behavioural", "graph trajectories", "replay the rows that read it"),
        _class("compatible", "graph", "replay the rows that read it"),
    ),
    "return_added": (_class("compatible", "graph", "new edges only"),),
    "return_origin_changed": (_class("behavioural", "graph trajectories", "replay its rows"),),
    "endpoint_changed": (_class("behavioural", "trajectories", "replay where calls run on the live server"),),
    "effect_changed": (_class("safety", "sandbox", "look before it runs on a live server again"),),
    "annotation_changed": (_class("safety", "sandbox", "look before it runs on a live server again"),),
    "description_changed": (_class("doc", "prompts", "render prompts anew; nothing is sampled, written or trained"),),
    "wording_changed": (_class("doc", "prompts", "render prompts anew; nothing is sampled, written or trained"),),
}


def class_of(change: str, level: ChangeLevel) -> ChangeClass:
    """Return what a change of this class and level means; an unknown one raises KeyError."""
    known = CLASSES[change]
    return next((found for found in known if found.level == level), known[0])


def tool_class(change: ToolChange) -> str:
    """Return the class of a change to a whole tool, empty where only leaves changed."""
    return "" if change.change == "changed" else f"tool_{change.change}"


_OF_GATE = frozenset(["became_required", "became_optional", "default_changed", "rules_changed"])


def touched(change: ToolChange, leaf: LeafChange | None = None) -> Iterator[str]:
    """Yield the facts whose readers a change concerns, by the names they had; none for what no old row can have read.

    With `leaf` those of one changed leaf, else those of the tool as a whole.
    """
    tool = change.old_tool or change.tool
    if leaf is None:
        if change.change in ("removed", "renamed"):
            yield fact_name(tool, "gate")
    elif leaf.level == "doc" or leaf.change == "return_added":
        return
    elif leaf.concerns:
        yield from (fact_name(tool, leaf.side, pointer) for pointer in leaf.concerns)
    elif leaf.change in _OF_GATE or (leaf.change == "parameter_added" and leaf.level == "breaking"):
        yield fact_name(tool, "gate")
    elif leaf.change in ("effect_changed", "annotation_changed"):
        yield fact_name(tool, "effect")
    elif leaf.change == "call_name_changed":
        yield fact_name(tool, "call name")
    elif leaf.change in ("return_origin_changed", "endpoint_changed"):
        yield fact_name(tool, "returns")
    elif leaf.change != "parameter_added":
        yield fact_name(tool, leaf.side, _old_pointer(change, leaf))


def _old_pointer(change: ToolChange, leaf: LeafChange) -> str:
    """Return where the leaf was: what was renamed, or became a list or none, keeps its old pointer in `old`."""
    if leaf.change in ("parameter_renamed", "type_changed", "return_changed") and isinstance(leaf.old, str):
        return leaf.old
    renamed = {item.pointer: item.old for item in change.leaves if item.change == "parameter_renamed"}
    return str(renamed.get(leaf.pointer, leaf.pointer))


def at_or_above(difference: CatalogDiff, level: str) -> list[ToolChange | LeafChange]:
    """Return the changes that are at least as grave as `level`."""
    grave = GRAVITY[: GRAVITY.index(level) + 1]

    out: list[ToolChange | LeafChange] = []
    for change in difference.changes:
        if change.change != "changed" and change.level in grave:
            out.append(change)
        out += [leaf for leaf in change.leaves if leaf.level in grave]
    return out
