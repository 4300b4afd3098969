"""What a snapshot becomes after a few hundred steps on a domain it never saw: a marina, twenty tools, no schemas.

    python nano/tune.py SNAPSHOT [--steps 500] [--rate 1.5e-3] [--budget 1024]

Scored by greedy generation in a closed loop: the model's own turns are its history, a wrong call ends the row.
Reported: first tool right and all calls exact, for seen and held-out wordings (values always fresh), and chains.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch

torch.set_num_threads(1)

import dialogue  # noqa: E402
import marina  # noqa: E402
import tokenizer as tokens  # noqa: E402
from pretrain import Stepper, loss_of  # noqa: E402
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM  # noqa: E402


def training_row(rng: Random) -> dialogue.Row:
    return marina.chain(rng) if rng.random() < 0.3 else marina.single(rng, held=False)


def tune(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, *, steps: int, rate: float, budget: int, rows: int
) -> float:
    """Fine-tune on a fixed set of rows, repeated as often as needed; returns the smoothed loss."""
    rng = Random("marina-train")
    encoded = [tokens.encode(tokenizer, training_row(rng)) for _ in range(rows)]
    update, step, mean = Stepper(model, decay=0.01), 0, 0.0
    model.train()
    while True:
        order = encoded[:]
        rng.shuffle(order)
        order.sort(key=lambda row: len(row[0]) // 24)
        batches: list[list[tuple[list[int], list[bool]]]] = [[]]
        for row in order:
            if (len(batches[-1]) + 1) * len(row[0]) > budget:
                batches.append([])
            batches[-1].append(row)
        rng.shuffle(batches)
        for batch in batches:
            if step == steps:
                return mean
            loss, _ = loss_of(model, batch, tokenizer.pad_token_id, half=True)
            update(loss, rate * min(1.0, (step + 1) / 20) * (0.03 + 0.97 * (1 - step / steps)))
            step, mean = step + 1, 0.95 * mean + 0.05 * loss.item() if mean else loss.item()


def parsed(text: str) -> list[dict[str, Any]] | None:
    """Calls of a generated turn; None where a block is no JSON."""
    try:
        return [json.loads(part.split("</tool_call>")[0]) for part in text.split("<tool_call>")[1:]]
    except ValueError:
        return None


@torch.no_grad()
def turns(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, prompts: list[list[int]], limit: int = 110
) -> list[list[int]]:
    """Greedy continuations, batched with left padding."""
    made: list[list[int]] = []
    for at in range(0, len(prompts), 40):
        part = prompts[at : at + 40]
        width = max(map(len, part))
        ids = torch.tensor([[tokenizer.pad_token_id] * (width - len(p)) + p for p in part])
        seen = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in part])
        out = model.generate(input_ids=ids, attention_mask=seen, max_new_tokens=limit, do_sample=False)[
            :, width:
        ].tolist()
        made += [o[: o.index(tokenizer.eos_token_id)] if tokenizer.eos_token_id in o else o for o in out]
    return made


def score(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: list[dialogue.Row]) -> tuple[float, float]:
    """(first tool right, all calls exact and then an answer)."""
    model.eval()
    opening = tokenizer.encode("<|im_start|>assistant\n")
    groups = []
    for row in rows:
        segments, turn = [], []
        for text, mine in tokens.segments(row):
            if mine:
                segments.append(("".join(turn).removesuffix("<|im_start|>assistant\n"), text))
                turn = []
            else:
                turn.append(text)
        groups.append(segments)
    history = [[] for _ in rows]
    alive, tool, exact = list(range(len(rows))), 0, [True] * len(rows)
    for depth in range(max(map(len, groups))):
        alive = [i for i in alive if depth < len(groups[i]) and exact[i]]
        if not alive:
            break
        for i in alive:
            history[i] += tokenizer.encode(groups[i][depth][0]) + opening
        for i, out in zip(alive, turns(model, tokenizer, [history[i] for i in alive]), strict=True):
            got, want = parsed(tokenizer.decode(out)), parsed(groups[i][depth][1])
            if depth == 0:
                tool += bool(got) and bool(want) and got[0].get("name") == want[0]["name"]
            exact[i] = got == want
            history[i] += [*out, tokenizer.eos_token_id]
    return tool / len(rows), sum(exact) / len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--budget", type=int, default=1024, help="tokens per step")
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--cases", type=int, default=120)
    args = parser.parse_args()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(args.snapshot)
    model = Qwen3ForCausalLM.from_pretrained(args.snapshot, dtype=torch.float32)
    began = time.monotonic()
    loss = tune(model, tokenizer, steps=args.steps, rate=args.rate, budget=args.budget, rows=args.rows)
    sys.stdout.write(f"{args.steps} steps in {time.monotonic() - began:.0f} s, loss {loss:.4f}\n")
    rng = Random("marina-test")
    sets = {
        "seen wordings": [marina.single(rng, held=False) for _ in range(args.cases)],
        "held-out wordings": [marina.single(rng, held=True) for _ in range(args.cases)],
        "chains": [marina.chain(rng) for _ in range(args.cases)],
    }
    for name, rows in sets.items():
        tool, exact = score(model, tokenizer, rows)
        sys.stdout.write(f"{name:18} tool {tool:.2f}  exact {exact:.2f}  n {len(rows)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
