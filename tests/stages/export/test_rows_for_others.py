"""Rows in the forms of others lose nothing that decides what is learned, and tell nothing that must not be told."""

from __future__ import annotations

import json
from dataclasses import replace

from loopbuild.records import Example
from loopbuild.stages.export.chat import grpo_row, messages_of, openai_row, sft_row
from loopbuild.stages.export.privacy import Masks

TOOL = {"type": "function", "function": {"name": "find", "description": "", "parameters": {"type": "object"}}}


def call(**arguments: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": "find", "arguments": arguments}}


ROW = Example(
    key="k", trajectory="t", category="error_recovery", split="train", level="low", topology="chain", writer="offline",
    messages=(
        {"role": "user", "content": "find them"},
        {"role": "assistant", "content": "", "tool_calls": [call(id=0)], "loss": False},
        {"role": "tool", "content": "no such id", "name": "find"},
        {"role": "assistant", "content": "", "tool_calls": [call(id=1), call(id=2)], "loss": True},
        {"role": "tool", "content": '{"email": "ada@corp.io", "tel": "+49 30 1234567"}', "name": "find"},
        {"role": "tool", "content": '{"card": "4111 1111 1111 1111", "order": 4111111111111112}', "name": "find"},
        {"role": "assistant", "content": "Write to ada@corp.io.", "loss": True},
    ),
    tools=("s/find",),
)  # fmt: skip


def test_every_result_names_its_call_and_arguments_are_text() -> None:
    messages = messages_of(ROW, system="be brief")
    ids = [one["id"] for message in messages for one in message.get("tool_calls", ())]
    assert ids == ["call_1", "call_2", "call_3"]
    assert [message["tool_call_id"] for message in messages if message["role"] == "tool"] == ids
    assert json.loads(messages[4]["tool_calls"][1]["function"]["arguments"]) == {"id": 2}
    assert [message["role"] for message in messages][:2] == ["system", "user"]


def test_an_unlearned_turn_stays_unlearned_in_every_form() -> None:
    messages = messages_of(ROW, system="")
    weights = [m.get("weight", 1) for m in openai_row(messages, [TOOL])["messages"] if m["role"] == "assistant"]
    assert weights == [0, 1, 1]
    columns = sft_row(messages, [TOOL])
    assert [m["role"] for m in columns["completion"]] == ["assistant", "tool", "tool", "assistant"]
    assert columns["prompt"] + columns["completion"] == [
        {name: value for name, value in message.items() if name != "weight"} for message in messages
    ]
    expected = json.loads(grpo_row(messages, [TOOL])["expected_calls"])
    assert [one["arguments"]["id"] for one in expected] == [1, 2]
    assert [m["role"] for m in grpo_row(messages, [TOOL])["prompt"]] == ["user"]


def test_personal_data_is_replaced_wherever_it_stands_and_counted() -> None:
    masks = Masks()
    text = json.dumps(masks.masked(ROW).messages)
    assert masks.found == {"card number": 1, "e-mail address": 1, "telephone number": 1}
    for secret in ("ada@corp.io", "1234567", "4111 1111 1111 1111"):
        assert secret not in text
    assert "Write to person1@example.com." in text
    assert "4111111111111112" in text, "a number without a valid check digit is an id"


def test_one_person_has_one_stand_in_in_all_rows() -> None:
    masks = Masks()
    other = replace(ROW, key="l", messages=(*ROW.messages[:4], {"role": "tool", "content": "ada@corp.io, bo@corp.io"}))
    masks.masked(ROW)
    assert masks.masked(other).messages[-1]["content"] == "person1@example.com, person2@example.com"


def test_made_up_addresses_are_left_alone() -> None:
    plain = replace(ROW, messages=({"role": "tool", "content": "x@mosaic.example"},))
    masks = Masks()
    assert masks.masked(plain) is plain
    assert masks.found == {}
