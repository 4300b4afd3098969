"""The graph every peer is measured on: what an edit runs, and that it is no more than what doit would run."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.engine.graph import dodo, targets, write_files
from tests.engine.conftest import Project

COUNT = 12


@pytest.fixture
def graph(tmp_path: Path) -> Project:
    write_files(tmp_path, COUNT)
    found = Project(tmp_path)
    assert found.build(targets(COUNT)).is_success
    return found


def test_a_changed_line_runs_seven_and_a_comment_three(graph: Project) -> None:
    (graph.root / "f5.txt").write_text("another line\n# comment 5\n")
    assert graph.build(targets(COUNT)).ran == {
        "strip:4", "strip:5", "strip:6", "copy:4", "copy:5", "copy:6", "all:main",
    }  # fmt: skip
    (graph.root / "f5.txt").write_text("another line\n# another comment\n")
    outcome = graph.build(targets(COUNT))
    assert outcome.ran == {"strip:4", "strip:5", "strip:6"}
    assert outcome.counts == {"cut_off": 3, "fresh": 2 * COUNT - 2}


@pytest.mark.skipif(importlib.util.find_spec("doit") is None, reason="the group `bench` is not installed")
@pytest.mark.parametrize(
    "text", ["another line\n# comment 5\n", "line 5\n# another comment\n", "line 5\n# comment 5\n"]
)
def test_what_runs_is_a_part_of_what_doit_runs(graph: Project, text: str) -> None:
    (graph.root / "dodo.py").write_text(dodo(COUNT))
    doit = [sys.executable, "-m", "doit", "--dir", str(graph.root), "-f", str(graph.root / "dodo.py")]
    subprocess.run(doit, check=True, capture_output=True)
    (graph.root / "f5.txt").write_text(text)
    said = subprocess.run(doit, check=True, capture_output=True, text=True).stdout.splitlines()
    theirs = {line.removeprefix(".  ") for line in said if line.startswith(".  ")}
    ours = {name.replace("all:main", "all") for name in graph.build(targets(COUNT)).ran}
    assert ours <= theirs, "something ran here that doit leaves alone"
