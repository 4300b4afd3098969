"""A trace tells of every target that was not up to date when it was made, and nothing overlaps on one lane."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest

from loopbuild.engine.history import history
from loopbuild.engine.trace import trace
from loopbuild.errors import SelectionError
from tests.engine.conftest import Project
from tests.engine.recipes import chain, table


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_target_has_its_time_on_a_lane_of_its_own(project: Project, jobs: int) -> None:
    (project.root / "slow").write_text("0.03")
    targets = [*chain(), *table()]
    assert project.build(targets, jobs=jobs).is_success
    (run,) = history(project.ws, 1)
    found = json.loads(json.dumps(trace(run)))
    events = [event for event in found["traceEvents"] if event["ph"] == "X"]
    assert {event["name"] for event in events} == {target.id for target in targets}
    lanes = defaultdict(list)
    for event in events:
        lanes[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
        assert event["args"]["outcome"] == "built"
    for spans in lanes.values():
        spans.sort()
        assert all(end <= start + 200 for (_, end), (start, _) in pairwise(spans))
    assert all(0 <= end <= run.seconds * 1e6 + 1000 for spans in lanes.values() for _, end in spans)
    assert (len(lanes) > 1) is (jobs > 1)
    begins = {event["name"]: event["ts"] for event in events}
    assert begins["total:all"] > begins["join:3"] > begins["read:3"]


def test_time_in_the_queue_of_workers_is_no_work(project: Project) -> None:
    """Else what waits longest would look slowest, and estimates would grow with the number of targets."""
    (project.root / "slow").write_text("0.1")
    project.write(**{f"f{number}": f"{number}\n" for number in range(12)})
    outcome = project.build(chain(12), jobs=2)
    assert max(result.seconds for result in outcome.results.values()) < 0.5


def test_a_build_of_a_release_without_times_is_no_trace(project: Project) -> None:
    project.build(chain())
    (run,) = history(project.ws, 1)
    old = replace(run, targets=tuple(replace(target, began=None) for target in run.targets))
    with pytest.raises(SelectionError, match="noted no times"):
        trace(old)
