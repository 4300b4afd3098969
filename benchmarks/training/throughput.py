"""Tokens per second of a phase against the plainest TRL script on the same rows: `throughput.py BASE ROWS.jsonl`.

Both train every weight for one epoch on one thread, same batch size and precision, and leave loading out of the figure.
Prints one JSON line. ROWS.jsonl holds one `Example` per line.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
BATCH = 16


def ours(base: str, rows: Path, folder: Path) -> dict[str, float]:
    from loopbuild.loopfile.sections.training import TrainingSettings
    from loopbuild.records import from_json
    from loopbuild.stages.training.job import PhaseJob, Settings
    from loopbuild.stages.training.presets import resolve
    from loopbuild.stages.training.train import train

    section = TrainingSettings.model_validate(
        {"preset": "nano", "validation": 0.0, "phases": {"recall": {"epochs": 1, "batch_size": BATCH}}}
    ).model_dump(mode="json")
    (folder / "tools.json").write_text("{}")
    job = PhaseJob(
        phase="recall",
        base=base,
        rows=str(rows),
        tools=str(folder / "tools.json"),
        settings=from_json(Settings, resolve(section, "recall", base=base, has_cuda=False)),
        output=str(folder / "out"),
        partial=str(folder / "partial"),
    )
    report = train(job, tell=lambda line: None, is_stopping=lambda: False)
    return {"tokens": report.tokens, "seconds": report.train_seconds, "loss": report.loss}


def plain(base: str, rows: Path, folder: Path) -> dict[str, float]:
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from loopbuild.stages.training.presets import NANO_PROMPT
    from loopbuild.stages.training.render import conversation

    read = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    messages = [{"messages": conversation(row["messages"], system_prompt=NANO_PROMPT)} for row in read]
    tokenizer = AutoTokenizer.from_pretrained(base)
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(base, dtype="float32"),
        args=SFTConfig(
            output_dir=str(folder / "plain"),
            num_train_epochs=1,
            per_device_train_batch_size=BATCH,
            learning_rate=1e-3,
            assistant_only_loss=True,
            gradient_checkpointing=False,
            bf16=False,
            use_cpu=True,
            max_length=None,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(messages, on_mixed_types="use_json"),
        processing_class=tokenizer,
    )
    tokens = sum(len(row["input_ids"]) for row in trainer.train_dataset)
    started = time.monotonic()
    result = trainer.train()
    return {"tokens": tokens, "seconds": time.monotonic() - started, "loss": result.training_loss}


def main() -> None:
    import torch

    torch.set_num_threads(1)
    base, rows = sys.argv[1], Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        figures = {"ours": ours(base, rows, Path(name)), "plain_trl": plain(base, rows, Path(name))}
    rates = {name: figure["tokens"] / figure["seconds"] for name, figure in figures.items()}
    print(
        json.dumps(
            {
                **{f"{name}_tokens_per_second": round(rate) for name, rate in rates.items()},
                "ratio": round(rates["ours"] / rates["plain_trl"], 2),
                "tokens": {name: figure["tokens"] for name, figure in figures.items()},
                "loss": {name: round(figure["loss"], 3) for name, figure in figures.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
