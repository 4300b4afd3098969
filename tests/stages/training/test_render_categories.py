"""What rows of the categories teach, read back from the tokens that carry loss, and which tools they list."""

from __future__ import annotations

import json
import re

import pytest

from loopbuild.stages.export.chat import grpo_row, messages_of, openai_row, sft_row
from loopbuild.stages.training.render import function_schemas, marked, render, shown_tools, takes_part
from tests.stages.synthesis.category_rows import executed, rows


def learned(row, tokenizer) -> str:
    return "\n".join(re.findall(r"⟦(.*?)⟧", marked(row, tokenizer), re.DOTALL))


@pytest.mark.parametrize("has_schemas", [True, False])
def test_no_token_of_a_call_that_fails_is_learned(tokenizer, has_schemas):
    catalog, _ = executed()
    made = [row for row in rows("error_recovery") if row.proof.failures]
    rendering = render(
        [row.example for row in made],
        function_schemas(catalog),
        tokenizer,
        system_prompt="Be brief.",
        schemas_in_prompt=has_schemas,
        extra_tools=2,
        max_length=20_000,
    )
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
            assert names or extra == 0
        for row in (row for row in rows("near_miss") if row.proof.other):
            names = {one["function"]["name"] for one in shown_tools(row.example, tools, extra_tools=extra)}
            assert names >= {tools[tool]["function"]["name"] for tool in (*row.example.beside, *row.example.tools)}


def test_rows_that_withhold_a_tool_are_no_lesson_where_none_is_listed():
    examples = [row.example for category in ("missing_tool", "confirm") for row in rows(category)]
    assert takes_part(examples, schemas_in_prompt=True) == examples
    assert {row.category for row in takes_part(examples, schemas_in_prompt=False)} == {"confirm"}
