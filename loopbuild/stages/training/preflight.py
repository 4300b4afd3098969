"""Named checks that run before the first step; each one stands for a way in which training goes wrong in silence.

Every check raises TrainingError naming what is wrong. Those on rows are pure; those on a model only look at it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loopbuild.documents import json_lines
from loopbuild.errors import TrainingError
from loopbuild.judging.decode import parse_assistant
from loopbuild.records import Example, Json
from loopbuild.stages.training.job import PhaseJob
from loopbuild.stages.training.models import adapter_shape, is_adapter
from loopbuild.stages.training.render import RenderedRow, Rendering, conversation

DROPPED_SHARE = 0.02
"""Above this share of rows too long for the phase, the limit is wrong rather than the rows."""
PREFIX_SAMPLE = 8


def check_rows(rendering: Rendering, *, max_length: int) -> tuple[str, ...]:
    """No answer is cut off, and every row has something to learn."""
    total = len(rendering.rows) + len(rendering.dropped)
    if not rendering.rows:
        raise TrainingError(
            "no row is left to train on",
            hint=f"all {total} are longer than `max_length: {max_length}`" if total else "the data set is empty",
        )
    if len(rendering.dropped) > DROPPED_SHARE * total:
        raise TrainingError(
            f"{len(rendering.dropped)} of {total} rows are longer than `max_length: {max_length}`",
            hint=f"the longest has {rendering.longest} tokens; raise `max_length`, or lower `extra_tools`",
        )
    for row in rendering.rows:
        if not any(row.learned):
            raise TrainingError(f"row `{row.key}` has nothing to learn", hint="one assistant turn needs `loss: true`")
    return ("answers_not_truncated", "every_row_has_loss")


def check_calls(rows: Sequence[RenderedRow], tokenizer: Any) -> tuple[str, ...]:
    """What is trained on holds exactly the calls of the row: the template writes them, and invents no argument."""
    for row in rows:
        for wanted, (begin, end) in zip(row.calls, row.turns, strict=True):
            if not wanted:
                continue
            found = parse_assistant(tokenizer.decode(list(row.ids[begin:end]))).calls
            if len(found) != len(wanted):
                raise TrainingError(
                    f"row `{row.key}` has {len(wanted)} calls in one turn, its text has {len(found)}",
                    hint="the chat template must write calls as `<tool_call>` blocks",
                )
            for call, told in zip(wanted, found, strict=True):
                invented = sorted(set(told["arguments"]) - set(call["arguments"]))
                if invented:
                    raise TrainingError(
                        f"row `{row.key}` would teach the argument `{invented[0]}`, which it does not have"
                    )
                if told != call:
                    raise TrainingError(f"row `{row.key}` would teach another call of `{call['name']}` than it holds")
    return ("no_invented_arguments", "template_renders_calls")


def check_prefix(examples: Sequence[Example], tokenizer: Any, *, system_prompt: str) -> tuple[str, ...]:
    """A conversation's beginning renders the same whether or not it goes on: else the model meets untrained texts."""
    for example in examples[:PREFIX_SAMPLE]:
        messages = conversation(example.messages, system_prompt=system_prompt)
        whole = tokenizer.apply_chat_template(messages, tokenize=False)
        for index, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            begun = tokenizer.apply_chat_template(messages[:index], tokenize=False, add_generation_prompt=True)
            done = tokenizer.apply_chat_template(messages[: index + 1], tokenize=False)
            if not (whole.startswith(begun) and whole.startswith(done)):
                raise TrainingError(
                    f"the chat template renders the beginning of row `{example.key}` in another way once it goes on",
                    hint="a template for training must not drop or rewrite earlier turns",
                )
    return ("template_keeps_prefixes",)


def check_parent(job: PhaseJob) -> tuple[str, ...]:
    """The parent is there, and what it holds can be trained further by this phase."""
    if not job.parent:
        if job.mode == "continue":
            raise TrainingError(f"phase `{job.phase}` has no checkpoint to continue from")
        return ("parent_fits",)
    if not (Path(job.parent) / "config.json").is_file() and not is_adapter(job.parent):
        raise TrainingError(f"the parent checkpoint of phase `{job.phase}` is not there: `{job.parent}`")
    lora = job.settings.lora
    if is_adapter(job.parent) != (lora is not None):
        held = "an adapter" if is_adapter(job.parent) else "a whole model"
        raise TrainingError(f"the parent checkpoint of phase `{job.phase}` is {held}", hint="train from the base anew")
    if lora is not None:
        rank, targets = adapter_shape(job.parent)
        if (rank, targets) != (lora.r, tuple(sorted(lora.target_modules))):
            raise TrainingError(
                f"phase `{job.phase}` wants an adapter with r={lora.r} on {', '.join(sorted(lora.target_modules))}, "
                f"its parent has r={rank} on {', '.join(targets)}",
                hint="train from the base anew, or restore `training.lora`",
            )
    return ("parent_fits",)


def check_model(model: Any, job: PhaseJob) -> tuple[str, ...]:
    """There is something to train: an adapter loaded for inference would run on without learning."""
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    if trainable == 0:
        raise TrainingError(f"phase `{job.phase}` has no trainable parameter")
    return ("parameters_trainable",)


def check_checkpointing(model: Any, *, is_wanted: bool) -> tuple[str, ...]:
    """Memory saving is on where it was asked for: looked up on the model itself, once training has set it up."""
    is_on = getattr(model, "is_activation_checkpointing", None)
    if is_on is None:
        is_on = getattr(model, "is_gradient_checkpointing", False)
    if is_wanted and not is_on:
        raise TrainingError("`gradient_checkpointing` is asked for, and the model does not do it")
    return ("gradient_checkpointing_as_asked",)


def check_context(model: Any, *, longest: int) -> tuple[str, ...]:
    """The longest row fits the model's positions."""
    limit = getattr(model.config, "max_position_embeddings", None)
    if isinstance(limit, int) and longest > limit:
        raise TrainingError(f"a row has {longest} tokens, the model reads {limit}", hint="lower `max_length`")
    return ("rows_fit_context",)


def check_device(job: PhaseJob, *, device: str, has_bf16: bool) -> tuple[str, ...]:
    """Precision and quantisation are such as the device computes in."""
    if job.settings.precision == "bf16" and device == "cuda" and not has_bf16:
        raise TrainingError("`bf16` is not supported by this CUDA device", hint="train in `fp32`")
    if job.settings.quantize and job.settings.lora is None:
        raise TrainingError("4-bit weights cannot be trained without an adapter", hint="use preset `qlora-12gb`")
    return ("precision_fits_device",)


def check_disk(folder: Path, *, needed_bytes: int) -> tuple[str, ...]:
    """There is room for two resumable states and the result."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise TrainingError(f"`{folder}` has {free >> 20} MiB free, training needs {needed_bytes >> 20} MiB")
    return ("disk_has_room",)


def bytes_needed(model: Any) -> int:
    """Return an estimate of what states and result take: weights once each, optimizer twice the trainable ones."""
    sizes = [(p.numel() * p.element_size(), p.numel() * 4, p.requires_grad) for p in model.parameters()]
    if any(not trainable for _, _, trainable in sizes):
        return sum(9 * plain for _, plain, trainable in sizes if trainable)
    return sum(3 * size + 6 * plain for size, plain, _ in sizes)


def read_examples(path: Path) -> list[Example]:
    """Return the rows of a job; raises TrainingError with the line that is no example, or a key that stands twice."""
    from loopbuild.records import from_json

    made: list[Example] = []
    seen: set[str] = set()
    for number, line in enumerate(json_lines(path.read_bytes()), start=1):
        try:
            example = from_json(Example, json.loads(line))
        except ValueError as exc:
            raise TrainingError(f"line {number} of `{path.name}` is no example: {exc}") from exc
        if example.key in seen:
            raise TrainingError(f"row `{example.key}` stands twice in `{path.name}`")
        seen.add(example.key)
        made.append(example)
    return made


def check_tools(examples: Sequence[Example], tools: Mapping[str, Json]) -> tuple[str, ...]:
    """Every tool a row needs in its prompt is in the catalog."""
    for example in examples:
        for tool in example.tools:
            if tool not in tools and example.category not in ("retired", "missing_tool"):
                raise TrainingError(f"row `{example.key}` calls `{tool}`, which the catalog does not have")
    return ("tools_known",)
