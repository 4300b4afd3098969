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


_INSTEAD = (
    "There is no `{name}` any more; the same is done by `{new}` now.",
    "`{name}` is gone. I use `{new}` in its place.",
    "`{name}` no longer exists: `{new}` took its place.",
    "That is done by `{new}` now, for `{name}` was taken out of service.",
)
_NAMED = (
    "{text}\nUse `{name}` for it.",
    "With `{name}`, please:\n{text}",
    "{text}\nI think that is `{name}`.",
    "Go through `{name}` for this one.\n{text}",
    "{text}\nWe always took `{name}`.",
)


def call_name_of(tool: str) -> str:
    """Return what a model called a tool that is gone."""
    return tool.partition("/")[2]


def retired_rows(
    gone: Mapping[str, str],
    examples: Sequence[Example],
    catalog: ToolCatalog,
    *,
    count: int,
    seed: int,
    redirected: int = 0,
) -> list[Example]:
    """Return `count` rows for each tool that is gone, fewer where there is nothing to tell them by.

    `gone` is old id -> successor or nothing. `examples` are training rows: those that call a successor are told again,
    `redirected` of them, other ones as long as there are, with a person who asks for the old tool by its name.
    """
    made: list[Example] = []
    taken = {tool.call_name for tool in catalog.tools}
    for tool, successor in sorted(gone.items()):
        if call_name_of(tool) in taken:
            continue  # another source has a tool of that name: it is no stranger
        if successor:
            name = catalog.by_id()[successor].call_name
            known = [one for one in examples if successor in one.tools and _may_be_told_again(one, name)]
            # Those that call nothing else say it most plainly; where ids come from other calls, there are none.
            known.sort(key=lambda one: (one.tools != (successor,), digest("retired", [seed, tool, one.key])))
            made += [_moved(tool, successor, one, catalog, seed=seed) for one in known[:count]]
            # What is asked for last is what people call the whole by.
            others = sorted([*known[count:], *known[:count]], key=lambda one: one.tools[-1] != successor)
            made += [_redirected(tool, successor, one, catalog, seed=seed) for one in others[:redirected]]
        else:
            made += [_refused(tool, number, seed=seed) for number in range(min(count, len(_ASKED)))]
    return made


def _may_be_told_again(example: Example, name: str) -> bool:
    """Return whether `name` is called alone at first: of two calls in one breath, both would fail for one name."""
    return example.category == "call" and len(example.messages[_turn_of(example, name)]["tool_calls"]) == 1


def _turn_of(example: Example, name: str) -> int:
    """Return the place of the first turn in which `name` is called."""
    return next(
        at
        for at, message in enumerate(example.messages)
        if any(call["function"]["name"] == name for call in message.get("tool_calls") or ())
    )


def _moved(tool: str, successor: str, example: Example, catalog: ToolCatalog, *, seed: int) -> Example:
    """Return a row in which the first call of the successor is made under the old name, refused, and made again."""
    key = digest("retired row", [seed, tool, example.key])
    old, new = call_name_of(tool), catalog.by_id()[successor].call_name
    place = _turn_of(example, new)
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


def _redirected(tool: str, successor: str, example: Example, catalog: ToolCatalog, *, seed: int) -> Example:
    """Return a row in which the person wants the old tool, and the assistant says what is called in its place."""
    key = digest("redirected row", [seed, tool, example.key])
    old, new = call_name_of(tool), catalog.by_id()[successor].call_name
    (request, *rest) = example.messages
    place = next(at for at, message in enumerate(rest) if message.get("tool_calls"))
    asked = _chosen(_NAMED, key).format(name=old, text=str(request["content"]).strip())
    said = _chosen(_INSTEAD, key).format(name=old, new=new)
    reasoned = str(rest[place].get("content") or "")
    rest[place] = {**rest[place], "content": f"{said} {reasoned}".strip()}
    messages = ({**request, "content": asked}, *rest)
    return sealed(replace(example, key=key, category="retired", messages=messages))


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
