"""What `training.base` means on this machine, for training and for running alike."""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

from loopbuild.digest import digest
from loopbuild.engine.target import Json
from loopbuild.stages.training.presets import locate, resolve


def base_path(base: str, *, root: Path) -> str:
    """Return the folder of `nano` or of a local path, or the Hugging Face id unchanged."""
    local = root / base
    return str(local) if local.is_dir() else locate(base)


def base_identity(base: str, *, root: Path) -> str:
    """Return what names the base's content: a digest over its files, or the id of a base on the hub."""
    folder = Path(base_path(base, root=root))
    if not folder.is_dir():
        return f"hub:{base}"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md")
    return digest("base", [[str(path.relative_to(folder)), _content(path)] for path in files])


def _content(path: Path) -> str:
    """Digest of a file of any size: weights are not read into memory at once."""
    hasher = blake3()
    hasher.update_mmap(path)
    return str(hasher.hexdigest())


def base_leaves(base: str, *, root: Path) -> list[str]:
    """Return the files of a base inside the project, relative to it: they are watched like any other input."""
    folder = root / base
    if not folder.is_dir():
        return []
    return sorted(str(path.relative_to(root)) for path in folder.rglob("*") if path.is_file())


def system_prompt(training: Json) -> str:
    """Return what the last phase trains with and every held-out task opens with."""
    return str(resolve(training, list(training["phases"])[-1], base=training["base"], has_cuda=False)["system_prompt"])
