"""A data set that breaks a promise is not written, and the message stands at the setting that makes the promise."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import projects
import pytest

from loopbuild.cli.console import error_text
from loopbuild.engine.query import output
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import BuildError
from loopbuild.pipeline.project import find, load
from loopbuild.pipeline.promises import hold
from loopbuild.records import Example, Verdict, from_json

EXTRA = """synthesis:
  categories:
    no_tool: 0.05
    missing_tool: 0.06
    near_miss: 0.04
    error_recovery: 0.1
    dialogue: 0.04
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = projects.hr_project(tmp_path_factory.mktemp("promises"), per_tool=8, extra=EXTRA)
    screen = projects.loopbuild(folder, "build", "dataset:")
    assert screen.code == 0, screen.err
    return folder


def places(root: Path) -> dict[str, str]:
    targets = load(find(root), environment=os.environ).targets
    found: dict[str, str] = next(one for one in targets if one.id == "cells:main").context["places"]
    return found


def test_categories_of_loop_yaml_are_in_the_data_set_at_their_shares(root: Path) -> None:
    dataset = output(Workspace.open(root, code_version="test"), "dataset:main")
    assert dataset is not None
    counts = dataset["figures"]["shares"]["category"]
    total = sum(counts.values())
    for category, share in (("no_tool", 0.05), ("missing_tool", 0.06), ("near_miss", 0.04), ("dialogue", 0.04)):
        assert abs(counts[category] / total - share) <= 0.02, counts
    assert counts["error_recovery"]
    assert dataset["funnel"]["made"]["train"]
    tasks = output(Workspace.open(root, code_version="test"), "dataset:main")["tasks"]
    assert not [key for key, task in tasks.items() if task["category"] == "dialogue"]
    assert "share: error_recovery" in dataset["funnel"]["dropped"]["train"]


def test_a_promise_has_a_place_whether_or_not_it_is_written(root: Path) -> None:
    found = places(root)
    assert found["no_tool"] == "loop.yaml:10:5"
    assert found["clarify"] == "loop.yaml:9:3", "of what is not written: where it would stand"
    assert found["rows"] == "loop.yaml:5:3"


def test_the_screen_of_a_broken_promise(root: Path) -> None:
    rows = output(Workspace.open(root, code_version="test"), "negatives:main")["rows"]
    key = next(key for key, row in sorted(rows.items()) if row["example"]["category"] == "no_tool")
    example = rows[key]["example"]
    call = {"type": "function", "function": {"name": "get_open_roles", "arguments": {}}}
    example["messages"][1]["tool_calls"] = [call]
    with pytest.raises(BuildError) as found:
        hold(
            [from_json(Example, example)],
            rows={key: rows[key]},
            verdicts={key: Verdict(key=key, kept=True)},
            tasks={},
            trajectories={},
            shares={},
            variety={},
            diversity={},
            places=places(root),
        )
    assert error_text(found.value) == (
        f"error: loop.yaml:10:5 contract no_tool: 1 of 1 rows calls a tool (first: row {key[:12]}, turn 2)\n"
        "  no dataset was written; every row is kept\n"
        "hint: put `contract` among the `filters`: it drops such rows\n"
        f"`loopbuild show {key[:12]}` shows the row"
    )


def test_plans_for_evaluation_are_no_training_rows_that_are_owed() -> None:
    """A tool of which only held-out plans were not reached lacks nothing, and no such plan excuses a lack."""
    lost = {"unreachable": {"reason": "exhausted", "detail": ""}, "goal": "hr/x"}
    evaluated = {f"e{number}": {**lost, "purpose": "eval"} for number in range(5)}
    parts = {"rows": {}, "verdicts": {}, "tasks": {}, "shares": {}, "variety": {}, "diversity": {}, "places": {}}
    assert hold([], trajectories=evaluated, **parts)["excused"] == []
    trained = {f"t{number}": lost for number in range(3)}
    assert hold([], trajectories={**evaluated, **trained}, **parts)["excused"] == [
        "`hr/x`: 0 rows instead of 3; 3 of 3 plans were not reached"
    ]


def test_rows_of_every_category_are_those_of_a_clean_build_after_a_change(root: Path, tmp_path: Path) -> None:
    """A row held against other tools notices when those change, or when another comes that is more alike."""
    kept, clean = tmp_path / "kept", tmp_path / "clean"
    shutil.copytree(root, kept)
    projects.change_schemas(kept)
    shutil.copytree(kept, clean, ignore=shutil.ignore_patterns(".loopbuild", "loop.lock"))
    for folder, options in ((kept, ["--no-revalidate"]), (clean, [])):
        screen = projects.loopbuild(folder, "build", "dataset:", *options)
        assert screen.code == 0, screen.err
    assert trained(kept) == trained(clean)


def trained(folder: Path) -> list[str]:
    """The training rows, but for those about tools that are gone: a clean build has never heard of them."""
    lines = (folder / ".loopbuild" / "out" / "dataset" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if json.loads(line)["category"] != "retired"]
