"""What must hold of the generated rows before a step is trained on them.

    python nano/check.py

No evaluated domain's noun occurs; every argument was said or seen before its call (dates and times may be said in
words); keys are in alphabetical order; template and encoder give the same tokens and the same mask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import dialogue
import words
from tokenizer import agree, build
from transformers import PreTrainedTokenizerFast

CLOCK = re.compile(r"20\d\d-|\d\d:\d\d")


def leaves(content: Any) -> Iterator[str]:
    """Strings and numbers in an argument."""
    if isinstance(content, dict | list):
        for item in content.values() if isinstance(content, dict) else content:
            yield from leaves(item)
    elif not isinstance(content, bool):
        yield str(content)


def check_row(row: dialogue.Row) -> None:
    """Raise AssertionError with the row's text where a law is broken."""
    seen = ""
    told = json.dumps(row.tools) + "".join(m["content"] for m in row.messages)
    if found := words.forbidden_in(told):
        raise AssertionError(f"forbidden nouns {found} in {told!r}")
    for message in row.messages:
        for call in message.get("tool_calls", ()):
            arguments = call["function"]["arguments"]
            if list(arguments) != sorted(arguments):
                raise AssertionError(f"unordered arguments {arguments}")
            missing = [leaf for leaf in leaves(arguments) if leaf.lower() not in seen and not CLOCK.match(leaf)]
            if missing:
                raise AssertionError(f"{missing} come from nowhere in {seen!r}")
        seen += " " + message["content"].lower()


def check(tokenizer: PreTrainedTokenizerFast, rows: int = 2000) -> None:
    """Check rows that no stage trains on."""
    for index in range(rows):
        check_row(dialogue.row(f"check-{index}"))
    agree(tokenizer)


if __name__ == "__main__":
    check(build(rows=2000), rows=10000)
