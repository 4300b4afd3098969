"""The action and the recipe for CI: whole, and speaking of commands that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent / "pipeline"))
from projects import hr_project, loopbuild

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / ".github" / "actions" / "cache" / "action.yml").read_text())
RECIPE = (ROOT / "docs" / "ci.md").read_text()


def test_the_action_is_composite_and_every_step_is_whole() -> None:
    runs = ACTION["runs"]
    assert runs["using"] == "composite"
    for step in runs["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert "shell" in step or "uses" in step
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
    known = {step["id"] for step in runs["steps"]}
    named = set(re.findall(r"steps\.([a-z]+)\.outputs", (ROOT / ".github/actions/cache/action.yml").read_text()))
    assert named <= known
    assert set(re.findall(r"inputs\.([a-z]+)", str(ACTION))) == ACTION["inputs"].keys()


def test_the_actions_script_names_the_results_of_this_lock(tmp_path: Path) -> None:
    root = hr_project(tmp_path)
    (root / "loop.lock").write_text("# loopbuild lock 1\n")
    script = next(step["run"] for step in ACTION["runs"]["steps"] if "run" in step)
    program = tmp_path / "loopbuild"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m loopbuild "$@"\n')
    program.chmod(0o755)
    said = tmp_path / "said"
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={"PROJECT": str(root), "LOOPBUILD": str(program), "GITHUB_OUTPUT": str(said), "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    key = loopbuild(root, "cache", "key").out.strip()
    assert said.read_text() == f"key={key}\nany={key.rpartition('-')[0]}-\n"


def test_results_unpacked_in_another_folder_are_results(tmp_path: Path) -> None:
    """What a CI system does with the folder: other place, other inodes, other times."""
    (tmp_path / "one").mkdir()
    one = hr_project(tmp_path / "one")
    loopbuild(one, "build", "dataset:")
    two = tmp_path / "two"
    shutil.copytree(one, two, copy_function=shutil.copyfile, symlinks=True)
    targets = json.loads(loopbuild(two, "build", "dataset:", "--json").out)["targets"].values()
    assert {target["outcome"] for target in targets} <= {"fresh", "restored"}
    assert (two / "loop.lock").read_bytes() == (one / "loop.lock").read_bytes()


def test_every_command_of_the_recipe_exists(tmp_path: Path) -> None:
    import shlex

    root = hr_project(tmp_path)
    shown = re.findall(r"(?:\$ |run: )(loopbuild [^\n`]+)", RECIPE)
    assert len(shown) >= 5
    for command in shown:
        screen = loopbuild(root, *shlex.split(command)[1:], "--help")
        assert screen.code == 0, command
        assert "usage:" in screen.out


def test_the_recipes_loop_yaml_loads(tmp_path: Path) -> None:
    from loopbuild.documents import read_yaml
    from loopbuild.loopfile.load import read

    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "hr.json").write_text("[]")
    blocks = [text for text in re.findall(r"^```yaml\n(.*?)^```", RECIPE, re.M | re.S) if text.startswith("version")]
    assert blocks
    for text in blocks:
        loopfile, found = read(
            read_yaml(text.encode(), file="loop.yaml"), folder=tmp_path, environment={"CACHE_TOKEN": "x"}
        )
        assert loopfile is not None
        assert found == []
