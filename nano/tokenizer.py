"""The tokenizer: byte-level BPE over digits, words, spaces and punctuation kept apart, plus the chat template.

Pieces are cut so that a value has the same tokens wherever it stands, which is what makes copying learnable. The only
longer pieces are the fixed joints of JSON. `segments` is the fast twin of the template used during pretraining.
"""

from __future__ import annotations

import json
import os
from itertools import chain
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import dialogue
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
]
PIECES = "|".join(
    (
        r'\{"name": "|", "arguments": \{|": "|", "|": ',
        r"\d|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\s",
        r'[^\sA-Za-z\d]+?(?=", "|": |", "arguments|\{"name": "|[\sA-Za-z\d]|$)',
    )
)
TEMPLATE = Path(__file__).parent / "chat_template.jinja"


def signature(tool: dict[str, Any]) -> str:
    """The template's line for one tool."""
    function = tool["function"]
    required = function["parameters"]["required"]
    params = ", ".join(
        f"{n}{'' if n in required else '?'}: {s['type']}" for n, s in function["parameters"]["properties"].items()
    )
    return f"{function['name']}({params})" + (f": {function['description']}" if function["description"] else "")


def segments(row: dialogue.Row) -> list[tuple[str, bool]]:
    """Text pieces of a row with a flag for what the assistant says."""
    made: list[tuple[str, bool]] = []
    messages = list(row.messages)
    opening = messages.pop(0)["content"] if messages[0]["role"] == "system" else ""
    if opening or row.tools:
        lines = "".join("\n" + signature(tool) for tool in row.tools)
        made.append(
            (
                f"<|im_start|>system\n{opening}"
                + (("\n\n" if opening else "") + "# Tools" + lines if row.tools else "")
                + "<|im_end|>\n",
                False,
            )
        )
    for index, message in enumerate(messages):
        role, content = message["role"], message["content"]
        if role == "assistant":
            calls = [
                json.dumps({"name": c["function"]["name"], "arguments": c["function"]["arguments"]}, ensure_ascii=False)
                for c in message.get("tool_calls", ())
            ]
            blocks = [f"<tool_call>\n{call}\n</tool_call>" for call in calls]
            made += [
                ("<|im_start|>assistant\n", False),
                ("\n".join(([content] if content or not blocks else []) + blocks) + "<|im_end|>", True),
                ("\n", False),
            ]
        elif role == "tool":
            before = index and messages[index - 1]["role"] == "tool"
            after = index + 1 < len(messages) and messages[index + 1]["role"] == "tool"
            made.append(
                (
                    ("" if before else "<|im_start|>user")
                    + f"\n<tool_response>\n{content}\n</tool_response>"
                    + ("" if after else "<|im_end|>\n"),
                    False,
                )
            )
        else:
            made.append((f"<|im_start|>{role}\n{content}<|im_end|>\n", False))
    return made


def encode(tokenizer: PreTrainedTokenizerFast, row: dialogue.Row) -> tuple[list[int], list[bool]]:
    """Token ids of a row and the mask of supervised ones."""
    pieces = segments(row)
    encoded = tokenizer.backend_tokenizer.encode_batch([text for text, _ in pieces], add_special_tokens=False)
    ids = list(chain.from_iterable(e.ids for e in encoded))
    mask = list(chain.from_iterable([flag] * len(e.ids) for e, (_, flag) in zip(encoded, pieces, strict=True)))
    return ids, mask


def build(*, vocabulary: int = 3072, rows: int = 25000, seed: int = 123) -> PreTrainedTokenizerFast:
    """Train the tokenizer on rows of the generator."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    raw.decoder = decoders.ByteLevel()
    texts = (text for i in range(rows) for text, _ in segments(dialogue.row(f"tokenizer-{seed}-{i}")))
    raw.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=SPECIAL,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
        model_max_length=4096,
    )
    made.chat_template = TEMPLATE.read_text(encoding="utf-8")
    return made


def agree(tokenizer: PreTrainedTokenizerFast, rows: int = 60) -> None:
    """Assert that the fast twin and the template give the same tokens and the same mask."""
    for index in range(rows):
        row = dialogue.row(f"agree-{index}")
        ids, mask = encode(tokenizer, row)
        got = tokenizer.apply_chat_template(
            row.messages, tools=row.tools or None, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
        )
        if got["input_ids"] != ids or [bool(flag) for flag in got["assistant_masks"]] != mask:
            raise AssertionError(
                f"template and encoder differ on row {index}: "
                f"{tokenizer.decode(ids)!r} against {tokenizer.decode(got['input_ids'])!r}"
            )
