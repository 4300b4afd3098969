"""From a verified trajectory and its words to a held-out task, and which call paths are held out.

Pure. Separation is by call path, not by row: a path is held out with everything that takes it. No tool is held out with
all its paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from loopbuild.digest import digest, unit_interval
from loopbuild.records import EvalTask, Json, Split, Task, Trajectory, paths_of, to_json

Group = Literal["all", "unchanged", "changed", "new"]


def is_held_out(signature: str, share: float, salt: Json = "", *, length: int = 2) -> bool:
    """Return whether the call path `signature` is kept from training; about `share` of all paths are.

    A path of one call is never held out: no training row could then show its tool.
    """
    return length > 1 and _place(signature, salt) < share


def _place(signature: str, salt: Json = "") -> float:
    return unit_interval("heldout", [salt, signature])


def spared(trajectories: Iterable[Trajectory], share: float) -> frozenset[str]:
    """Return the held-out paths that train all the same: for every goal of which each path is held out, one of them.

    Of those, the path that a smaller share would have let go first. A tool with another path changes nothing, so only
    paths of such a tool can ever move. What other sources' tools are taught elsewhere is not known here.
    """
    walked = [one for one in trajectories if one.cell.purpose == "train"]
    paths: dict[str, dict[str, bool]] = {one.cell.goal: {} for one in walked}
    for one in walked:
        is_out = is_held_out(one.signature, share, length=paths_of(one)[0][1])
        for tool in {step.call.tool for step in one.steps} & paths.keys():
            paths[tool][one.signature] = is_out
    chosen: set[str] = set()
    for _, known in sorted(paths.items()):
        if known and all(is_out and path not in chosen for path, is_out in known.items()):
            chosen.add(max(known, key=lambda path: (_place(path), path)))
    return frozenset(chosen)


def to_task(
    trajectory: Trajectory,
    task: Task,
    *,
    split: Split,
    world: Sequence[str] = (),
    group: Group = "all",
    system: str = "",
) -> EvalTask:
    """Return what a model is asked and what counts as right; `world` are the tools that its world is opened for.

    Categories in which no call is due carry no gold calls, whatever the trajectory held.
    """
    is_call_due = task.category in ("call", "clarify", "confirm", "error_recovery")
    gold = trajectory.steps if is_call_due else ()
    tools = tuple(dict.fromkeys(step.call.tool for step in gold))
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
        tools=tools,
        world=() if set(world) == set(tools) else tuple(world),
        told=trajectory.told if is_call_due else None,
        group=group,
    )
    asked = {name: value for name, value in to_json(made).items() if name not in ("group", "digest", "split")}
    return replace(made, digest=digest("evaltask", asked))
