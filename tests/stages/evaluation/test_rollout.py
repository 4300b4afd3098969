"""The closed loop between a model and the sandboxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hr_world import CATALOG, CHAIN, CLARIFY, SINGLE, TASKS, WRITE, World

from loopbuild.errors import SandboxError
from loopbuild.records import EvalTask, ToolResult
from loopbuild.stages.evaluation.rollout import roll_out
from loopbuild.stages.evaluation.stand_ins import Said, ScriptedAgent, gold_turns, play, written

LOOKS = written([("get_open_roles", {})])


class Prompted:
    """Plays each task's gold by its request, and remembers how many conversations it was given at once."""

    def __init__(self, tasks: Sequence[EvalTask]) -> None:
        self._agents = {task.user_turns[0]: ScriptedAgent(gold_turns(task, CATALOG)) for task in tasks}
        self.widths: list[int] = []

    def complete(
        self, conversations: Sequence[Sequence[dict[str, Any]]], *, tools: Any, max_new_tokens: int
    ) -> list[Said]:
        self.widths.append(len(conversations))
        return [
            said
            for messages in conversations
            for said in self._agents[messages[1]["content"]].complete(
                [messages], tools=tools, max_new_tokens=max_new_tokens
            )
        ]


class Counted:
    def __init__(self) -> None:
        self.made: list[World] = []

    def __call__(self, task: EvalTask) -> World:
        self.made.append(World())
        return self.made[-1]


def test_batches_do_not_change_what_happens() -> None:
    many = roll_out(TASKS, model=Prompted(TASKS), catalog=CATALOG, open_sandbox=lambda _: World(), batch=3)
    one = roll_out(TASKS, model=Prompted(TASKS), catalog=CATALOG, open_sandbox=lambda _: World(), batch=1)
    assert many == one
    assert [transcript.key for transcript in many] == [task.key for task in TASKS]


def test_no_more_sandboxes_than_conversations_at_once_and_all_closed() -> None:
    worlds, model, seen = Counted(), Prompted(TASKS), []
    roll_out(TASKS, model=model, catalog=CATALOG, open_sandbox=worlds, batch=3, on_progress=lambda *at: seen.append(at))
    assert max(model.widths) == 3
    assert len(worlds.made) <= 3
    assert all(world.is_closed for world in worlds.made)
    assert seen[-1] == (len(TASKS), len(TASKS))


def test_results_are_shown_as_plain_json_text() -> None:
    (transcript,) = play(CHAIN, gold_turns(CHAIN, CATALOG), catalog=CATALOG, open_sandbox=lambda _: World())
    results = [message["content"] for message in transcript.messages if message["role"] == "tool"]
    assert results[0] == '{"role_ids": ["R-00", "R-01"]}'
    assert transcript.state_diff == CHAIN.state_diff


def test_clarifying_question_brings_the_second_user_turn() -> None:
    (transcript,) = play(CLARIFY, gold_turns(CLARIFY, CATALOG), catalog=CATALOG, open_sandbox=lambda _: World())
    assert [message["role"] for message in transcript.messages] == [
        "assistant",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]


def test_refused_calls_are_answered_and_the_model_goes_on() -> None:
    turns = [
        written([("no_such", {})]),
        written([("request_leave", {"employee_id": "E-7"})]),
        *gold_turns(WRITE, CATALOG),
    ]
    (transcript,) = play(WRITE, turns, catalog=CATALOG, open_sandbox=lambda _: World())
    codes = [message["code"] for message in transcript.messages if message["role"] == "tool"]
    assert codes == ["unknown_tool", "invalid_argument", ""]
    assert transcript.state_diff == WRITE.state_diff


def test_calls_without_end_are_stopped() -> None:
    (transcript,) = play(SINGLE, [LOOKS] * 9, catalog=CATALOG, open_sandbox=lambda _: World(), max_calls=4)
    assert transcript.status == "call_limit"
    assert sum(message["role"] == "tool" for message in transcript.messages) == 4


def test_a_turn_cut_short_ends_the_task() -> None:
    class Cut:
        def complete(self, conversations: Any, *, tools: Any, max_new_tokens: int) -> list[Said]:
            return [Said(text="The answer is", is_truncated=True, tokens=7) for _ in conversations]

    (transcript,) = roll_out([SINGLE], model=Cut(), catalog=CATALOG, open_sandbox=lambda _: World())
    assert (transcript.status, transcript.response_tokens) == ("truncated", 7)
    assert "faults" not in transcript.messages[0]


def test_broken_sandbox_ends_only_its_own_task() -> None:
    class Broken(World):
        def call(self, tool_id: str, arguments: Mapping[str, Any]) -> ToolResult:
            raise SandboxError("the server left")

    def open_sandbox(task: EvalTask) -> World:
        return Broken() if task.key == "chain" else World()

    tasks = [SINGLE, CHAIN, WRITE]
    transcripts = roll_out(tasks, model=Prompted(tasks), catalog=CATALOG, open_sandbox=open_sandbox, batch=3)
    assert [one.status for one in transcripts] == ["finished", "environment", "finished"]


def test_text_no_document_can_hold_is_a_fault() -> None:
    for value in ('"\\ud800"', "1e999", "NaN"):
        turn = f'<tool_call>\n{{"name": "get_candidate", "arguments": {{"candidate_id": {value}}}}}\n</tool_call>'
        (transcript,) = play(SINGLE, [turn], catalog=CATALOG, open_sandbox=lambda _: World())
        assert transcript.messages[0]["faults"] == ["not_json"]


def test_one_steered_turn_makes_a_steered_run() -> None:
    """Schemas that refused a wish once decide what followed: such a run is not the same under other schemas."""

    class Steered(ScriptedAgent):
        def complete(
            self, conversations: Sequence[Sequence[dict[str, Any]]], *, tools: Any, max_new_tokens: int
        ) -> list[Said]:
            said = super().complete(conversations, tools=tools, max_new_tokens=max_new_tokens)
            first = not any(message["role"] == "assistant" for message in conversations[0])
            return [replace(one, decoding="steered" if first else "constrained") for one in said]

    (run,) = roll_out(
        [SINGLE], model=Steered(gold_turns(SINGLE, CATALOG)), catalog=CATALOG, open_sandbox=lambda _: World()
    )
    assert len([one for one in run.messages if one["role"] == "assistant"]) > 1
    assert run.decoding == "steered"
