"""Which half-way states of a killed run may be taken up: only whole ones of the very same job.

A state counts once a seal listing every file and its size has been renamed into place; whatever lies there without one
is removed. Knows no torch: it reads names, sizes and one JSON file.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

SEAL = "sealed.json"


def seal(folder: Path, *, job: str, step: int) -> None:
    """Declare `folder` whole, for the job named `job`."""
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}
    waiting = folder / f".{SEAL}"
    with waiting.open("w", encoding="utf-8") as stream:
        json.dump({"job": job, "step": step, "sizes": sizes}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    waiting.replace(folder / SEAL)


def latest(partial: Path, *, job: str) -> tuple[Path | None, int]:
    """Return the furthest whole state of this job and its step, (None, 0) without one; everything else is removed."""
    best: tuple[Path | None, int] = (None, 0)
    for folder in sorted(partial.glob("checkpoint-*")):
        step = sealed_step(folder, job=job)
        if step is None:
            shutil.rmtree(folder)
        elif step > best[1]:
            best = (folder, step)
    return best


def sealed_step(folder: Path, *, job: str) -> int | None:
    """Return the step of a whole state of this job, else None."""
    try:
        seal_of = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        if seal_of["job"] != job:
            return None
        if any((folder / name).stat().st_size != size for name, size in seal_of["sizes"].items()):
            return None
        state = json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    step = seal_of["step"]
    return step if isinstance(step, int) and state.get("global_step") == step else None
