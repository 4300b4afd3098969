"""How a project stands to another loop.lock, and what a selection of removed targets means, as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loopbuild.cli.units import count
from loopbuild.pipeline.forecast import Comparison, Forecast

MOST = 6


def comparison_lines(found: Comparison) -> list[str]:
    """Return one line of numbers, then the tools and targets behind them."""
    standing = found.standing
    parts = [
        f"{len(names):,} {what}"
        for names, what in (
            (standing.new, "new"),
            (standing.modified, "modified"),
            (standing.follows, "that follow from others"),
            (standing.removed, "removed"),
        )
        if names
    ]
    same = count(len(standing.same), "target")
    if not parts:
        return [f"Against `{found.reference}`: all {same} are as its loop.lock names them"]
    lines = [f"Against `{found.reference}`: {', '.join(parts)}; {len(standing.same):,} the same"]
    lines += _named("tools", [_tool(name, aspects) for name, aspects in found.tools.items()])
    lines += _named("new", standing.new)
    lines += _named("modified", standing.modified)
    return lines + _named("removed", standing.removed)


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Return the same as data."""
    standing = found.standing
    return {
        "reference": found.reference,
        "new": list(standing.new),
        "modified": list(standing.modified),
        "follows": list(standing.follows),
        "removed": list(standing.removed),
        "same": len(standing.same),
        "tools": {name: list(aspects) for name, aspects in found.tools.items()},
    }


def gone_lines(forecast: Forecast) -> list[str]:
    """Return what became of selected targets that nothing declares any more."""
    if not forecast.gone:
        return []
    names = [name + (f" ({int(rows):,} rows)" if rows.isdecimal() else "") for name, rows in forecast.gone.items()]
    after = "a build of everything drops their lines" if not forecast.comparison else "nothing here declares them"
    return [
        f"Removed: {_short(names)}",
        f"  {after}; their results stay until `loopbuild cache gc`",
    ]


def _named(what: str, names: Sequence[str]) -> list[str]:
    return [f"  {what}: {_short(names)}"] if names else []


def _short(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST:,} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def _tool(name: str, aspects: Sequence[str]) -> str:
    if aspects[0] in ("+", "-"):
        return f"{aspects[0]} {name}"
    return f"~ {name} ({', '.join(aspects)})"
