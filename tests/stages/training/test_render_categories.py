"""What rows of the categories teach, read back from the tokens that carry loss, and which tools they list."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from loopbuild.records import segments
from loopbuild.stages.export.chat import grpo_row, messages_of, openai_row, sft_row
from loopbuild.stages.synthesis.retired import retired_rows
from loopbuild.stages.training.render import function_schemas, marked, render, shown_tools, takes_part
from tests.stages.synthesis.category_rows import executed, rows
from tests.stages.synthesis.dialogue_rows import dialogues


def learned(row, tokenizer) -> str:
    return "\n".join(re.findall(r"⟦(.*?)⟧", marked(row, tokenizer), re.DOTALL))


def rendered(made, catalog, tokenizer, has_schemas):
    return render(
        [row.example for row in made],
        function_schemas(catalog),
        tokenizer,
        system_prompt="Be brief.",
        schemas_in_prompt=has_schemas,
        extra_tools=2,
        max_length=20_000,
    )


@pytest.mark.parametrize("has_schemas", [True, False])
def test_no_token_of_a_call_that_fails_is_learned(tokenizer, has_schemas):
    catalog, _ = executed()
    made = [row for row in rows("error_recovery") if row.proof.failures]
    rendering = rendered(made, catalog, tokenizer, has_schemas)
    assert len(rendering.rows) == len(made)
    for source, row in zip(made, rendering.rows, strict=True):
        text = learned(row, tokenizer)
        found = [json.loads(one) for one in re.findall(r"<tool_call>\n(.*?)\n</tool_call>", text, re.DOTALL)]
        assert [one["arguments"] for one in found] == [step.call.arguments for step in source.trajectory.steps]
        unlearned = [m for m in source.example.messages if m["role"] == "assistant" and not m["loss"]]
        assert len(unlearned) == len(source.proof.failures)
        told = [m["content"] for m in source.example.messages if m["role"] == "assistant" and m["loss"]]
        assert all(content in text for content in told)
        assert "error" not in text


def test_exports_mark_what_failed():
    for row in (row for row in rows("error_recovery") if row.proof.failures):
        messages = messages_of(row.example, system="Be brief.")
        plain = openai_row(messages, [])["messages"]
        weighted = [m for m in plain if m.get("weight") == 0]
        assert len(weighted) == len(row.proof.failures)
        told = sft_row(messages, [])
        wrong = [json.dumps(m["tool_calls"]) for m in weighted]
        assert not any(json.dumps(m.get("tool_calls", [])) in wrong for m in told["completion"])
        expected = json.loads(grpo_row(messages, [])["expected_calls"])
        assert [one["arguments"] for one in expected] == [step.call.arguments for step in row.trajectory.steps]


def test_a_withheld_tool_is_listed_nowhere_and_a_twin_always():
    catalog, _ = executed()
    tools = function_schemas(catalog)
    for extra in (-1, 0, 2):
        for row in rows("missing_tool"):
            names = {one["function"]["name"] for one in shown_tools(row.example, tools, extra_tools=extra)}
            assert not names & {tools[tool]["function"]["name"] for tool in row.example.withheld}
            needed = {*row.example.tools, *row.example.beside} - set(row.example.withheld)
            own = {tools[tool]["function"]["name"] for tool in needed}
            assert names == own if extra == 0 else names > own
        for row in (row for row in rows("near_miss") if row.proof.other):
            names = {one["function"]["name"] for one in shown_tools(row.example, tools, extra_tools=extra)}
            assert names >= {tools[tool]["function"]["name"] for tool in (*row.example.beside, *row.example.tools)}


def test_rows_that_withhold_a_tool_are_no_lesson_where_none_is_listed():
    examples = [row.example for category in ("missing_tool", "confirm") for row in rows(category)]
    assert takes_part(examples, schemas_in_prompt=True) == examples
    assert {row.category for row in takes_part(examples, schemas_in_prompt=False)} == {"confirm"}


@pytest.mark.parametrize("has_schemas", [True, False])
def test_every_turn_of_a_dialogue_is_learned_and_nothing_the_person_says(tokenizer, has_schemas):
    catalog, made = dialogues()
    chosen = [row for row in made if len(row.task.user_turns) > 2][:12]
    rendering = rendered(chosen, catalog, tokenizer, has_schemas)
    assert chosen
    assert len(rendering.rows) == len(chosen)
    for source, row in zip(chosen, rendering.rows, strict=True):
        text = learned(row, tokenizer)
        found = [json.loads(one) for one in re.findall(r"<tool_call>\n(.*?)\n</tool_call>", text, re.DOTALL)]
        assert [one["arguments"] for one in found] == [step.call.arguments for step in source.trajectory.steps]
        assert all(answer in text for answer in (*source.task.assistant_turns, source.task.answer))
        assert not any(said in text for said in source.task.user_turns if len(said) > 20)


def test_exports_of_a_dialogue_hold_its_turns_and_a_reward_asks_for_the_last():
    row = next(row for row in dialogues()[1] if len(row.task.user_turns) > 2)
    messages = messages_of(row.example, system="Be brief.")
    assert [m["content"] for m in messages if m["role"] == "user"] == list(row.task.user_turns)
    told = sft_row(messages, [])
    assert sum(m["role"] == "user" for m in told["completion"]) == len(row.task.user_turns) - 1
    last = grpo_row(messages, [], is_last=True)
    assert last["prompt"][-1] == {"role": "user", "content": row.task.user_turns[-1]}
    steps = segments(row.trajectory)[-1]
    assert [one["arguments"] for one in json.loads(last["expected_calls"])] == [step.call.arguments for step in steps]


@pytest.mark.parametrize("has_schemas", [True, False])
def test_no_token_of_a_call_under_a_name_that_is_gone_is_learned(tokenizer, has_schemas):
    catalog, _ = executed()
    known = [replace(row.example, category="call", beside=()) for row in rows("near_miss")]
    successor = next(one.tools[0] for one in known if len(one.tools) == 1)
    made = retired_rows(
        {"hr/gone_for_good": "", "hr/old_name": successor}, known, catalog, count=6, redirected=3, seed=0
    )
    assert sum(bool(one.tools) for one in made) > 3
    rendering = render(
        made, function_schemas(catalog), tokenizer, system_prompt="Be brief.", schemas_in_prompt=has_schemas,
        extra_tools=2, max_length=20_000,
    )  # fmt: skip
    assert len(rendering.rows) == len(made)
    names = set(catalog.by_call_name())
    for row in rendering.rows:
        text = learned(row, tokenizer)
        called = [json.loads(one)["name"] for one in re.findall(r"<tool_call>\n(.*?)\n</tool_call>", text, re.DOTALL)]
        assert set(called) <= names
        assert "unknown tool" not in text
