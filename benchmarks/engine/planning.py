"""CPU seconds of `plan` and `build` on projects of many tools: `python benchmarks/engine/planning.py [TOOLS ...]`.

Default 250 and 1000: what doubles with the tools is right, what quadruples is not. `first plan` knows nothing, `walks
built` samples every trajectory (a few a tool), then one description, one parameter and one tool change.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.common import loopbuild  # noqa: E402
from benchmarks.engine.lock_size import tools  # noqa: E402

LOOP = """version: 1
sources:
  api: {{kind: toolspec, path: api.json}}
sampling: {{per_tool: {per_tool}}}
evaluation: {{per_tool: 1}}
"""
SIZES = (250, 1000)
PER_TOOL = 4


def describe(found: list[dict[str, Any]]) -> None:
    """Reword one tool: nothing that costs anything follows from it."""
    found[1]["description"] = "As of today."


def require(found: list[dict[str, Any]]) -> None:
    """Let one tool take another parameter: the rows of its entity follow."""
    found[1]["parameters"]["on"] = "string"


def add(found: list[dict[str, Any]]) -> None:
    """Add a tool of an entity of its own."""
    found.append({"name": "list_novelties", "parameters": {}, "returns": {"novelty_ids": ["string"]}})


EDITS: tuple[tuple[str, Callable[[list[dict[str, Any]]], None]], ...] = (
    ("one description", describe),
    ("one parameter", require),
    ("one tool more", add),
)


def measure(count: int) -> None:
    """Print a line for each question."""
    with tempfile.TemporaryDirectory(prefix="loopbuild-benchmark-") as folder:
        root, found = Path(folder), tools(count)
        (root / "loop.yaml").write_text(LOOP.format(per_tool=PER_TOOL))

        def timed(what: str, *arguments: str) -> None:
            start = time.monotonic()
            cost, text = loopbuild(root, *arguments)
            wall, last = time.monotonic() - start, text.strip().splitlines()[-1][:60]
            print(f"{count:>6,} tools  {what:<28} {cost.cpu:7.2f} CPU s {wall:7.2f} s  {last}", flush=True)

        (root / "api.json").write_text(json.dumps(found))
        timed("first plan", "plan")
        timed("walks built", "build", "trajectories:", "--progress", "none")
        timed("plan, nothing changed", "plan", "trajectories:")
        for what, change in EDITS:
            change(found)
            (root / "api.json").write_text(json.dumps(found))
            timed(f"{what}: plan", "plan", "trajectories:")
            timed(f"{what}: build", "build", "trajectories:", "--progress", "none")


def main(sizes: Sequence[int] = SIZES) -> None:
    for count in sizes:
        measure(count)


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or SIZES)
