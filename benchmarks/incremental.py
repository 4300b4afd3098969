"""After the schema change of examples/hr: continuing against building from scratch, in one run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks.common import loopbuild, machine, project, summary

METRICS = ("tool_selection", "exact_call", "solved")


def main() -> None:
    print(f"schema change on {machine()}")
    with project("hr") as root:
        loopbuild(root, "build")
        change(root)
        continued, _ = loopbuild(root, "build")
        after = summary(root)
    with project("hr") as root:
        change(root)
        scratch, _ = loopbuild(root, "build")
        clean = summary(root)
    print(f"{'':24}{'continued':>12}{'scratch':>12}{'ratio':>8}")
    line("wall seconds", continued.wall, scratch.wall)
    line("CPU seconds", continued.cpu, scratch.cpu)
    for key, words in (("trajectories_run", "trajectories sampled"), ("texts_run", "texts written")):
        line(words, after["work"][key], clean["work"][key])
    line("training tokens", tokens(after), tokens(clean))
    print("figures on today's tasks: before / without retraining / after / from scratch")
    for group, columns in sorted((after["increment"] or {}).get("groups", {}).items()):
        for metric in METRICS:
            cells = [shown(columns.get(arm, {}).get(metric)) for arm in ("before", "stale", "after")]
            print(f"  {group:10} {metric:16} " + "  ".join(cells))
    for metric in METRICS:
        print(f"  all, from scratch {metric:16} {shown(clean['arms']['model']['splits']['values'].get(metric))}")


def change(root: Path) -> None:
    """The platform's next version."""
    shutil.copy(root / "next" / "hr.json", root / "tools" / "hr.json")


def tokens(report: dict[str, Any]) -> int:
    return sum(phase["tokens"] for phase in report["training"])


def line(words: str, ours: float, theirs: float) -> None:
    print(f"{words:24}{ours:12,.1f}{theirs:12,.1f}{ours / theirs if theirs else 0:8.2f}")


def shown(rate: dict[str, Any] | None) -> str:
    return f"{rate['k'] / rate['n']:.2f} ({rate['k']}/{rate['n']})" if rate and rate["n"] else "-"


if __name__ == "__main__":
    main()
