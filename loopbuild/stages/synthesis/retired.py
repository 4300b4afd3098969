"""Rows about tools that are gone: a call of the old name that fails and is made under the new one, or a plain refusal.

The old name stands in texts, results, and in calls that are not learned; never in one that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loopbuild.digest import digest
from loopbuild.llm.names import split_words
from loopbuild.llm.offline.morphology import article
from loopbuild.records import Example, Json, ToolCatalog
from loopbuild.sandbox.answers import unknown_tool
from loopbuild.stages.synthesis.dialogues import readable, sealed

_ASKED = (
    "Call `{name}`, please.",
    "Use `{name}` for this one.",
    "Could you run `{name}` for me?",
    "I want you to go through `{name}`.",
    "Please {deed} with `{name}`.",
    "We always did that with `{name}`, so {deed} that way.",
    "Run `{name}` once more, like last week.",
    "Is `{name}` there? Then {deed} with it.",
    "Try `{name}` first.",
    "Go ahead and use `{name}`.",
    "It should be quick with `{name}`: {deed}, please.",
    "Let `{name}` do it.",
)
_GONE = (
    "`{name}` is gone, and nothing has taken its place, so I can't do that.",
    "There is no `{name}` any more, and no other tool does the same.",
    "I can't: `{name}` was taken out of service.",
    "That doesn't work any longer, for `{name}` no longer exists.",
)
_MOVED = (
    "There is no `{name}` any more; the same is done by `{new}` now.",
    "`{name}` is gone. I use `{new}` in its place.",
    "That tool is called `{new}` now, so once more with it.",
    "`{name}` no longer exists: `{new}` took its place.",
)


def call_name_of(tool: str) -> str:
    """Return what a model called a tool that is gone."""
    return tool.partition("/")[2]


def retired_rows(
    gone: Mapping[str, str], examples: Sequence[Example], catalog: ToolCatalog, *, count: int, seed: int
) -> list[Example]:
    """Return `count` rows for each tool that is gone, fewer where there is nothing to tell them by.

    `gone` is old id -> successor or nothing. `examples` are training rows: those that call a successor are told again.
    """
    made: list[Example] = []
    taken = {tool.call_name for tool in catalog.tools}
    for tool, successor in sorted(gone.items()):
        if call_name_of(tool) in taken:
            continue  # another source has a tool of that name: it is no stranger
        if successor:
            known = [one for one in examples if one.tools == (successor,) and _may_be_told_again(one)]
            known.sort(key=lambda one: digest("retired", [seed, tool, one.key]))
            made += [_moved(tool, successor, one, catalog, seed=seed) for one in known[:count]]
        else:
            made += [_refused(tool, number, seed=seed) for number in range(min(count, len(_ASKED)))]
    return made


def _may_be_told_again(example: Example) -> bool:
    """Return whether a row begins with one call: of two in one breath, both would fail for one name."""
    first = next((message["tool_calls"] for message in example.messages if message.get("tool_calls")), ())
    return example.category == "call" and len(first) == 1


def _moved(tool: str, successor: str, example: Example, catalog: ToolCatalog, *, seed: int) -> Example:
    """Return a row in which the first call is made under the old name, refused, and made again."""
    key = digest("retired row", [seed, tool, example.key])
    old, new = call_name_of(tool), catalog.by_id()[successor].call_name
    place = next(at for at, message in enumerate(example.messages) if message.get("tool_calls"))
    right = example.messages[place]
    calls = [{**call, "function": {**call["function"], "name": old}} for call in right["tool_calls"]]
    said = _chosen(_MOVED, key).format(name=old, new=new)
    refusal = readable(unknown_tool(tool).value)
    messages: list[dict[str, Json]] = [
        *example.messages[:place],
        {**right, "tool_calls": calls, "loss": False},
        *({"role": "tool", "name": old, "content": refusal} for _ in calls),
        {**right, "content": said},
        *example.messages[place + 1 :],
    ]
    return sealed(replace(example, key=key, category="retired", messages=tuple(messages)))


def _refused(tool: str, number: int, *, seed: int) -> Example:
    key = digest("retired row", [seed, tool, number])
    name = call_name_of(tool)
    messages = (
        {"role": "user", "content": _ASKED[number].format(name=name, deed=_deed(name))},
        {"role": "assistant", "content": _chosen(_GONE, key).format(name=name), "loss": True},
    )
    return sealed(
        Example(
            key=key, trajectory="", category="retired", split="train", level="low", topology="single",
            writer="offline", messages=messages,
        )
    )  # fmt: skip


def _deed(name: str) -> str:
    verb, *rest = split_words(name)
    if not rest:
        return "do it"
    thing = " ".join(rest)
    return f"{verb} {thing if thing.endswith('s') else f'{article(thing)} {thing}'}"


def _chosen(sayings: Sequence[str], key: str) -> str:
    return min(sayings, key=lambda text: digest("said", [key, text]))
