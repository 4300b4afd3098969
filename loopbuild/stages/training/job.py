"""What one training phase is asked to do, and what it reports: two records that cross a process boundary as JSON.

Knows no torch and no engine. A job names folders and files; it never holds rows itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from loopbuild.digest import digest
from loopbuild.errors import TrainingError
from loopbuild.records import Json, from_json, to_json

TRAINER_VERSION = 1
"""Part of a checkpoint's key: raised when the same job would give other weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """A low-rank adapter's shape."""

    r: int
    alpha: int
    dropout: float
    target_modules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a phase trains, nothing left open; made by `presets.resolve`."""

    preset: str
    epochs: float
    learning_rate: float
    warmup: float
    """Share of all steps."""
    scheduler: str
    optimizer: str
    weight_decay: float
    neftune: float
    """Noise on embeddings; 0 is none."""
    batch_size: int
    gradient_accumulation: int
    max_length: int
    """Rows longer than this many tokens are left out and counted."""
    max_rows: int
    """A stratified sample of the job's rows, this many, is trained on; 0 is all."""
    schemas_in_prompt: bool
    extra_tools: int
    """Schemas shown beside those a row needs; -1 is every tool."""
    system_prompt: str
    seed: int
    validation: float
    """Share of rows kept aside to watch the loss; at least one row when above 0 and 20 rows are there."""
    lora: Lora | None
    """None: every weight of the model is trained."""
    quantize: Literal["", "nf4"]
    precision: Literal["fp32", "bf16"]
    gradient_checkpointing: bool
    trainer_args: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseJob:
    """One run of one phase."""

    phase: str
    method: Literal["sft"] = "sft"
    base: str
    """A folder, or a Hugging Face id."""
    parent: str = ""
    """Folder of the checkpoint training starts from; empty: from `base`."""
    mode: Literal["fresh", "continue"] = "fresh"
    rows: str
    """A file of one `Example` as JSON per line; replayed rows stand among them."""
    replayed: tuple[str, ...] = ()
    """Keys of the rows that are replayed."""
    tools: str
    """A JSON file: tool id -> OpenAI function schema of the whole catalog."""
    settings: Settings
    output: str
    """Where the finished checkpoint is written; must not exist or be empty."""
    partial: str
    """Survives a kill; holds what a second run of the same job resumes from."""
    threads: int = 1
    may_download: bool = False
    """Whether `base` may be fetched from the hub."""
    save_seconds: float = 30.0
    """A resumable state is written about this often."""

    def identity(self, content: str) -> str:
        """Return a digest of everything that shapes the weights; `content` names rows, tools and parent by content."""
        shaping = {
            "phase": self.phase,
            "method": self.method,
            "base": self.base,
            "mode": self.mode,
            "settings": to_json(self.settings),
            "content": content,
            "version": TRAINER_VERSION,
        }
        return digest("phase-job", shaping)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseReport:
    """What came of a job: the figures a `Checkpoint` records."""

    phase: str
    is_adapter: bool
    rows: int
    """Rows trained on, without those kept aside for validation and those dropped."""
    replayed: int
    validation_rows: int
    dropped: int
    """Rows left out because they are longer than `max_length`."""
    steps: int
    resumed_from: int
    """Step a killed run was taken up at; 0 when it ran in one go."""
    tokens: int
    supervised_tokens: int
    loss: float
    """Mean over the last tenth of the steps."""
    validation_loss: float | None
    seconds: float
    """In this process, loading included."""
    train_seconds: float
    trainable_parameters: int
    max_length: int
    """Tokens of the longest row trained on."""
    libraries: dict[str, str] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    """Names of the preflight checks that passed."""
    notes: tuple[str, ...] = ()


def write_job(job: PhaseJob, path: Path) -> None:
    """Write `job` as JSON to `path`."""
    path.write_text(json.dumps(to_json(job), ensure_ascii=False, indent=1), encoding="utf-8")


def read_job(path: Path) -> PhaseJob:
    """Read a job; raises TrainingError naming what does not fit."""
    try:
        return from_json(PhaseJob, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as exc:
        raise TrainingError(f"`{path.name}` is not a training job: {exc}") from exc
