"""From a verified trajectory and its words to a held-out task, and which call paths are held out.

Pure. Separation is by call path, not by row: a path is held out with everything that takes it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from loopbuild.digest import digest, unit_interval
from loopbuild.records import EvalTask, Json, Split, Task, Trajectory, to_json

Group = Literal["all", "unchanged", "changed", "new"]


def is_held_out(signature: str, share: float, salt: Json = "", *, length: int = 2) -> bool:
    """Return whether the call path `signature` is kept from training; about `share` of all paths are.

    A path of one call is never held out: no training row could then show its tool.
    """
    return length > 1 and unit_interval("heldout", [salt, signature]) < share


def to_task(trajectory: Trajectory, task: Task, *, split: Split, group: Group = "all", system: str = "") -> EvalTask:
    """Return what a model is asked and what counts as right.

    Categories in which no call is due carry no gold calls, whatever the trajectory held.
    """
    is_call_due = task.category in ("call", "clarify", "confirm", "error_recovery")
    gold = trajectory.steps if is_call_due else ()
    made = EvalTask(
        key=task.key,
        trajectory=trajectory.key,
        split=split,
        category=task.category,
        level=task.level,
        topology=trajectory.cell.topology,
        system=system,
        user_turns=task.user_turns,
        sandbox=trajectory.sandbox,
        fixture=trajectory.fixture,
        gold=gold,
        state_diff=trajectory.state_diff if is_call_due else (),
        tools=tuple(dict.fromkeys(step.call.tool for step in gold)),
        group=group,
    )
    asked = {name: value for name, value in to_json(made).items() if name not in ("group", "digest", "split")}
    return replace(made, digest=digest("evaltask", asked))
