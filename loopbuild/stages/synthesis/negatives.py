"""Rows in which no tool may be called: small talk, and requests nothing in the catalog can serve.

Decides how many, that requests of other domains do not touch what the catalog is about, and that no tool does what is
asked about its own things. Rows are numbered, so that asking for more
leaves the earlier ones as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from loopbuild.digest import digest
from loopbuild.llm.offline.choices import voice_of
from loopbuild.records import Category, Example, Purpose, Split, Task, ToolCatalog
from loopbuild.stages.synthesis.beyond import beyond_request
from loopbuild.stages.synthesis.chatter import Exchange, domains, foreign_request, small_talk
from loopbuild.stages.synthesis.dialogues import sealed, sealed_task

_KINDS: tuple[Category, ...] = ("no_tool", "out_of_scope", "missing_tool")


def negative_rows(
    catalog: ToolCatalog, *, shares: Mapping[str, float], count: int, seed: int, purpose: Purpose
) -> list[tuple[Task, Example]]:
    """Return `round(shares[category] * count)` rows of each category; `count` is the number of all rows wanted.

    Texts are pairwise distinct where the grammar allows. Evaluation rows are worded half in the held-out voice.
    """
    made: list[tuple[Task, Example]] = []
    seen: set[str] = set()
    for category in _KINDS:
        wanted = round(shares.get(category, 0.0) * count)
        number = kept = 0
        while kept < wanted and number < 6 * wanted + 20:
            row = _row(catalog, category, number, seed=seed, purpose=purpose)
            number += 1
            spelled = re.sub(r"\W+", " ", row[0].user_turns[0].lower()).strip()
            if spelled in seen and number < 4 * wanted:
                continue
            seen.add(spelled)
            made.append(row)
            kept += 1
    return made


def _row(catalog: ToolCatalog, category: Category, number: int, *, seed: int, purpose: Purpose) -> tuple[Task, Example]:
    key = digest("negative", [category, purpose, seed, number])
    voice = voice_of(key, is_held_out=purpose == "eval" and number % 2 == 1)
    if category == "no_tool":
        exchange = small_talk(key, voice=voice)
    elif category == "missing_tool":
        exchange = beyond_request(key, catalog, voice=voice)
    else:
        exchange = foreign_request(key, _domain(key, catalog), voice=voice)
    return _task(key, category, exchange, voice), _example(key, category, exchange, purpose)


def _domain(key: str, catalog: ToolCatalog) -> str:
    """Return the row's domain: the first in its own order that shares no word with the catalog's entities."""
    taken = {
        word
        for tool in catalog.tools
        for noun in (tool.entity, *(leaf.entity for leaf in tool.inputs))
        for word in noun.split()
    }
    order = sorted(domains().items(), key=lambda item: digest("domain", [key, item[0]]))
    for name, words in order:
        if not taken & {_stem(word) for word in re.findall(r"[a-z]+", words.lower())}:
            return name
    return order[0][0]


def _stem(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


def _task(key: str, category: Category, exchange: Exchange, voice: str) -> Task:
    task = Task(
        key=key, trajectory="", level="low", writer="offline", voice=voice, category=category,
        user_turns=(exchange.user,), answer=exchange.answer, structure=f"{category}:{exchange.kind}",
    )  # fmt: skip
    return sealed_task(task, "")


def _example(key: str, category: Category, exchange: Exchange, purpose: Purpose) -> Example:
    split: Split = "train" if purpose == "train" else "negative"
    messages = (
        {"role": "user", "content": exchange.user},
        {"role": "assistant", "content": exchange.answer, "loss": True},
    )
    return sealed(
        Example(
            key=key, trajectory="", category=category, split=split, level="low", topology="single", writer="offline",
            messages=messages,
        )
    )  # fmt: skip
