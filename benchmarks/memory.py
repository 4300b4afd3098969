"""The public MCP memory server's tools from schemas to a scored checkpoint: time and held-out figures."""

from __future__ import annotations

from benchmarks.common import loopbuild, machine, project, rate, summary

METRICS = ("tool_selection", "schema_compliance", "exact_call", "chains_solved")


def main() -> None:
    print(f"examples/memory on {machine()}")
    with project("memory") as root:
        cost, told = loopbuild(root, "build")
        print(f"build   {cost.wall:.1f} s wall, {cost.cpu:.1f} CPU s, {cost.peak_mib:.0f} MiB")
        print(told.splitlines()[0])
        report = summary(root)
        for phase in report["training"]:
            print(f"{phase['phase']:9} {phase['rows']:,} rows, {phase['tokens']:,} tokens")
        for split in ("values", "wordings"):
            for metric in METRICS:
                trained, base = (rate(report["arms"][arm], split, metric) for arm in ("model", "base"))
                print(f"{split:9} {metric:18} {trained:34} untrained {base}")


if __name__ == "__main__":
    main()
