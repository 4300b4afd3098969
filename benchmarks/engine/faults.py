"""What is left after a kill, a race or a changed output: this engine and its peers on the same action, side by side.

    python benchmarks/engine/faults.py [--markdown]

One action reads `in.txt`, writes `first`, waits and appends `second`. Peers that are not installed are left out: doit
comes by `pip install --constraint constraints.txt --group bench`, Snakemake and DVC are looked up on PATH. One trial
each: the table says what these versions did here, not what they do always. Every cell is what was seen: the content of
the output, the exit code, how often the action ran.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from loopbuild.engine.target import Action, Json, Recipe, Target  # noqa: E402

WHOLE = "firstsecond"
WAIT_SECONDS = 2.0
SLOW = f"""
import os, sys, time
with open("runs.log", "a") as log: log.write("run\\n")
open("in.txt").read()
if os.path.exists("idle"): sys.exit(0)
with open("out.txt", "w") as out:
    out.write("first"); out.flush()
    time.sleep(float(os.environ.get("WAIT", "{WAIT_SECONDS}")))
    out.write("second")
"""


def run(action: Action) -> Json:
    """The same, as a recipe: it writes into its own folder and publishes."""
    handle = os.open(action.root / "runs.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(handle, b"run\n")
    os.close(handle)
    action.file("in")
    if (action.root / "idle").exists():
        kept = "0" * 64
        action.publish("out.txt", kept)
        return kept
    path = action.work / "out.txt"
    with path.open("w") as out:
        out.write("first")
        out.flush()
        time.sleep(float(os.environ.get("WAIT", str(WAIT_SECONDS))))
        out.write("second")
    kept = action.keep(path)
    action.publish("out.txt", kept)
    return kept


TARGETS = [
    Target(
        id="slow:a",
        recipe=Recipe(name="slow", version=1, run="benchmarks.engine.faults:run"),
        files=(("in", "in.txt"),),
    )
]
OURS = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from benchmarks.engine.faults import TARGETS
from loopbuild.engine.build import build
from loopbuild.engine.workspace import Workspace
sys.exit(not build(Workspace.open(Path("."), code_version="1"), TARGETS, on_event=lambda e: None, stamp="s").is_success)
"""
DODO = """
def task_slow():
    return {"actions": ["%s slow.py"], "file_dep": ["in.txt"], "targets": ["out.txt"], "verbosity": 0}
"""
SNAKEFILE = """
rule slow:
    input: "in.txt"
    output: "out.txt"
    shell: "%s slow.py"
"""
DVC = """
stages:
  slow:
    cmd: %s slow.py
    deps: [in.txt]
    outs: [out.txt]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """How a tool is told of the action, and how it is run."""

    name: str
    command: Sequence[str]
    files: dict[str, str] = field(default_factory=dict)
    setup: Sequence[Sequence[str]] = ()
    version: Sequence[str] = ()
    out: str = "out.txt"
    state: Sequence[str] = ()
    """Where it keeps what it knows: files, or folders of files."""


def tools() -> list[Tool]:
    """Return those that are here."""
    python = sys.executable
    ours = Tool(
        name="loopbuild",
        command=[python, "-c", OURS],
        version=[python, "-m", "loopbuild", "--version"],
        out=".loopbuild/out/out.txt",
        state=[".loopbuild/state.db", ".loopbuild/cas", ".loopbuild/lock"],
    )
    found = [ours]
    if importlib.util.find_spec("doit"):
        command = [python, "-m", "doit"]
        found.append(
            Tool(
                name="doit",
                command=command,
                files={"dodo.py": DODO % python},
                version=[*command, "--version"],
                state=[".doit.db", ".doit.db.db", ".doit.db.dat", ".doit.db.dir", ".doit.db.bak"],
            )
        )
    if program := shutil.which("snakemake"):
        command = [program, "out.txt", "--cores", "1", "--quiet", "all"]
        found.append(
            Tool(
                name="Snakemake",
                command=command,
                files={"Snakefile": SNAKEFILE % python},
                version=[program, "--version"],
                state=[".snakemake/metadata", ".snakemake/incomplete"],
            )
        )
    if (program := shutil.which("dvc")) and shutil.which("git"):
        setup = [["git", "init", "-q"], [program, "init", "-q"], [program, "config", "core.analytics", "false"]]
        found.append(
            Tool(
                name="DVC",
                command=[program, "repro", "-q"],
                files={"dvc.yaml": DVC % python},
                setup=setup,
                version=[program, "--version"],
                state=["dvc.lock", ".dvc/tmp", ".dvc/cache"],
            )
        )
    return found


class Trial:
    """One folder in which one tool meets one fault."""

    def __init__(self, tool: Tool, root: Path) -> None:
        self.tool, self.root = tool, root
        (root / "in.txt").write_text("input\n")
        os.utime(root / "in.txt", (1_600_000_000, 1_600_000_000))
        (root / "slow.py").write_text(SLOW)
        for name, text in tool.files.items():
            (root / name).write_text(text)
        for command in tool.setup:
            self._popen(command, wait="0").wait()

    def start(self, *, wait: float = WAIT_SECONDS) -> subprocess.Popen[bytes]:
        """Start the tool; it leads a process group of its own."""
        return self._popen(self.tool.command, wait=str(wait))

    def _popen(self, command: Sequence[str], *, wait: str) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        environment = {**os.environ, "WAIT": wait}
        return subprocess.Popen(
            command, cwd=self.root, stdout=quiet, stderr=quiet, env=environment, start_new_session=True
        )

    def built(self) -> None:
        """Build once, and let times settle."""
        assert self.start(wait=0).wait() == 0
        time.sleep(2.1)

    @property
    def runs(self) -> int:
        """How often the action has run so far."""
        log = self.root / "runs.log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def content(self) -> str:
        """What whoever opens the output sees."""
        path = self.root / self.tool.out
        return path.read_text() if path.exists() else "nothing"


def _await_run(trial: Trial) -> None:
    deadline = time.monotonic() + 60
    while not trial.runs and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)


def killed(trial: Trial, *, is_group: bool) -> str:
    """Kill the tool in mid-action, run it again at once, and look again when an orphan would have ended."""
    process = trial.start()
    _await_run(trial)
    (os.killpg if is_group else os.kill)(process.pid, signal.SIGKILL)
    process.wait()
    code = trial.start(wait=0).wait()
    time.sleep(WAIT_SECONDS + 0.5)
    content = trial.content()
    return ("correct" if content == WHOLE else f"`{content}`") + (f", exit {code}" if code else "")


def at_once(trial: Trial) -> str:
    """Run the tool twice at the same time."""
    first = trial.start()
    _await_run(trial)
    second = trial.start()
    codes = sorted([first.wait(), second.wait()])
    whole = "" if trial.content() == WHOLE else f", `{trial.content()}`"
    return f"exit {codes[0]},{codes[1]}; {trial.runs} run{'s' * (trial.runs != 1)}{whole}"


def harmed(trial: Trial, harm: Callable[[Path], None]) -> str:
    """Change the output behind the tool's back and run it again."""
    trial.built()
    path, before = trial.root / trial.tool.out, trial.runs
    harm(path)
    code = trial.start(wait=0).wait()
    if trial.content() != WHOLE:
        return "undetected" if not code else f"exit {code}"
    return "restored, 0 runs" if trial.runs == before else "rebuilt"


def _same_time(path: Path) -> None:
    stat = path.stat()
    _new_time(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _new_time(path: Path) -> None:
    path.chmod(0o644)
    path.write_text(WHOLE.swapcase())


def _same_size(path: Path) -> None:
    """Edit the input within its size and put its old time back."""
    stat = path.stat()
    path.write_text("INPUT\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def edited_input(trial: Trial, edit: Callable[[Path], None]) -> str:
    """Change the input between two builds."""
    trial.built()
    before = trial.runs
    edit(trial.root / "in.txt")
    code = trial.start(wait=0).wait()
    return ("rerun" if trial.runs > before else "undetected") + (f", exit {code}" if code else "")


def edited_meanwhile(trial: Trial) -> str:
    """Change the input while the action runs on it, and run the tool once more afterwards."""
    process = trial.start()
    _await_run(trial)
    (trial.root / "in.txt").write_text("another input\n")
    first = process.wait()
    before = trial.runs
    code = trial.start(wait=0).wait()
    seen = "rerun afterwards" if trial.runs > before else "the old result stays"
    return seen + (f", exit {first},{code}" if first or code else "")


def idle(trial: Trial) -> str:
    """Let the action end well without writing anything."""
    (trial.root / "idle").touch()
    code = trial.start(wait=0).wait()
    (trial.root / "idle").unlink()
    again = trial.start(wait=0).wait()
    end = "then correct" if trial.content() == WHOLE else f"then `{trial.content()}`"
    return f"exit {code}, {end}" + (f", exit {again}" if again else "")


def emptied(trial: Trial) -> str:
    """Cut all files in which the tool keeps what it knows to nothing, as a full disk or a power loss does."""
    trial.built()
    before, cut = trial.runs, 0
    for name in trial.tool.state:
        place = trial.root / name
        for path in [place] if place.is_file() else place.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.stat().st_size:
                path.chmod(0o644)
                os.truncate(path, 0)
                cut += 1
    assert cut, "nothing to harm: the list of state files is wrong"
    code = trial.start(wait=0).wait()
    again = trial.start(wait=0).wait()
    content = "correct" if trial.content() == WHOLE else f"`{trial.content()}`"
    return f"{content}, {trial.runs - before} run" + "s" * (trial.runs - before != 1) + _codes(code, again)


def _codes(*codes: int) -> str:
    return f", exit {','.join(map(str, codes))}" if any(codes) else ""


FAULTS: dict[str, Callable[[Trial], str]] = {
    "SIGKILL the tool, rerun": lambda trial: killed(trial, is_group=False),
    "SIGKILL its group, rerun": lambda trial: killed(trial, is_group=True),
    "two at once": at_once,
    "output edited, same size and mtime": lambda trial: harmed(trial, _same_time),
    "output edited, new mtime": lambda trial: harmed(trial, _new_time),
    "output deleted": lambda trial: harmed(trial, lambda path: path.unlink()),
    "input edited, same size and mtime": lambda trial: edited_input(trial, _same_size),
    "input edited during the action": edited_meanwhile,
    "exit 0 without output, then a rerun": idle,
    "state files emptied, two reruns": emptied,
}


def main() -> None:
    """Print a line as soon as it is known; with `--markdown`, the rows of a table."""
    here = tools()
    is_table = "--markdown" in sys.argv
    heads = [f"{tool.name} {_version(tool)}".strip() for tool in here]
    print(_row("", heads, is_table=is_table))
    if is_table:
        print(f"|{'---|' * (len(here) + 1)}")
    for name, fault in FAULTS.items():
        cells = []
        for tool in here:
            with tempfile.TemporaryDirectory(prefix="loopbuild-faults-", ignore_cleanup_errors=True) as folder:
                cells.append(fault(Trial(tool, Path(folder))))
        print(_row(name, cells, is_table=is_table), flush=True)


def _row(name: str, cells: Sequence[str], *, is_table: bool) -> str:
    if is_table:
        return f"| {' | '.join([name, *cells])} |"
    return f"{name:<36}" + "".join(f"{cell:<30}" for cell in cells).rstrip()


def _version(tool: Tool) -> str:
    """Return the number in what the tool says of itself."""
    said = subprocess.run(tool.version, capture_output=True, text=True, cwd=ROOT).stdout
    return next((word for word in said.split() if word[:1].isdigit()), "")


if __name__ == "__main__":
    main()
