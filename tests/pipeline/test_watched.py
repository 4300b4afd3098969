"""Which files of a real server's surroundings make rows stale, and what is said of those nobody can watch."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from projects import loopbuild

from loopbuild.pipeline.watched import server_files, unwatched

TILL = Path(__file__).parents[1] / "sandbox" / "till.py"
TOOLS = [{"name": "get_note", "parameters": {}}]
LOOP = """version: 1
sources:
  till: {{kind: toolspec, path: tools.json}}
sampling: {{per_tool: 8}}
evaluation: {{per_tool: 4}}
sandbox: {{kind: mcp, command: [{python}, {program}], folder: seed}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    pytest.importorskip("mcp")
    shutil.copy(TILL, tmp_path / "till.py")
    (tmp_path / "tools.json").write_text(json.dumps(TOOLS))
    (tmp_path / "seed").mkdir()
    (tmp_path / "seed" / "note.txt").write_text("zebra")
    (tmp_path / "loop.yaml").write_text(LOOP.format(python=sys.executable, program="till.py, none"))
    return tmp_path


def data(root: Path) -> str:
    screen = loopbuild(root, "build", "dataset:")
    assert screen.code == 0, screen.err
    return (root / ".loopbuild" / "out" / "dataset" / "train.jsonl").read_text()


def test_a_file_replaced_in_the_folder_of_a_server_is_noticed(project: Path) -> None:
    before = data(project)
    assert "zebra" in before
    (project / "seed" / "note.txt").write_text("okapi")
    assert "trajectories:till/note" in loopbuild(project, "plan", "dataset:").out
    after = data(project)
    assert "okapi" in after
    assert "zebra" not in after
    (project / "seed" / "note.txt").write_text("zebra")
    assert data(project) == before


def test_a_file_that_comes_or_goes_is_noticed_even_where_all_else_is_built(project: Path) -> None:
    data(project)
    loopbuild(project, "build", "dataset:")
    names = [target for target in loopbuild(project, "plan", "dataset:").out.split() if target.startswith("traj")]
    assert not names
    (project / "seed" / "more.txt").write_text("")
    assert "trajectories:till/note" in loopbuild(project, "plan", "dataset:").out
    (project / "seed" / "more.txt").unlink()
    assert "trajectories:till/note" not in loopbuild(project, "plan", "dataset:").out


def test_a_new_file_in_the_folder_changes_the_stamp_of_the_shortcut(project: Path) -> None:
    from loopbuild.pipeline.project import find

    before = find(project).stamp
    (project / "seed" / "__pycache__").mkdir()
    (project / "seed" / "__pycache__" / "x.pyc").write_text("")
    assert find(project).stamp == before
    (project / "seed" / "more.txt").write_text("")
    assert find(project).stamp != before


def chosen(*command: str, folder: str = "") -> Any:
    return {"kind": "mcp", "command": list(command), "folder": folder}


def test_a_program_is_watched_wherever_it_stands_in_the_command(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("bin/serve", "server.py", "settings.toml"):
        (tmp_path / name).write_text("")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "python").symlink_to(sys.executable)

    def watched(*command: str) -> list[str]:
        return [path for _, path in server_files("s", chosen(*command), root=tmp_path)]

    assert watched("bin/serve", "--config", "settings.toml") == ["bin/serve", "settings.toml"]
    assert watched("python", "server.py") == ["server.py"]
    assert watched(str(tmp_path / "bin" / "serve")) == ["bin/serve"]
    assert watched(".venv/python", "server.py") == ["server.py"], "an interpreter is no file of the project"
    assert watched("python", "-m", "pkg") == []
    assert watched("python", "absent.py") == ["absent.py"]


def test_a_program_nobody_can_watch_is_named_in_the_plan(project: Path) -> None:
    assert unwatched("s", chosen("python", "-m", "pkg"), root=project)
    assert unwatched("s", chosen("serve"), root=project)
    assert not unwatched("s", chosen("npx", "-y", "pkg@1.2.3"), root=project)
    assert not unwatched("s", chosen("python", "till.py"), root=project)
    assert "Not watched" not in loopbuild(project, "plan").out
    (project / "loop.yaml").write_text(LOOP.format(python="python", program="-m, pkg"))
    said = loopbuild(project, "plan").out
    assert "Not watched: the program of `till` is no file of the project" in said
    assert "loopbuild build --force trajectories:" in said


def test_the_whole_project_as_folder_does_not_watch_what_a_build_writes(project: Path) -> None:
    (project / "loop.yaml").write_text(
        LOOP.format(python=sys.executable, program="till.py, none").replace("folder: seed", "folder: .")
    )
    shutil.copy(project / "seed" / "note.txt", project / "note.txt")
    data(project)
    assert "trajectories:" not in loopbuild(project, "plan", "dataset:").out
