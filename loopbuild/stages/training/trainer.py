"""TRL's SFT trainer, set up for rows that are already tokens: arguments, loss at learned positions, saving, progress.

Optimizer, schedule, mixed precision, checkpoints and resuming are TRL's and transformers' own. Ours: the loss on
devices without a fused kernel, when a resumable state is written, and what is told to whoever watches.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from difflib import get_close_matches
from itertools import accumulate
from pathlib import Path
from typing import Any

from loopbuild.errors import TrainingError
from loopbuild.records import Json
from loopbuild.stages.training.job import Settings
from loopbuild.stages.training.partial import seal
from loopbuild.stages.training.preflight import check_checkpointing
from loopbuild.stages.training.render import RenderedRow

OURS = (
    "output_dir",
    "num_train_epochs",
    "max_steps",
    "learning_rate",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "max_length",
    "seed",
    "data_seed",
    "bf16",
    "fp16",
    "use_cpu",
    "save_strategy",
    "train_sampling_strategy",
    "packing",
    "shuffle_dataset",
    "neftune_noise_alpha",
    "resume_from_checkpoint",
    "model_init_kwargs",
)
"""Arguments a phase's own keys decide, or on which taking up a killed run rests."""

TELL_SECONDS = 0.5
"""Progress is told at most this often."""
TRIM_STEPS = 32
"""Steps after which freed memory goes back to the system. Batches differ in length, the free pieces they leave rarely
fit the next one, and the process grows: on the HR example to 4.1 GiB by the end, with this to 3.7 GiB."""

_PLAIN_HEADS = ("qwen3", "qwen2", "llama", "mistral")


def training_arguments(settings: Settings, *, partial: Path, device: str) -> Any:
    """Return TRL's configuration; an unknown or reserved name in `trainer_args` is refused."""
    from trl import SFTConfig

    known = sorted(field.name for field in fields(SFTConfig))
    for name in sorted(settings.trainer_args):
        if name in OURS:
            raise TrainingError(f"`trainer_args.{name}` is decided by loopbuild", hint="use the phase's own keys")
        if name not in known:
            close = get_close_matches(name, known, n=1)
            raise TrainingError(
                f"`trainer_args.{name}` is no argument of SFTConfig",
                hint=f"did you mean `{close[0]}`?" if close else "",
            )
    chosen: dict[str, Any] = {
        "output_dir": str(partial),
        "num_train_epochs": 1,  # the sequence of rows holds all epochs
        "learning_rate": settings.learning_rate,
        "warmup_steps": settings.warmup,
        "lr_scheduler_type": settings.scheduler,
        "optim": settings.optimizer,
        "weight_decay": settings.weight_decay,
        "neftune_noise_alpha": settings.neftune or None,
        "per_device_train_batch_size": settings.batch_size,
        "per_device_eval_batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.gradient_accumulation,
        # Renamed in transformers 5.2x; on by default in TRL, so it is said in either case.
        ("activation" if "activation_checkpointing" in known else "gradient") + "_checkpointing": (
            settings.gradient_checkpointing
        ),
        "max_length": None,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "bf16": settings.precision == "bf16",
        "fp16": False,
        "use_cpu": device == "cpu",
        "train_sampling_strategy": "sequential",
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "save_strategy": "no",
        "save_total_limit": 2,
        "eval_strategy": "no",
        "logging_strategy": "steps",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": device == "cuda",
    }
    try:
        return SFTConfig(**(chosen | settings.trainer_args))
    except (ValueError, TypeError) as exc:
        raise TrainingError(f"the trainer refuses its arguments: {str(exc).splitlines()[0]}") from exc


def as_dataset(rows: Sequence[RenderedRow]) -> Any:
    """Return the rows as a table of two integer columns: nothing is inferred from them."""
    from datasets import Dataset

    return Dataset.from_dict(
        {
            "input_ids": [list(row.ids) for row in rows],
            "labels": [
                [token if learned else -100 for token, learned in zip(row.ids, row.learned, strict=True)]
                for row in rows
            ],
        }
    )


def build_trainer(
    model: Any,
    tokenizer: Any,
    arguments: Any,
    *,
    train: Any,
    validation: Any | None,
    peft_config: Any | None,
    callbacks: Sequence[Any],
) -> Any:
    """Return a ready trainer whose only voices are `callbacks`."""
    import torch
    from transformers import PrinterCallback
    from trl import SFTTrainer

    class LearnedPositionsTrainer(SFTTrainer):  # type: ignore[misc]  # trl is not typed
        """Scores learned positions only, where TRL has no fused kernel and would score every position."""

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            if return_outputs or not self.scores_learned_only:
                return super().compute_loss(
                    model, inputs, return_outputs=return_outputs, num_items_in_batch=num_items_in_batch
                )
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.bf16):
                return learned_loss(model, inputs, num_items_in_batch)

    trainer = LearnedPositionsTrainer(
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=validation,
        processing_class=tokenizer,
        peft_config=peft_config,
        callbacks=list(callbacks),
    )
    trainer.scores_learned_only = (
        arguments.use_cpu
        and trainer.accelerator.num_processes == 1
        and arguments.loss_type == "nll"
        and arguments.label_smoothing_factor == 0
        and model.config.model_type in _PLAIN_HEADS
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def learned_loss(model: Any, inputs: Any, num_items_in_batch: Any) -> Any:
    """Return the summed cross-entropy at learned positions over their number: the head sees nothing else.

    On one thread and a small vocabulary this nearly doubles the speed against scoring every position.
    """
    import torch

    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    backbone = getattr(causal, causal.base_model_prefix)
    hidden = backbone(
        input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
    ).last_hidden_state
    labels = inputs["labels"][:, 1:]
    where = labels != -100
    logits = causal.get_output_embeddings()(hidden[:, :-1][where]).float()
    total = torch.nn.functional.cross_entropy(logits, labels[where], reduction="sum")
    count = where.sum() if num_items_in_batch is None else num_items_in_batch
    return total / torch.as_tensor(count).clamp(min=1)


def trim() -> None:
    """Give memory that is free in the C library's heap back to the system, where that library can."""
    if call := getattr(ctypes.CDLL(None), "malloc_trim", None):
        call(0)


def watcher(
    *,
    job: str,
    lengths: Sequence[int],
    save_seconds: float,
    is_checkpointing: bool,
    tell: Callable[[dict[str, Json]], None],
    is_stopping: Callable[[], bool],
) -> Any:
    """Return the callback that writes sealed states, tells of progress and stops when asked.

    `lengths` are the tokens of the rows in training order. When a state is written never changes the weights.
    """
    from transformers import TrainerCallback

    seen = [0, *accumulate(lengths)]

    class Watcher(TrainerCallback):  # type: ignore[misc]  # transformers is followed as untyped
        def __init__(self) -> None:
            self.started = self.saved = self.told = time.monotonic()
            self.first = 0

        def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            check_checkpointing(model, is_wanted=is_checkpointing)
            self.started = self.saved = time.monotonic()
            self.first = state.global_step
            tell({"step": state.global_step, "steps": state.max_steps})

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step % TRIM_STEPS == 0:
                trim()
            if state.global_step >= state.max_steps:
                return
            if is_stopping():
                control.should_save = control.should_training_stop = True
            elif time.monotonic() - self.saved >= save_seconds:
                control.should_save = True

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            if state.is_world_process_zero:
                seal(folder, job=job, step=state.global_step)
            self.saved = time.monotonic()
            tell({"saved": state.global_step})

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            now = time.monotonic()
            if (
                not logs
                or "loss" not in logs
                or (now - self.told < TELL_SECONDS and state.global_step < state.max_steps)
            ):
                return
            self.told = now
            rows = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
            done = seen[min(len(lengths), state.global_step * rows)] - seen[min(len(lengths), self.first * rows)]
            rate = done / max(now - self.started, 1e-6)
            tell(
                {
                    "step": state.global_step,
                    "steps": state.max_steps,
                    "loss": round(float(logs["loss"]), 5),
                    "tokens_per_second": round(rate),
                }
            )

    return Watcher()
