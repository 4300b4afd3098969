"""Questions answer where results are damaged or gone: they say what a build would do, and it does no more than that."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from projects import hr_project, loopbuild

from loopbuild.engine.query import targets_in_force
from loopbuild.engine.workspace import Workspace

KINDS = ["source", "catalog", "contract", "graph", "cells", "trajectories", "tasks", "rows", "negatives", "dataset"]
TABLES = ["trajectories", "tasks", "rows"]
"""Their rows lie apart from them: a lost table is put together again, and nothing runs."""
DATA = "dataset:"
TRUTH = ("status", DATA), ("plan", DATA), ("plan", DATA, "--json"), ("status",), ("plan",)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = hr_project(tmp_path_factory.mktemp("built") / "hr", per_tool=2, per_tool_eval=1)
    assert loopbuild(root, "build", DATA).code == 0
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "hr", symlinks=True))


def _workspace(root: Path) -> Workspace:
    return Workspace.open(root, code_version="1")


def _outputs(root: Path) -> dict[str, Path]:
    """Kind -> the object of the first target of that kind."""
    ws = _workspace(root)
    found: dict[str, Path] = {}
    for name, output in targets_in_force(ws).items():
        found.setdefault(name.partition(":")[0], Path(ws.objects.path(output)))
    return found


def _damage(path: Path, how: str) -> None:
    path.chmod(0o644)
    if how == "delete":
        path.unlink()
        return
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _promised(root: Path) -> tuple[set[str], set[str]]:
    said = json.loads(loopbuild(root, "plan", DATA, "--json").out)
    would, may = ({one["target"] for one in said[name]} for name in ("would", "may"))
    return would, may


def _law(root: Path, would: set[str], may: set[str]) -> set[str]:
    """Would is a part of what ran, and that of what would or may; return what ran."""
    seen = loopbuild(root, "build", DATA, "--json")
    assert seen.code == 0, seen.err
    targets = json.loads(seen.out)["targets"]
    ran = {name for name, one in targets.items() if one["outcome"] in ("built", "cut_off", "revalidated")}
    assert would <= ran <= would | may, (would - ran, ran - would - may)
    return ran


@pytest.mark.parametrize("how", ["delete", "flip"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_question_answers_and_the_plan_holds(project: Path, kind: str, how: str) -> None:
    lock = (project / "loop.lock").read_bytes()
    _damage(_outputs(project)[kind], how)
    for words in (*TRUTH, ("why", "dataset:main"), ("diff",), ("check", "tools/hr.json")):
        seen = loopbuild(project, *words)
        assert seen.code == 0, (words, seen.err)
    shown = loopbuild(project, "show", "hr/find_employee")
    assert shown.code == (1 if kind == "catalog" else 0)
    assert ("`loopbuild build` makes it again" in shown.err) is (kind == "catalog")
    assert shown.out.startswith("hr/find_employee ") is (kind != "catalog")
    would, may = _promised(project)
    assert {name.partition(":")[0] for name in would} == (set() if kind in TABLES else {kind})
    assert _law(project, would, may) == would
    assert (project / "loop.lock").read_bytes() == lock


def test_without_any_object_the_plan_still_holds(project: Path) -> None:
    lock = (project / "loop.lock").read_bytes()
    shutil.rmtree(project / ".loopbuild" / "cas")
    for words in TRUTH:
        seen = loopbuild(project, *words)
        assert seen.code == 0, (words, seen.err)
    would, may = _promised(project)
    assert {"source:hr", "dataset:main"} <= would | may
    _law(project, would, may)
    assert (project / "loop.lock").read_bytes() == lock
