"""Alternatives of a union that came, went or have another name: one change each, however many leaves.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from loopbuild.pointers import alternatives
from loopbuild.records import ChangeLevel, LeafChange, SchemaLeaf
from loopbuild.stages.catalog.sentences import changed
from loopbuild.visible import named

_SAID = {
    "return_added": "returns alternative {} as well",
    "return_removed": "returned alternative {} is gone",
    "parameter_added": "takes alternative {} as well",
    "parameter_removed": "alternative {} is gone",
}
_NAMES = 4


def whole_branches(change: str, leaves: dict[str, SchemaLeaf], others: Collection[str]) -> list[LeafChange]:
    """Take out of `leaves`, by the pointers to compare, those of whole alternatives that `others` lack.

    Returns one change for each alternative.
    """
    there = {prefix for pointer in others for prefix in alternatives(pointer)}
    found: dict[str, dict[str, SchemaLeaf]] = {}
    for pointer, leaf in leaves.items():
        own = next((prefix for prefix in alternatives(pointer) if prefix not in there), "")
        if own:
            found.setdefault(own, {})[pointer] = leaf
    changes = []
    for prefix, group in sorted(found.items()):
        for pointer in group:
            del leaves[pointer]
        changes.append(_whole(change, prefix, group))
    return changes


def _whole(change: str, prefix: str, group: Mapping[str, SchemaLeaf]) -> LeafChange:
    is_gone = change.endswith("_removed")
    pointer, leaf = next(iter(group.items()))
    place = leaf.pointer[: len(leaf.pointer) - len(pointer) + len(prefix)]
    names = sorted({inner[len(prefix) + 1 :].split("/")[0] for inner in group} - {"", "[]"})
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    held = f" (`{named('`, `'.join(names[:_NAMES]))}`{more})" if names else ""
    level: ChangeLevel = "breaking" if is_gone else "compatible"
    detail = _SAID[change].format(f"`{named(place[1:])}`") + held
    concerns = tuple(sorted(one.pointer for one in group.values())) if is_gone else ()
    return changed(change, level, leaf.side, place, detail=detail, concerns=concerns)


def moved_branches(moved: Mapping[str, str], old: Sequence[SchemaLeaf]) -> list[LeafChange]:
    """Return the alternatives that are called otherwise because what tells them from others changed."""
    return [
        changed(
            "alternative_renamed",
            "compatible",
            old[0].side,
            place,
            name,
            place,
            f"alternative `{named(name[1:])}` is known as `{named(place[1:])}` now",
            concerns=tuple(leaf.pointer for leaf in old if f"{leaf.pointer}/".startswith(f"{name}/")),
        )
        for name, place in sorted(moved.items())
    ]
