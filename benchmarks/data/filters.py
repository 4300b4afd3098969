"""All filters over rows of examples/hr, offline: rows per second, by filter, and memory for few rows and many.

    python benchmarks/data/filters.py
    python benchmarks/data/filters.py --again hr         # or enterprise: every row kept is judged once more

The floor is writing each row as JSON and reading it back. Rows are repeated under other keys to make many of them;
memory is that of a process of its own, above the one with the fewest rows. `--again` turns every row category on, runs
anew what was executed for a row, and counts by category what the filters find in rows that were kept: nothing, it
should be.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.common import loopbuild, machine, project

MIN_ROWS_PER_SECOND = 100
TIMES = (1, 4, 16)


def main() -> None:
    print(machine())
    with project("hr") as root:
        loopbuild(root, "build", "dataset:")
        shown: dict[int, dict[str, Any]] = {}
        for times in TIMES:
            command = [sys.executable, __file__, "--one", str(root), str(times)]
            shown[times] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    first = shown[TIMES[0]]
    for name, seconds in first["seconds"].items():
        print(f"{name:<12} {first['rows'] / seconds:>10,.0f} rows/s  {seconds / first['floor']:>8.1f} × the floor")
    rate = first["rows"] / first["all"]
    verdict = "" if rate >= MIN_ROWS_PER_SECOND else "  under the aim"
    print(
        f"all of them  {rate:>10,.0f} rows/s  {first['all'] / first['floor']:>8.1f} × the floor, "
        f"aim {MIN_ROWS_PER_SECOND} rows/s{verdict}"
    )
    for one in shown.values():
        more = one["mib"] - first["mib"]
        print(f"{one['rows']:>7,} rows judged one after the other: {one['mib']:.0f} MiB ({more:+.0f})")


CATEGORIES = "synthesis: {categories: {missing_tool: 0.06, confirm: 0.02, near_miss: 0.04, error_recovery: 0.10}}\n"


def _judged_again(name: str) -> None:
    with project(name) as root:
        written = (root / "loop.yaml").read_text()
        if "synthesis:" not in written:
            (root / "loop.yaml").write_text(written + CATEGORIES)
        loopbuild(root, "build", "dataset:")
        print_violations(root)


def print_violations(root: Path) -> None:
    """Judge every kept row of a built project once more and print what is found."""
    from loopbuild.judging.validate import Validator
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.sandboxes import opened
    from loopbuild.stages.filters.verdicts import ORDER, judge_rows
    from loopbuild.stages.sampling.attempt import attempt
    from loopbuild.stages.sampling.replay import replay
    from loopbuild.stages.synthesis.categories import prove

    catalog, rows = _rows(open_project(root).workspace, only_kept=True)
    sources = {tool.source: {"kind": "simulated"} for tool in catalog.tools}
    validator = Validator(catalog)
    with opened(sources, catalog, root=root) as sandbox:
        proven = [
            replace(row, proof=prove(row.trajectory, row.task, catalog, sandbox=sandbox, validator=validator))
            for row in rows
        ]
        verdicts = judge_rows(
            proven,
            catalog=catalog,
            validator=validator,
            filters=[{"kind": kind} for kind in ORDER],
            replay=lambda one: replay(one, catalog=catalog, sandbox=sandbox),
            attempt=lambda one: attempt(one, sandbox=sandbox),
        )
    judged = Counter(row.example.category for row in proven)
    found = Counter(row.example.category for row in proven if not verdicts[row.example.key].kept)
    for category, count in sorted(judged.items()):
        print(f"{root.name} {category:<15} {count:>6,} rows kept, {found[category]} violations")
    for verdict in [one for one in verdicts.values() if not one.kept][:5]:
        print(f"  {verdict.key[:12]} {verdict.filter} {verdict.reason} {verdict.detail}")


def _one(root: str, times: int) -> None:
    from loopbuild.judging.validate import Validator
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.sandboxes import opened
    from loopbuild.records import to_json
    from loopbuild.stages.filters.verdicts import ORDER, judge_rows
    from loopbuild.stages.sampling.attempt import attempt
    from loopbuild.stages.sampling.replay import replay

    workspace = open_project(root).workspace
    catalog, rows = _rows(workspace)
    validator = Validator(catalog)
    with opened({"hr": {"kind": "simulated"}}, catalog, root=Path(root)) as sandbox:
        settings: dict[str, Any] = {
            "catalog": catalog,
            "validator": validator,
            "replay": lambda one: replay(one, catalog=catalog, sandbox=sandbox),
            "attempt": lambda one: attempt(one, sandbox=sandbox),
        }
        seconds = {}
        start = time.process_time()
        for row in rows:
            json.loads(json.dumps(to_json(row.example)))
        floor = time.process_time() - start
        for kind in ORDER if times == 1 else ():
            start = time.process_time()
            judge_rows(rows, filters=[{"kind": kind}], **settings)
            seconds[kind] = time.process_time() - start
        start = time.process_time()
        if times == 1:
            judge_rows(rows, filters=[{"kind": kind} for kind in ORDER], **settings)
        spent = time.process_time() - start
        cheap = [{"kind": kind} for kind in ORDER if kind not in ("execution", "controls")]
        judge_rows(_again(rows, times), filters=cheap, **settings)
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": len(rows) * times, "seconds": seconds, "all": spent, "floor": floor, "mib": mib}))


def _again(rows: list[Any], times: int) -> Iterator[Any]:
    for number in range(times):
        for row in rows:
            yield replace(row, example=replace(row.example, key=f"{row.example.key}{number}"))


def _rows(workspace: Any, *, only_kept: bool = False) -> tuple[Any, list[Any]]:
    from loopbuild.engine.query import output, targets_in_force
    from loopbuild.records import Example, Task, ToolCatalog, Trajectory, from_json
    from loopbuild.stages.filters.rows import Row

    rows = []
    for name in targets_in_force(workspace):
        kind, _, unit = name.partition(":")
        if kind != "rows":
            continue
        tasks = output(workspace, f"tasks:{unit}")["rows"]
        walked = output(workspace, f"trajectories:{unit}")["rows"]
        for key, row in output(workspace, name)["rows"].items():
            if only_kept and not row["verdict"]["kept"]:
                continue
            example = from_json(Example, row["example"])
            trajectory = from_json(Trajectory, walked[example.trajectory])
            rows.append(Row(example=example, task=from_json(Task, tasks[key]), trajectory=trajectory))
    return from_json(ToolCatalog, output(workspace, "contract:main")), rows


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    if sys.argv[1:2] == ["--one"]:
        _one(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:2] == ["--again"]:
        _judged_again(sys.argv[2] if len(sys.argv) > 2 else "hr")
    else:
        main()
