"""Stage between copying and dialogues: pointing into a list by position, by name, and back. Dense and short.

A row is one JSON listing and several questions with their answers; only answers carry loss. Items and answers grow from
single words in lists of two to ids in lists of objects as the level rises. Dialogues alone teach "take the first".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import torch
import values
import words
from torch import nn
from transformers import PreTrainedTokenizerFast

NTH = ("first", "second", "third", "fourth", "fifth", "sixth")
TOP = 12


def asked(rng: Random, at: int, count: int, noun: str) -> str:
    """Words for a position."""
    if at == count - 1 and count > 1 and rng.random() < 0.35:
        return rng.choice(("last", "the last one", f"the last {noun}", "last of those"))
    word = NTH[at]
    return rng.choice((word, f"the {word} one", f"the {word} {noun}", f"number {at + 1}", f"the {word} of those"))


def row(rng: Random, level: int) -> list[tuple[str, bool]]:
    """Text pieces of one row and whether each carries loss; `level` runs from 0 to TOP."""
    noun = rng.choice(words.NOUNS)
    count = rng.randint(2, min(6, 2 + level // 2))
    if level < 4 or rng.random() < 0.1:
        items: list[Any] = rng.sample(words.NOUNS, count)
    else:
        mint = values.minter(noun, rng)
        items = []
        while len(items) < count:
            new = mint(rng)
            items += [] if new in items else [new]
    names: list[str] = []
    if level >= 6 and rng.random() < 0.5:
        while len(names) < count:
            new = rng.choice((values.person, values.proper))(rng).value
            names += [] if new in names else [new]
        key = rng.choice(("id", f"{noun}_id"))
        rows = [{key: item, "name": name} for item, name in zip(items, names, strict=True)]
        if rng.random() < 0.3:
            rows = [dict(reversed(list(each.items()))) for each in rows]
        listing: Any = {words.plural(noun): rows}
    elif level >= 6 and rng.random() < 0.3:
        listing = {words.plural(noun): [{"id": item, "status": rng.choice(words.STATUSES)} for item in items]}
    else:
        listing = {rng.choice((f"{noun}_ids", "ids", words.plural(noun))): items}
        if rng.random() < 0.3:
            listing["scores"] = sorted((rng.randint(1, 99) for _ in items), reverse=True)
    pieces = [(json.dumps(listing, ensure_ascii=False) + "\n", False)]
    for _ in range(rng.randint(3, 5)):
        at = rng.randrange(count)
        if names and rng.random() < 0.4:
            question, answer = rng.choice((names[at], f"the one called {names[at]}", f"{noun} {names[at]}")), items[at]
        elif names and rng.random() < 0.2:
            question, answer = f"name of {items[at]}", names[at]
        else:
            question, answer = asked(rng, at, count, noun), items[at]
        pieces += [(f'{question}": "', False), (f'{answer}"', True), ("\n", False)]
    return pieces


def learn_pointing(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    update: Callable[[torch.Tensor, float], None],
    *,
    steps: int,
    seed: int,
    rate: float,
    log: Callable[[str], None],
    size: int = 20,
    half: bool = False,
) -> None:
    """Run the stage; the level rises when answers are nearly all right."""
    rng = Random(f"pointing-{seed}")
    level, since, accuracy = 0, 0, 0.0
    model.train()
    encode = tokenizer.backend_tokenizer.encode_batch
    for step in range(steps):
        rows = []
        for _ in range(size):
            pieces = row(rng, rng.randint(max(0, level - 4), level))
            parts = encode([text for text, _ in pieces], add_special_tokens=False)
            flags = [flag for part, (_, flag) in zip(parts, pieces, strict=True) for _ in part.ids]
            rows.append(([token for part in parts for token in part.ids], flags))
        width = max(len(ids) for ids, _ in rows)
        ids = torch.full((size, width), tokenizer.pad_token_id)
        mask = torch.zeros((size, width), dtype=torch.bool)
        for i, (line, flags) in enumerate(rows):
            ids[i, : len(line)], mask[i, : len(line)] = torch.tensor(line), torch.tensor(flags)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            hidden = model.model(input_ids=ids).last_hidden_state[:, :-1]
            logits = model.lm_head(hidden[mask[:, 1:]]).float()
        target = ids[:, 1:][mask[:, 1:]]
        loss = nn.functional.cross_entropy(logits, target)
        update(loss, rate * min(1.0, (step + 1) / 50))
        right = torch.zeros_like(mask[:, 1:])
        right[mask[:, 1:]] = logits.argmax(-1) == target
        wrong = (mask[:, 1:] & ~right).sum().item()
        share = 1 - wrong / (4 * size)
        since += 1
        accuracy = 0.95 * accuracy + 0.05 * share
        if accuracy > 0.85 and since > 25 and level < TOP:
            level, since = level + 1, 0
        if step % 50 == 49:
            log(f"pointing step {step + 1} level {level} loss {loss.item():.3f} answers {accuracy:.3f}")
