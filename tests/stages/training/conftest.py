"""A random tiny Qwen3 with its tokenizer, and jobs on it: everything real but the size."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_training import SETTINGS, TOOLS, build_base, rows

from loopbuild.records import Example, to_json
from loopbuild.stages.training.job import PhaseJob, Settings

# Read by the libraries when they are imported.
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
pytest.importorskip("trl")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers, about 60,000 parameters."""
    return build_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def tokenizer(tiny_base: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(tiny_base))


@pytest.fixture
def make_job(tiny_base: Path, tmp_path: Path) -> Callable[..., PhaseJob]:
    """Build a job; `name` keeps its folders apart, further arguments replace fields of the job."""

    def make(
        name: str = "a", *, examples: list[Example] | None = None, settings: Settings = SETTINGS, **changes: Any
    ) -> PhaseJob:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        chosen = rows(24) if examples is None else examples
        (folder / "rows.jsonl").write_text("".join(json.dumps(to_json(row)) + "\n" for row in chosen))
        (folder / "tools.json").write_text(json.dumps(TOOLS))
        job = PhaseJob(
            phase="recall",
            base=str(tiny_base),
            rows=str(folder / "rows.jsonl"),
            tools=str(folder / "tools.json"),
            settings=settings,
            output=str(folder / "out"),
            partial=str(folder / "partial"),
        )
        return replace(job, **changes)

    return make
