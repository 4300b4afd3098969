"""Running a model over tasks in a process of its own: torch's memory goes when it ends, and a crash costs no build."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from loopbuild.engine.target import Action
from loopbuild.errors import BuildError, MissingExtra
from loopbuild.pipeline.arms import Arm
from loopbuild.records import EvalTask, Transcript, from_json, to_json
from loopbuild.stages.training.run import PASSED_ON


def generate(action: Action, arm: Arm, tasks: Sequence[EvalTask]) -> Iterator[tuple[EvalTask, Transcript]]:
    """Yield every task with what the model did; raises BuildError with the child's last lines when it fails."""
    if not tasks:
        return
    folder = action.work / f"generate-{arm.name}"
    (folder / "model").mkdir(parents=True)
    for path, digest in arm.files.items():
        target = folder / "model" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        action.fetch_to(digest, target)
    job = {
        "model": str(folder / "model") if arm.files else "",
        "is_adapter": arm.is_adapter,
        "params": action.params,
        "catalog": to_json(arm.catalog),
        "tasks": [to_json(task) for task in tasks],
        "root": str(action.root),
    }
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    by_key = {task.key: task for task in tasks}
    done = 0
    for line in _lines(action, folder):
        message = json.loads(line)
        if "transcript" in message:
            transcript = from_json(Transcript, message["transcript"])
            done += 1
            yield by_key[transcript.key], transcript
        else:
            action.progress(message["done"], len(tasks), message.get("note", ""))
    if done != len(tasks):
        raise BuildError(f"the model under test answered {done} of {len(tasks)} tasks", target=action.target)


def _named(action: Action) -> list[str]:
    """The variables that loop.yaml names for the sandboxes' servers."""
    texts = [text for chosen in action.params["sandbox"].values() for text in chosen.get("env", {}).values()]
    return [name for text in texts for name in re.findall(r"\$\{(\w+)\}", text)]


def _lines(action: Action, folder: Path) -> Iterator[str]:
    """Run the child and yield what it prints; stops it when the build is cancelled or ends."""
    from loopbuild.engine.children import run_lines

    command = [sys.executable, "-m", "loopbuild.pipeline.generating_child", str(folder / "job.json")]
    environment = {name: os.environ[name] for name in (*PASSED_ON, *_named(action)) if name in os.environ}
    environment |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false"}
    environment |= {"PYTHONHASHSEED": "0", "HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1")}
    log = folder / "stderr.txt"
    with log.open("w") as stderr:
        code = yield from run_lines(command, environment=environment, stderr=stderr, is_cancelled=action.is_cancelled)
    if code:
        tail = log.read_text(errors="replace").strip().splitlines()[-8:]
        if any("No module named 'torch'" in line or "MissingExtra" in line for line in tail):
            raise MissingExtra("running a model", extra="train")
        raise BuildError(
            f"the model under test could not be run (exit code {code})", target=action.target, intact="\n".join(tail)
        )
