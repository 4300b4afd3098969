"""Reading large OpenAPI documents: seconds and memory, and what the catalog makes of them.

    python benchmarks/graph/reading.py DOCUMENT [DOCUMENT ...]

Documents are JSON or YAML, also packed as `.gz`; LOOPBUILD_OPENAPI names a folder of them instead. Each is read in a
process of its own; CPU seconds are the least of three runs, memory is that process's largest.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

MAX_SECONDS, MAX_MIB = 1.5, 500


def main() -> None:
    names = [Path(name) for name in sys.argv[1:]]
    if not names and os.environ.get("LOOPBUILD_OPENAPI"):
        names = sorted(path for path in Path(os.environ["LOOPBUILD_OPENAPI"]).iterdir() if path.is_file())
    if not names:
        print("skipped: no document is named, neither as an argument nor by LOOPBUILD_OPENAPI")
        return
    print(f"{'document':<28} tools  read s  MiB  catalog s  MiB   inputs  outputs  opaque")
    for path in names:
        runs = [_measured(path) for _ in range(3)]
        found = min(runs, key=lambda run: run["read"])
        verdict = "" if found["read"] <= MAX_SECONDS and found["read_mib"] <= MAX_MIB else "  over the aim"
        print(
            f"{path.name:<28} {found['tools']:>5} {found['read']:>7.2f} {found['read_mib']:>4.0f} "
            f"{min(run['catalog'] for run in runs):>10.2f} {found['mib']:>4.0f} {found['inputs']:>8,} "
            f"{found['outputs']:>8,} {found['opaque']:>7,}{verdict}"
        )
    print(f"aims: {MAX_SECONDS} s and {MAX_MIB} MiB to read")


def _measured(path: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, "--one", str(path)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _one(path: Path) -> None:
    import resource

    from loopbuild.stages.catalog.canonical import build_catalog
    from loopbuild.stages.sources.openapi import read

    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    start = time.process_time()
    listing = read("x", content, file=path.name.removesuffix(".gz"), settings={})
    read_seconds, read_mib = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    catalog = build_catalog([listing])
    seconds = time.process_time() - start
    found = {
        "tools": len(catalog.tools),
        "read": read_seconds,
        "read_mib": read_mib,
        "catalog": seconds,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "inputs": sum(len(tool.inputs) for tool in catalog.tools),
        "outputs": sum(len(tool.outputs) for tool in catalog.tools),
        "opaque": sum(1 for tool in catalog.tools for leaf in tool.outputs if leaf.component and leaf.kind != "id"),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        _one(Path(sys.argv[2]))
    else:
        main()
