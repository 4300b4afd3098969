"""Words + execution -> a row: OpenAI messages without a system message, calls and results copied from the trajectory.

Decides the message form and the row's identity. Knows no writer; nothing of a call or result passes through words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from loopbuild.digest import digest
from loopbuild.llm.protocol import WriteAnswer, WriteRequest
from loopbuild.records import (
    Category,
    Example,
    Json,
    Level,
    Split,
    Step,
    Task,
    ToolCatalog,
    ToolSchema,
    Trajectory,
    segments,
    to_json,
)
from loopbuild.stages.synthesis import confirm, withheld

_DIALOGUES = ("clarify", "confirm", "missing_tool", "near_miss", "error_recovery", "dialogue")


def to_task(trajectory: Trajectory, request: WriteRequest, answer: WriteAnswer, *, writer: str) -> Task:
    """Return the task record of one answered request."""
    task = Task(
        key=request.key,
        trajectory=trajectory.key,
        level=_level(request.level),
        writer=writer,
        voice=answer.voice,
        category=_category(request.category),
        user_turns=answer.user_turns,
        assistant_turns=answer.assistant_turns,
        reasoning=answer.reasoning,
        answer=answer.answer,
        structure=answer.structure,
    )
    if request.category == "confirm":
        task = confirm.in_dialogue(request, task)
    elif request.category == "missing_tool":
        task = withheld.in_dialogue(request, task)
    return sealed_task(task, trajectory.digest)


def sealed_task(task: Task, basis: str) -> Task:
    """Return `task` with its digest: over its words and `basis`, the digest of what they were written from."""
    return replace(task, digest=digest("task", [basis, to_json(replace(task, digest=""))]))


def to_example(trajectory: Trajectory, task: Task, catalog: ToolCatalog, *, split: Split = "train") -> Example:
    """Return the row a trainer reads; assistant messages carry `loss: true`."""
    tools = catalog.by_id()
    messages = _turn_by_turn(trajectory, task, tools) if trajectory.later else _at_once(trajectory, task, tools)
    if task.answer:
        messages.append({"role": "assistant", "content": task.answer, "loss": True})
    return sealed(
        Example(
            key=task.key,
            trajectory=trajectory.key,
            category=task.category,
            split=split,
            level=task.level,
            topology=trajectory.cell.topology,
            writer=task.writer,
            messages=tuple(messages),
            tools=tuple(dict.fromkeys(step.call.tool for step in trajectory.steps)),
            reads=trajectory.reads,
        )
    )


def _at_once(trajectory: Trajectory, task: Task, tools: Mapping[str, ToolSchema]) -> list[dict[str, Json]]:
    """All the person says, with what is asked in between, then all calls."""
    messages: list[dict[str, Json]] = []
    for position, text in enumerate(task.user_turns):
        messages.append({"role": "user", "content": text})
        if position < len(task.assistant_turns):
            messages.append({"role": "assistant", "content": task.assistant_turns[position], "loss": True})
    for number, (_, group) in enumerate(groupby(trajectory.steps, key=lambda step: step.turn)):
        steps = list(group)
        said = task.reasoning[number] if number < len(task.reasoning) else ""
        messages += turn(steps, said, tools)
    return messages


def _turn_by_turn(trajectory: Trajectory, task: Task, tools: Mapping[str, ToolSchema]) -> list[dict[str, Json]]:
    """Each turn of the person with its calls and its answer; the last answer is left to the caller."""
    messages: list[dict[str, Json]] = []
    number = 0
    for position, (text, part) in enumerate(zip(task.user_turns, segments(trajectory), strict=True)):
        messages.append({"role": "user", "content": text})
        for _, group in groupby(part, key=lambda step: step.turn):
            messages += turn(list(group), task.reasoning[number] if number < len(task.reasoning) else "", tools)
            number += 1
        if position < len(task.assistant_turns):
            messages.append({"role": "assistant", "content": task.assistant_turns[position], "loss": True})
    return messages


def sealed(example: Example) -> Example:
    """Return `example` with its digest: over what a trainer would see and how it is filed, not over `reads`."""
    kept = {name: value for name, value in to_json(example).items() if name not in ("digest", "reads", "trajectory")}
    return replace(example, digest=digest("example", kept))


def readable(value: Json) -> str:
    """Return a result as a model reads it: JSON with `, ` and `: `, text unescaped, keys as the tool gave them."""
    return json.dumps(value, ensure_ascii=False)


def turn(
    steps: Sequence[Step], said: str, tools: Mapping[str, ToolSchema], *, is_learned: bool = True
) -> list[dict[str, Json]]:
    """Return an assistant turn that makes the calls of `steps`, and the results."""
    names = [tools[step.call.tool].call_name for step in steps]
    calls = [
        {"type": "function", "function": {"name": name, "arguments": step.call.arguments}}
        for name, step in zip(names, steps, strict=True)
    ]
    return [
        {"role": "assistant", "content": said, "tool_calls": calls, "loss": is_learned},
        *(
            {"role": "tool", "name": name, "content": readable(step.result.value)}
            for name, step in zip(names, steps, strict=True)
        ),
    ]


def _level(level: str) -> Level:
    return "high" if level == "high" else "low"


def _category(category: str) -> Category:
    return category if category in _DIALOGUES else "call"  # type: ignore[return-value]
