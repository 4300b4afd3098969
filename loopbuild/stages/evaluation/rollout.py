"""Lets a model work on tasks: generate a turn, run its calls in the task's own sandbox, show it the results, go on.

Step-synchronous: every active conversation gets its next turn in one batch, and a finished one makes room for the next
task, so that at most `batch` sandboxes and conversations are held. Judges nothing; a refused call is answered with the
error a tool would give, and the model may go on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from loopbuild.digest import canonical
from loopbuild.errors import SandboxError
from loopbuild.judging.decode import parse_assistant
from loopbuild.judging.validate import Validator
from loopbuild.records import Decoding, EvalTask, Json, StateFact, ToolCatalog, ToolResult, Transcript
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.evaluation.score import checked

OpenSandbox = Callable[[EvalTask], Sandbox]
"""Returns a sandbox for the task's source; the roll-out opens the fixture, reuses the sandbox and closes it."""
Progress = Callable[[int, int], None]
"""(tasks finished, tasks in all)"""


class Completed(Protocol):
    """One generated assistant turn."""

    @property
    def text(self) -> str:
        """The raw text, calls included."""

    @property
    def prompt_tokens(self) -> int:
        """Tokens read."""

    @property
    def tokens(self) -> int:
        """Tokens written."""

    @property
    def is_truncated(self) -> bool:
        """The limit was reached before the turn ended."""

    @property
    def decoding(self) -> Decoding:
        """How its calls came about."""


class Completes(Protocol):
    """Anything that writes the next assistant turn of conversations in the OpenAI form."""

    def complete(
        self, conversations: Sequence[Sequence[dict[str, Json]]], *, tools: list[Json] | None, max_new_tokens: int
    ) -> Sequence[Completed]:
        """Return one completion per conversation, in order."""


@dataclass(slots=True, kw_only=True)
class _Conversation:
    task: EvalTask
    position: int
    sandbox: Sandbox
    messages: list[dict[str, Json]]
    """What the transcript keeps: everything after the first user turn."""
    prompt: list[dict[str, Json]]
    """What the model reads."""
    waiting: list[str]
    """User turns not yet said."""
    calls: int = 0
    prompt_tokens: int = 0
    tokens: int = 0
    status: str = ""
    state_diff: tuple[StateFact, ...] = field(default=())
    decoding: Decoding = "free"


def roll_out(
    tasks: Sequence[EvalTask],
    *,
    model: Completes,
    catalog: ToolCatalog,
    open_sandbox: OpenSandbox,
    tools_prompt: list[Json] | None = None,
    max_calls: int = 20,
    max_new_tokens: int = 160,
    batch: int = 32,
    on_progress: Progress | None = None,
) -> list[Transcript]:
    """Return one transcript per task, in the order of `tasks`.

    A conversation ends with a turn without calls (when no user turn waits), at `max_calls` calls or at a truncated
    turn.
    A broken sandbox ends its own task with status `environment`; the model's failures propagate.
    """
    ids = {tool.call_name: tool.id for tool in catalog.tools}
    validator = Validator(catalog)
    transcripts: dict[int, Transcript] = {}
    pool = _Pool(open_sandbox)
    active: list[_Conversation] = []
    following = 0
    try:
        while active or following < len(tasks):
            while len(active) < batch and following < len(tasks):
                started = _start(tasks[following], following, pool)
                if isinstance(started, Transcript):
                    transcripts[following] = started
                else:
                    active.append(started)
                following += 1
            if not active:
                continue
            completions = model.complete(
                [talk.prompt for talk in active], tools=tools_prompt, max_new_tokens=max_new_tokens
            )
            for talk, completion in zip(active, completions, strict=True):
                _advance(talk, completion, ids, validator, max_calls=max_calls)
            for talk in active:
                if talk.status:
                    transcripts[talk.position] = _transcript(talk)
                    pool.give_back(talk.task, talk.sandbox, is_sound=talk.status != "environment")
            active = [talk for talk in active if not talk.status]
            if on_progress is not None:
                on_progress(len(transcripts), len(tasks))
    finally:
        for talk in active:
            talk.sandbox.close()
        pool.close()
    return [transcripts[position] for position in range(len(tasks))]


def error_value(code: str, message: str) -> Json:
    """Return what a tool answers to a call it refuses."""
    return {"error": {"code": code, "message": message}}


class _Pool:
    """Sandboxes not in use, by the kind of task they serve: opening a fixture makes one as good as new."""

    def __init__(self, open_sandbox: OpenSandbox) -> None:
        self._open = open_sandbox
        self._idle: dict[str, list[Sandbox]] = {}

    def take(self, task: EvalTask) -> Sandbox:
        idle = self._idle.get(task.sandbox)
        sandbox = idle.pop() if idle else self._open(task)
        try:
            sandbox.open(task.fixture, task.world or task.tools)
        except SandboxError:
            sandbox.close()
            raise
        return sandbox

    def give_back(self, task: EvalTask, sandbox: Sandbox, *, is_sound: bool) -> None:
        if is_sound:
            self._idle.setdefault(task.sandbox, []).append(sandbox)
        else:
            sandbox.close()

    def close(self) -> None:
        for idle in self._idle.values():
            for sandbox in idle:
                sandbox.close()
        self._idle.clear()


def _start(task: EvalTask, position: int, pool: _Pool) -> _Conversation | Transcript:
    prompt: list[dict[str, Json]] = [{"role": "system", "content": task.system}] if task.system else []
    prompt.append({"role": "user", "content": task.user_turns[0] if task.user_turns else ""})
    try:
        sandbox = pool.take(task)
    except SandboxError:
        return Transcript(key=task.key, messages=(), status="environment")
    return _Conversation(
        task=task,
        position=position,
        sandbox=sandbox,
        messages=[],
        prompt=prompt,
        waiting=list(task.user_turns[1:]),
    )


def _advance(
    talk: _Conversation, completion: Completed, ids: dict[str, str], validator: Validator, *, max_calls: int
) -> None:
    """Take in one assistant turn and run its calls."""
    talk.prompt_tokens = max(talk.prompt_tokens, completion.prompt_tokens)
    talk.tokens += completion.tokens
    talk.decoding = "steered" if talk.decoding == "steered" else completion.decoding
    raw = completion.text.encode("utf-8", "replace").decode("utf-8")
    content, decoded, faults = parse_assistant(raw, is_truncated=completion.is_truncated)
    calls = [call for call in decoded if _is_plain(call)]
    written: list[dict[str, Json]] = [{"type": "function", "function": call} for call in calls]
    message: dict[str, Json] = {"role": "assistant", "content": content}
    if written:
        message["tool_calls"] = written
    talk.prompt.append(message)
    # An answer cut short is no attempted call; the transcript's status tells it.
    codes: list[str] = [fault.code for fault in faults if fault.code != "truncated" or "<tool_call>" in raw]
    codes += ["not_json"] * (len(decoded) - len(calls))
    kept = dict(message)
    if codes:
        kept |= {"faults": codes, "raw": raw}
    talk.messages.append(kept)
    for call in calls:
        if talk.calls >= max_calls:
            break
        talk.calls += 1
        result = _call(talk.sandbox, call["name"], call["arguments"], ids, validator)
        if result.status == "infra_error":
            talk.status = "environment"
            return
        text = json.dumps(result.value, ensure_ascii=False)
        talk.prompt.append({"role": "tool", "content": text})
        talk.messages.append({"role": "tool", "content": text, "status": result.status, "code": result.code})
    if completion.is_truncated:
        talk.status = "truncated"
    elif calls and talk.calls >= max_calls:
        talk.status = "call_limit"
    elif not calls:
        if talk.waiting and not codes:
            said = {"role": "user", "content": talk.waiting.pop(0)}
            talk.prompt.append(said)
            talk.messages.append(said)
        else:
            talk.status = "finished"
    if talk.status:
        try:
            talk.state_diff = talk.sandbox.state_diff()
        except SandboxError:
            talk.status = "environment"


def _is_plain(call: Json) -> bool:
    """Escapes can spell lone surrogates, exponents infinity: a reader takes both, but no JSON document holds them."""
    try:
        canonical(call)
    except (ValueError, TypeError, RecursionError):
        return False
    return True


def _call(sandbox: Sandbox, name: str, arguments: Json, ids: dict[str, str], validator: Validator) -> ToolResult:
    tool_id = ids.get(name)
    if tool_id is None:
        return _refused("unknown_tool", f"there is no tool `{name}`")
    faults = checked(validator, tool_id, arguments)
    if faults:
        return _refused("invalid_argument", "; ".join(fault.message for fault in faults))
    try:
        return sandbox.call(tool_id, arguments)
    except SandboxError:
        return ToolResult(status="infra_error")


def _refused(code: str, message: str) -> ToolResult:
    return ToolResult(status="tool_error", value=error_value(code, message), code=code)


def _transcript(talk: _Conversation) -> Transcript:
    return Transcript(
        key=talk.task.key,
        messages=tuple(talk.messages),
        status=talk.status,  # type: ignore[arg-type] # one of the literals, set above
        state_diff=talk.state_diff,
        response_tokens=talk.tokens,
        prompt_tokens=talk.prompt_tokens,
        decoding=talk.decoding,
    )
