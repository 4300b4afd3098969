"""Build the nano base: tokenizer, copying, then dialogues of random domains. Counted in steps, seeded, restartable.

python nano/pretrain.py --out DIR --steps-copy N --steps N --seed 0
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import torch

torch.set_num_threads(1)

import dialogue  # noqa: E402
import tokenizer as tokens  # noqa: E402
from check import check  # noqa: E402
from curriculum import learn_copying  # noqa: E402
from pointing import learn_pointing  # noqa: E402
from torch import nn  # noqa: E402
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM  # noqa: E402

OPENING, CLOSING = tokens.SPECIAL.index("<tool_call>"), tokens.SPECIAL.index("</tool_call>")
CHUNK = 32
"""Steps that share one draw of rows; rows of like length train together."""


def fresh(tokenizer: PreTrainedTokenizerFast, *, hidden: int, layers: int, heads: int, seed: int) -> Qwen3ForCausalLM:
    """A model with random weights."""
    torch.manual_seed(seed)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            num_key_value_heads=heads,
            head_dim=hidden // heads,
            intermediate_size=hidden * 3,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            initializer_range=0.02,
            attn_implementation="sdpa",
        )
    )


class Stepper:
    """AdamW with clipping; the rate is given at every step."""

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        self.model = model
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=decay, fused=True
        )

    def __call__(self, loss: torch.Tensor, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()


def grown(model: Qwen3ForCausalLM, layers: int) -> Qwen3ForCausalLM:
    """The same function with more layers: each new one adds nothing until it has learned something."""
    config = Qwen3Config.from_dict(model.config.to_dict() | {"num_hidden_layers": layers, "layer_types": None})
    config._attn_implementation = "sdpa"
    made = Qwen3ForCausalLM(config)
    old = model.config.num_hidden_layers
    places = {round((number + 1) * layers / old) - 1: number for number in range(old)}
    state = {name: value for name, value in model.state_dict().items() if ".layers." not in name}
    for place, number in places.items():
        own = f"model.layers.{number}."
        state |= {
            name.replace(own, f"model.layers.{place}."): value
            for name, value in model.state_dict().items()
            if name.startswith(own)
        }
    made.load_state_dict(state, strict=False)
    with torch.no_grad():
        for place, layer in enumerate(made.model.layers):
            if place not in places:
                layer.self_attn.o_proj.weight.zero_()
                layer.mlp.down_proj.weight.zero_()
    made.tie_weights()
    return made


def house_batches(folder: Path, *, seed: int, budget: int) -> Iterator[list[tuple[list[int], list[bool]]]]:
    """Batches of about `budget` tokens from the rows `house.py` stored, each row once, rows of like length together."""
    rng = Random(f"house-{seed}")
    parts = sorted(folder.glob("*.npz"))
    rng.shuffle(parts)
    for at in range(0, len(parts), 4):
        rows: list[tuple[list[int], list[bool]]] = []
        for path in parts[at : at + 4]:
            stored = np.load(path)
            ids, learned, ends = stored["ids"], stored["learned"], stored["ends"].tolist()
            rows += [
                (ids[begin:end].tolist(), learned[begin:end].tolist())
                for begin, end in zip([0, *ends[:-1]], ends, strict=True)
            ]
        rng.shuffle(rows)
        rows.sort(key=lambda row: len(row[0]) // 16)
        batches: list[list[tuple[list[int], list[bool]]]] = [[]]
        for row in rows:
            if (len(batches[-1]) + 1) * len(row[0]) > budget and batches[-1]:
                batches.append([])
            batches[-1].append(row)
        rng.shuffle(batches)
        yield from batches


def chunk(
    tokenizer: PreTrainedTokenizerFast, *, seed: int, index: int, budget: int, longest: int
) -> list[list[tuple[list[int], list[bool]]]]:
    """The batches of one chunk: drawn from (seed, index) alone, about `budget` tokens each."""
    rows: list[tuple[list[int], list[bool]]] = []
    total, number = 0, 0
    while total < budget * CHUNK:
        row = tokens.encode(tokenizer, dialogue.row(f"mixture-{seed}-{index}-{number}"))
        number += 1
        if len(row[0]) <= longest:
            rows.append(row)
            total += len(row[0])
    rows.sort(key=lambda row: len(row[0]))
    batches: list[list[tuple[list[int], list[bool]]]] = [[] for _ in range(CHUNK)]
    seen = 0
    for row in rows:
        batches[min(CHUNK - 1, seen * CHUNK // total)].append(row)
        seen += len(row[0])
    batches = [batch for batch in batches if batch]
    Random(f"order-{seed}-{index}").shuffle(batches)
    return batches


def loss_of(
    model: Qwen3ForCausalLM, batch: list[tuple[list[int], list[bool]]], pad: int, *, half: bool, text: float = 1.0
) -> tuple[torch.Tensor, int]:
    """Mean cross entropy over supervised tokens; logits are computed only there.

    `text` is the weight of tokens outside calls (reasons and answers, which may well be said otherwise).
    """
    width = max(len(ids) for ids, _ in batch)
    ids = torch.full((len(batch), width), pad)
    mask = torch.zeros((len(batch), width), dtype=torch.bool)
    for i, (row, flags) in enumerate(batch):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = torch.tensor(flags)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        hidden = model.model(input_ids=ids).last_hidden_state[:, :-1]
        logits = model.lm_head(hidden[mask[:, 1:]]).float()
    target = ids[:, 1:][mask[:, 1:]]
    size = sum(len(row) for row, _ in batch)
    if text == 1.0:
        return nn.functional.cross_entropy(logits, target), size
    inside = ((ids == OPENING).long().cumsum(1) - (ids == CLOSING).long().cumsum(1) > 0)[:, 1:][mask[:, 1:]]
    weight = torch.where(inside | (target <= CLOSING), 1.0, text)
    return (nn.functional.cross_entropy(logits, target, reduction="none") * weight).sum() / weight.sum(), size


def schedule(step: int, steps: int, rate: float, plateau: float) -> float:
    """Warm-up, a plateau, then linear to 3%."""
    return rate * min(1.0, (step + 1) / 60) * min(1.0, 0.03 + 0.97 * (steps - step) / (steps * (1 - plateau)))


def batches(
    tokenizer: PreTrainedTokenizerFast, args: argparse.Namespace
) -> Iterator[list[tuple[list[int], list[bool]]]]:
    """Batches without end: drawn dialogues, or stored rows with some of those between them."""

    def drawn() -> Iterator[list[tuple[list[int], list[bool]]]]:
        for index in count():
            longest = 384 if index * CHUNK < args.steps * 0.12 and not args.init else 768
            yield from chunk(tokenizer, seed=args.seed, index=index, budget=args.budget, longest=longest)

    if not args.house:
        yield from drawn()
    rng, others = Random(f"mix-{args.seed}"), drawn()
    for epoch in count():
        for batch in house_batches(args.house, seed=args.seed + epoch, budget=args.budget):
            if rng.random() < args.mix:
                yield next(others)
            yield batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--init", type=Path, help="continue from this snapshot (its tokenizer too)")
    parser.add_argument("--tokenizer", type=Path, help="use this tokenizer instead of training one")
    parser.add_argument("--steps-copy", type=int, default=2200)
    parser.add_argument("--steps-point", type=int, default=0)
    parser.add_argument("--rate-point", type=float, default=1.5e-3)
    parser.add_argument("--steps", type=int, default=8500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate-copy", type=float, default=2e-3)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--plateau", type=float, default=0.4, help="share of the steps before the rate falls")
    parser.add_argument("--budget", type=int, default=2048, help="tokens per step")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=192)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--half", type=int, default=1, help="bfloat16 autocast")
    parser.add_argument("--text", type=float, default=0.5, help="weight of tokens outside calls")
    parser.add_argument("--grow", type=int, default=0, help="layers to grow the snapshot to")
    parser.add_argument("--house", type=Path, help="rows stored by house.py, instead of drawing dialogues")
    parser.add_argument("--mix", type=float, default=0.15, help="share of drawn dialogues among those of --house")
    parser.add_argument("--compile", type=int, default=0, help="compile the model: an eighth faster")
    parser.add_argument("--save-every", type=int, default=1000)
    args = parser.parse_args()
    began = time.monotonic()

    def log(text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:7.0f}s {text}\n")
        sys.stdout.flush()

    def save(name: str) -> None:
        model.save_pretrained(args.out / name)
        tokenizer.save_pretrained(args.out / name)

    if args.init:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(args.init)
        model = Qwen3ForCausalLM.from_pretrained(args.init, dtype=torch.float32)
    else:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(args.tokenizer) if args.tokenizer else tokens.build()
        model = fresh(tokenizer, hidden=args.hidden, layers=args.layers, heads=args.heads, seed=args.seed)
    if args.grow:
        model = grown(model, args.grow)
    check(tokenizer)
    log(f"{sum(p.numel() for p in model.parameters())} parameters, {len(tokenizer)} tokens")
    if args.steps_copy:
        learn_copying(
            model,
            tokenizer,
            Stepper(model, decay=0.01),
            steps=args.steps_copy,
            seed=args.seed,
            rate=args.rate_copy,
            log=log,
            half=bool(args.half),
        )
        save("copy")
    if args.steps_point:
        learn_pointing(
            model,
            tokenizer,
            Stepper(model, decay=0.01),
            steps=args.steps_point,
            seed=args.seed,
            rate=args.rate_point,
            log=log,
            half=bool(args.half),
        )
        save("point")
    update, step, seen, rows, mean = Stepper(model, decay=0.02), 0, 0, 0, 0.0
    model.train()
    backbone = model.model
    if args.compile:
        model.model = torch.compile(backbone, dynamic=True)
    for batch in batches(tokenizer, args):
        if step == args.steps:
            break
        loss, size = loss_of(model, batch, tokenizer.pad_token_id, half=bool(args.half), text=args.text)
        update(loss, schedule(step, args.steps, args.rate, args.plateau))
        step, seen, rows = step + 1, seen + size, rows + len(batch)
        mean = 0.98 * mean + 0.02 * loss.item() if mean else loss.item()
        if step % 50 == 0:
            log(f"step {step} rows {rows} tokens {seen} loss {mean:.4f}")
        if step % args.save_every == 0:
            model.model, compiled = backbone, model.model
            save("latest")
            model.model = compiled
    model.model = backbone
    save("final")
    log(f"done: {step} steps, {rows} rows, {seen} tokens, loss {mean:.4f}")


if __name__ == "__main__":
    main()
