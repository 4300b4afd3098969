"""Which tools and parameters are called otherwise than when a table was last made, for rows that are kept under it.

Decides by the catalog's own matching, without wording: what is certain for `diff` without descriptions, and what
`graph.renames` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loopbuild.engine.target import Action, Json
from loopbuild.records import CatalogDiff, Cell, ToolCatalog, ToolChange, from_json

if TYPE_CHECKING:
    from loopbuild.stages.sampling.renaming import Renames


def since_last(action: Action) -> Renames | None:
    """Return what was renamed since the action's target was last made; None when nothing was or nobody knows."""
    said = (action.context or {}).get("renames", {})
    return action.since(between, "contract", given=said)


def between(old: Json, new: Json, said: Mapping[str, str]) -> Renames | None:
    """Return what was renamed between two catalogs; None when nothing was."""
    from loopbuild.stages.catalog.diff import diff_catalogs

    before, after = from_json(ToolCatalog, old), from_json(ToolCatalog, new)
    return renames_of(diff_catalogs(before, after, renames=said))


def renames_of(difference: CatalogDiff) -> Renames | None:
    """Return the renames of a difference that a call can be rewritten by, and what is to be left out of it."""
    from loopbuild.stages.sampling.renaming import Renames

    tools = {change.old_tool: change.tool for change in difference.changes if change.change == "renamed"}
    parameters: dict[str, dict[str, str]] = {}
    for change in difference.changes:
        for leaf in change.leaves:
            if leaf.change == "parameter_renamed" and _stands_as_before(str(leaf.old), str(leaf.new)):
                parameters.setdefault(change.tool, {})[str(leaf.old)] = str(leaf.new)
    dropped = {change.tool: _dropped(change) for change in difference.changes if _dropped(change)}
    return Renames(tools=tools, parameters=parameters, dropped=dropped) if tools or parameters or dropped else None


def _dropped(change: ToolChange) -> frozenset[str]:
    return frozenset(leaf.pointer for leaf in change.leaves if leaf.change == "parameter_removed" and not leaf.concerns)


def former_plans(old: Json, new: Json, given: None) -> dict[str, dict[str, Cell]]:
    """Return goal -> place among the goal's cells -> the cell that was planned there before."""
    del new, given
    found: dict[str, dict[str, Cell]] = {}
    for cells in old["cells"].values():
        for value in cells:
            cell = from_json(Cell, value)
            found.setdefault(cell.goal, {})[place_of(cell)] = cell
    return found


def place_of(cell: Cell) -> str:
    """Return what names a cell among those of its goal; its length is drawn from the goal's name, so not that."""
    return f"{cell.purpose} {cell.category} {cell.topology} {cell.index} {cell.aim}{cell.round or ''}".rstrip()


def _stands_as_before(old: str, new: str) -> bool:
    one, other = old.removesuffix("/[]"), new.removesuffix("/[]")
    is_alike = old.endswith("/[]") == new.endswith("/[]")
    return is_alike and one.rpartition("/")[0] == other.rpartition("/")[0]
