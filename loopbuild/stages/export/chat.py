"""One row in the forms of others: OpenAI's chat messages, TRL's columns.

Decides how marks of loss travel: as OpenAI's `weight`, and in TRL's prompt-completion columns by where the prompt ends:
what stands in the prompt is never learned. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loopbuild.records import Example, Json


def messages_of(example: Example, *, system: str) -> list[dict[str, Json]]:
    """Return a row's messages: numbered calls, arguments as JSON text, `weight` 0 where a turn is not to be learned."""
    return chat(example.messages, system=system)


def chat(messages: Iterable[Mapping[str, Json]], *, system: str) -> list[dict[str, Json]]:
    """Return messages in that form."""
    made: list[dict[str, Json]] = [{"role": "system", "content": system}] if system else []
    number, waiting = 0, list[str]()
    for message in messages:
        if message["role"] == "system" and system and len(made) == 1:
            continue
        one: dict[str, Json] = {"role": message["role"], "content": message.get("content") or ""}
        calls = []
        for call in message.get("tool_calls") or ():
            number += 1
            waiting.append(f"call_{number}")
            function = call["function"]
            arguments = function["arguments"]
            text = arguments if isinstance(arguments, str) else _text(arguments)
            calls.append(
                {"id": waiting[-1], "type": "function", "function": {"name": function["name"], "arguments": text}}
            )
        if calls:
            one["tool_calls"] = calls
        if message["role"] == "tool":
            # Results stand in the order of their calls.
            one["tool_call_id"] = waiting.pop(0) if waiting else ""
        if message["role"] == "assistant" and not message.get("loss", True):
            one["weight"] = 0
        made.append(one)
    return made


def openai_row(messages: Sequence[dict[str, Json]], tools: Sequence[Json]) -> dict[str, Json]:
    """Return a line of OpenAI's fine-tuning file."""
    return {"messages": list(messages)} | ({"tools": list(tools)} if tools else {})


def sft_row(messages: Sequence[dict[str, Json]], tools: Sequence[Json]) -> dict[str, Json]:
    """Return prompt and completion: the prompt ends before the first assistant turn after the last unlearned one."""
    unlearned = [place for place, message in enumerate(messages) if message.get("weight") == 0]
    start = unlearned[-1] + 1 if unlearned else 0
    cut = next(place for place in range(start, len(messages)) if messages[place]["role"] == "assistant")
    plain = [_without_weight(message) for message in messages]
    return {"prompt": plain[:cut], "completion": plain[cut:]} | _tools(tools)


def grpo_row(messages: Sequence[dict[str, Json]], tools: Sequence[Json], *, is_last: bool = False) -> dict[str, Json]:
    """Return the prompt, and for a reward the calls that were right: `expected_calls`, JSON text.

    With `is_last` the prompt goes on to the last turn of the person: nobody says the others while a model answers.
    """
    spoken = [place for place, message in enumerate(messages) if message["role"] == "user"] if is_last else [-1]
    cut = next(n for n, message in enumerate(messages) if n > spoken[-1] and message["role"] == "assistant")
    calls = [
        {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"])}
        for message in messages[cut:]
        if message.get("weight") != 0
        for call in message.get("tool_calls") or ()
    ]
    return {"prompt": [_without_weight(one) for one in messages[:cut]], "expected_calls": _text(calls)} | _tools(tools)


def dpo_row(pair: Mapping[str, Any], tools: Sequence[Json], *, system: str = "") -> dict[str, Json]:
    """Return a preference pair: {"prompt", "chosen", "rejected"} are lists of messages."""
    prompt = chat(pair["prompt"], system=system)
    row: dict[str, Json] = {"prompt": [_without_weight(one) for one in prompt]}
    for side in ("chosen", "rejected"):
        whole = chat([*pair["prompt"], *pair[side]], system=system)
        row[side] = [_without_weight(one) for one in whole[len(prompt) :]]
    return row | _tools(tools)


def hf_row(example: Example, messages: Sequence[dict[str, Json]], tools: Sequence[Json]) -> dict[str, Json]:
    """Return a row of one shape whatever the tools: schemas and arguments are JSON text.

    Arrow would give every call every other call's arguments, filled with null.
    """
    return {
        "id": example.key,
        "category": example.category,
        "topology": example.topology,
        "level": example.level,
        "writer": example.writer,
        "split": example.split,
        "messages": [
            {
                "role": message["role"],
                "content": message["content"],
                "tool_calls": message.get("tool_calls", []),
                "tool_call_id": message.get("tool_call_id", ""),
                "is_learned": message["role"] == "assistant" and message.get("weight") != 0,
            }
            for message in messages
        ],
        "tools": _text(list(tools)),
    }


def _tools(tools: Sequence[Json]) -> dict[str, Json]:
    # JSON text: TRL reads it, and a column of schemas as objects would be merged into one shape.
    return {"tools": _text(list(tools))} if tools else {}


def _without_weight(message: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in message.items() if name != "weight"}


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
