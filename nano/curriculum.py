"""Stage one: copying. Random spans are repeated after a gap, short ones first; plain training never learns this.

The length grows only when the present one is nearly solved. Nothing here knows words or tools.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

import torch
from torch import nn
from transformers import PreTrainedTokenizerFast

FIRST, LONGEST = 8, 56


def batch(
    rng: Random, generator: torch.Generator, digits: torch.Tensor, *, size: int, vocabulary: int, level: int
) -> tuple[torch.Tensor, int]:
    """Sequences span + gap + span (its parts in another order at higher levels), and where the second span starts."""
    length = rng.randint(6, level)
    gap = rng.randint(0, max(0, min(60, (level - FIRST) * 2)))
    span = torch.randint(7, vocabulary, (size, length), generator=generator)
    as_digit = torch.rand((size, length), generator=generator) < 0.4
    span[as_digit] = digits[torch.randint(0, 10, (int(as_digit.sum()),), generator=generator)]
    again = span
    if level > 20 and rng.random() < 0.5:
        cuts = [0, *sorted(rng.sample(range(1, length), min(length - 1, rng.randint(1, 3)))), length]
        parts = [span[:, a:b] for a, b in pairwise(cuts)]
        rng.shuffle(parts)
        again = torch.cat(parts, 1)
    between = torch.randint(7, vocabulary, (size, gap), generator=generator)
    return torch.cat([span, between, again], 1), length + gap


def learn_copying(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    update: Callable[[torch.Tensor, float], None],
    *,
    steps: int,
    seed: int,
    rate: float,
    log: Callable[[str], None],
    size: int = 28,
    half: bool = False,
) -> None:
    """Run the stage; `update(loss, rate)` applies one optimizer step."""
    rng, generator = Random(f"copy-{seed}"), torch.Generator().manual_seed(seed)
    digits = torch.tensor(tokenizer.convert_tokens_to_ids([str(d) for d in range(10)]))
    level, since, accuracy = FIRST, 0, 0.0
    model.train()
    for step in range(steps):
        ids, start = batch(rng, generator, digits, size=size, vocabulary=len(tokenizer), level=level)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            hidden = model.model(input_ids=ids).last_hidden_state[:, start:-1]
            logits = model.lm_head(hidden).float()
        target = ids[:, start + 1 :]
        loss = nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), target.reshape(-1))
        update(loss, rate * min(1.0, (step + 1) / 50) * (0.3 + 0.7 * (1 - step / steps)))
        since += 1
        accuracy = 0.95 * accuracy + 0.05 * (logits.argmax(-1) == target).float().mean().item()
        if accuracy > 0.80 and since > 25 and level < LONGEST:
            level, since = level + 2, 0
        if step % 100 == 99:
            log(f"copy step {step + 1} level {level} loss {loss.item():.3f} accuracy {accuracy:.3f}")
