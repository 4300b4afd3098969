"""How fast trajectories are sampled, executed twice, worded and judged, in one process: 152 tools beside eleven.

Each trajectory is executed once while it is sampled and once more from the start: only then it counts as verified. The
same number of trajectories is taken from both examples, spread over all their tools.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
from benchmarks.common import loopbuild, machine, project
from loopbuild.engine.query import output
from loopbuild.pipeline.builds import open_project
from loopbuild.pipeline.project import load
from loopbuild.pipeline.sandbox_settings import sandbox_settings
from loopbuild.records import Cell, Example, Task, ToolCatalog, ToolGraph, Trajectory, from_json
from loopbuild.sandbox import open_sandboxes
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.filters.verdicts import judge_rows
from loopbuild.stages.sampling.replay import ReplayFault, replay
from loopbuild.stages.sampling.walk import Unreachable, sample
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.requests import make_requests

WANTED = 1_000
AIM = 200
AIM_FILTERS = 100


@dataclass(slots=True)
class Clock:
    """CPU seconds by stage."""

    spent: dict[str, float] = field(default_factory=dict)
    _since: float = 0.0

    def start(self) -> None:
        """Begin."""
        self._since = time.process_time()

    def stop(self, stage: str) -> None:
        """Add what passed since `start`."""
        self.spent[stage] = self.spent.get(stage, 0.0) + time.process_time() - self._since


def measure(name: str, wanted: int) -> tuple[Clock, int, int, int]:
    """Return (seconds, verified trajectories, texts, rows kept)."""
    from loopbuild.llm import open_writer

    clock = Clock()
    with project(name) as root:
        loopbuild(root, "build", "cells:")
        opened = open_project(str(root))
        catalog = from_json(ToolCatalog, output(opened.workspace, "contract:main"))
        graph = from_json(ToolGraph, output(opened.workspace, "graph:main"))
        planned = output(opened.workspace, "cells:main")["cells"]
        settings = load(opened.project, environment={}).settings
        sections = {}
        for source in settings["sources"]:
            sections |= sandbox_settings(settings, source)
        cells = [(from_json(Cell, cell), each) for each in graph.subgraphs for cell in planned[each.name]]
        step = max(1, len(cells) // wanted)
        chosen = cells[::step]
        sandbox = open_sandboxes(sections, catalog, root=root, environment={})
        walked: list[Trajectory] = []
        for cell, subgraph in chosen:
            clock.start()
            one = sample(
                cell, seed=0, catalog=catalog, graph=graph, subgraph=subgraph, sandbox=sandbox,
                settings=settings["sampling"],
            )  # fmt: skip
            clock.stop("sampled")
            if isinstance(one, Unreachable):
                continue
            clock.start()
            again = replay(one, catalog=catalog, sandbox=sandbox)
            clock.stop("executed again")
            if not isinstance(again, ReplayFault) and again.digest == one.digest:
                walked.append(one)
            if len(walked) == wanted:
                break
        writer = open_writer("offline")
        clock.start()
        asked = {one.key: make_requests(one, catalog, levels=("low", "high"), texts_per_level=1) for one in walked}
        answers = [
            (one, request, answer)
            for one in walked
            for request, answer in zip(asked[one.key], writer.write_many(asked[one.key]), strict=True)
        ]
        rows: list[Row] = []
        for one, request, answer in answers:
            task: Task = to_task(one, request, answer, writer="offline")
            example: Example = to_example(one, task, catalog, split="train")
            rows.append(Row(example=example, task=task, trajectory=one))
        clock.stop("worded")
        clock.start()
        verdicts = judge_rows(
            rows,
            catalog=catalog,
            filters=settings["filters"],
            replay=lambda one: replay(one, catalog=catalog, sandbox=sandbox),
        )
        clock.stop("judged")
        sandbox.close()
    return clock, len(walked), len(rows), sum(verdict.kept for verdict in verdicts.values())


def main() -> None:
    """Print the figures."""
    print(f"{WANTED:,} verified trajectories with tasks, one process ({machine()})")
    rates = {}
    for name in ("hr", "enterprise"):
        clock, walked, texts, kept = measure(name, WANTED)
        executed = clock.spent["sampled"] + clock.spent["executed again"]
        rates[name] = walked / executed
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name}: {walked:,} trajectories, {texts:,} texts, {kept:,} rows kept")
        for stage, seconds in clock.spent.items():
            many = walked if stage in ("sampled", "executed again") else texts
            print(f"  {stage:<15} {seconds:6.2f} CPU s, {many / seconds:7,.0f} a second")
        print(f"  sampled and executed twice: {rates[name]:,.0f} a second; aim {AIM}")
        print(f"  through all filters: {texts / clock.spent['judged']:,.0f} rows a second; aim {AIM_FILTERS}")
        print(f"  peak memory of this process so far: {peak:,.0f} MiB")
    print(f"enterprise / hr, trajectories a second: {rates['enterprise'] / rates['hr']:.2f}")


if __name__ == "__main__":
    main()
