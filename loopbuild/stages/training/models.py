"""Loading what training starts from, and writing what it leaves behind, both readable by transformers and peft alone.

The only place that knows where weights, adapters, quantisation and the chat template come from.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from loopbuild.errors import TrainingError
from loopbuild.stages.training.job import PhaseJob

ADAPTER_FILE = "adapter_config.json"
QUANTIZED_FILE = "quantized.json"
"""Beside an adapter whose base was quantised in training: how."""


def is_adapter(folder: str) -> bool:
    """Whether a checkpoint folder holds an adapter rather than a whole model."""
    return (Path(folder) / ADAPTER_FILE).is_file()


def load_tokenizer(job: PhaseJob) -> Any:
    """Return the tokenizer of the parent, else of the base, with a template that marks what the assistant says."""
    from transformers import AutoTokenizer
    from trl.chat_template_utils import get_training_chat_template

    place = job.parent or job.base
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=not job.may_download)
    except (OSError, ValueError) as exc:
        raise _unreadable(job, place, "tokenizer", exc) from exc
    if not tokenizer.chat_template:
        raise TrainingError(f"base `{job.base}` has no chat template", hint="use an instruction-tuned base")
    if "{%- generation" not in tokenizer.chat_template and "{% generation" not in tokenizer.chat_template:
        # Known templates are recognised by their exact text; the training twin is saved with the checkpoint, because a
        # model served with another template than it was trained with makes no calls.
        try:
            tokenizer.chat_template = get_training_chat_template(tokenizer)
        except ValueError as exc:
            raise TrainingError(
                f"the chat template of `{job.base}` does not mark what the assistant says",
                hint="put `{% generation %}` … `{% endgeneration %}` around the assistant's turns",
            ) from exc
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(job: PhaseJob, *, device: str) -> Any:
    """Return the model to train: the base, a trained whole model, or the base with a parent's adapter, trainable."""
    import torch
    from transformers import AutoModelForCausalLM

    settings = job.settings
    whole_parent = job.parent if job.parent and not is_adapter(job.parent) else ""
    place = whole_parent or job.base
    # A model of which every weight is trained keeps them in full precision; autocast does the rest.
    dtype = torch.bfloat16 if settings.precision == "bf16" and settings.lora is not None else torch.float32
    options: dict[str, Any] = {"dtype": dtype, "local_files_only": not job.may_download}
    if settings.quantize == "nf4":
        from transformers import BitsAndBytesConfig

        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
        options["device_map"] = {"": 0 if device == "cuda" else device}
    try:
        model = AutoModelForCausalLM.from_pretrained(place, **options)
    except (OSError, ValueError, ImportError) as exc:
        raise _unreadable(job, place, "weights", exc) from exc
    if job.parent and not whole_parent:
        from peft import PeftModel

        # Without `is_trainable` the adapter is loaded for inference, and training runs on with nothing to train.
        model = PeftModel.from_pretrained(model, job.parent, is_trainable=True)
    return model


def lora_config(job: PhaseJob) -> Any:
    """Return the configuration of a new adapter; None when every weight is trained or the parent brings its adapter."""
    lora = job.settings.lora
    if lora is None or (job.parent and is_adapter(job.parent)):
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.target_modules),
        bias="none",
        task_type="CAUSAL_LM",
    )


def adapter_shape(folder: str) -> tuple[int, tuple[str, ...]]:
    """Return rank and target modules of the adapter in `folder`."""
    known = json.loads((Path(folder) / ADAPTER_FILE).read_text(encoding="utf-8"))
    return int(known["r"]), tuple(sorted(known["target_modules"]))


def save_checkpoint(model: Any, tokenizer: Any, *, job: PhaseJob) -> None:
    """Write weights (or the adapter), configuration, tokenizer and template to the output, under another name first."""
    output = Path(job.output)
    waiting = output.with_name(output.name + ".part")
    shutil.rmtree(waiting, ignore_errors=True)
    for config in getattr(model, "peft_config", {}).values():
        # Where the base lay on this machine is no property of the adapter.
        config.base_model_name_or_path = job.base
    model.save_pretrained(str(waiting))
    tokenizer.save_pretrained(str(waiting))
    (waiting / "README.md").unlink(missing_ok=True)
    if job.settings.quantize:
        # An adapter answers best on the base as it was trained: whoever loads it looks here.
        (waiting / QUANTIZED_FILE).write_text(json.dumps({"quantize": job.settings.quantize}), encoding="utf-8")
    if output.exists():
        output.rmdir()
    waiting.replace(output)


def _unreadable(job: PhaseJob, place: str, what: str, exc: Exception) -> TrainingError:
    first = str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__
    hint = "" if Path(place).exists() or job.may_download else "it is not in the local cache; allow the download"
    return TrainingError(f"the {what} of `{place}` cannot be read: {first}", hint=hint)
