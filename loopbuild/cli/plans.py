"""What stands between tools and rows as screens: the graph by unit, and the cells that are to be sampled."""

from __future__ import annotations

from collections import Counter
from typing import Any

from loopbuild.cli.units import count, table

_MOST = 60
"""Units listed one by one."""
_SHAPES = ("single", "chain", "fan_out", "join", "map")
"""Always shown; others where some are planned."""


def graph_text(output: Any) -> str:
    """Return `graph:main`: edges by status and rule, and what each unit consists of."""
    edges, groups = output["edges"], output["subgraphs"]
    into = Counter(edge["consumer"] for edge in edges)
    lines = [f"  {count(len(edges), 'edge')}{_told(edge['status'] for edge in edges)}"]
    lines += [f"  by{_told((edge['rule'] for edge in edges), brackets=False)}"] if edges else []
    rows = [["  unit", "goals", "feeding", "edges into goals"]]
    rows += [
        [
            f"  {group['name']}",
            f"{len(group['goals']):,}",
            f"{len(set(group['tools']) - set(group['goals'])):,}",
            f"{sum(into[goal] for goal in group['goals']):,}",
        ]
        for group in groups[:_MOST]
    ]
    lines.append(table(rows, right=frozenset({1, 2, 3})))
    lines += [f"  and {count(len(groups) - _MOST, 'more unit')}"] if len(groups) > _MOST else []
    lines += [f"  flat: {', '.join(output['flat_sources'])}"] if output["flat_sources"] else []
    lines += [f"  note: {note}" for note in output["notes"]]
    return "\n".join([*lines, "`loopbuild graph` draws it, `--around TOOL` a part of it; `show --json` has every edge"])


def cells_text(output: Any) -> str:
    """Return `cells:main`: how many trajectories of each shape are planned, by unit."""
    groups = sorted(output["cells"].items())
    planned = {cell["topology"] for cells in output["cells"].values() for cell in cells}
    shapes = [*_SHAPES, *sorted(planned - set(_SHAPES))]
    rows = [["  unit", *shapes, "train", "eval"]]
    total: Counter[str] = Counter()
    for at, (name, cells) in enumerate(groups):
        counts = Counter(cell["topology"] for cell in cells) + Counter(cell["purpose"] for cell in cells)
        total += counts
        if at < _MOST:
            rows.append([f"  {name}", *(f"{counts[column]:,}" for column in (*shapes, "train", "eval"))])
    rows.append(["  all", *(f"{total[column]:,}" for column in (*shapes, "train", "eval"))])
    lines = [table(rows, right=frozenset(range(1, len(shapes) + 3)))]
    if len(groups) > _MOST:
        lines.append(f"  and {count(len(groups) - _MOST, 'more unit')}, which `all` counts")
    beside = output.get("beside") or {}
    lines += [f"  {name} is fed by {', '.join(sorted(others))} as well" for name, others in sorted(beside.items())]
    return "\n".join([*lines, "`loopbuild show trajectories:UNIT` shows what became of them"])


def _told(values: Any, *, brackets: bool = True) -> str:
    counts = Counter(values)
    text = ", ".join(f"{counts[name]:,} {name}" for name in sorted(counts, key=lambda name: (-counts[name], name)))
    if not text:
        return ""
    return f" ({text})" if brackets else f" {text}"
