"""What `training.base` and the system prompt mean, for training and for running alike."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from loopbuild.engine.target import Json
from loopbuild.loopfile.sections.training import RECALL_PROMPT

NANO = "nano"
NANO_PROMPT = "Use tools when needed. Be brief."
"""What the shipped model was pretrained with; short, because every row of every batch carries it."""


def base_path(base: str, *, root: Path) -> str:
    """Return the folder of `nano` or of a local path, or the Hugging Face id unchanged."""
    if base == NANO:
        import loopbuild.stages.training as package

        return str(Path(package.__file__).parent / NANO)
    local = root / base
    return str(local) if local.is_dir() else base


def base_digest_files(base: str, *, root: Path) -> list[Path]:
    """Return the files that identify a local base, sorted; empty for a Hugging Face id."""
    folder = Path(base_path(base, root=root))
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def preset_of(settings: Mapping[str, Json]) -> str:
    """Return the preset `auto` stands for: nano's own for nano, the 12 GB one otherwise."""
    chosen = str(settings["preset"])
    if chosen != "auto":
        return chosen
    return "nano" if settings["base"] == NANO else "qlora-12gb"


def system_prompt(settings: Mapping[str, Json]) -> str:
    """Return what every prompt opens with."""
    given = settings.get("system_prompt")
    if given is not None:
        return str(given)
    return NANO_PROMPT if preset_of(settings) == "nano" else RECALL_PROMPT


def has_cuda() -> bool:
    """Whether a CUDA device is there, without importing torch."""
    return os.path.exists("/dev/nvidia0") and os.environ.get("CUDA_VISIBLE_DEVICES", "0") not in ("", "-1")
