"""Child processes: heard to the last line, asked before they are killed, and gone with everything they started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loopbuild.children import ORPHANED, Child, python_environment

ENVIRONMENT = python_environment(os.environ)


def started(code: str) -> Child:
    return Child([sys.executable, "-u", "-c", code], environment=ENVIRONMENT)


def heard(code: str) -> tuple[list[str], int, list[str]]:
    with started(code) as child:
        lines = [line.rstrip() for line in child.lines(is_cancelled=bool, patience_seconds=10)]
        assert child.code is not None
        return lines, child.code, list(child.tail)


def is_running(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


def until_gone(pid: int) -> None:
    for _ in range(200):
        if not is_running(pid):
            return
        time.sleep(0.05)
    raise AssertionError(f"{pid} still runs")


def test_every_line_is_heard_and_the_last_of_stderr_are_kept() -> None:
    code = "import sys\nfor i in range(5000): print(i)\nfor i in range(50): print(i, file=sys.stderr)\nsys.exit(3)"
    lines, status, tail = heard(code)
    assert lines == [str(i) for i in range(5000)]
    assert status == 3
    assert tail == [str(i) for i in range(30, 50)]


def test_bytes_that_are_no_text_end_nothing() -> None:
    lines, status, _ = heard("import sys; sys.stdout.buffer.write(b'\\xff\\n'); print('then')")
    assert (lines[1:], status) == (["then"], 0)


def test_a_child_asked_to_stop_is_heard_to_its_end() -> None:
    code = (
        "import signal, sys, time\n"
        "def end(*_): print('saved'); sys.exit(75)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready')\ntime.sleep(60)"
    )
    said: list[str] = []
    with started(code) as child:
        for line in child.lines(is_cancelled=lambda: bool(said), patience_seconds=30):
            said.append(line.strip())
        assert child.code == 75
    assert said == ["ready", "saved"]


def test_a_child_that_does_not_stop_is_killed_when_patience_ends() -> None:
    code = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)"
    )
    said: list[str] = []
    start = time.monotonic()
    with started(code) as child:
        for line in child.lines(is_cancelled=lambda: bool(said), patience_seconds=0.3):
            said.append(line)
        assert child.code == -signal.SIGKILL
    assert time.monotonic() - start < 30


def test_leaving_early_takes_the_grandchildren_along(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(p.pid, flush=True)\ntime.sleep(60)"
    )

    def look(seen: list[int]) -> None:
        with started(code) as child:
            for line in child.lines(is_cancelled=bool, patience_seconds=1):
                seen.append(int(line))
                raise LookupError

    seen: list[int] = []
    with pytest.raises(LookupError):
        look(seen)
    until_gone(seen[0])


@pytest.mark.parametrize("own_group", [False, True])
def test_what_a_child_leaves_behind_does_not_hold_its_parent_up(own_group: bool) -> None:
    """A grandchild that outlives the child keeps the pipes open; the end of the child is the end all the same."""
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], "
        f"start_new_session={own_group})\nprint(p.pid)"
    )
    start = time.monotonic()
    lines, status, _ = heard(code)
    assert (len(lines), status) == (1, 0)
    assert time.monotonic() - start < 30
    if own_group:
        os.kill(int(lines[0]), signal.SIGKILL)
    until_gone(int(lines[0]))


def test_a_child_leaves_when_its_parent_is_killed() -> None:
    child = "import time\nfrom loopbuild.children import leave_with_parent\nleave_with_parent()\ntime.sleep(60)"
    parent = (
        "import os, sys, time\nfrom loopbuild.children import Child, python_environment\n"
        f"child = Child([sys.executable, '-c', {child!r}], environment=python_environment(os.environ))\n"
        "with child: print(child._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
    until_gone(pid)


def test_the_exit_code_of_an_orphan_says_so() -> None:
    code = "import time\nfrom loopbuild.children import leave_with_parent\nleave_with_parent()\ntime.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, env=ENVIRONMENT)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(30) == ORPHANED


def test_a_program_that_is_not_there_raises_what_the_system_says() -> None:
    with pytest.raises(FileNotFoundError), Child(["/no/such/program"], environment={}):
        pass


def test_a_child_of_our_own_sees_no_secret_and_finds_this_package() -> None:
    made = python_environment({"PATH": "/bin", "OPENAI_API_KEY": "x", "HF_TOKEN": "y", "EXTRA": "z"}, also=("EXTRA",))
    assert set(made) == {"PATH", "PYTHONPATH", "EXTRA"}
    assert (Path(made["PYTHONPATH"].split(os.pathsep)[0]) / "loopbuild" / "children.py").is_file()
