from __future__ import annotations

from pathlib import Path

import pytest
from tiny_training import run, weights

pytestmark = pytest.mark.train


def test_same_job_twice_gives_the_same_bytes(make_job):
    first, second = make_job("a"), make_job("b")
    report = run(first)
    run(second)
    assert report.steps == 12
    assert report.loss < 6
    assert weights(first.output) == weights(second.output)
    assert "model.safetensors" in weights(first.output)
    assert "chat_template.jinja" in weights(first.output)
    assert not [name for name in weights(first.output) if "optim" in name or name.endswith(".bin")]
    assert (Path(first.output) / "config.json").is_file()
