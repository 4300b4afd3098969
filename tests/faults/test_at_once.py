"""Several real processes in one folder: each action once, everybody succeeds, nobody sees half of anything."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from loopbuild.engine.gc import Limits, collect
from loopbuild.engine.plan import plan
from loopbuild.errors import StoreError
from tests.engine.conftest import Project
from tests.faults.children import REPOSITORY, child, everything, exit_code, new_project, wait_until

BUILD = (
    "import sys; from pathlib import Path; from tests.engine.conftest import Project;"
    "from tests.faults.children import everything;"
    "sys.exit(not Project(Path(sys.argv[1])).build(everything(), jobs=int(sys.argv[2]), stamp='s').is_success)"
)
ASK = (
    "import sys; from pathlib import Path; from tests.engine.conftest import Project;"
    "from loopbuild.engine.plan import plan; from loopbuild.engine.uptodate import is_unchanged;"
    "from tests.faults.children import everything;"
    "project = Project(Path(sys.argv[1])); report = project.root / '.loopbuild' / 'out' / 'report.txt'\n"
    "for _ in range(25):\n"
    "    plan(project.ws, everything()); is_unchanged(project.ws, {}, 's')\n"
    "    assert not report.exists() or report.read_text().startswith('a'), 'half a file'\n"
)


def test_ten_first_builds_and_three_askers_at_once(project: Project, tmp_path: Path) -> None:
    (project.root / "slow").write_text("0.01")
    runs = [[BUILD, "1"]] * 9 + [[BUILD, "2"]] + [[ASK, "1"]] * 3
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(project.root), jobs], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
        )
        for code, jobs in runs
    ]
    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in started]
    assert [text for text, code in ends if code] == []
    assert max(Counter(project.calls()).values()) == 1
    (project.root / "slow").unlink()
    alone = new_project(tmp_path / "alone")
    alone.build(everything())
    assert project.snapshot() == alone.snapshot()


def test_collecting_garbage_meanwhile_takes_nothing_a_build_needs(project: Project, tmp_path: Path) -> None:
    """Builds of changing files and a collector that keeps nothing it need not keep, all at once."""
    (project.root / "slow").write_text("0.005")
    builders = [child(lambda: project.build(everything())) for _ in range(3)]
    limits = Limits(max_bytes=0, max_age_seconds=0)
    collectors = [
        child(lambda: [collect(project.ws, limits, on_note=lambda text: None) for _ in range(5)]) for _ in range(2)
    ]  # fmt: skip
    assert [exit_code(pid) for pid in builders + collectors] == [0] * 5
    assert max(Counter(project.calls()).values()) == 1
    assert project.build(everything()).counts == {"fresh": 11}
    (project.root / "slow").unlink()
    alone = new_project(tmp_path / "alone")
    alone.build(everything())
    assert project.snapshot() == alone.snapshot()


def test_whoever_waits_for_a_build_that_is_killed_goes_on_with_what_it_finished(project: Project) -> None:
    (project.root / "slow").write_text("0.05")
    first = child(lambda: project.build(everything()))
    wait_until(lambda: len(project.calls(clear=False)) >= 4)
    second = child(lambda: project.build(everything()))
    wait_until(lambda: len(project.calls(clear=False)) >= 7)
    os.kill(first, signal.SIGKILL)
    assert exit_code(first) == -signal.SIGKILL
    assert exit_code(second) == 0
    again = [call for call, count in Counter(project.calls()).items() if count > 1]
    assert len(again) <= 1, "only what was in flight when the first one died"


def test_whoever_has_the_store_to_himself_is_waited_for_or_not(project: Project) -> None:
    project.build(everything())
    with project.ws.exclusive(lambda pid: None):
        pid = child(lambda: project.build(everything()))
        with pytest.raises(StoreError, match=f"pid {os.getpid()} has the store to itself"):
            project.build(everything(), waits=False)
        assert plan(project.ws, everything()).is_nothing_to_do, "a question is answered all the same"
    assert exit_code(pid) == 0
    assert project.build(everything(), waits=False).counts == {"fresh": 11}


@pytest.mark.parametrize("content", [b"", b"999999999\n", b"\xff not a number"])
def test_what_stands_in_the_lock_file_decides_nothing(project: Project, content: bytes) -> None:
    (project.root / ".loopbuild").mkdir()
    (project.root / ".loopbuild" / "lock").write_bytes(content)
    assert project.build(everything(), waits=False).is_success
    assert json.loads(project.snapshot())[0].startswith("# loopbuild lock")
