"""Two published versions of a large API: what reading and comparing them takes, and what would be made stale.

    python benchmarks/graph/versions.py OLD.json[.gz] NEW.json[.gz] ...

Every pair is read in a process of its own, for its memory. Staleness: walks of one to three calls over the old
version's tools, each with the leaves it would set and read, drawn by a fixed seed. A walk is stale by leaves when one
it touches changed, and by tools when one of its tools is not byte for byte the same.
"""

from __future__ import annotations

import gzip
import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
from benchmarks.common import machine

WALKS = 5000
AIM_SECONDS, AIM_MIB = 3.0, 500


def catalog_of(path: Path) -> Any:
    """The tools of a document."""
    from loopbuild.pipeline.source_files import read_source
    from loopbuild.stages.catalog.canonical import build_catalog

    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    file = path.name.removesuffix(".gz")
    params = {"name": "api", "kind": "openapi", "path": file, "beside": [], "include": [], "exclude": [], "effects": {},
              "returns": {}, "refs": {}, "allow_empty": False}  # fmt: skip
    listing = read_source(params, content)
    return build_catalog([listing])


def walks(catalog: Any, count: int) -> list[dict[str, Any]]:
    """Drawn executions: tools, and the facts each reads. Required inputs, a third of the others, a few returns."""
    dice = random.Random(7)
    found = []
    for _ in range(count):
        tools = [dice.choice(catalog.tools) for _ in range(dice.choice((1, 1, 2, 3)))]
        reads: set[str] = set()
        for tool in tools:
            reads |= {f"{tool.id} gate", f"{tool.id} effect"}
            reads |= {
                f"{tool.id} input {leaf.pointer}" for leaf in tool.inputs if leaf.is_required or dice.random() < 0.3
            }
            shallow = sorted((leaf.pointer for leaf in tool.outputs), key=lambda text: (text.count("/"), text))[:8]
            reads |= {f"{tool.id} output {pointer}" for pointer in dice.sample(shallow, min(3, len(shallow)))}
        found.append({"tools": sorted({tool.id for tool in tools}), "reads": reads})
    return found


def stale(old: Any, new: Any) -> tuple[int, int]:
    """How many walks leaf tracking, and whole tools, would make stale."""
    from loopbuild.stages.catalog.facts import facts

    before, after = facts(old), facts(new)
    changed = {name for name, digest in before.items() if after.get(name) != digest}
    twins = new.by_id()
    whole = {
        tool.id
        for tool in old.tools
        if (twin := twins.get(tool.id)) is None
        or (tool.params, tool.returns, tool.docs) != (twin.params, twin.returns, twin.docs)
    }
    drawn = walks(old, WALKS)
    return sum(bool(walk["reads"] & changed) for walk in drawn), sum(bool(whole & {*walk["tools"]}) for walk in drawn)


def measure(old_path: Path, new_path: Path) -> dict[str, Any]:
    """One pair, in this process."""
    from loopbuild.stages.catalog.diff import diff_catalogs

    start, cpu = time.monotonic(), time.process_time()
    old, new = catalog_of(old_path), catalog_of(new_path)
    read = time.process_time() - cpu
    cpu = time.process_time()
    found = diff_catalogs(old, new)
    compared = time.process_time() - cpu
    wall = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    by_leaf, by_tool = stale(old, new)
    kinds: dict[str, int] = {}
    levels: dict[str, int] = {}
    for change in found.changes:
        kinds[change.change] = kinds.get(change.change, 0) + 1
        for leaf in change.leaves:
            levels[leaf.level] = levels.get(leaf.level, 0) + 1
    return {"tools": [len(old.tools), len(new.tools)], "leaves": sum(len(t.inputs) + len(t.outputs) for t in new.tools),
            "read": read, "diff": compared, "wall": wall, "mib": peak, "kinds": kinds, "levels": levels,
            "notes": len(found.notes), "stale_by_leaf": by_leaf, "stale_by_tool": by_tool}  # fmt: skip


def main() -> None:
    """Print the figures of every pair."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--one"]:
        print(json.dumps(measure(Path(arguments[1]), Path(arguments[2]))))
        return
    print(f"two versions of an API ({machine()}); aim: diff {AIM_SECONDS} s, {AIM_MIB} MiB")
    for old, new in zip(arguments[::2], arguments[1::2], strict=True):
        done = subprocess.run(
            [sys.executable, __file__, "--one", old, new], stdout=subprocess.PIPE, text=True, check=True
        )
        found = json.loads(done.stdout)
        before, after = found["tools"]
        print(f"{Path(old).name} -> {Path(new).name}: {before:,} -> {after:,} tools, {found['leaves']:,} leaves")
        print(
            f"  reading both {found['read']:.2f} CPU s, diff {found['diff']:.2f} CPU s, {found['mib']:.0f} MiB at most"
        )
        print(f"  tools {found['kinds']}, leaves {found['levels']}, {found['notes']} doubtful renames")
        by_leaf, by_tool = found["stale_by_leaf"], found["stale_by_tool"]
        shares = f"{by_leaf / WALKS:.0%} by leaves read, {by_tool / WALKS:.0%} by whole tools"
        print(f"  stale of {WALKS:,} drawn executions: {shares}")


if __name__ == "__main__":
    main()
