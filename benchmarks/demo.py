"""The main job on examples/hr without installs: time, memory, figures, a no-op; then the model decoded freely."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.common import Cost, loopbuild, machine, median_cpu, project, rate, summary

BARS = {
    "values": {"tool_selection": 0.97, "schema_compliance": 0.97, "exact_call": 0.90, "chains_solved": 0.85},
    "wordings": {"tool_selection": 0.80, "exact_call": 0.70},
}


def main() -> None:
    print(f"demo on {machine()}")
    with project("hr") as root:
        cost, _ = loopbuild(root, "build")
        figures(root, cost)
        freely(root)


def freely(root: Path) -> None:
    """How the same model does when nothing keeps its calls to the schemas."""
    with (root / "loop.yaml").open("a") as file:
        file.write("evaluation: {constrained_decoding: false}\n")
    loopbuild(root, "build")
    model = summary(root)["arms"]["model"]
    for split, bars in BARS.items():
        for metric in dict.fromkeys([*bars, "schema_compliance", "chains_solved"]):
            print(f"freely  {split:9} {metric:18} {rate(model, split, metric)}")


def figures(root: Path, cost: Cost) -> None:
    """What a finished first build of the example cost, how its model does, and what a second one costs."""
    print(f"build   {cost.wall:.1f} s wall (aim 360), {cost.cpu:.1f} CPU s, {cost.peak_mib:.0f} MiB (aim 4096)")
    arms = summary(root)["arms"]
    for split, bars in BARS.items():
        for metric, aim in bars.items():
            print(f"{split:9} {metric:18} {rate(arms['model'], split, metric)}   aim {aim}")
    floor = median_cpu([sys.executable, "-c", "pass"])
    for verb in ("build", "status", "plan"):
        cpu = median_cpu([sys.executable, "-m", "loopbuild", "--project", str(root), verb])
        print(f"no-op {verb:7} {cpu:.3f} CPU s, {cpu / floor:.1f} x `python -c pass` ({floor:.3f})   aim 0.3 s")


if __name__ == "__main__":
    main()
