"""CPU seconds of a build with nothing to do, as multiples of `python -c pass`, in one run.

    python benchmarks/engine/noop.py [targets ...]

Graph: n files, n targets that read one each, n that join three neighbours, one that joins all: 2n + 1 targets.
`shortcut` recognises the last complete build; `full walk` looks at every target; `one change` edits a file, where the
actions themselves are trivial. Medians of child processes, the interpreter's start included.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
GRAPH = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
root, count = Path({root!r}), {count}
from loopbuild.engine.workspace import Workspace
ws = Workspace.open(root, code_version="1")
"""
BUILD = """
from loopbuild.engine.build import build
from tests.engine.recipes import chain
assert build(ws, chain(count), on_event=lambda event: None, stamp="s").is_success
"""
SHORTCUT = """
from loopbuild.engine.uptodate import is_unchanged
assert is_unchanged(ws, {}, "s")
"""
PLAN = """
from loopbuild.engine.plan import plan
from tests.engine.recipes import chain
assert plan(ws, chain(count)).is_nothing_to_do
"""
WHY = """
from loopbuild.engine.why import explain
from tests.engine.recipes import chain
explain(ws, chain(count), "total:all")
"""


def cpu_seconds(code: str, *, repeats: int) -> float:
    """Median user + system seconds of a child process running `code`."""
    found = []
    for _ in range(repeats):
        before = os.times()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE)
        after = os.times()
        found.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )  # fmt: skip
    return statistics.median(found)


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:]] or [200, 2000]
    floor = cpu_seconds("pass", repeats=9)
    print(f"python -c pass: {floor * 1000:.0f} ms")
    print(f"{'targets':>8}  {'what':<11} {'CPU s':>6}  ratio")
    for size in sizes:
        count = (size - 1) // 2
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for index in range(count):
                (root / f"f{index}.txt").write_text(f"line {index}\n")
                os.utime(root / f"f{index}.txt", (1, 1))
            start = GRAPH.format(here=str(HERE), root=folder, count=count)
            print(f"{2 * count + 1:>8}  {'first build':<11} {cpu_seconds(start + BUILD, repeats=1):6.3f}")
            subprocess.run(["sleep", "2.2"], check=True)  # until the files count as settled
            cpu_seconds(start + BUILD, repeats=1)
            for name, code in (("shortcut", SHORTCUT), ("full walk", BUILD), ("plan", PLAN), ("why", WHY)):
                seconds = cpu_seconds(start + code, repeats=5)
                print(f"{2 * count + 1:>8}  {name:<11} {seconds:6.3f}  {seconds / floor:.1f}")
            edit = f"Path({folder!r}, 'f0.txt').write_text(str(__import__('time').time()))\n"
            seconds = cpu_seconds(start + edit + BUILD, repeats=5)
            print(f"{2 * count + 1:>8}  {'one change':<11} {seconds:6.3f}  {seconds / floor:.1f}")


if __name__ == "__main__":
    main()
