"""How good a snapshot is before any tuning: exact calls on held-out random domains, by kind of row.

    python nano/probe.py SNAPSHOT [--rows 60]

The check is teacher-forced: a call counts when every one of its tokens is the model's first choice given the gold
history, which equals greedy decoding until the first mistake. Reasoning and answers are not scored, they may vary.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch

torch.set_num_threads(1)

from random import Random  # noqa: E402

import dialogue  # noqa: E402
import plans  # noqa: E402
import tokenizer as tokens  # noqa: E402
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM  # noqa: E402
from world import world  # noqa: E402


def calls_exact(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, row: dialogue.Row) -> tuple[bool, bool]:
    """(names right, whole calls right)."""
    ids, mask = tokens.encode(tokenizer, row)
    with torch.no_grad():
        first = model(input_ids=torch.tensor([ids])).logits[0, :-1].argmax(-1).tolist()
    opening, closing = tokenizer.convert_tokens_to_ids(["<tool_call>", "</tool_call>"])
    argument = tokenizer.encode('", "arguments": {', add_special_tokens=False)[0]
    inside, named, names, exact = False, False, True, True
    for at in range(1, len(ids)):
        if not mask[at]:
            continue
        right = first[at - 1] == ids[at]
        if ids[at] == opening:
            inside, named = True, False
            continue
        if inside:
            exact &= right
            if not named:
                names &= right
            named |= ids[at] == argument
        inside &= ids[at] != closing
    return names, exact


def cases(count: int) -> dict[str, Callable[[int], dialogue.Row]]:
    """Held-out rows by kind; seeds are never used in training."""
    made: dict[str, Callable[[int], dialogue.Row]] = {}
    for kind in ("single", "several", "unrelated", "clarified", "failed"):
        made[kind] = lambda i, kind=kind: dialogue.row(f"probe-{kind}-{i}", kind=kind, schemas=False)
    for make, _ in plans.CHAINS:

        def chain(i: int, make=make) -> dialogue.Row:  # type: ignore[no-untyped-def]
            rng = Random(f"probe-{make.__name__}-{i}")
            w = world(rng, schemas=False)
            plan = make(w)
            body = [dialogue.user(dialogue.worded(w, plan)), *dialogue.played(rng, plan.turns)]
            if plan.follow:
                body += [dialogue.user(w.slots.fill(plan.follow)), *dialogue.played(rng, plan.follow_turns)]
            return dialogue.Row(kind=make.__name__, messages=[{"role": "system", "content": dialogue.SYSTEM}, *body])

        made[make.__name__] = chain
    made["single, schemas"] = lambda i: dialogue.row(f"probe-schemas-{i}", kind="single", schemas=True)
    made["chain, schemas"] = lambda i: dialogue.row(f"probe-chain-schemas-{i}", kind="chain", schemas=True)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("--rows", type=int, default=60)
    args = parser.parse_args()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(args.snapshot)
    model = Qwen3ForCausalLM.from_pretrained(args.snapshot, dtype=torch.float32).eval()
    sys.stdout.write(f"{'kind':18} {'name':>6} {'exact':>6}\n")
    for kind, make in cases(args.rows).items():
        got = [calls_exact(model, tokenizer, make(i)) for i in range(args.rows)]
        name, exact = (sum(column) / args.rows for column in zip(*got, strict=True))
        sys.stdout.write(f"{kind:18} {name:6.2f} {exact:6.2f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
