"""Why a target has to be looked at again: reasons as data.

Pure: manifests in, reasons out. Knows nothing of stores, screens or what a fact means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from loopbuild.engine.target import Json

ReasonCode = Literal[
    "never_built",
    "recipe_changed",
    "params_changed",
    "input_changed",
    "input_added",
    "input_removed",
    "upstream_stale",
    "output_missing",
    "output_damaged",
    "goal_changed",
    "failed_last_time",
    "refreshed",
    "forced",
    "from_scratch",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleReason:
    """One cause: what (`subject`) went from `old` to `new`; digests for files and targets, values for params."""

    code: ReasonCode
    subject: str = ""
    """File path, upstream target id, pointer into params, fact or row key."""
    kind: Literal["", "file", "target", "params", "recipe", "row", "fact", "object"] = ""
    old: Json = None
    new: Json = None
    """None for an upstream whose new output is not known yet."""


def compare(old: Mapping[str, Json], new: Mapping[str, Json], *, is_goal: bool = False) -> tuple[StaleReason, ...]:
    """Return what differs between two manifests, in a fixed order; upstream digests "" in `new` are not known yet."""
    reasons: list[StaleReason] = []
    if list(old["recipe"]) != list(new["recipe"]):
        before, after = (" ".join(map(str, side["recipe"])) for side in (old, new))
        reasons.append(
            StaleReason(code="recipe_changed", subject=str(new["recipe"][0]), kind="recipe", old=before, new=after)
        )
    for pointer, before, after in value_changes(old["params"], new["params"]):
        reasons.append(StaleReason(code="params_changed", subject=pointer, kind="params", old=before, new=after))
    for section, kind, changed in (("files", "file", "input_changed"), ("inputs", "target", "upstream_stale")):
        reasons.extend(_section(old[section], new[section], kind=kind, changed=changed))  # type: ignore[arg-type]
    if new.get("generation", 0) != old.get("generation", 0):
        before, after = (str(side.get("generation", 0)) for side in (old, new))
        reasons.append(StaleReason(code="refreshed", subject=_asked_again(old, new), old=before, new=after))
    if is_goal and reasons:
        reasons.insert(0, StaleReason(code="goal_changed"))
    return tuple(reasons)


def _asked_again(old: Mapping[str, Json], new: Mapping[str, Json]) -> str:
    """Return how many rows were asked for anew apart from the others, empty for a whole target."""
    before, after = (_row_numbers(side.get("generation", 0)) for side in (old, new))
    rows = sum(after.get(key) != before.get(key) for key in after.keys() | before.keys())
    return f"{rows} row{'s' * (rows != 1)}" if rows else ""


def _row_numbers(told: Json) -> Mapping[str, int]:
    return told[1] if type(told) is list else {}


def _section(
    old: Mapping[str, Json],
    new: Mapping[str, Json],
    *,
    kind: Literal["file", "target"],
    changed: Literal["input_changed", "upstream_stale"],
) -> list[StaleReason]:
    reasons = []
    for role in sorted(old.keys() | new.keys()):
        if role not in old:
            name, digest = new[role]
            reasons.append(StaleReason(code="input_added", subject=name, kind=kind, new=digest or None))
        elif role not in new:
            name, digest = old[role]
            reasons.append(StaleReason(code="input_removed", subject=name, kind=kind, old=digest))
        elif old[role][1] != new[role][1] or (kind == "target" and old[role][0] != new[role][0]):
            name, digest = new[role]
            reasons.append(StaleReason(code=changed, subject=name, kind=kind, old=old[role][1], new=digest or None))
    return reasons


def value_changes(old: Json, new: Json, pointer: str = "") -> list[tuple[str, Json, Json]]:
    """Return (pointer, old, new) for every place where two JSON values differ; an absent side is None."""
    if type(old) is dict and type(new) is dict:
        found = []
        for name in sorted(old.keys() | new.keys()):
            if name in old and name in new:
                found.extend(value_changes(old[name], new[name], f"{pointer}/{name}"))
            else:
                found.append((f"{pointer}/{name}", old.get(name), new.get(name)))
        return found
    if isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        return [
            change
            for index, (before, after) in enumerate(zip(old, new, strict=True))
            for change in value_changes(before, after, f"{pointer}/{index}")
        ]
    if type(old) is tuple:
        old = list(old)
    if type(new) is tuple:
        new = list(new)
    return [] if type(old) is type(new) and old == new else [(pointer, old, new)]
