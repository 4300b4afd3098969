from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_training import LORA, SETTINGS, rows, run, run_here, weights

from loopbuild.errors import MissingExtra, TrainingError
from loopbuild.stages.training import run as running
from loopbuild.stages.training.job import write_job
from loopbuild.stages.training.run import PhaseCancelled, child_environment

pytestmark = pytest.mark.train


def _child(job, *, cwd="/"):
    """Start the training process as `run_phase` does, and leave it to the test."""
    path = Path(job.partial)
    path.mkdir(parents=True, exist_ok=True)
    write_job(job, path / "job.json")
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "loopbuild.stages.training.train", str(path / "job.json"), "--supervised"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(job, os.environ),
        cwd=cwd,
        text=True,
    )


def _until(process, key, at_least):
    for line in process.stdout:
        if json.loads(line).get(key, -1) >= at_least:
            return
    raise AssertionError("the trainer ended early")


@pytest.mark.parametrize("after", [5])
def test_killed_at_a_step_and_run_again_gives_the_bytes_of_an_uninterrupted_run(make_job, after):
    settings = replace(SETTINGS, lora=replace(LORA, r=8), neftune=3.0, epochs=8.0)
    whole = make_job("whole", settings=settings)
    run_here(whole)
    job = make_job("killed", settings=settings, save_seconds=0.0)
    process = _child(job)
    _until(process, "saved", after)
    process.kill()
    process.wait()
    assert not Path(job.output).exists()
    assert run_here(job).resumed_from >= after
    assert weights(job.output) == weights(whole.output)


def test_a_phase_runs_in_its_own_process_and_tells_how_far_it_is(make_job):
    job = make_job()
    steps = []
    report = run(job, on_progress=lambda step, total, note: steps.append((step, total, note)))
    assert steps[-1][:2] == (12, 12)
    assert "tokens/s" in steps[-1][2]
    assert report.steps == 12
    same = make_job("here")
    run_here(same)
    assert weights(job.output) == weights(same.output)


def test_a_cancelled_phase_keeps_its_state_and_goes_on(make_job):
    job = make_job(settings=replace(SETTINGS, epochs=400.0))
    seen = []
    with pytest.raises(PhaseCancelled) as caught:
        run(job, on_progress=lambda step, *_: seen.append(step), is_cancelled=lambda: max(seen, default=0) > 2)
    assert "is kept" in caught.value.intact
    (state,) = Path(job.partial).glob("checkpoint-*")
    assert (state / "sealed.json").is_file()


def test_a_trainer_does_not_outlive_its_parent(make_job):
    process = _child(make_job(settings=replace(SETTINGS, epochs=4000.0)))
    _until(process, "step", 2)
    process.stdin.close()
    assert process.wait(timeout=10) != 0


def test_a_refused_job_gives_the_trainers_own_error(make_job):
    with pytest.raises(TrainingError, match="is no argument of SFTConfig") as caught:
        run(make_job(settings=replace(SETTINGS, trainer_args={"optimm": "x"})))
    assert caught.value.hint == "did you mean `optim`?"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the trainer through /proc")
def test_a_killed_trainer_is_named(make_job):
    job = make_job(settings=replace(SETTINGS, epochs=4000.0), save_seconds=0.0)

    def kill(step, *_):
        if step > 1 and list(Path(job.partial).glob("*/sealed.json")):
            for entry in Path("/proc").glob("[0-9]*/cmdline"):
                words = entry.read_bytes().decode(errors="replace")
                if job.partial in words and "stages.training.train" in words:
                    os.kill(int(entry.parent.name), signal.SIGKILL)

    with pytest.raises(TrainingError, match="killed by SIGKILL") as caught:
        run(job, on_progress=kill)
    assert "goes on from there" in caught.value.intact


def test_a_callers_own_failure_ends_the_trainer_and_comes_back(make_job):
    def broken(*_):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(make_job(settings=replace(SETTINGS, epochs=4000.0)), on_progress=broken)


def test_missing_trainers_name_the_extra(make_job, monkeypatch):
    monkeypatch.setattr(running, "NEEDED", ("torch", "no_such_library"))
    with pytest.raises(MissingExtra) as caught:
        run(make_job(examples=rows(2)))
    assert caught.value.extra == "train"


def test_the_child_sees_no_secret_and_no_network(make_job):
    job = make_job()
    environment = {"PATH": "/bin", "OPENAI_API_KEY": "x", "HF_TOKEN": "y"}
    made = child_environment(job, environment)
    assert "OPENAI_API_KEY" not in made
    assert "HF_TOKEN" not in made
    assert made["HF_HUB_OFFLINE"] == "1"
    allowed = child_environment(replace(job, may_download=True), environment)
    assert allowed["HF_TOKEN"] == "y"
    assert "HF_HUB_OFFLINE" not in allowed
