"""Executes a planned path call by call, and goes back where a call is refused or gives too little.

Calls are bounded by the run they belong to, which also says what went wrong last. Knows no plans beyond the path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from loopbuild.errors import SandboxError
from loopbuild.judging.validate import Validator
from loopbuild.pointers import find
from loopbuild.records import Cell, Json, Purpose, StateFact, Step, ToolCall, ToolResult
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.sampling.arguments import Picks, bind, is_blank, picks_of
from loopbuild.stages.sampling.cells import repeats_of
from loopbuild.stages.sampling.feeds import Skeleton
from loopbuild.stages.sampling.order import commutes
from loopbuild.stages.sampling.reach import Reach
from loopbuild.stages.sampling.working_out import choices_of

CALLS = 200
"""Calls of one plan at most, however often it is gone back for."""
_TRIES = 4
_INFRA_TRIES = 3
_CERTAIN = frozenset({"not_recorded", "no_method", "state_lost"})
"""Answers that asking again cannot change."""


@dataclass(slots=True)
class Run:
    """One plan being executed."""

    cell: Cell
    key: str
    purpose: Purpose
    reach: Reach
    sandbox: Sandbox
    validator: Validator
    talk: Mapping[str, Json] = field(default_factory=dict)
    """How dialogues go (`synthesis.dialogues`)."""
    trains: Callable[[str, int], bool] = lambda path, length: True
    """Path and number of calls -> whether rows that take it train: dialogues take no others."""
    most: int = CALLS
    """Calls it may make."""
    calls: int = 0
    broken: str = ""
    refused: str = ""


def execute(run: Run, skeleton: Skeleton, steps: tuple[Step, ...], picks: Picks) -> tuple[Step, ...] | None:
    """Execute the rest of a path; None when no way through was found (the sandbox is back where it was)."""
    place = len(steps)
    if place == len(skeleton.nodes):
        return steps
    if skeleton.spread and place == len(skeleton.nodes) - 1:
        return _spread(run, skeleton, steps, picks)
    node = skeleton.nodes[place]
    needed = _needed(skeleton, place)
    # The same tool asked twice in one breath gets other words: each time is an item of its own.
    item = sum(before.tool == node.tool for before in skeleton.nodes[:place])
    token = run.sandbox.snapshot()
    for attempt in range(_TRIES):
        chosen = picks_of(node, steps, picks, key=run.key, attempt=attempt)
        if chosen is None:
            return None
        call = bind(node, steps, chosen, run.reach, run.sandbox, key=run.key, index=run.cell.index,
                    purpose=run.purpose, attempt=attempt, item=item)  # fmt: skip
        if call is None:
            return None
        if item and any(call.arguments == step.call.arguments for step in steps if step.call.tool == call.tool):
            run.refused = f"{call.tool}: asked twice for the same"
            continue
        before = _state(run, call.tool, is_goal=skeleton.is_goal(place))
        step = attempt_call(run, call, turn=skeleton.turn(place))
        if before is not None and run.sandbox.state_diff() == before:
            run.refused, step = f"{call.tool}: nothing changed", None
        lacking = "" if step is None else _lacking(step, needed, is_last=attempt == _TRIES - 1)
        if lacking:
            run.refused = lacking
        elif step is not None:
            rest = execute(run, skeleton, (*steps, step), chosen)
            if rest is not None:
                return rest
        run.sandbox.restore(token)
        if run.calls >= run.most or run.broken:
            return None
    return None


def _spread(run: Run, skeleton: Skeleton, steps: tuple[Step, ...], picks: Picks) -> tuple[Step, ...] | None:
    """Call the goal once per item, in consecutive turns."""
    node = skeleton.nodes[-1]
    feed = node.feeds[skeleton.spread]
    wanted = repeats_of(run.cell)
    if feed.rule:
        # What is asked for all that match is done for each of them.
        found = choices_of(feed, steps[feed.step].result.value, key=run.key, attempt=0, is_many=True)
        wanted = len(found)
        if not found:
            return None
    done = steps
    token = run.sandbox.snapshot()
    for item in range(wanted):
        before = _state(run, node.tool, is_goal=True) if feed.rule else None
        chosen = picks_of(node, steps, picks, key=run.key, attempt=0, spread=(feed, item))
        if chosen is None:
            run.refused = f"{steps[feed.step].call.tool}: found {item} where {wanted} are wanted"
            run.sandbox.restore(token)
            return None
        for attempt in range(_TRIES):
            # To all that match the same is done.
            call = bind(node, steps, chosen, run.reach, run.sandbox, key=run.key, index=run.cell.index,
                        purpose=run.purpose, attempt=attempt, item=0 if feed.rule else item)  # fmt: skip
            turn = skeleton.turn(len(steps), repetition=item)
            step = None if call is None else attempt_call(run, call, turn=turn)
            if step is not None and before is not None and run.sandbox.state_diff() == before:
                run.refused, step = f"{node.tool}: nothing changed", None
            if step is not None:
                done = (*done, step)
                break
        else:
            run.sandbox.restore(token)
            return None
    return done


def attempt_call(run: Run, call: ToolCall, *, turn: int) -> Step | None:
    """Run one call; None when it is refused."""
    faults = run.validator.check(call.tool, call.arguments)
    if faults:
        run.refused = f"{call.tool}: {faults[0].code} {faults[0].pointer}"
        return None
    for _ in range(_INFRA_TRIES):
        run.calls += 1
        try:
            result = run.sandbox.call(call.tool, call.arguments)
        except SandboxError as error:
            run.broken = error.message
            return None
        if result.status == "ok":
            return Step(call=call, result=result, turn=turn)
        if result.status == "tool_error":
            run.refused = f"{call.tool}: {result.code}"
            return None
        run.broken = _unanswered(call, result)
        if result.code in _CERTAIN:
            break
    return None


def orders_agree(run: Run, steps: tuple[Step, ...], start: object) -> bool:
    """Say whether the calls of each turn come to the same in the other order; leaves the sandbox as it is."""
    tools = run.reach.tools
    if not run.sandbox.sees_state and any(tools[step.call.tool].effect != "read" for step in steps):
        run.refused = "nobody can see whether the order of its calls matters"
        return False
    found = commutes(steps, run.sandbox, start)
    run.calls += len(steps)
    if not found:
        run.refused = f"{steps[-1].call.tool}: the order of calls in one turn matters"
    return found


def comes_to_nothing(run: Run, steps: tuple[Step, ...]) -> bool:
    """Say whether calls write and yet all ends as it began: opened and closed again, which an idle agent does too."""
    tools = run.reach.tools
    writing = [step.call.tool for step in steps if tools[step.call.tool].effect in ("create", "update", "delete")]
    if not writing or not run.sandbox.sees_state or run.sandbox.state_diff():
        return False
    run.refused = f"{writing[-1]}: all ends as it began"
    return True


def _unanswered(call: ToolCall, result: ToolResult) -> str:
    said = result.value if isinstance(result.value, dict) else {}
    told = [str(said[key]) for key in ("error", "hint") if said.get(key)]
    return f"{call.tool}: no answer ({result.code})" + (f": {'; '.join(told)}" if told else "")


def _state(run: Run, tool: str, *, is_goal: bool) -> tuple[StateFact, ...] | None:
    """Return the state difference before a goal that writes; None where a change is not owed or cannot be seen."""
    is_write = is_goal and run.reach.tools[tool].effect in ("create", "update", "delete")
    return run.sandbox.state_diff() if is_write and run.sandbox.sees_state else None


def _needed(skeleton: Skeleton, place: int) -> set[str]:
    feeds = [feed for node in skeleton.nodes for feed in node.feeds.values() if feed.step == place and feed.leaf]
    return {feed.leaf for feed in feeds} | {feed.by for feed in feeds if feed.by}


def _lacking(step: Step, needed: set[str], *, is_last: bool) -> str:
    """Return what an answer has too little of to go on; empty where it will do."""
    missing = sorted(leaf for leaf in needed if not find(step.result.value, leaf))
    is_empty = is_blank(step.result.value)
    # An empty answer is a legal answer, but a dull row: kept only when nothing better was found.
    if is_empty and (missing or not (needed or is_last)):
        return f"{step.call.tool}: found nothing"
    return f"{step.call.tool}: answered without `{missing[0]}`" if missing else ""
