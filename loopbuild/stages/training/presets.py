"""Presets: what a phase trains with where loop.yaml says nothing.

Pure. Decides every open setting from the preset, the phase's place (schemas in the prompt or not) and whether there is
a CUDA device; reads no files and imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from loopbuild.errors import TrainingError
from loopbuild.loopfile.sections.training import RECALL_PROMPT
from loopbuild.records import Json
from loopbuild.stages.training.job import Lora, Settings
from loopbuild.stages.training.taking_part import NANO, preset_of

NANO_PROMPT = "Use tools when needed. Be brief."
"""What the shipped base was pretrained with: a longer prompt costs tokens and teaches a 2M model nothing."""

# Per preset: what holds for every phase, then what differs for phases with and without schemas in the prompt.
_COMMON: dict[str, dict[str, Any]] = {
    "nano": {
        # On the HR example, closed loop, exact single calls on unseen ids: 1,340 rows three times .79 (n=76), 3,750
        # rows 1.2 times .89 (n=75), for the same number of tokens: values that repeat are memorised, so few epochs of
        # many rows. On the base of six layers, one seed, 1e-3 against 1.5e-3: chains solved .89 against .83 (n=46),
        # exact single calls .92 against .89 (n=75), in unseen wordings .86 against .83 (n=70).
        "epochs": 1.25,
        "learning_rate": 1e-3,
        "warmup": 0.05,
        "scheduler": "cosine",
        "optimizer": "adamw_torch",
        "weight_decay": 0.01,
        "neftune": 0.0,
        "batch_size": 8,
        "gradient_accumulation": 1,
        "max_length": 1024,
        "max_rows": 0,
        "extra_tools": 2,
        "system_prompt": NANO_PROMPT,
        "gradient_checkpointing": False,
    },
    "qlora-12gb": {
        "scheduler": "cosine",
        "optimizer": "adamw_8bit",
        "weight_decay": 0.0,
        "neftune": 3.0,
        "batch_size": 2,
        "gradient_accumulation": 4,
        "max_length": 4096,
        "max_rows": 0,
        "extra_tools": -1,
        "system_prompt": RECALL_PROMPT,
        "gradient_checkpointing": True,
    },
    "full": {
        "scheduler": "cosine",
        "optimizer": "adamw_torch",
        "weight_decay": 0.0,
        "neftune": 0.0,
        "batch_size": 8,
        "gradient_accumulation": 1,
        "max_length": 4096,
        "max_rows": 0,
        "extra_tools": -1,
        "system_prompt": RECALL_PROMPT,
        "gradient_checkpointing": True,
    },
}
_WITH_SCHEMAS: dict[str, dict[str, Any]] = {
    "nano": {"epochs": 1.0, "learning_rate": 5e-4, "max_rows": 150},
    "qlora-12gb": {"epochs": 3.0, "learning_rate": 2e-4, "warmup": 0.05},
    "full": {"epochs": 3.0, "learning_rate": 2e-5, "warmup": 0.05},
}
_WITHOUT_SCHEMAS: dict[str, dict[str, Any]] = {
    "nano": {},
    "qlora-12gb": {"epochs": 2.0, "learning_rate": 8e-5, "warmup": 0.03},
    "full": {"epochs": 2.0, "learning_rate": 1e-5, "warmup": 0.03},
}
_RENAMED = {"neftune_noise_alpha": "neftune"}


def resolve(settings: Json, phase: str, *, base: str, has_cuda: bool, has_bf16: bool = False) -> Json:
    """Return the phase's settings with nothing left open, in the shape of `job.Settings`.

    `settings` is the `training` section with defaults filled in. What the phase gives itself wins over the preset.
    `has_bf16` says that the processor computes in bfloat16, which the nano preset then does (see `cpu_has_bf16`).
    """
    phases = settings["phases"]
    if phase not in phases:
        raise TrainingError(f"phase `{phase}` is not declared", hint=f"declared: {', '.join(phases)}")
    given = {_RENAMED.get(key, key): value for key, value in phases[phase].items() if value is not None}
    preset = preset_of(settings["preset"], base=base)
    with_schemas = bool(given.get("schemas_in_prompt", False))
    chosen = _COMMON[preset] | (_WITH_SCHEMAS if with_schemas else _WITHOUT_SCHEMAS)[preset]
    chosen |= {key: value for key, value in given.items() if key in chosen}
    lora = None
    if preset == "qlora-12gb":
        wanted = settings["lora"]
        lora = Lora(
            r=wanted["r"],
            alpha=wanted["alpha"],
            dropout=float(wanted["dropout"]),
            target_modules=tuple(wanted["target_modules"]),
        )
        if not has_cuda:
            chosen["optimizer"] = "adamw_torch"
    quantize: Literal["", "nf4"] = "nf4" if preset == "qlora-12gb" and has_cuda else ""
    for key in ("epochs", "learning_rate", "warmup", "neftune"):
        chosen[key] = float(chosen[key])
    if settings.get("system_prompt") is not None:
        chosen["system_prompt"] = settings["system_prompt"]
    made = Settings(
        preset=preset,
        schemas_in_prompt=with_schemas,
        seed=settings["seed"],
        validation=float(settings["validation"]),
        lora=lora,
        quantize=quantize,
        precision="bf16" if has_cuda or (has_bf16 and preset == "nano") else "fp32",
        trainer_args=dict(given.get("trainer_args", {})),
        **chosen,
    )
    plain = asdict(made)
    if lora is not None:
        plain["lora"]["target_modules"] = list(lora.target_modules)
    return plain


def continued(resolved: Json, incremental: Mapping[str, Json]) -> Json:
    """Return `resolved` for an increment: few epochs at a lower rate.

    A phase that trains on a sample (`max_rows`) does so in an increment too: else its increments would cost more than
    the phase itself.
    """
    return resolved | {
        "epochs": float(incremental["epochs"]),
        "learning_rate": resolved["learning_rate"] * incremental["learning_rate_factor"],
    }


def locate(base: str) -> str:
    """Return where `base` is read from: the folder shipped with the package for `nano`, else `base` itself."""
    if base != NANO:
        return base
    folder = Path(__file__).parent / "nano"
    if not (folder / "model.safetensors").is_file():
        raise TrainingError("the weights of base `nano` are not in this installation", hint="reinstall loopbuild")
    return str(folder)


def cuda_is_visible() -> bool:
    """Whether the driver of a CUDA device is there; asks the file system, so that no torch is loaded for a plan."""
    return Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists()


def cpu_has_bf16() -> bool:
    """Whether the processor has bfloat16 instructions: with them the nano model trains 1.4 times as fast as in fp32.

    Without them the same arithmetic is emulated and slower. Known on Linux only.
    """
    described = Path("/proc/cpuinfo")
    if not described.is_file():
        return False
    flags = next((line for line in described.read_text().splitlines() if line.startswith("flags")), "").split()
    return "avx512_bf16" in flags or "amx_bf16" in flags
