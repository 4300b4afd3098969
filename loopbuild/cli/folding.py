"""A long difference made short: what happened alike in many tools is one line, and the rest ends somewhere.

Decides what is alike: the same happened to a property of the same name, and no row we know of reads it. What somebody's
rows read is always listed by itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from loopbuild.cli.changes import change_rows
from loopbuild.cli.consequences import users_line
from loopbuild.cli.units import count
from loopbuild.pipeline.comparing import Comparison
from loopbuild.records import GRAVITY, LeafChange, ToolChange

LEAST_ALIKE = 4
"""Tools from which on one line says more than as many."""
MOST_FOLDS = 40
MOST_ROWS = 120
"""Lines of changes in tools, and of folded ones; beyond nobody reads on."""
_NAMED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """What happened alike in several tools."""

    leaf: LeafChange
    what: str
    tools: tuple[str, ...]
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A difference as it is shown."""

    blocks: tuple[tuple[int, ToolChange], ...]
    """Place of a change in the difference, and what of it is shown by itself."""
    folds: tuple[Fold, ...]
    left_out: Counter[str] = field(default_factory=Counter)
    """Level -> changes that are not shown."""


def folded(comparison: Comparison, *, everything: bool = False) -> Folded:
    """Return what is shown of a difference; with `everything` all of it, one by one."""
    changes = comparison.difference.changes
    if everything:
        return Folded(blocks=tuple(enumerate(changes)), folds=())
    alike: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for at, change in enumerate(changes):
        for leaf_at, leaf in enumerate(change.leaves if change.change == "changed" else ()):
            if not users_line(comparison, at, leaf_at):
                alike.setdefault((leaf.change, leaf.level, leaf.side, _what(leaf)), []).append((at, leaf_at))
    many = {what: places for what, places in alike.items() if len({at for at, _ in places}) >= LEAST_ALIKE}
    gone = {place for places in many.values() for place in places}
    folds = [
        Fold(
            leaf=changes[places[0][0]].leaves[places[0][1]],
            what=what[-1],
            tools=tuple(dict.fromkeys(changes[at].tool for at, _ in places)),
            changes=len(places),
        )
        for what, places in many.items()
    ]
    folds = sorted(_together(folds), key=lambda fold: (GRAVITY.index(fold.leaf.level), -len(fold.tools), fold.what))
    blocks, left_out = _gravest(changes, gone)
    for fold in folds[MOST_FOLDS:]:
        left_out[fold.leaf.level] += fold.changes
    return Folded(blocks=tuple(blocks), folds=tuple(folds[:MOST_FOLDS]), left_out=left_out)


def fold_rows(fold: Fold) -> list[str]:
    """Return the line of what happened alike, in the columns of other changes."""
    names = ", ".join(tool.partition("/")[2] for tool in fold.tools[:_NAMED])
    return ["~", count(len(fold.tools), "tool"), fold.what, fold.leaf.level, f"such as {names}"]


def _together(folds: list[Fold]) -> list[Fold]:
    """Return the folds with those of one kind about the very same tools as one: a shared schema grew, or went."""
    groups: dict[tuple[object, ...], list[Fold]] = {}
    for fold in folds:
        groups.setdefault((fold.leaf.change, fold.leaf.level, fold.leaf.side, fold.tools), []).append(fold)
    return [
        group[0]
        if len(group) == 1
        else replace(
            group[0],
            what=f"{group[0].what}, and {len(group) - 1:,} more like it",
            changes=sum(fold.changes for fold in group),
        )
        for group in groups.values()
    ]


def _gravest(
    changes: tuple[ToolChange, ...], gone: set[tuple[int, int]]
) -> tuple[list[tuple[int, ToolChange]], Counter[str]]:
    """Return what is left of each tool, the gravest as long as there is room, and how much had none."""
    blocks: list[tuple[int, ToolChange]] = []
    for at, change in enumerate(changes):
        leaves = tuple(leaf for leaf_at, leaf in enumerate(change.leaves) if (at, leaf_at) not in gone)
        if leaves or change.change != "changed":
            blocks.append((at, replace(change, leaves=leaves)))
    room, kept = MOST_ROWS, dict[int, ToolChange]()
    left_out: Counter[str] = Counter()
    for at, change in sorted(blocks, key=lambda block: (GRAVITY.index(block[1].level), block[0])):
        shown = _gravest_leaves(change, room) if room > 1 else change
        rows = change_rows(shown)
        if len(rows) > room:
            left_out.update(row[3] for row in rows)
            continue
        left_out.update(leaf.level for leaf in change.leaves)
        left_out.subtract(leaf.level for leaf in shown.leaves)
        room -= len(rows)
        kept[at] = shown
    return [(at, kept[at]) for at, _ in blocks if at in kept], +left_out


def _gravest_leaves(change: ToolChange, room: int) -> ToolChange:
    """Return a change with no more leaves than there is room for, beside the line of the tool as a whole."""
    if len(change_rows(change)) <= room:
        return change
    ranked = sorted(range(len(change.leaves)), key=lambda at: (GRAVITY.index(change.leaves[at].level), at))
    return replace(change, leaves=tuple(change.leaves[at] for at in sorted(ranked[: room - 1])))


def _what(leaf: LeafChange) -> str:
    """Return what happened without the way to where: the last name says which property it is."""
    path = leaf.pointer[1:]
    last = "/".join([part for part in path.split("/") if part != "[]"][-1:])
    where = f"{leaf.side} {last}: " if last and f"`{path}`" not in leaf.detail else ""
    said = leaf.detail or leaf.change.replace("_", " ")
    return where + (said.replace(f"`{path}`", f"`{last}`") if path else said)
