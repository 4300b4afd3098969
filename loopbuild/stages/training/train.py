"""The training process: `python -m loopbuild.stages.training.train JOB.json [--supervised]`.

Reads a job, trains, writes the checkpoint, and speaks JSON lines on stdout: progress, `saved`, at last `report` or
`error`. Everything else anybody prints goes to stderr. With `--supervised` it ends when its stdin does, so that no
trainer outlives a killed parent. The process environment is set up by `run.py`; by hand, set HF_HUB_OFFLINE=1.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loopbuild.children import leave_with_parent
from loopbuild.digest import digest_bytes
from loopbuild.errors import TrainingError
from loopbuild.records import Json, to_json
from loopbuild.stages.training import models, partial, preflight
from loopbuild.stages.training.increment import stratified
from loopbuild.stages.training.job import PhaseJob, PhaseReport, read_job
from loopbuild.stages.training.order import schedule
from loopbuild.stages.training.render import RenderedRow, is_validation, render, takes_part
from loopbuild.stages.training.trainer import as_dataset, build_trainer, training_arguments, watcher

STOPPED = 75
"""Exit status of a run that saved its state and stopped because it was asked to."""
REFUSED = 2
"""Exit status after an `error` line."""

Tell = Callable[[dict[str, Json]], None]


class Stopped(Exception):
    """The run was asked to stop; `step` is the state it left."""

    def __init__(self, step: int) -> None:
        super().__init__(step)
        self.step = step


def train(job: PhaseJob, *, tell: Tell, is_stopping: Callable[[], bool]) -> PhaseReport:
    """Run `job` to its end and return the report; raises TrainingError, or Stopped once a state is saved."""
    started = time.monotonic()
    import torch
    from transformers import logging as transformers_logging

    torch.set_num_threads(job.threads)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    checks = [
        *preflight.check_device(job, device=device, has_bf16=device == "cuda" and torch.cuda.is_bf16_supported()),
        *preflight.check_parent(job),
    ]
    data = _read(job, checks)
    folder = Path(job.partial)
    folder.mkdir(parents=True, exist_ok=True)
    arguments = training_arguments(job.settings, partial=folder, device=device)
    model = models.load_model(job, device=device)
    identity = job.identity(_content(job))
    state, resumed_from = partial.latest(folder, job=identity)
    settings = job.settings
    order = schedule(
        [len(row.ids) for row in data.train],
        [row.key for row in data.train],
        epochs=settings.epochs,
        batch=settings.batch_size,
        salt=settings.seed,
    )
    sequence = [data.train[index] for index in order]
    at_step = [0]

    def told(line: dict[str, Json]) -> None:
        at_step[0] = line.get("step", at_step[0])
        tell(line)

    try:
        trainer = build_trainer(
            model,
            data.tokenizer,
            arguments,
            train=as_dataset(data.train).select(order),
            validation=as_dataset(data.validation) if data.validation else None,
            peft_config=models.lora_config(job),
            callbacks=[
                watcher(
                    job=identity,
                    lengths=[len(row.ids) for row in sequence],
                    save_seconds=job.save_seconds,
                    is_checkpointing=settings.gradient_checkpointing,
                    tell=told,
                    is_stopping=is_stopping,
                )
            ],
        )
        checks += [
            *preflight.check_context(model, longest=max(len(row.ids) for row in data.train)),
            *preflight.check_model(trainer.model, job),
            *preflight.check_disk(folder, needed_bytes=preflight.bytes_needed(trainer.model)),
        ]
        training = time.monotonic()
        trainer.train(resume_from_checkpoint=str(state) if state else None)
    except (RuntimeError, ValueError) as exc:
        raise TrainingError(
            f"phase `{job.phase}` failed at step {at_step[0]}: {str(exc).splitlines()[0]}",
            hint="lower `batch_size` or `max_length`" if "memory" in str(exc).lower() else "",
        ) from exc
    if trainer.state.global_step < trainer.state.max_steps:
        raise Stopped(trainer.state.global_step)
    train_seconds = time.monotonic() - training
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    if any(loss != loss for loss in losses):
        raise TrainingError(f"the loss of phase `{job.phase}` is not a number", hint="lower `learning_rate`")
    validation_loss = trainer.evaluate()["eval_loss"] if data.validation else None
    models.save_checkpoint(trainer.model, data.tokenizer, job=job)
    replayed = set(job.replayed)
    return PhaseReport(
        phase=job.phase,
        is_adapter=settings.lora is not None,
        rows=len(data.train),
        replayed=sum(row.key in replayed for row in data.train),
        validation_rows=len(data.validation),
        dropped=data.dropped,
        steps=trainer.state.global_step,
        resumed_from=resumed_from,
        tokens=sum(len(row.ids) for row in sequence),
        supervised_tokens=sum(sum(row.learned) for row in sequence),
        loss=_tail_mean(losses),
        validation_loss=validation_loss,
        seconds=time.monotonic() - started,
        train_seconds=train_seconds,
        trainable_parameters=sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
        max_length=max(len(row.ids) for row in data.train),
        libraries=_libraries(),
        checks=tuple(checks),
        notes=tuple(_notes(validation_loss, data.dropped, settings.max_length)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    tokenizer: Any
    train: tuple[RenderedRow, ...]
    validation: tuple[RenderedRow, ...]
    dropped: int


def _read(job: PhaseJob, checks: list[str]) -> _Data:
    settings = job.settings
    examples = takes_part(preflight.read_examples(Path(job.rows)), schemas_in_prompt=settings.schemas_in_prompt)
    if settings.max_rows:
        chosen = set(stratified({row.key: row.tools for row in examples}, limit=settings.max_rows))
        examples = [row for row in examples if row.key in chosen]
    tools = json.loads(Path(job.tools).read_text(encoding="utf-8"))
    tokenizer = models.load_tokenizer(job)
    if settings.schemas_in_prompt:
        checks += preflight.check_tools(examples, tools)
    rendering = render(
        examples,
        tools,
        tokenizer,
        system_prompt=settings.system_prompt,
        schemas_in_prompt=settings.schemas_in_prompt,
        extra_tools=settings.extra_tools,
        max_length=settings.max_length,
    )
    checks += [
        *preflight.check_rows(rendering, max_length=settings.max_length),
        *preflight.check_calls(rendering.rows, tokenizer),
        *preflight.check_prefix(examples, tokenizer, system_prompt=settings.system_prompt),
    ]
    aside: set[str] = set()
    if len(rendering.rows) >= 20:
        aside = {row.key for row in examples if is_validation(row, share=settings.validation, salt=settings.seed)}
    kept = tuple(row for row in rendering.rows if row.key not in aside)
    if not kept:
        kept, aside = rendering.rows, set()
    return _Data(
        tokenizer=tokenizer,
        train=kept,
        validation=tuple(row for row in rendering.rows if row.key in aside),
        dropped=len(rendering.dropped),
    )


def _content(job: PhaseJob) -> str:
    """Name rows, tools and the parent's weights by content, so that a state of other data is never taken up."""
    parts = [Path(job.rows), Path(job.tools)]
    if job.parent:
        parts += sorted(path for path in Path(job.parent).iterdir() if path.is_file())
    return digest_bytes("phase-content", b"\0".join(digest_bytes("file", p.read_bytes()).encode() for p in parts))


def _tail_mean(losses: list[float]) -> float:
    tail = losses[-max(1, len(losses) // 10) :]
    return sum(tail) / len(tail) if tail else 0.0


def _notes(validation_loss: float | None, dropped: int, max_length: int) -> list[str]:
    made = []
    if validation_loss is not None and validation_loss < 0.02:
        made.append(f"validation loss {validation_loss:.3f} is near zero: rows kept aside are too much like the others")
    if dropped:
        made.append(f"{dropped} rows longer than {max_length} tokens were left out")
    return made


def _libraries() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("accelerate", "peft", "torch", "transformers", "trl")}


def main(arguments: list[str]) -> int:
    """Run one job file; returns the exit status."""
    # Libraries print where they like; the channel to the parent is ours alone.
    os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides, once for the whole group
    if "--supervised" in arguments:
        leave_with_parent()  # states are safe against being killed

    def tell(line: dict[str, Json]) -> None:
        channel.write(json.dumps(line) + "\n")
        channel.flush()

    try:
        report = train(read_job(Path(arguments[0])), tell=tell, is_stopping=stopping.is_set)
    except Stopped as exc:
        tell({"stopped": exc.step})
        return STOPPED
    except TrainingError as exc:
        tell({"error": {"message": exc.message, "intact": exc.intact, "hint": exc.hint}})
        return REFUSED
    except Exception:
        traceback.print_exc()
        return 1
    tell({"report": to_json(report)})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
