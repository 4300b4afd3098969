"""A catalog difference as lines: sign, tool, what happened, where."""

from __future__ import annotations

from loopbuild.cli.units import table
from loopbuild.records import CatalogDiff, ToolChange

MOST_PADDED = 56
"""Columns are no wider for the sake of one long line."""
SIGNS = {"added": "+", "removed": "-", "renamed": ">", "changed": "~"}


def change_lines(difference: CatalogDiff) -> list[str]:
    """Return one line per changed leaf, and the notes."""
    rows = [row for change in difference.changes for row in change_rows(change)]
    lines = table(rows, most=MOST_PADDED).splitlines() if rows else []
    return lines + [f"note: {note}" for note in difference.notes]


def change_rows(change: ToolChange) -> list[list[str]]:
    """Return one row of cells per changed leaf, the tool as a whole before them."""
    sign = SIGNS[change.change]
    place = f"{change.span.file}:{change.span.line}" if change.span and change.span.line else ""
    head = change.tool
    if change.change == "renamed":
        first = [
            sign,
            head,
            f"renamed from `{change.old_tool.partition('/')[2]}` ({change.score:.2f})",
            change.level,
            place,
        ]
    elif change.change in ("added", "removed"):
        first = [sign, head, change.change, change.level, place]
    else:
        first = []
    rows = [first] if first else []
    for leaf in change.leaves:
        what = leaf.detail or leaf.change.replace("_", " ")
        where = f"{leaf.side} {leaf.pointer}: " if leaf.pointer else ""
        rows.append(
            [sign if not rows else " ", head if not rows else "", where + what, leaf.level, place if not rows else ""]
        )
    return rows
