"""Tools that are gone: what loop.lock remembers of them, and the rows that teach it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from projects import hr_project, loopbuild

from loopbuild.engine.query import output
from loopbuild.pipeline.builds import open_project
from loopbuild.pipeline.lineage import former_rows

GONE, OLD, NEW = "approve_leave", "get_candidate", "get_candidate_profile"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = hr_project(tmp_path_factory.mktemp("retired") / "hr", per_tool=4, per_tool_eval=2)
    assert loopbuild(root, "build", "dataset:").code == 0
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "hr"))


def change(root: Path) -> None:
    path = root / "tools" / "hr.json"
    tools = [one for one in json.loads(path.read_text()) if one["name"] != GONE]
    path.write_text(json.dumps([one | {"name": NEW} if one["name"] == OLD else one for one in tools]))


def build(root: Path) -> None:
    done = loopbuild(root, "build", "dataset:")
    assert done.code == 0, done.err


def rows(root: Path) -> list[dict[str, Any]]:
    lines = (root / ".loopbuild" / "out" / "dataset" / "train.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["category"] == "retired"]


def remembered(root: Path) -> list[str]:
    return [line for line in (root / "loop.lock").read_text().splitlines() if line.startswith("retired:")]


def test_a_first_build_knows_of_no_tool_that_is_gone(built: Path) -> None:
    assert rows(built) == []
    assert remembered(built) == []


def test_the_old_name_is_called_in_vain_and_never_learned(project: Path) -> None:
    change(project)
    build(project)
    told = [row for row in rows(project) if row["tools"]]
    assert told
    for row in told:
        calls = [message for message in row["messages"] if message.get("tool_calls")]
        names = [call["function"]["name"] for message in calls for call in message["tool_calls"]]
        failed = names.index(OLD)
        assert names[failed : failed + 2] == [OLD, NEW]
        assert (names.count(OLD), names.index(NEW)) == (1, failed + 1), "in the place of the first call of the new one"
        turns = [message["loss"] for message in calls]
        assert turns.count(False) == 1
        calls = [message for message in calls if not message["loss"]]
        refusal = row["messages"][row["messages"].index(calls[0]) + 1]
        assert json.loads(refusal["content"]) == {"error": f"unknown tool `hr/{OLD}`"}
    for row in rows(project):
        learned = [message for message in row["messages"] if message.get("loss")]
        assert OLD not in [call["function"]["name"] for one in learned for call in one.get("tool_calls") or ()]


def test_what_nothing_replaced_is_refused_in_words(project: Path) -> None:
    change(project)
    build(project)
    refused = [row for row in rows(project) if not row["tools"]]
    assert len(refused) == 8
    for row in refused:
        assert all(f"`{GONE}`" in message["content"] for message in row["messages"])
        assert not any(message.get("tool_calls") for message in row["messages"])


def test_the_lock_remembers_and_a_clone_makes_such_rows_too(project: Path, tmp_path: Path) -> None:
    change(project)
    build(project)
    assert [line.split("\t")[0] for line in remembered(project)] == [f"retired:hr/{GONE}", f"retired:hr/{OLD}"]
    assert f"successor=hr/{NEW}" in remembered(project)[1]
    assert "Nothing to do" in loopbuild(project, "build", "dataset:").out
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("loop.yaml", "loop.lock"):
        shutil.copy(project / name, clone / name)
    shutil.copytree(project / "tools", clone / "tools")
    build(clone)
    assert remembered(clone) == remembered(project)
    assert [row["messages"] for row in rows(clone) if not row["tools"]] == [
        row["messages"] for row in rows(project) if not row["tools"]
    ]
    assert any(row["tools"] for row in rows(clone))


def test_a_tool_that_comes_back_is_forgotten_as_gone(project: Path) -> None:
    path = project / "tools" / "hr.json"
    text = path.read_text()
    change(project)
    build(project)
    path.write_text(text)
    build(project)
    assert [line.split("\t")[0] for line in remembered(project)] == [f"retired:hr/{NEW}"]
    assert not any(f"`{GONE}`" in json.dumps(row) for row in rows(project))


def test_what_a_checkpoint_saw_of_a_gone_tool_is_found_again(project: Path) -> None:
    """Of those rows only their digests are left in what is in force."""
    before = output(open_project(str(project)).workspace, "dataset:train")["rows"]
    change(project)
    build(project)
    opened = open_project(str(project))
    now = output(opened.workspace, "dataset:train")["rows"]
    other = {key: text for key, text in before.items() if now.get(key) != text}
    tools = list(former_rows(opened, other))
    assert len(tools) == len(other)
    assert sum(f"hr/{GONE}" in one for one in tools) > 0
    assert sum(f"hr/{OLD}" in one for one in tools) > 0
    assert list(former_rows(opened, {"0" * 64: "0" * 64})) == []


def test_nothing_is_told_of_gone_tools_where_that_is_off(project: Path) -> None:
    loop = project / "loop.yaml"
    loop.write_text(loop.read_text() + "synthesis: {retired: 0}\n")
    change(project)
    build(project)
    assert rows(project) == remembered(project) == []


def deprecate(root: Path, *, settings: str) -> None:
    """The new tool stands beside the old one, which its source calls deprecated."""
    path = root / "tools" / "hr.json"
    tools = json.loads(path.read_text())
    new = [one | {"name": NEW} for one in tools if one["name"] == OLD]
    path.write_text(json.dumps([one | ({"deprecated": True} if one["name"] == OLD else {}) for one in tools] + new))
    loop = root / "loop.yaml"
    loop.write_text(loop.read_text().replace("path: tools/hr.json}", f"path: tools/hr.json{settings}}}"))


def test_what_its_source_calls_deprecated_counts_as_gone_where_that_is_asked_for(project: Path) -> None:
    deprecate(project, settings=", deprecated: retire")
    loop = project / "loop.yaml"
    loop.write_text(loop.read_text() + "synthesis: {redirected: 3}\n")
    told = loopbuild(project, "check", "--all").out
    assert f"`hr/{NEW}` renamed from `{OLD}`" in told
    assert f"note: `{OLD}` is deprecated, so it counts as gone" in told
    build(project)
    assert [line.split("\t")[0] for line in remembered(project)] == [f"retired:hr/{OLD}"]
    made = rows(project)
    redirected = [row for row in made if f"`{OLD}`" in row["messages"][0]["content"]]
    assert len(made) == 11
    assert len(redirected) == 3
    everything = (project / ".loopbuild" / "out" / "dataset" / "train.jsonl").read_text().splitlines()
    for row in map(json.loads, everything):
        learned = [call for one in row["messages"] if one.get("loss") for call in one.get("tool_calls") or ()]
        assert OLD not in [call["function"]["name"] for call in learned]


def test_what_its_source_calls_deprecated_is_a_tool_like_any_other_by_default(project: Path) -> None:
    deprecate(project, settings="")
    build(project)
    assert remembered(project) == []
    called = {tool for row in output(open_project(str(project)).workspace, "rows:hr/candidate")["rows"].values()
              for tool in row["example"]["tools"]}  # fmt: skip
    assert {f"hr/{OLD}", f"hr/{NEW}"} <= called


def test_what_still_knows_a_tool_that_is_gone_is_said_by_its_name(project: Path) -> None:
    change(project)
    build(project)
    shown = loopbuild(project, "show", GONE).out
    assert f"hr/{GONE}  gone; nothing took its place\n" in shown
    assert "8 training rows about it, of which none teaches a call of it" in shown
    assert "no checkpoint here has learnt to call it" in shown
    told = json.loads(loopbuild(project, "show", f"hr/{GONE}", "--json").out)
    assert told == {"tool": f"hr/{GONE}", "successor": "", "rows": 8, "learnt": {}}
    renamed = loopbuild(project, "show", OLD).out
    assert f"hr/{OLD}  gone; `hr/{NEW}` took its place" in renamed


def test_the_dataset_says_what_became_of_the_rows_of_the_one_before(project: Path) -> None:
    assert "since the dataset before" not in loopbuild(project, "show", "dataset:main").out
    opened = open_project(str(project))
    before = output(opened.workspace, "dataset:main")["train"]
    change(project)
    build(project)
    now = output(open_project(str(project)).workspace, "dataset:main")["train"]
    same = sum(now.get(key) == text for key, text in before.items())
    other = len(before.keys() & now.keys()) - same
    counts = f"{same} kept, {other} rewritten, {len(now.keys() - before)} new, {len(before.keys() - now)} gone"
    assert f"since the dataset before: {counts}\n" in loopbuild(project, "show", "dataset:main").out
