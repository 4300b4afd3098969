"""Copy a snapshot into the package, in the form any transformers reads.

python nano/ship.py SNAPSHOT [TARGET]
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

TARGET = Path(__file__).parent.parent / "loopbuild" / "stages" / "training" / "nano"
LIMIT = 20_000_000
TOKENIZER = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "eos_token": "<|im_end|>",
    "pad_token": "<|endoftext|>",
    "model_max_length": 4096,
    "clean_up_tokenization_spaces": False,
}


def main(snapshot: Path, target: Path = TARGET) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json", "chat_template.jinja"):
        shutil.copyfile(snapshot / name, target / name)
    # Half the size, and what is lost is less than one step of tuning moves; training computes in float32 again.
    weights = {name: value.to(torch.bfloat16) for name, value in load_file(snapshot / "model.safetensors").items()}
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    for name in ("config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"):
        (target / name).chmod(0o644)
    ends = json.loads((snapshot / "config.json").read_text(encoding="utf-8"))
    generation = {"do_sample": False, "eos_token_id": ends["eos_token_id"], "pad_token_id": ends["pad_token_id"]}
    for name, content in (("generation_config.json", generation), ("tokenizer_config.json", TOKENIZER)):
        (target / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in target.iterdir() if path.is_file())
    if size > LIMIT:
        raise SystemExit(f"`{target}` has {size} bytes, the limit is {LIMIT}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
