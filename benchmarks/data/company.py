"""What examples/enterprise becomes: rows of each category and shape, preference pairs by class, and what a build took.

    python benchmarks/data/company.py

The figures are those `loopbuild show dataset:main` and `show pairs:main` print; docs/data.md quotes them.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.common import loopbuild, machine, project
from loopbuild.engine.query import output
from loopbuild.pipeline.builds import open_project


def main() -> None:
    """Build it once and print the figures."""
    with project("enterprise") as root:
        cost, _ = loopbuild(root, "build", "dataset:", "pairs:")
        print(f"{machine()}: {cost.wall:.0f} s, {cost.cpu:.0f} CPU s, {cost.peak_mib:.0f} MiB")
        lines = (root / ".loopbuild/out/dataset/train.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        print(f"training rows: {len(rows):,}")
        for name in ("category", "topology"):
            print(f"  by {name}: {shares(Counter(row[name] for row in rows))}")
        turns = Counter(said(row) for row in rows if row["category"] == "dialogue")
        print(f"  dialogues by turns of the person: {dict(sorted(turns.items()))}")
        figures = output(open_project(str(root)).workspace, "pairs:main")["figures"]
        print(f"pairs: {figures['pairs']:,} of {figures['executions']:,} executions")
        print(f"  by class: {shares(Counter(figures['classes']))}")
        told = f"decisions tried: {figures['tried']:,}; proven bad: {figures['proven']:,}"
        print(f"  {told}; thrown away: {figures['discarded']}")


def shares(counts: Counter[str]) -> str:
    """Each count with its share, the largest first."""
    total = sum(counts.values())
    return ", ".join(f"{name} {count:,} ({count / total:.1%})" for name, count in counts.most_common())


def said(row: dict[str, Any]) -> int:
    """How often the person speaks in a row."""
    return sum(message["role"] == "user" for message in row["messages"])


if __name__ == "__main__":
    main()
