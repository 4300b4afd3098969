"""Agents that need no model: one that says nothing, one that replays gold, one that always takes the first tool.

They certify the scorer (gold must be right everywhere, silence nowhere a call is due) and stay as columns of a report,
so that a split on which doing nothing pays is seen. They go through the same roll-out as a model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loopbuild.judging.effects import destroys
from loopbuild.records import Decoding, EvalTask, Json, ToolCatalog, ToolSchema, Transcript
from loopbuild.stages.evaluation.rollout import OpenSandbox, Progress, roll_out
from loopbuild.stages.evaluation.score import is_call_due


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A turn a stand-in wrote; tokens are its words, for want of a tokenizer."""

    text: str
    prompt_tokens: int = 0
    tokens: int = 0
    is_truncated: bool = False
    decoding: Decoding = "free"


class NullAgent:
    """Says nothing, whatever it is asked."""

    def complete(
        self, conversations: Sequence[Sequence[dict[str, Json]]], *, tools: list[Json] | None, max_new_tokens: int
    ) -> list[Said]:
        """Return an empty turn per conversation."""
        return [Said(text="") for _ in conversations]


class ScriptedAgent:
    """Speaks prepared assistant turns in order, then nothing; made for one conversation."""

    def __init__(self, turns: Sequence[str]) -> None:
        self._turns = tuple(turns)

    def complete(
        self, conversations: Sequence[Sequence[dict[str, Json]]], *, tools: list[Json] | None, max_new_tokens: int
    ) -> list[Said]:
        """Return the turn that follows the assistant turns already in the conversation."""
        made = []
        for messages in conversations:
            spoken = sum(message["role"] == "assistant" for message in messages)
            text = self._turns[spoken] if spoken < len(self._turns) else ""
            made.append(Said(text=text, tokens=len(text.split())))
        return made


class FirstToolAgent:
    """Calls the catalog's first tool with the smallest arguments its schema allows, then stops."""

    def __init__(self, catalog: ToolCatalog) -> None:
        self._turn = ""
        if catalog.tools:
            first = catalog.tools[0]
            self._turn = written([(first.call_name, _smallest(first))])

    def complete(
        self, conversations: Sequence[Sequence[dict[str, Json]]], *, tools: list[Json] | None, max_new_tokens: int
    ) -> list[Said]:
        """Return the one call first, then a closing word."""
        return [
            Said(text="Done." if any(message["role"] == "assistant" for message in messages) else self._turn)
            for messages in conversations
        ]


def gold_turns(task: EvalTask, catalog: ToolCatalog) -> list[str]:
    """Return what a flawless assistant writes: a question where one is due, the gold calls turn by turn, an answer."""
    if not is_call_due(task):
        return ["I have no tool for that."]
    names = {tool.id: tool.call_name for tool in catalog.tools}
    turns = ["Which one do you mean?"] * (len(task.user_turns) - 1 if task.category == "clarify" else 0)
    harmful = {tool.id for tool in catalog.tools if destroys(tool)}
    is_asked = task.category != "confirm"
    for turn in sorted({step.turn for step in task.gold}):
        calls = [step.call for step in task.gold if step.turn == turn]
        if not is_asked and any(call.tool in harmful for call in calls):
            turns.append("Shall I go ahead?")
            is_asked = True
        turns.append(written([(names.get(call.tool, call.tool), call.arguments) for call in calls]))
    return [*turns, *([] if is_asked else ["Shall I go ahead?"]), "Done."]


def written(calls: Sequence[tuple[str, Mapping[str, Json]]], content: str = "") -> str:
    """Return an assistant turn in the form the decoder reads."""
    blocks = [
        f"<tool_call>\n{json.dumps({'name': name, 'arguments': dict(arguments)}, ensure_ascii=False)}\n</tool_call>"
        for name, arguments in calls
    ]
    return "\n".join([content, *blocks] if content else blocks)


def replay_gold(
    tasks: Sequence[EvalTask],
    *,
    catalog: ToolCatalog,
    open_sandbox: OpenSandbox,
    max_calls: int = 64,
    on_progress: Progress | None = None,
) -> list[Transcript]:
    """Return the transcripts of an agent that makes exactly the gold calls; it must solve every task."""
    transcripts = []
    for position, task in enumerate(tasks, 1):
        transcripts += play(
            task, gold_turns(task, catalog), catalog=catalog, open_sandbox=open_sandbox, max_calls=max_calls
        )
        if on_progress is not None:
            on_progress(position, len(tasks))
    return transcripts


def play(
    task: EvalTask, turns: Sequence[str], *, catalog: ToolCatalog, open_sandbox: OpenSandbox, max_calls: int = 64
) -> list[Transcript]:
    """Return the transcript of one task when the assistant says `turns`."""
    return roll_out(
        [task], model=ScriptedAgent(turns), catalog=catalog, open_sandbox=open_sandbox, max_calls=max_calls, batch=1
    )


def _smallest(tool: ToolSchema) -> dict[str, Json]:
    schema = tool.input_schema if isinstance(tool.input_schema, Mapping) else {}
    declared = schema.get("properties", {})
    return {name: _value(declared.get(name, {})) for name in schema.get("required", ())}


def _value(schema: Json) -> Json:
    if not isinstance(schema, Mapping):
        return "x"
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "string")
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _value(properties.get(name, {})) for name in schema.get("required", ())}
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    by_format = {"email": "a@example.com", "date": "2026-01-15", "date-time": "2026-01-15T09:00:00Z"}
    return {"boolean": True, "array": [], "null": None}.get(kind, by_format.get(str(schema.get("format")), "x"))
