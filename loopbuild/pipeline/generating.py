"""Running a model over tasks in a process of its own: torch's memory goes when it ends, and a crash costs no build."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Iterator, Sequence

from loopbuild.children import Child, python_environment
from loopbuild.engine.action import Interrupted
from loopbuild.engine.target import Action, Json
from loopbuild.errors import BuildError, MissingExtra
from loopbuild.pipeline.arms import Arm
from loopbuild.pipeline.sandboxes import for_exam, is_served, settings_of, variables_of
from loopbuild.records import EvalTask, Transcript, from_json, to_json
from loopbuild.stages.training.presets import cuda_is_visible
from loopbuild.stages.training.taking_part import NANO

MOST_CHILDREN = 4
PATIENCE_SECONDS = 10.0
"""How long a child asked to stop may take; what it has finished is stored already."""
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
        "params": {**action.params, "sandbox": for_exam(settings_of(action))},
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
    for number, line in _lines(action, commands):
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
    if params["base"] != NANO or cuda_is_visible() or is_served(params["sandbox"]):
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, MOST_CHILDREN, tasks // LEAST_TASKS))


def _lines(action: Action, commands: Sequence[list[str]]) -> Iterator[tuple[int, str]]:
    """Run the children side by side and yield what they print, each line with its child's number.

    Stops them all when the build is cancelled, when one fails, and when the caller looks no further.
    """
    environment = python_environment(os.environ, also=variables_of(settings_of(action)))
    environment |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false"}
    environment |= {"PYTHONHASHSEED": "0", "HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1")}
    said: queue.SimpleQueue[tuple[int, str | Exception | None]] = queue.SimpleQueue()
    is_over = threading.Event()

    def is_cancelled() -> bool:
        return is_over.is_set() or action.is_cancelled()

    def run(number: int) -> None:
        try:
            with Child(commands[number], environment=environment) as child:
                for line in child.lines(is_cancelled=is_cancelled, patience_seconds=PATIENCE_SECONDS):
                    said.put((number, line))
                code = child.code
            said.put((number, _failure(action, child.tail, code) if code else None))
        except OSError as error:
            reason = f"the model under test could not be started: {os.strerror(error.errno or 0).lower()}"
            said.put((number, BuildError(reason, target=action.target)))

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
            if what is not None:
                raise what
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def _failure(action: Action, tail: Sequence[str], code: int) -> Exception:
    if action.is_cancelled():
        return Interrupted("the model under test was stopped", target=action.target, intact="what it answered is kept")
    last = list(tail)[-8:]
    if any("No module named 'torch'" in line or "MissingExtra" in line for line in last):
        return MissingExtra("running a model", extra="train")
    return BuildError(
        f"the model under test could not be run (exit code {code})",
        target=action.target,
        intact="what it answered is kept",
        hint="\n".join(["its last lines on stderr:", *last]) if last else "",
    )
