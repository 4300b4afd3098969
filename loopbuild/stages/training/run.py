"""Running a training phase in a process of its own: start, relay, stop, and say what went wrong.

Decides the child's environment and who outlives whom; knows no torch. A phase's memory is freed with its process, and a
crash of a library takes nothing else along.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from loopbuild.errors import MissingExtra, TrainingError
from loopbuild.records import Json, from_json
from loopbuild.stages.training.job import PhaseJob, PhaseReport, write_job

NEEDED = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
PASSED_ON = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_HOME",
    "HF_HOME",
    "HF_HUB_CACHE",
    "XDG_CACHE_HOME",
)
"""What a trainer may see of the environment; keys of writers and remotes are not among it."""
DOWNLOADING = ("HF_TOKEN", "HF_ENDPOINT", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE")
"""Besides, when a base may be downloaded."""
PATIENCE_SECONDS = 60.0
"""How long a child asked to stop may take to save its state."""
_LOOK_SECONDS = 0.1


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
    with _started(command, child_environment(job, environment)) as process:
        readers = [
            threading.Thread(target=_listen, args=(process.stdout, seen, on_progress), daemon=True),
            threading.Thread(target=_keep_tail, args=(process.stderr, seen.tail), daemon=True),
        ]
        for reader in readers:
            reader.start()
        is_stopping = False
        while True:
            try:
                process.wait(timeout=PATIENCE_SECONDS if is_stopping else _LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if is_stopping or seen.broken is not None:
                    _signal(process, signal.SIGKILL)
                elif is_cancelled is not None and is_cancelled():
                    is_stopping = True
                    _signal(process, signal.SIGTERM)
        for reader in readers:
            reader.join(timeout=5)
    if seen.broken is not None:
        raise seen.broken
    return _outcome(job, seen, process.returncode, was_cancelled=is_stopping)


def child_environment(job: PhaseJob, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of the child: nothing that is not named here."""
    names = PASSED_ON + (DOWNLOADING if job.may_download else ())
    made = {name: environment[name] for name in names if name in environment}
    # A child must find this very package, also when the parent runs from a source tree.
    root = str(Path(__file__).resolve().parents[3])
    made["PYTHONPATH"] = os.pathsep.join([root, *filter(None, [made.get("PYTHONPATH", "")])])
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
        self.broken: Exception | None = None
        self.tail: deque[str] = deque(maxlen=20)


@contextmanager
def _started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as exc:
        raise TrainingError(f"`{command[0]}` cannot be started: {exc.strerror}") from exc
    try:
        yield process
    finally:
        if process.poll() is None:
            _signal(process, signal.SIGKILL)
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _signal(process: subprocess.Popen[str], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _listen(stream: IO[str] | None, seen: _Seen, on_progress: Callable[[int, int, str], None] | None) -> None:
    for line in stream or ():
        try:
            said = json.loads(line)
        except ValueError:
            seen.tail.append(line.rstrip())
            continue
        if "report" in said:
            seen.report = said["report"]
        elif "error" in said:
            seen.error = said["error"]
        elif "saved" in said:
            seen.saved = said["saved"]
        elif "step" in said:
            seen.step, seen.steps = said["step"], said["steps"]
            if on_progress is not None and seen.broken is None:
                try:
                    on_progress(seen.step, seen.steps, _note(said))
                except Exception as exc:
                    # Raised by the caller's own function; it goes back to the caller, and the child must still be read.
                    seen.broken = exc


def _note(said: Json) -> str:
    if "loss" not in said:
        return ""
    return f"loss {said['loss']:.3f}, {said['tokens_per_second']:,} tokens/s"


def _keep_tail(stream: IO[str] | None, tail: deque[str]) -> None:
    for line in stream or ():
        if line.strip():
            tail.append(line.rstrip())


def _outcome(job: PhaseJob, seen: _Seen, status: int, *, was_cancelled: bool) -> PhaseReport:
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
    last = " | ".join(list(seen.tail)[-3:])
    raise TrainingError(f"the trainer of phase `{job.phase}` broke (status {status}): {last}", intact=kept)
