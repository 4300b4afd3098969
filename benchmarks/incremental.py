"""After the schema change of examples/hr: continuing against building from scratch, in one run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.common import loopbuild, machine, project, summary
from benchmarks.demo import figures

METRICS = ("tool_selection", "exact_call", "execution", "solved")


def main() -> None:
    print(f"schema change on {machine()}")
    with project("hr") as root:
        first, _ = loopbuild(root, "build")
        figures(root, first)
        change(root)
        continued, told = loopbuild(root, "build", "--json", "--progress", "plain")
        after, ours = summary(root), json.loads(told)
    with project("hr") as root:
        change(root)
        scratch, told = loopbuild(root, "build", "--json", "--progress", "plain")
        clean, theirs = summary(root), json.loads(told)
    print(f"{'':24}{'continued':>12}{'scratch':>12}{'ratio':>8}")
    line("wall seconds", continued.wall, scratch.wall)
    line("CPU seconds", continued.cpu, scratch.cpu)
    for kind, words in (
        ("trajectories", "trajectories sampled"),
        ("tasks", "texts written"),
        ("generations", "held-out runs"),
    ):
        line(words, rows(ours, kind), rows(theirs, kind))
    line("training tokens", tokens(after), tokens(clean))
    print("figures on today's tasks: before / without retraining / after / from scratch")
    for group in ("unchanged", "changed", "new"):
        for metric in METRICS:
            cells = [
                shown(after["arms"][arm]["groups"].get(group, {}).get(metric)) for arm in ("before", "stale", "model")
            ]
            print(f"  {group:10} {metric:16} " + "".join(f"{cell:>18}" for cell in cells))
    for metric in METRICS:
        pair = [shown(one["arms"]["model"]["all"].get(metric)) for one in (after, clean)]
        print(f"  all tasks  {metric:16} continued {pair[0]}, from scratch {pair[1]}")


def change(root: Path) -> None:
    """The platform's next version."""
    shutil.copy(root / "next" / "hr.json", root / "tools" / "hr.json")


def rows(outcome: dict[str, Any], kind: str) -> int:
    return sum(one["rows_run"] for name, one in outcome["targets"].items() if name.startswith(f"{kind}:"))


def tokens(report: dict[str, Any]) -> int:
    return sum(phase["tokens"] for phase in report["training"])


def line(words: str, ours: float, theirs: float) -> None:
    print(f"{words:24}{ours:12,.1f}{theirs:12,.1f}{ours / theirs if theirs else 0:8.2f}")


def shown(rate: dict[str, Any] | None) -> str:
    return f"{rate['k'] / rate['n']:.2f} ({rate['k']}/{rate['n']})" if rate and rate["n"] else "-"


if __name__ == "__main__":
    main()
