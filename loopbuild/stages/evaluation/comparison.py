"""Two models, or two states of one, over the same tasks: what was lost, what was won.

Pure. Pairs by task key; a task only one side has is no pair, and the caller sees how many there were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.records import EvalTask, Score
from loopbuild.stages.evaluation.statistics import PairedChange, compare_paired
from loopbuild.stages.evaluation.summary import verdict_of


def compare_runs(
    before: Mapping[str, Score],
    after: Mapping[str, Score],
    tasks: Sequence[EvalTask],
    *,
    metric: str = "solved",
    margin: float = 0.05,
) -> PairedChange:
    """Return the paired change of `metric` over the tasks both runs judged.

    `tasks` may be a group of them. Tasks a broken sandbox spoiled on either side are left out of both.
    """
    pairs = [
        (verdict_of(metric, task, before[task.key]), verdict_of(metric, task, after[task.key]))
        for task in tasks
        if task.key in before
        and task.key in after
        and "environment" not in (before[task.key].status, after[task.key].status)
    ]
    judged = [(bool(one), bool(other)) for one, other in pairs if one is not None or other is not None]
    return compare_paired([one for one, _ in judged], [other for _, other in judged], margin=margin)
