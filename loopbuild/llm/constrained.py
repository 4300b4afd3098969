"""Decoding of calls under the tools' schemas: whatever the model would like to write, a finished call is a valid one.

Decides where a call begins and ends in an answer and which tokens may follow inside it; llguidance does the work. Free
text before and after calls is not touched. Knows the one form in which the models here write calls: a JSON object
between the tokens `<tool_call>` and `</tool_call>`, keys of arguments in alphabetical order, as they were trained.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from loopbuild.errors import MissingExtra
from loopbuild.records import Json

OPENING, CLOSING = "<tool_call>", "</tool_call>"
_SPACING = {"item_separator": ", ", "key_separator": ": ", "whitespace_flexible": False, "lenient": True}


class CallGrammar:
    """The calls a set of tools allows, for one tokenizer."""

    def __init__(self, tokenizer: Any, tools: Sequence[Json]) -> None:
        """Compile; `tools` are OpenAI function schemas. Raises MissingExtra; ValueError without tools or tokens."""
        try:
            import llguidance
            import llguidance.hf
        except ImportError as exc:
            raise MissingExtra("constrained decoding", extra="train") from exc
        known = tokenizer.get_vocab()
        if OPENING not in known or CLOSING not in known or not tools:
            raise ValueError(f"the tokenizer writes no `{OPENING}`")
        self.opening: int = known[OPENING]
        self._closing: int = known[CLOSING]
        self._vocabulary = llguidance.hf.from_tokenizer(tokenizer)
        self._matcher = llguidance.LLMatcher(self._vocabulary, self._grammar(tools))
        if error := self._matcher.get_error():
            raise ValueError(error)

    def begin(self) -> CallMask:
        """Return the state of one call whose opening token has just been written."""
        return CallMask(self._matcher.deep_copy(), self._vocabulary.vocab_size)

    def _grammar(self, tools: Sequence[Json]) -> str:
        lines = [f'start: "\\n" call "\\n" <[{self._closing}]>', "call: " + " | ".join(map(_rule, range(len(tools))))]
        for number, tool in enumerate(tools):
            function = tool["function"]
            head = json.dumps(f'{{"name": {json.dumps(function["name"])}, "arguments": ', ensure_ascii=False)
            lines.append(f'{_rule(number)}: {head} %json {json.dumps(self._arguments(function))} "}}"')
        return "\n".join(lines)

    def _arguments(self, function: Mapping[str, Json]) -> Json:
        """The schema of a tool's arguments; any object where the library cannot read the schema."""
        import llguidance

        schema = _sorted(function.get("parameters") or {"type": "object", "properties": {}})
        schema.setdefault("additionalProperties", False)
        schema["x-guidance"] = _SPACING
        trial = llguidance.LLMatcher(self._vocabulary, f"start: %json {json.dumps(schema)}")
        return {"type": "object", "x-guidance": _SPACING} if trial.get_error() else schema


class CallMask:
    """Which tokens may come next in one call."""

    def __init__(self, matcher: Any, size: int) -> None:
        import llguidance.numpy

        self._matcher = matcher
        self._mask = llguidance.numpy.allocate_token_bitmask(1, size)

    def refused(self, size: int) -> Any:
        """Return a boolean array of `size`, the vocabulary of the logits: true where a token may not follow.

        The library has a function for tensors; it is compiled by torch, whose compiler takes three seconds to import.
        """
        import numpy
        from llguidance.numpy import fill_next_token_bitmask

        fill_next_token_bitmask(self._matcher, self._mask, 0)
        allowed = numpy.unpackbits(self._mask.view(numpy.uint8)[0], bitorder="little")[:size]
        made = numpy.ones(size, dtype=bool)
        made[: len(allowed)] = allowed == 0
        return made

    def take(self, token: int) -> bool:
        """Note the token that was written; return whether the call goes on."""
        return bool(self._matcher.consume_token(token)) and not self._matcher.is_stopped()


def _rule(number: int) -> str:
    return f"tool_{number}"


def _sorted(schema: Json) -> Json:
    """The same schema with properties in alphabetical order: the library writes them in the order of the schema."""
    if isinstance(schema, list):
        return [_sorted(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _sorted(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict):
        made["properties"] = dict(sorted(made["properties"].items()))
    return made
