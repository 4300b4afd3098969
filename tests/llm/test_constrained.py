"""Whatever a model would like to write: a call decoded under the schemas is one the tools allow."""

from __future__ import annotations

import json
from random import Random

import jsonschema
import pytest
import torch
from transformers import AutoTokenizer

from loopbuild.llm.constrained import CLOSING, OPENING, CallGrammar
from loopbuild.stages.training.presets import locate

DAY = {"type": "string", "format": "date"}
BOOK = {
    "type": "object",
    "properties": {
        "room_id": {"type": "string", "maxLength": 12},
        "mode": {"enum": ["phone", "video"]},
        "day": DAY,
        "people": {"type": "integer", "minimum": 1, "maximum": 40},
    },
    "required": ["room_id", "mode"],
}
TOOLS = [
    {"type": "function", "function": {"name": "list_rooms", "parameters": {"type": "object", "properties": {}}}},
    {"type": "function", "function": {"name": "book_room", "parameters": BOOK}},
]
SCHEMAS = {tool["function"]["name"]: tool["function"]["parameters"] for tool in TOOLS}


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(locate("nano"))


def written(tokenizer, tools, seed: int) -> str:
    """A call as a model of random wishes writes it."""
    grammar = CallGrammar(tokenizer, tools)
    mask, ids, rng = grammar.begin(), [], Random(seed)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(400):
        logits = torch.randn(len(tokenizer), generator=generator)
        if rng.random() < 0.5:
            logits[tokenizer.get_vocab()['"']] += 4  # texts come to an end
        logits.masked_fill_(torch.from_numpy(mask.refused(len(logits))), float("-inf"))
        ids.append(int(logits.argmax()))
        if not mask.take(ids[-1]):
            break
    return tokenizer.decode(ids, skip_special_tokens=False)


@pytest.mark.parametrize("seed", range(25))
def test_any_wishes_end_in_a_valid_call(tokenizer, seed: int) -> None:
    text = written(tokenizer, TOOLS, seed)
    assert text.startswith("\n")
    assert text.endswith(f"\n{CLOSING}")
    call = json.loads(text.removesuffix(CLOSING))
    assert list(call) == ["name", "arguments"]
    assert list(call["arguments"]) == sorted(call["arguments"])
    schema = SCHEMAS[call["name"]] | {"additionalProperties": False}
    jsonschema.validate(call["arguments"], schema, format_checker=jsonschema.FormatChecker())


def test_what_was_trained_is_always_allowed(tokenizer) -> None:
    grammar = CallGrammar(tokenizer, TOOLS)
    arguments = {"day": "2026-03-03", "mode": "video", "room_id": "R-12"}
    call = json.dumps({"name": "book_room", "arguments": arguments})
    mask = grammar.begin()
    assert tokenizer.get_vocab()[OPENING] == grammar.opening
    ids = tokenizer.encode(f"\n{call}\n{CLOSING}", add_special_tokens=False)
    for position, token in enumerate(ids):
        logits = torch.zeros(len(tokenizer))
        logits.masked_fill_(torch.from_numpy(mask.refused(len(logits))), float("-inf"))
        assert logits[token] == 0
        assert mask.take(token) == (position < len(ids) - 1)


def test_an_unreadable_schema_frees_its_own_tool_only(tokenizer) -> None:
    strange = {"type": "function", "function": {"name": "odd", "parameters": {"type": "object", "$ref": "#/nowhere"}}}
    names = {json.loads(written(tokenizer, [strange, *TOOLS], seed).removesuffix(CLOSING))["name"] for seed in range(8)}
    assert names <= {"odd", *SCHEMAS}


def test_a_tokenizer_of_another_form_is_refused(tokenizer) -> None:
    with pytest.raises(ValueError, match="tool_call"):
        CallGrammar(tokenizer, [])
