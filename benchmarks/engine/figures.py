"""CPU seconds and memory of the engine, and of its peers on the same graph, in one run.

    python benchmarks/engine/figures.py [TARGETS ...]        default: 201 2001 20001

Peers are measured when they are there: `pip install --constraint constraints.txt --group bench` brings doit; ninja and
Snakemake are looked up on PATH. Every figure is the median of whole processes, the start of Python included, and its
multiple of `python -c pass`. `no-op` recognises the last complete build, `full walk` looks at every target, `one leaf`
is a changed file whose 7 actions are trivial. Modules are compiled once, as they are where something is installed.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.engine import graph  # noqa: E402

START = """
import atexit, gc, sys
gc.set_threshold(50_000, 100)  # as loopbuild's own __main__ does, and at its end
atexit.register(gc.freeze)
sys.path.insert(0, {here!r})
from pathlib import Path
from loopbuild.engine.workspace import Workspace
ws = Workspace.open(Path({root!r}), code_version="1")
"""
BUILD = """
from loopbuild.engine.build import build
from benchmarks.engine.graph import targets
done = build(ws, targets({count}), on_event=lambda event: None, stamp="s")
assert done.is_success and len(done.ran) in {runs}, done.counts
"""
NO_OP = """
from loopbuild.engine.uptodate import is_unchanged
assert is_unchanged(ws, {{}}, "s")
"""
PLAN = """
from loopbuild.engine.plan import plan
from benchmarks.engine.graph import targets
assert plan(ws, targets({count}), stamp="s").is_nothing_to_do
"""
WHY = """
from loopbuild.engine.why import explain
from benchmarks.engine.graph import targets
assert explain(ws, targets({count}), "all:main", stamp="s").upstream_count
"""
BARS = {
    "no-op": {201: 0.10, 2001: 0.15, 20001: 0.60},
    "one leaf": {201: 0.15, 2001: 0.20, 20001: 0.80},
    "why": {201: 0.12, 2001: 0.17, 20001: 0.60},
}
HELP_BAR, MEMORY_BAR_MIB = 0.05, 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process took, its children included."""

    cpu: float
    peak_mib: float


def cost(command: Sequence[str], *, cwd: Path) -> Cost:
    """Run once; raises when the command fails."""
    process = subprocess.Popen(command, cwd=cwd, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:3]} failed: {message.decode()[-2000:]}")
    return Cost(cpu=usage.ru_utime + usage.ru_stime, peak_mib=usage.ru_maxrss / 1024)


@cache
def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    folder = tempfile.mkdtemp(prefix="loopbuild-bytecode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return kept | {"PYTHONPYCACHEPREFIX": folder}


def median(command: Sequence[str], *, cwd: Path, repeats: int, before: Callable[[], object] = int) -> Cost:
    """Return medians over `repeats` runs; `before` runs ahead of each and is not measured."""
    found = []
    for _ in range(repeats):
        before()
        found.append(cost(command, cwd=cwd))
    return Cost(
        cpu=statistics.median(one.cpu for one in found), peak_mib=statistics.median(one.peak_mib for one in found)
    )


class Table:
    """Prints a line as soon as it is known."""

    def __init__(self, floor: float) -> None:
        self._floor = floor

    def line(self, size: int, who: str, what: str, found: Cost) -> None:
        bar = BARS.get(what, {}).get(size) if who == "loopbuild" else None
        verdict = "" if bar is None else f"bar {bar:.2f} {'ok' if found.cpu <= bar else 'MISSED'}"
        ratio = f"{found.cpu / self._floor:.1f}x"
        text = f"{size:>8}  {who:<10} {what:<12} {found.cpu:7.3f}  {ratio:>7}  {found.peak_mib:5.0f} MiB  {verdict}"
        print(text.rstrip(), flush=True)


def edit(root: Path) -> Callable[[], None]:
    """Return what gives the first file a line it never had."""

    def write() -> None:
        (root / "f0.txt").write_text(f"line {time.monotonic_ns()}\n")

    return write


def ours(root: Path, size: int, table: Table) -> None:
    """Measure this engine."""
    count, repeats = (size - 1) // 2, 9 if size < 10_000 else 5

    def command(code: str, runs: Sequence[int] = (0,)) -> list[str]:
        text = (START + code).format(here=str(ROOT), root=str(root), count=count, runs=tuple(runs))
        return [sys.executable, "-c", text]

    table.line(size, "loopbuild", "first build", cost(command(BUILD, [size]), cwd=ROOT))
    time.sleep(2.5)  # until the files count as settled
    cost(command(BUILD), cwd=ROOT)
    for name, code in (("no-op", NO_OP), ("full walk", BUILD), ("plan", PLAN), ("why", WHY)):
        table.line(size, "loopbuild", name, median(command(code), cwd=ROOT, repeats=repeats))
    changed = median(command(BUILD, [7]), cwd=ROOT, repeats=repeats, before=edit(root))
    table.line(size, "loopbuild", "one leaf", changed)


def doit(root: Path, size: int, table: Table) -> None:
    """Measure doit, when it is installed."""
    with contextlib.suppress(ImportError):
        import doit as found

        (root / "dodo.py").write_text(graph.dodo((size - 1) // 2))
        _peer(root, size, table, f"doit {'.'.join(map(str, found.__version__[:2]))}", [sys.executable, "-m", "doit"])


def ninja(root: Path, size: int, table: Table) -> None:
    """Measure ninja, when it is on PATH."""
    program = shutil.which("ninja")
    if program:
        (root / "build.ninja").write_text(graph.ninja((size - 1) // 2))
        _peer(root, size, table, "ninja", [program])


def snakemake(root: Path, size: int, table: Table) -> None:
    """Measure Snakemake, when it is on PATH; its first build alone takes minutes above some hundred targets."""
    program = shutil.which("snakemake")
    if program and size < 1000:
        (root / "Snakefile").write_text(graph.snakefile((size - 1) // 2))
        _peer(root, size, table, "snakemake", [program, "--cores", "1", "--quiet", "all"])


def _peer(root: Path, size: int, table: Table, who: str, command: list[str]) -> None:
    table.line(size, who, "first build", cost(command, cwd=root))
    repeats = 5 if size < 10_000 else 3
    table.line(size, who, "no-op", median(command, cwd=root, repeats=repeats))
    table.line(size, who, "one leaf", median(command, cwd=root, repeats=repeats, before=edit(root)))


def main(sizes: Sequence[int] = tuple(BARS["no-op"])) -> None:
    floor = median([sys.executable, "-c", "pass"], cwd=ROOT, repeats=15)
    print(f"python -c pass: {floor.cpu:.4f} CPU s, {floor.peak_mib:.0f} MiB")
    help_cost = median([sys.executable, "-m", "loopbuild", "--help"], cwd=ROOT, repeats=9)
    verdict = "ok" if help_cost.cpu <= HELP_BAR else "MISSED"
    print(
        f"loopbuild --help: {help_cost.cpu:.3f} CPU s, {help_cost.cpu / floor.cpu:.1f}x, bar {HELP_BAR:.2f} {verdict}"
    )
    print(f"memory bar at 20,001 targets: {MEMORY_BAR_MIB} MiB")
    print(f"{'targets':>8}  {'who':<10} {'what':<12} {'CPU s':>7}  {'ratio':>7}  {'peak':>9}")
    table = Table(floor.cpu)
    for size in sizes:
        for measure in (ours, doit, ninja, snakemake):
            with tempfile.TemporaryDirectory(prefix="loopbuild-figures-") as folder:
                graph.write_files(Path(folder), (size - 1) // 2)
                measure(Path(folder), size, table)


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or tuple(BARS["no-op"]))
