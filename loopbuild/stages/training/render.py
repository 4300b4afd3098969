"""Examples -> token ids and which of them are learned, through the tokenizer's own chat template.

Decides which schemas a row shows and which tokens carry loss: what the assistant says and calls, without turns marked
as mistakes. Rows stay Python objects up to the ids: a table with inferred columns would give every call every other
call's arguments, filled with null. Knows no trainer; the tokenizer is passed in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loopbuild.digest import digest, unit_interval
from loopbuild.errors import TrainingError
from loopbuild.records import Example, Json, ToolCatalog

RENDERER_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedRow:
    """One row as the trainer reads it."""

    key: str
    ids: tuple[int, ...]
    learned: tuple[bool, ...]
    """Which of `ids` carry loss."""
    calls: tuple[tuple[Json, ...], ...]
    """Per assistant turn, the calls the row holds: {"name", "arguments"}."""
    turns: tuple[tuple[int, int], ...]
    """Per assistant turn, where its tokens begin and end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """All rows that fit, and what did not."""

    rows: tuple[RenderedRow, ...]
    dropped: tuple[str, ...]
    """Keys of rows longer than the limit: a cut row would lose its answer, so it is left out whole."""
    longest: int
    """Tokens of the longest row, dropped ones included."""


def function_schemas(catalog: ToolCatalog) -> dict[str, Json]:
    """Return tool id -> schema in the form chat templates take."""
    return {
        tool.id: {
            "type": "function",
            "function": {"name": tool.call_name, "description": tool.description, "parameters": tool.input_schema},
        }
        for tool in catalog.tools
    }


def render(
    examples: Iterable[Example],
    tools: Mapping[str, Json],
    tokenizer: Any,
    *,
    system_prompt: str,
    schemas_in_prompt: bool,
    extra_tools: int,
    max_length: int,
) -> Rendering:
    """Return the rows in the given order; `extra_tools` of -1 shows every tool."""
    rows: list[RenderedRow] = []
    dropped: list[str] = []
    longest = 0
    for example in examples:
        shown = shown_tools(example, tools, extra_tools=extra_tools) if schemas_in_prompt else []
        row = render_row(example, shown, tokenizer, system_prompt=system_prompt)
        longest = max(longest, len(row.ids))
        if len(row.ids) > max_length:
            dropped.append(row.key)
        else:
            rows.append(row)
    return Rendering(rows=tuple(rows), dropped=tuple(dropped), longest=longest)


def takes_part(examples: Iterable[Example], *, schemas_in_prompt: bool) -> list[Example]:
    """Return the rows that make sense: where no tools are listed, one that withholds a tool would teach refusing it."""
    return [example for example in examples if schemas_in_prompt or not example.withheld]


def render_row(example: Example, shown: Sequence[Json], tokenizer: Any, *, system_prompt: str) -> RenderedRow:
    """Return one row as ids; raises TrainingError when the template does not tell assistant turns apart."""
    messages = conversation(example.messages, system_prompt=system_prompt)
    try:
        made = tokenizer.apply_chat_template(
            messages, tools=list(shown) or None, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
        )
    except Exception as exc:  # jinja's own errors, and whatever a template raises
        raise TrainingError(f"the chat template cannot render row `{example.key}`: {exc}") from exc
    ids, said = list(made["input_ids"]), [bool(flag) for flag in made["assistant_masks"]]
    assistant = [message for message in example.messages if message["role"] == "assistant"]
    turns = _runs(said)
    if len(turns) != len(assistant):
        raise TrainingError(
            f"the chat template marks {len(turns)} of {len(assistant)} assistant turns of row `{example.key}`",
            hint="the template needs `{% generation %}` around every assistant turn, its end token included",
        )
    learned = [False] * len(ids)
    for message, (begin, end) in zip(assistant, turns, strict=True):
        if message.get("loss", True):
            learned[begin:end] = [True] * (end - begin)
    calls = tuple(tuple(_calls(message)) for message in assistant)
    return RenderedRow(key=example.key, ids=tuple(ids), learned=tuple(learned), calls=calls, turns=tuple(turns))


def conversation(messages: Sequence[Mapping[str, Json]], *, system_prompt: str) -> list[dict[str, Json]]:
    """Return messages as a template takes them: our system prompt first, arguments as objects, no marks of ours."""
    made: list[dict[str, Json]] = []
    if system_prompt:
        made.append({"role": "system", "content": system_prompt})
    for index, message in enumerate(messages):
        if message["role"] == "system" and index == 0 and system_prompt:
            continue
        kept = {key: value for key, value in message.items() if key not in ("loss", "tool_calls")}
        kept["content"] = kept.get("content") or ""
        calls = _calls(message)
        if calls:
            kept["tool_calls"] = [{"type": "function", "function": call} for call in calls]
        made.append(kept)
    return made


def shown_tools(example: Example, tools: Mapping[str, Json], *, extra_tools: int) -> list[Json]:
    """Return the schemas a row shows: those it needs, and `extra_tools` others, mixed by the row's own key.

    What a row withholds is never shown, though it may call it once a message has brought it.
    """

    def rank(tool: str) -> str:
        return digest("shown-tool", [example.key, tool])

    there = {name: schema for name, schema in tools.items() if name not in example.withheld}
    if extra_tools < 0:
        return [there[tool] for tool in sorted(there)]
    needed = [tool for tool in dict.fromkeys((*example.tools, *example.beside)) if tool in there]
    others = sorted((tool for tool in there if tool not in needed), key=rank)[:extra_tools]
    return [tools[tool] for tool in sorted([*needed, *others], key=rank)]


def is_validation(example: Example, *, share: float, salt: int) -> bool:
    """Whether the row is kept aside; texts of one trajectory stay together, and a row's side never changes."""
    return unit_interval("validation", [salt, example.trajectory or example.key]) < share


def marked(row: RenderedRow, tokenizer: Any) -> str:
    """Return the row as text with what is learned between ⟦ and ⟧."""
    made: list[str] = []
    position = 0
    for begin, end in [*_runs(list(row.learned)), (len(row.ids), len(row.ids))]:
        made.append(tokenizer.decode(list(row.ids[position:begin])))
        if end > begin:
            made.append("⟦" + tokenizer.decode(list(row.ids[begin:end])) + "⟧")
        position = end
    return "".join(made)


def _calls(message: Mapping[str, Json]) -> list[Json]:
    made = []
    for call in message.get("tool_calls") or ():
        function = call.get("function", call)
        arguments = function["arguments"]
        if isinstance(arguments, str):
            arguments = json.loads(arguments)
        made.append({"name": function["name"], "arguments": arguments})
    return made


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    begin = -1
    for index, flag in enumerate([*flags, False]):
        if flag and begin < 0:
            begin = index
        elif not flag and begin >= 0:
            made.append((begin, index))
            begin = -1
    return made
