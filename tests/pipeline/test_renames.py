"""Renamed tools and parameters: what was executed and worded is kept under the new names, and only that changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from projects import hr_project, loopbuild

OLD, NEW = "get_candidate", "get_candidate_profile"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = hr_project(tmp_path_factory.mktemp("renames") / "hr", per_tool=4, per_tool_eval=2)
    assert loopbuild(root, "build", "dataset:").code == 0
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "hr"))


def tools(root: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((root / "tools" / "hr.json").read_text())
    return found


def write(root: Path, declared: list[dict[str, Any]]) -> None:
    (root / "tools" / "hr.json").write_text(json.dumps(declared, indent=2))


def rename(root: Path, old: str = OLD, new: str = NEW) -> None:
    write(root, [one | {"name": new} if one["name"] == old else one for one in tools(root)])


def rename_parameter(root: Path) -> None:
    declared = tools(root)
    parameters = next(one for one in declared if one["name"] == "cancel_interview")["parameters"]
    parameters["note?"] = parameters.pop("reason?")
    write(root, declared)
    tool = "hr/cancel_interview"
    say(root, f"{tool}#/reason: {tool}#/note")


def say(root: Path, renames: str) -> None:
    """Settle what the names leave open."""
    loop = root / "loop.yaml"
    loop.write_text(loop.read_text() + f"graph: {{renames: {{{renames}}}}}\n")


def ran(root: Path, *arguments: str) -> dict[str, int]:
    """Rows run by the next build, by kind."""
    screen = loopbuild(root, "build", "dataset:", "--json", *arguments)
    assert screen.code == 0, screen.err
    found: dict[str, int] = {}
    for name, one in json.loads(screen.out)["targets"].items():
        kind = name.partition(":")[0]
        found[kind] = found.get(kind, 0) + one["rows_run"]
    return found


def dataset(root: Path) -> dict[str, Any]:
    """Rows of both files by key, without digests and what they read; those about the old name are told elsewhere."""
    found = {}
    for name in ("train", "eval"):
        for line in (root / ".loopbuild" / "out" / "dataset" / f"{name}.jsonl").read_text().splitlines():
            row = json.loads(line)
            if row["category"] != "retired":
                found[row["key"]] = {key: value for key, value in row.items() if key not in ("digest", "reads")}
    return found


def test_a_renamed_tool_keeps_every_execution_and_every_word(project: Path) -> None:
    before = dataset(project)
    rename(project)
    done = ran(project)
    assert (done["trajectories"], done["tasks"]) == (0, 0)
    text = json.dumps(before, sort_keys=True)
    for quote in ('"hr/%s"', '"name": "%s"'):
        text = text.replace(quote % OLD, quote % NEW)
    after = dataset(project)
    assert after == json.loads(text) != before
    assert not any(ran(project).values())


def test_a_renamed_parameter_is_renamed_in_its_calls_and_in_the_state_they_reach(project: Path) -> None:
    before = dataset(project)
    assert '"reason": "' in json.dumps(before)
    rename_parameter(project)
    done = ran(project)
    assert (done["trajectories"], done["tasks"]) == (0, 0)
    after = dataset(project)
    assert after.keys() == before.keys()
    assert '"reason"' not in json.dumps(after)
    for key, row in before.items():
        if "messages" in row:
            said = [message["content"] for message in row["messages"]]
            assert [message["content"] for message in after[key]["messages"]] == said


def drop_parameter(root: Path, tool: str, name: str) -> None:
    declared = tools(root)
    del next(one for one in declared if one["name"] == tool)["parameters"][name]
    write(root, declared)


def test_a_parameter_that_is_gone_is_left_out_of_its_calls_and_only_those_are_worded_anew(project: Path) -> None:
    before = dataset(project)
    said = {key for key, row in before.items() if '"reason": "' in json.dumps(row)}
    drop_parameter(project, "cancel_interview", "reason?")
    told = json.loads(loopbuild(project, "diff", "--json").out)
    removed = next(one for one in told["changes"] if one["class"] == "parameter_removed")
    assert removed["rows"]["trajectories"] > 0
    assert removed["rows"]["invalid"] == 0
    done = ran(project)
    assert done["trajectories"] == 0  # replayed, none sampled anew
    assert 0 < done["tasks"] < len(before)
    after = dataset(project)
    assert '"reason"' not in json.dumps(after)
    untouched = before.keys() - said
    assert {key: row for key, row in after.items() if key in untouched} == {key: before[key] for key in untouched}
    assert not any(ran(project).values())


def test_a_rename_is_migrated_again_and_again(project: Path) -> None:
    before = dataset(project)
    for old, new in ((OLD, NEW), (NEW, "read_candidate_profile"), ("read_candidate_profile", OLD)):
        rename(project, old, new)
        done = ran(project)
        assert (done["trajectories"], done["tasks"]) == (0, 0), (old, new)
    assert dataset(project) == before


def test_a_name_that_comes_back_as_another_tool_has_plans_of_its_own(project: Path) -> None:
    rename(project)
    ran(project)
    kept = {row["trajectory"] for row in dataset(project).values() if f"hr/{NEW}" in row.get("tools", ())}
    returned = {"name": OLD, "parameters": {"candidate_id": "string"}, "returns": {"phone": "string"}}
    write(project, [*tools(project), returned])
    assert ran(project)["trajectories"] > 0
    rows = dataset(project)
    of_old = {row["trajectory"] for row in rows.values() if row.get("tools") == [f"hr/{OLD}"]}
    of_new = {row["trajectory"] for row in rows.values() if row.get("tools") == [f"hr/{NEW}"]}
    assert of_old
    assert of_old.isdisjoint(of_new)
    assert kept - of_old >= of_new & kept


def test_without_revalidation_a_rename_is_byte_for_byte_a_clean_build(project: Path) -> None:
    """Of a project that keeps no history: rows about the old name are due to what was there before."""
    extra = "synthesis: {retired: 0}\n"
    loop = project / "loop.yaml"
    loop.write_text(loop.read_text() + extra)
    rename(project)
    ran(project)
    kept = (project / "loop.lock").read_bytes()
    assert loopbuild(project, "build", "dataset:", "--no-revalidate").code == 0
    clean = hr_project(project.parent / "clean", per_tool=4, per_tool_eval=2, extra=extra)
    rename(clean)
    assert loopbuild(clean, "build", "dataset:").code == 0
    assert (project / "loop.lock").read_bytes() == (clean / "loop.lock").read_bytes() != kept
