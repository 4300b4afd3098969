"""Running a model over tasks in a process of its own: torch's memory goes when it ends, and a crash costs no build."""

from __future__ import annotations

import json
import os
import queue
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from loopbuild.engine.children import run_lines
from loopbuild.engine.target import Action, Json
from loopbuild.errors import BuildError, MissingExtra
from loopbuild.pipeline.arms import Arm
from loopbuild.records import EvalTask, Transcript, from_json, to_json
from loopbuild.stages.training.presets import cuda_is_visible
from loopbuild.stages.training.run import PASSED_ON
from loopbuild.stages.training.taking_part import NANO

MOST_CHILDREN = 4
LEAST_TASKS = 48
"""Tasks of one child at least: starting one takes as long as a few dozen tasks of the small model."""


def generate(action: Action, arm: Arm, tasks: Sequence[EvalTask]) -> Iterator[tuple[EvalTask, Transcript]]:
    """Yield every task with what the model did; raises BuildError with a child's last lines when it fails.

    On a processor the tasks are shared among a few children: decoding is step after step of small products, which more
    threads do not make faster. Each task is decoded by itself, so who gets which changes no answer.
    """
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
        "root": str(action.root),
    }
    # Those with many calls take longest: every child gets its share of them.
    ordered = sorted(tasks, key=lambda task: (-len(task.gold), task.key))
    count = _children(action.params, len(tasks))
    commands = []
    for number in range(count):
        place = folder / f"job-{number}.json"
        share = [to_json(task) for task in ordered[number::count]]
        place.write_text(json.dumps(job | {"tasks": share}), encoding="utf-8")
        commands.append([sys.executable, "-m", "loopbuild.pipeline.generating_child", str(place)])
    by_key = {task.key: task for task in tasks}
    done, answered = [0] * count, 0
    for number, line in _lines(action, folder, commands):
        message = json.loads(line)
        if "transcript" in message:
            transcript = from_json(Transcript, message["transcript"])
            answered += 1
            yield by_key[transcript.key], transcript
        else:
            done[number] = message["done"]
            action.progress(sum(done), len(tasks), message.get("note", ""))
    if answered != len(tasks):
        raise BuildError(f"the model under test answered {answered} of {len(tasks)} tasks", target=action.target)


def _children(params: Json, tasks: int) -> int:
    """How many processes run the model: one unless it is the small embedded one on a processor, and the tasks many.

    Each holds the weights once more; where servers are the sandbox, each task has a process already.
    """
    if (
        params["base"] != NANO
        or cuda_is_visible()
        or any(chosen["kind"] == "mcp" for chosen in params["sandbox"].values())
    ):
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, MOST_CHILDREN, tasks // LEAST_TASKS))


def _named(action: Action) -> list[str]:
    """The variables that loop.yaml names for the sandboxes' servers."""
    texts = [text for chosen in action.params["sandbox"].values() for text in chosen.get("env", {}).values()]
    return [name for text in texts for name in re.findall(r"\$\{(\w+)\}", text)]


def _lines(action: Action, folder: Path, commands: Sequence[list[str]]) -> Iterator[tuple[int, str]]:
    """Run the children side by side and yield what they print, each line with its child's number.

    Stops them all when the build is cancelled, when one fails, and when the caller looks no further.
    """
    environment = {name: os.environ[name] for name in (*PASSED_ON, *_named(action)) if name in os.environ}
    environment |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false"}
    environment |= {"PYTHONHASHSEED": "0", "HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1")}
    said: queue.SimpleQueue[tuple[int, str | int | OSError]] = queue.SimpleQueue()
    is_over = threading.Event()

    def run(number: int) -> None:
        with (folder / f"stderr-{number}.txt").open("w") as stderr:
            lines = run_lines(
                commands[number],
                environment=environment,
                stderr=stderr,
                is_cancelled=lambda: is_over.is_set() or action.is_cancelled(),
            )
            try:
                while True:
                    said.put((number, next(lines)))
            except StopIteration as end:
                said.put((number, int(end.value or 0)))
            except OSError as error:
                said.put((number, error))

    threads = [
        threading.Thread(target=run, args=(number,), name=f"generate-{number}") for number in range(len(commands))
    ]
    for thread in threads:
        thread.start()
    running = len(threads)
    try:
        while running:
            number, what = said.get()
            if isinstance(what, str):
                yield number, what
                continue
            running -= 1
            if isinstance(what, OSError):
                raise BuildError(f"the model under test could not be started: {what}", target=action.target) from what
            if what:
                raise _failure(action, folder / f"stderr-{number}.txt", what)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def _failure(action: Action, log: Path, code: int) -> Exception:
    tail = log.read_text(errors="replace").strip().splitlines()[-8:]
    if any("No module named 'torch'" in line or "MissingExtra" in line for line in tail):
        return MissingExtra("running a model", extra="train")
    return BuildError(
        f"the model under test could not be run (exit code {code})", target=action.target, intact="\n".join(tail)
    )
