"""Confirming rows: something would be destroyed, so the assistant names it and asks; the person agrees or declines.

The request says that the person wants to be asked: without it the same words would once be done at once and once not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loopbuild.digest import unit_interval
from loopbuild.judging.effects import destroys
from loopbuild.llm.offline import turns
from loopbuild.llm.protocol import StepWords, WriteRequest
from loopbuild.records import Proof, Step, Task, ToolCatalog, Trajectory, opening_tools
from loopbuild.sandbox.protocol import Sandbox

DECLINED = 0.5
"""Share of the rows in which the person says no."""


def is_possible(trajectory: Trajectory, catalog: ToolCatalog) -> bool:
    """Return whether all that destroys comes last and is of one tool, so that one question covers it."""
    tools = catalog.by_id()
    is_last = [destroys(tools[step.call.tool]) for step in trajectory.steps]
    if not any(is_last):
        return False
    first = is_last.index(True)
    ending = trajectory.steps[first:]
    earlier = {step.turn for step in trajectory.steps[:first]}
    return all(is_last[first:]) and len({s.call.tool for s in ending}) == 1 and not earlier & {s.turn for s in ending}


def first_turn(trajectory: Trajectory, catalog: ToolCatalog) -> int:
    """Return the turn before which the assistant asks."""
    tools = catalog.by_id()
    return min(step.turn for step in trajectory.steps if destroys(tools[step.call.tool]))


def is_declined(key: str) -> bool:
    """Return whether the person of the row `key` says no."""
    return unit_interval("declined", key) < DECLINED


def in_dialogue(request: WriteRequest, task: Task) -> Task:
    """Return the words of a plain request with the wish to be asked, the question and what the person says to it."""
    choices = turns.choices_for(task.key, task.voice)
    steps = _ending(request.steps)
    is_no = is_declined(task.key)
    asked, *others = task.user_turns
    said = turns.refusal(steps, choices) if is_no else turns.consent(steps, choices)
    done = min(min(step.turns) for step in steps)
    before = len({turn for step in request.steps for turn in step.turns if turn < done})
    return replace(
        task,
        user_turns=(turns.ask_me_first(asked, choices), *others, said),
        assistant_turns=(*task.assistant_turns, turns.confirmation(steps, choices)),
        reasoning=task.reasoning[:before] if is_no else task.reasoning,
        answer=turns.kept(steps, choices) if is_no else task.answer,
    )


def _ending(steps: Sequence[StepWords]) -> list[StepWords]:
    """The last step with those before it that do the same."""
    last, made = steps[-1], [steps[-1]]
    for step in reversed(steps[:-1]):
        if (step.verb, step.noun, step.effect) != (last.verb, last.noun, last.effect):
            break
        made.insert(0, step)
    return made


def shown_part(trajectory: Trajectory, catalog: ToolCatalog, key: str, proof: Proof) -> Trajectory:
    """Return what the row `key` really executes: everything, or what comes before the question."""
    if not is_declined(key):
        return trajectory
    return replace(trajectory, steps=_before(trajectory, catalog), state_diff=proof.left)


def prove(trajectory: Trajectory, catalog: ToolCatalog, *, key: str, sandbox: Sandbox) -> Proof:
    """Return what is left changed when the person of the row `key` declines. Raises SandboxError when it is lost."""
    steps = _before(trajectory, catalog)
    if not is_declined(key) or not steps or not sandbox.sees_state:
        return Proof()
    sandbox.open(trajectory.fixture, opening_tools(trajectory))
    results = [sandbox.call(step.call.tool, step.call.arguments) for step in steps]
    return Proof(left=sandbox.state_diff(), is_restored=all(result.status == "ok" for result in results))


def _before(trajectory: Trajectory, catalog: ToolCatalog) -> tuple[Step, ...]:
    turn = first_turn(trajectory, catalog)
    return tuple(step for step in trajectory.steps if step.turn < turn)
