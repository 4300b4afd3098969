"""Training, stood in for: no partial checkpoint is used, no complete one is lost, no parent is silently left out."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from loopbuild.engine.query import output, output_digest, record
from loopbuild.engine.target import Target
from tests.engine.conftest import Project
from tests.engine.recipes import READ, STEPS, STEPWISE
from tests.faults.children import child, exit_code, new_project, wait_until


def _trained() -> list[Target]:
    return [
        Target(id="read:0", recipe=READ, files=(("text", "f0.txt"),)),
        Target(id="checkpoint:a", recipe=STEPWISE, inputs=(("data", "read:0"),), head="checkpoint:a"),
    ]


def _steps(project: Project) -> list[int]:
    return [int(line.rpartition(" ")[2]) for line in project.calls() if " step " in line]


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_killed_in_mid_step_it_goes_on_from_the_last_complete_one(project: Project, kills: int) -> None:
    chance = random.Random(5)
    start = time.monotonic()
    assert exit_code(child(lambda: project.build(_trained()))) == 0
    span = time.monotonic() - start
    project.calls()
    parent, hits = output_digest(project.ws, "checkpoint:a"), 0
    for number in range(kills):
        project.write(f0=f"{number}\n")
        pid = child(lambda: project.build(_trained()))
        time.sleep(chance.uniform(0.0, span))
        os.kill(pid, signal.SIGKILL)
        hits += exit_code(pid) == -signal.SIGKILL
        assert project.build(_trained()).is_success
        steps = _steps(project)
        assert sorted(set(steps)) == list(range(1, STEPS + 1))
        assert len(steps) <= STEPS + 1, "only the step in flight is done twice"
        found = record(project.ws, "checkpoint:a")
        assert found.parent == parent, "what a kill left behind is nobody's parent"
        assert output(project.ws, "checkpoint:a")["seen"][-1] == str(number)
        weights = project.ws.objects.get(output(project.ws, "checkpoint:a")["weights"])
        assert weights.decode() == f"{parent} {STEPS}"
        parent = output_digest(project.ws, "checkpoint:a")
        assert list((project.root / ".loopbuild" / "partial").iterdir()) == []
    assert hits


def test_steps_of_another_goal_are_not_gone_on_with(project: Project) -> None:
    pid = child(lambda: project.build(_trained()))
    wait_until(lambda: any("step 3" in line for line in project.calls(clear=False)))
    os.kill(pid, signal.SIGKILL)
    exit_code(pid)
    project.calls()
    project.write(f0="another goal\n")
    assert project.build(_trained()).is_success
    assert _steps(project) == list(range(1, STEPS + 1))


def test_a_history_replayed_from_its_base_gives_equal_digests(project: Project, tmp_path: Path) -> None:
    """Goal after goal in another folder: the same parents, the same outputs, the same weights."""
    other = new_project(tmp_path / "other")
    found = []
    for one in (project, other):
        chain = []
        for text in ("a\n", "a\nb\n", "a\nb\nc\n", "d\n"):
            one.write(f0=text)
            assert one.build(_trained()).is_success
            chain.append((record(one.ws, "checkpoint:a").parent, output_digest(one.ws, "checkpoint:a")))
        found.append(chain)
    assert found[0] == found[1]
    assert [parent for parent, _ in found[0]] == ["", *(own for _, own in found[0][:-1])]


@pytest.mark.parametrize("is_named", [True, False])
def test_a_damaged_parent_is_an_error_with_both_ways_out(project: Project, is_named: bool) -> None:
    project.build(_trained())
    parent = output_digest(project.ws, "checkpoint:a")
    weights = output(project.ws, "checkpoint:a")["weights"]
    path = Path(project.ws.objects.path(weights if is_named else parent))
    path.chmod(0o644)
    path.write_bytes(b"torn")
    project.write(f0="more\n")
    outcome = project.build(_trained())
    (error,) = outcome.errors
    assert f"`checkpoint:a` needs {parent[:8]}, which is its parent" in error.message
    assert "loopbuild cache pull" in error.hint
    assert "--from-scratch checkpoint:a" in error.hint
    assert not outcome.is_success
