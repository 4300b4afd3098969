"""Two branches of a real project, merged by a real git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from projects import hr_project, loopbuild

DATA = "dataset:"


def git(root: Path, *arguments: str, fails: bool = False) -> str:
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        **{f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    done = subprocess.run(["git", *arguments], cwd=root, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def edit(root: Path, tool: str, **parameters: str) -> None:
    path = root / "tools" / "hr.json"
    tools = json.loads(path.read_text())
    next(one for one in tools if one["name"] == tool)["parameters"] |= parameters
    path.write_text(json.dumps(tools, indent=2))


def branch(root: Path, name: str, tool: str, parameter: str) -> None:
    git(root, "checkout", "-q", "-b", name, "start")
    edit(root, tool, **{parameter: "string"})
    assert loopbuild(root, "build", DATA).code == 0
    git(root, "commit", "-qam", name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    root = hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1)
    git(root, "init", "-q", "-b", "start")
    assert loopbuild(root, "build", DATA).code == 0
    git(root, "add", "-A")
    git(root, "commit", "-qm", "start")
    branch(root, "one", "request_leave", "cover_note")
    branch(root, "two", "schedule_interview", "room_note")
    return root


def finished(root: Path) -> bytes:
    """The lock after the next build is the one of a clean build of the merged files, whatever the merge left in it."""
    assert loopbuild(root, "build", DATA).code == 0
    merged = (root / "loop.lock").read_bytes()
    shutil.rmtree(root / ".loopbuild")
    (root / "loop.lock").unlink()
    assert loopbuild(root, "build", DATA).code == 0
    assert (root / "loop.lock").read_bytes() == merged
    return merged


def test_a_conflict_stops_every_verb_and_is_solved_by_the_one_it_names(project: Path) -> None:
    git(project, "merge", "-q", "one", fails=True)
    assert "<<<<<<<" in (project / "loop.lock").read_text()
    for verb in (["build", DATA], ["plan"], ["status"]):
        screen = loopbuild(project, *verb)
        assert screen.code == 2
        assert "conflict markers" in screen.err
        assert "hint: run `loopbuild merge-lock`" in screen.err
    git(project, "checkout", "-q", "--theirs", "tools/hr.json")
    edit(project, "schedule_interview", room_note="string")
    screen = loopbuild(project, "merge-lock")
    assert screen.code == 0, screen.err
    assert screen.out.startswith("Merged loop.lock: ")
    kept = (project / "loop.lock").read_text()
    assert "trajectories:hr/leave" in kept
    assert loopbuild(project, "merge-lock").out == "loop.lock has no conflict\n"
    finished(project)


def test_as_a_merge_driver_git_needs_nobody(project: Path) -> None:
    command = f"PYTHONPATH={Path(__file__).parents[2]} {sys.executable} -m loopbuild merge-lock %O %A %B"
    git(project, "config", "merge.loop-lock.driver", command)
    (project / ".git" / "info" / "attributes").write_text("loop.lock merge=loop-lock\n")
    git(project, "merge", "-q", "one", fails=True)  # tools/hr.json is another matter
    assert "loop.lock" not in git(project, "diff", "--name-only", "--diff-filter=U")
    git(project, "checkout", "-q", "--theirs", "tools/hr.json")
    edit(project, "schedule_interview", room_note="string")
    first = finished(project)
    git(project, "reset", "-q", "--hard")
    git(project, "checkout", "-q", "one")
    git(project, "merge", "-q", "two", fails=True)
    git(project, "checkout", "-q", "--theirs", "tools/hr.json")
    edit(project, "request_leave", cover_note="string")
    assert finished(project) == first


def test_two_files_are_one_too_few(project: Path) -> None:
    screen = loopbuild(project, "merge-lock", "a", "b")
    assert screen.code == 2
    assert "three files or none" in screen.err
