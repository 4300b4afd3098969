"""Running a training phase in a process of its own: start, relay, stop, and say what went wrong.

Decides the child's environment and who outlives whom; knows no torch. A phase's memory is freed with its process, and a
crash of a library takes nothing else along.
"""

from __future__ import annotations

import importlib.util
import json
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from loopbuild.children import Child, python_environment
from loopbuild.errors import MissingExtra, TrainingError
from loopbuild.records import Json, from_json
from loopbuild.stages.training.job import PhaseJob, PhaseReport, write_job

NEEDED = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
DOWNLOADING = ("HF_TOKEN", "HF_ENDPOINT", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE")
"""Besides, when a base may be downloaded."""
PATIENCE_SECONDS = 60.0
"""How long a child asked to stop may take to save its state."""


class PhaseCancelled(TrainingError):
    """The phase was asked to stop; its state is kept and the same job goes on from it."""


def run_phase(
    job: PhaseJob,
    *,
    python: str,
    environment: Mapping[str, str],
    on_progress: Callable[[int, int, str], None] | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> PhaseReport:
    """Run `job` to its end in a new process of the interpreter `python` and return its report.

    `on_progress` gets (step, steps, note). Raises PhaseCancelled after `is_cancelled` said so, TrainingError when the
    phase cannot run or finish, MissingExtra when the trainers are not installed.
    """
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            raise MissingExtra(f"training (`{name}` is not installed)", extra="train")
    folder = Path(job.partial)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "job.json"
    write_job(job, path)
    command = [python, "-u", "-m", "loopbuild.stages.training.train", str(path), "--supervised"]
    seen = _Seen()
    asked = False

    def is_asked() -> bool:
        nonlocal asked
        asked = asked or (is_cancelled is not None and is_cancelled())
        return asked

    with _started(command, child_environment(job, environment)) as child:
        for line in child.lines(is_cancelled=is_asked, patience_seconds=PATIENCE_SECONDS):
            _listen(line, seen, child.tail, on_progress)
        status = child.code or 0
    return _outcome(job, seen, child.tail, status, was_cancelled=asked)


def child_environment(job: PhaseJob, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of the child: nothing that is not named here."""
    made = python_environment(environment, also=DOWNLOADING if job.may_download else ())
    threads = str(job.threads)
    made |= {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "PASSIVE",  # spinning threads on busy cores cost more than they compute
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TRL_EXPERIMENTAL_SILENCE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    }
    if not job.may_download:
        made |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    return made


class _Seen:
    """What the child said so far."""

    def __init__(self) -> None:
        self.step = self.steps = self.saved = 0
        self.report: Json = None
        self.error: Json = None


@contextmanager
def _started(command: list[str], environment: dict[str, str]) -> Iterator[Child]:
    with ExitStack() as stack:
        try:
            child = stack.enter_context(Child(command, environment=environment))
        except OSError as exc:
            raise TrainingError(f"`{command[0]}` cannot be started: {exc.strerror}") from exc
        yield child


def _listen(line: str, seen: _Seen, tail: deque[str], on_progress: Callable[[int, int, str], None] | None) -> None:
    try:
        said = json.loads(line)
    except ValueError:
        tail.append(line.rstrip())
        return
    if "report" in said:
        seen.report = said["report"]
    elif "error" in said:
        seen.error = said["error"]
    elif "saved" in said:
        seen.saved = said["saved"]
    elif "step" in said:
        seen.step, seen.steps = said["step"], said["steps"]
        if on_progress is not None:
            on_progress(seen.step, seen.steps, _note(said))


def _note(said: Json) -> str:
    if "loss" not in said:
        return ""
    return f"loss {said['loss']:.3f}, {said['tokens_per_second']:,} tokens/s"


def _outcome(job: PhaseJob, seen: _Seen, tail: deque[str], status: int, *, was_cancelled: bool) -> PhaseReport:
    if seen.report is not None and status == 0:
        return from_json(PhaseReport, seen.report)
    kept = f"step {seen.saved} of {seen.steps} is kept, the same build goes on from there" if seen.saved else ""
    if was_cancelled:
        raise PhaseCancelled(f"phase `{job.phase}` was stopped", intact=kept)
    if seen.error is not None:
        raise TrainingError(seen.error["message"], intact=seen.error["intact"] or kept, hint=seen.error["hint"])
    if status < 0:
        name = signal.Signals(-status).name
        hint = "the machine may have run out of memory" if name == "SIGKILL" else ""
        raise TrainingError(f"the trainer of phase `{job.phase}` was killed by {name}", intact=kept, hint=hint)
    last = " | ".join(list(tail)[-3:])
    raise TrainingError(f"the trainer of phase `{job.phase}` broke (status {status}): {last}", intact=kept)
