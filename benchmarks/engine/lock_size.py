"""Size of loop.lock for a project of many tools: `python benchmarks/engine/lock_size.py [TOOLS]`, default 1000.

Tools are made up as a real API has them, four on each entity (list, get, create, update), every update needing what a
list or a creation returned. Nothing is built: a plan tells which targets exist, and each gets the line a build writes.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from loopbuild.digest import digest  # noqa: E402
from loopbuild.engine.journal import Entry  # noqa: E402
from loopbuild.engine.lockfile import encode, extra_line, line_of  # noqa: E402
from loopbuild.engine.plan import plan  # noqa: E402
from loopbuild.pipeline.builds import open_project  # noqa: E402
from loopbuild.pipeline.locking import lines_of  # noqa: E402
from loopbuild.pipeline.project import load  # noqa: E402
from loopbuild.pipeline.tools import current_tools  # noqa: E402

BAR_BYTES = 300_000
AREAS = ["billing", "catalog", "contract", "delivery", "document", "employee", "finance", "invoice", "customer", "task"]
THINGS = ["account", "batch", "budget", "claim", "course", "credit", "device", "event", "folder", "group", "label"]


def tools(count: int) -> list[dict[str, Any]]:
    """Return that many tools."""
    found: list[dict[str, Any]] = []
    for number in range(count // 4):
        area, thing, rest = AREAS[number % 10], THINGS[number // 10 % 11], number // 110
        name = (
            f"{area}{thing}" + "x" * rest
        )  # one word, so that each is an entity of its own: the most lines there can be
        one = f"{name}_id"
        found += [
            {"name": f"list_{name}s", "parameters": {}, "returns": {f"{one}s": ["string"]}},
            {"name": f"get_{name}", "parameters": {one: "string"}, "returns": {"title": "string", "state": "string"}},
            {"name": f"create_{name}", "parameters": {"title": "string"}, "returns": {one: "string"}},
            {
                "name": f"update_{name}",
                "parameters": {one: "string", "title": "string"},
                "returns": {"state": "string"},
            },
        ]
    return found


def main(count: int) -> None:
    """Print the size and what makes it up."""
    with tempfile.TemporaryDirectory(prefix="loopbuild-benchmark-") as folder:
        root = Path(folder)
        (root / "api.json").write_text(json.dumps(tools(count)))
        (root / "loop.yaml").write_text("version: 1\nsources:\n  api: {kind: toolspec, path: api.json}\n")
        opened = open_project(folder)
        loaded = load(opened.project, environment=os.environ)
        start = time.monotonic()
        found = plan(opened.workspace, loaded.targets)
        took = time.monotonic() - start
        lines = {name: line_of(entry_of(name), nature=one.recipe.nature) for name, one in found.targets.items()}
        extra = lines_of(current_tools(opened).catalog, loaded)
    lines |= {name: extra_line(values) for name, values in extra.items()}
    text = encode(lines)
    kinds: dict[str, list[int]] = {}
    for line in text.splitlines()[1:]:
        kinds.setdefault(line.partition(":")[0], []).append(len(line) + 1)
    print(f"{count:,} tools: {len(found.targets):,} targets, planned in {took:.1f} s")
    for kind, sizes in sorted(kinds.items(), key=lambda item: -sum(item[1])):
        print(f"  {kind:<14} {len(sizes):>6,} lines  {sum(sizes):>8,} bytes, the longest {max(sizes)}")
    verdict = "ok" if len(text) <= BAR_BYTES else "MISSED"
    print(f"loop.lock: {len(lines):,} lines, {len(text):,} bytes, bar {BAR_BYTES:,} {verdict}")


def entry_of(name: str) -> Entry:
    """Return what a build would have committed, with made-up digests of the real length."""
    made, is_table = digest("made up", name), name.partition(":")[0] in ("trajectories", "tasks", "rows")
    return Entry(
        seq=1, target=name, key=made, output=made, record=made, needs=(), published={}, recipe="", seconds=0.0,
        row_count=1200 if is_table else -1,
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
