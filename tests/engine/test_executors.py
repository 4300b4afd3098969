"""Wherever pure work runs, the bytes are the same."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from loopbuild.engine.executors import KINDS
from loopbuild.engine.query import output
from loopbuild.engine.target import Target
from loopbuild.errors import MissingExtra
from tests.engine.conftest import Project
from tests.engine.recipes import KEPT, LINGER, NAMED, chain, table

REPOSITORY = Path(__file__).parents[2]
ROWS = "".join(f"r{number:03} {'xyz'[number % 3]}\n" for number in range(200))


def _targets() -> list[Target]:
    more = replace(table(KEPT)[1], id="table:kept")
    return [*chain(), *table(), more, Target(id="named:a", recipe=NAMED, context={"name": "n"})]


@pytest.fixture
def other(project: Project, tmp_path: Path) -> Project:
    """A second folder with the same files."""
    project.write(rows=ROWS)
    found = Project(tmp_path / "other")
    found.root.mkdir()
    for path in project.root.glob("*.txt"):
        (found.root / path.name).write_bytes(path.read_bytes())
    return found


def _objects(project: Project) -> set[str]:
    """Names of outputs and of what rows kept; batches of rows depend on when they came."""
    outputs = [output(project.ws, target.id) for target in _targets()]
    return {str(found) for found in outputs}


def test_processes_give_what_one_process_gives(project: Project, other: Project) -> None:
    assert project.build(_targets()).is_success
    assert other.build(_targets(), jobs=3).is_success
    assert other.snapshot() == project.snapshot()
    assert _objects(other) == _objects(project)
    makers = {line.rpartition(" in ")[2] for line in other.calls() if line.startswith("table:kept")}
    assert makers
    assert str(os.getpid()) not in makers


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra `ray`")
def test_a_ray_cluster_gives_what_one_process_gives(project: Project, other: Project, tmp_path: Path) -> None:
    assert project.build(_targets()).is_success
    (other.root / "broken").touch()
    code = (
        "import sys; from pathlib import Path; from tests.engine.conftest import Project;"
        "from tests.engine.recipes import FAIL; from loopbuild.engine.target import Target;"
        "from tests.engine.test_executors import _targets; project = Project(Path(sys.argv[1]));"
        "assert project.build(_targets(), jobs=2, executor='ray').is_success;"
        "(error,) = project.build([Target(id='fail:a', recipe=FAIL)], jobs=2, executor='ray').errors;"
        "print(error.message)"
    )
    with tempfile.TemporaryDirectory(prefix="ray-") as short:  # its sockets do not fit into the path of a test's folder
        own = {"HOME": str(tmp_path), "RAY_TMPDIR": short, "RAY_USAGE_STATS_ENABLED": "0"}
        done = subprocess.run(
            [sys.executable, "-c", code, str(other.root)],
            env={**os.environ, **own, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "`fail:a` failed: RuntimeError: it broke"
    (other.root / "broken").unlink()
    assert _objects(other) == _objects(project)
    assert other.build(_targets()).counts == {"fresh": len(_targets())}
    assert other.snapshot() == project.snapshot()


def test_an_executor_that_is_not_installed_is_named_before_anything_runs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match="the executor `ray` needs the extra `ray`"):
        project.build(chain(), executor="ray")
    assert project.calls() == []


def test_the_names_in_loop_yaml_and_on_the_command_line_are_those_of_the_engine() -> None:
    from typing import get_args

    from loopbuild.loopfile.sections.engine import EngineSettings

    assert set(get_args(EngineSettings.model_fields["executor"].annotation)) == set(KINDS)


def test_a_worker_that_dies_fails_its_target_and_not_the_build(project: Project) -> None:
    targets = [Target(id="linger:a", recipe=LINGER), *chain()]
    code = (
        "import sys; from pathlib import Path; from tests.engine.conftest import Project;"
        "from tests.engine.recipes import LINGER, chain; from loopbuild.engine.target import Target;"
        "done = Project(Path(sys.argv[1])).build([Target(id='linger:a', recipe=LINGER)], jobs=2);"
        "print(done.errors[0].message)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(project.root)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as build:
        os.kill(_worker(project), signal.SIGKILL)
        assert build.stdout is not None
        assert build.stdout.read().strip() == "a worker process died while making `linger:a`"
    assert project.build(targets[1:], jobs=2).is_success


def test_workers_of_a_killed_build_write_nothing_more(project: Project) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.engine.conftest import Project;"
        "from tests.engine.recipes import LINGER; from loopbuild.engine.target import Target;"
        "Project(Path(sys.argv[1])).build([Target(id='linger:a', recipe=LINGER)], jobs=2)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(project.root)], cwd=REPOSITORY) as build:
        worker = _worker(project)
        build.kill()
    deadline = time.monotonic() + 5
    while _is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not _is_alive(worker)
    written = (project.root / "calls.log").stat().st_size
    time.sleep(0.1)
    assert (project.root / "calls.log").stat().st_size == written
    assert project.build(chain()).is_success, "the kernel has freed the lock"


def _worker(project: Project) -> int:
    place, deadline = project.root / "worker", time.monotonic() + 30
    while not (place.exists() and place.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(place.read_text())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # One that is dead and not yet reaped by whoever adopted it counts as dead.
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
