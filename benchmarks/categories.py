"""The main job on examples/hr with every row category and shape on: what the small model makes of the wider task."""

from __future__ import annotations

from benchmarks.common import loopbuild, machine, project, rate, summary

SHAPES = "  topologies: {parallel: 0.1, conditional: 0.05}\n"
CATEGORIES = (
    "synthesis:\n"
    "  categories: {missing_tool: 0.06, confirm: 0.02, near_miss: 0.04, error_recovery: 0.10, dialogue: 0.05}\n"
    "  pairs: {}\n"
)


def main() -> None:
    print(f"categories on {machine()}")
    with project("hr") as root:
        settings = root / "loop.yaml"
        plain = settings.read_text(encoding="utf-8")
        settings.write_text(plain.replace("sampling:\n", f"sampling:\n{SHAPES}") + CATEGORIES, encoding="utf-8")
        cost, _ = loopbuild(root, "build")
        print(f"build   {cost.wall:.1f} s wall, {cost.cpu:.1f} CPU s, {cost.peak_mib:.0f} MiB")
        arms = summary(root)["arms"]
        for split in ("values", "wordings"):
            for metric in ("tool_selection", "schema_compliance", "exact_call", "chains_solved"):
                print(f"{split:9} {metric:18} {rate(arms['model'], split, metric)}")


if __name__ == "__main__":
    main()
