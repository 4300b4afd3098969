"""Every figure of the README, in one go: `python benchmarks/run.py [NAME ...]`."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
GRAPH = ("graph.check", "graph.edges", "graph.expansions", "graph.precision", "graph.verified", "graph.scale")
ALL = (
    "demo",
    "incremental",
    "memory",
    "categories",
    "engine.figures",
    "engine.planning",
    "engine.faults",
    *GRAPH,
    "data.llm_path",
    "data.filters",
    "data.dedup",
    "data.rate",
    "data.one_leaf",
    "data.newcomer",
    "data.estimates",
    "data.company",
    "data.provenance",
    "data.writers",
)

if __name__ == "__main__":
    names = sys.argv[1:] or ALL
    del sys.argv[1:]  # a benchmark reads its own arguments there
    for name in names:
        print(f"== {name}")
        import_module(f"benchmarks.{name}").main()
