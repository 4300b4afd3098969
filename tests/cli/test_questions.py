"""Whole screens of the verbs that ask and of those that refuse; numbers of rows, digests and times are filtered."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from blake3 import blake3
from projects import EXAMPLES, Screen, change_schemas, hr_project, loopbuild

from loopbuild.cli.plans import cells_text
from loopbuild.cli.unchanged import unchanged_json
from loopbuild.engine import lockfile
from loopbuild.engine.query import output
from loopbuild.pipeline.builds import open_project

DATA = "dataset:"
FILTERS = [
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b", "[WHEN]"),
    (r"\b\d+(\.\d)? (s|min \d\d s)\b", "[TIME]"),
    (r"\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b", "[HEX]"),
    (r"\b\d[\d,]* of [\d,]+ (rows|trajectories)", r"[N] of [N] \1"),
    (r"\b\d[\d,]* (rows|trajectories|texts)", r"[N] \1"),
    (r"  +", "  "),
    (r" \(at most \[TIME\]\)", ""),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = hr_project(tmp_path_factory.mktemp("screens") / "hr", per_tool=2, per_tool_eval=2)
    screen = loopbuild(root, "build", DATA)
    assert screen.code == 0, screen.err
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "hr"))


def shown(text: str) -> str:
    for pattern, with_what in FILTERS:
        text = re.sub(pattern, with_what, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def ask(root: Path, *arguments: str, code: int = 0) -> str:
    screen = loopbuild(root, *arguments)
    assert screen.code == code, screen.err
    return shown(screen.out)


def refused(root: Path, *arguments: str, code: int) -> str:
    screen: Screen = loopbuild(root, *arguments)
    assert screen.code == code, screen.err + screen.out
    return shown(screen.err[screen.err.index("error:") :])


def files(root: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(root)): (blake3(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def test_questions_change_no_file(project: Path) -> None:
    """Whatever is stale, damaged or asked for; only what sqlite keeps beside its database may come and go."""
    change_schemas(project)
    next(path for path in (project / ".loopbuild" / "cas").rglob("*") if path.is_file()).unlink()
    before = files(project)
    for arguments in (
        ["status"], ["plan"], ["plan", "--json"], ["plan", "--markdown"], ["plan", "--check", "state:stale"],
        ["plan", "--refresh", "generations:base"], ["plan", "--force", "tool:hr/schedule_interview"],
        ["why", "dataset:train"], ["why", "rows:hr/role"], ["log"], ["log", "critical-path"], ["diff"], ["merge-lock"],
        ["log", "trace"], ["doctor"],
    ):  # fmt: skip
        screen = loopbuild(project, *arguments)
        assert screen.code in (0, 1), f"{arguments}: {screen.err}"
        assert files(project) == before, arguments


# -- plan and status -------------------------------------------------------------------------------------------------

CHANGES = """\
+  hr/extend_offer  added  compatible  tools/hr.json:24
>  hr/get_candidate_profile  renamed from `get_candidate` (0.88)  breaking  tools/hr.json:34
~  hr/get_leave_balance  its description  doc  tools/hr.json:68
~  hr/schedule_interview  input /mode: required parameter `mode`  breaking  tools/hr.json:14"""


def test_status_is_one_paragraph_with_the_changed_leaves(project: Path) -> None:
    assert ask(project, "status", DATA) == "Up to date: 24 targets"
    change_schemas(project)
    screen = ask(project, "status", DATA)
    assert re.fullmatch(
        r"\d+ of 28 targets are stale, \d+ more may follow\n"
        r"\[N\] trajectories: \d+ kept, \d+ to check \(\d+ of them no longer validate and are made anew\), \d+ new\n"
        + re.escape(CHANGES)
        + "\nNext: `loopbuild plan`",
        screen,
    ), screen


def test_a_plan_shows_changes_work_and_price(project: Path) -> None:
    assert ask(project, "plan", DATA) == "Nothing to do: 24 targets are up to date"
    change_schemas(project)
    lines = ask(project, "plan", DATA).splitlines()
    assert lines[:4] == CHANGES.splitlines()
    assert lines[5] == "Would run  new  check  of  time  why"
    assert any(
        re.fullmatch(r"  trajectories:hr/interview  \d+  \d+  \d+  \S+  read hr/schedule_interview", s) for s in lines
    )
    assert lines[-1].endswith("costs no money: all writers are offline. Run `loopbuild build` to do it")
    assert "calls" not in lines[5]


PRICED = (
    "synthesis:\n  writers: [{model: offline}, {model: openai/x, price: {prompt_usd_per_million: 1, "
    "completion_usd_per_million: 4}}]\n  budget_usd: 5\n"
)


def test_texts_that_cost_money_are_priced_before_they_are_asked_for(project: Path) -> None:
    path = project / "loop.yaml"
    path.write_text(path.read_text() + PRICED)
    screen = ask(project, "plan", DATA)
    assert "Would run  new  check  of  calls  time  why" in screen
    calls = re.search(r"Would ask openai/x: about (\d+) calls, [\d,]+ tokens, \$0.\d\d \(at most \$\d.\d\d\)", screen)
    assert calls
    assert screen.splitlines()[-1].endswith("of $5.00. Run `loopbuild build` to do it")
    found = json.loads(loopbuild(project, "plan", DATA, "--json").out)["llm"]
    assert found["calls"] == int(calls[1]) == sum(one["calls"] for one in found["writers"])
    assert 0 < found["usd"] <= found["usd_most"]
    assert found["over_budget"] == ""


def test_a_writer_nobody_knows_the_price_of_is_refused(project: Path) -> None:
    path = project / "loop.yaml"
    path.write_text(path.read_text() + "synthesis: {writers: [{model: openai/of-ours}], budget_usd: 5}\n")
    pytest.importorskip("litellm")
    said = refused(project, "plan", DATA, code=2)
    assert "writer `openai/of-ours` has no price: litellm lists none for it" in said


def test_a_check_fails_on_work_and_on_an_old_lock(project: Path) -> None:
    ask(project, "plan", DATA, "--check")
    lock = project / "loop.lock"
    lock.write_text("".join(line for line in lock.read_text().splitlines(True) if not line.startswith("tool:hr/find")))
    screen = ask(project, "plan", DATA, "--check", code=1)
    assert screen == (
        "Nothing to do: 24 targets are up to date\n"
        "loop.lock is out of date: tool:hr/find_employee. `loopbuild build` writes it"
    )
    loopbuild(project, "build", DATA)
    ask(project, "plan", DATA, "--check")
    change_schemas(project)
    ask(project, "plan", DATA, "--check", code=1)


def test_a_plan_as_markdown_is_a_comment_a_person_can_read(project: Path) -> None:
    change_schemas(project)
    screen = loopbuild(project, "plan", DATA, "--markdown").out
    assert len(screen) < 65_536
    blocks = screen.split("\n\n")
    assert blocks[0] == "### loopbuild plan"
    assert re.fullmatch(r"\*\*\d+ of 28 targets\*\* would or may run\.", blocks[1])
    assert shown(blocks[2]) == f"```text\n{CHANGES}\n```"
    head, marks, *rows = blocks[3].splitlines()
    assert head == "| Would run | new | check | of | time | why |"
    assert marks == "| --- | ---: | ---: | ---: | ---: | --- |"
    assert all(row.count("|") == 7 for row in rows)


def test_a_clone_says_what_only_lacks_bytes(project: Path) -> None:
    shutil.rmtree(project / ".loopbuild")
    assert ask(project, "plan", DATA, "--check") == (
        "Would read again, at once: source:hr, catalog:main, contract:main, graph:main, cells:main\n"
        "Named by loop.lock, bytes not here: trajectories: (5), tasks: (5), rows: (5), negatives:, dataset: (3)\n"
        "  what a cache has is fetched; else it is made again\n"
        "No earlier build to go by; costs no money: all writers are offline. Run `loopbuild build` to do it"
    )


# -- frozen ----------------------------------------------------------------------------------------------------------


def test_a_frozen_build_says_what_would_change(project: Path) -> None:
    assert loopbuild(project, "build", DATA).code == 0  # a copied file is published again
    assert ask(project, "build", DATA, "--frozen") == "Nothing to do: 24 targets are up to date"
    lock = (project / "loop.lock").read_bytes()
    path = project / "loop.yaml"
    path.write_text(path.read_text() + "synthesis: {texts_per_level: 2}\n")
    assert refused(project, "build", "tasks:hr/role", "--frozen", code=1) == (
        "error: `loop.lock` would change, but `--frozen` was given: tasks:hr/role, [N] rows\n"
        "  the file and every stored result are as they were\n"
        "hint: `loopbuild build` where it may run, then commit `loop.lock`"
    )
    assert (project / "loop.lock").read_bytes() == lock
    assert "runs nothing again" in refused(project, "build", "--frozen", "--force", "rows:", code=2)


def test_a_frozen_build_asks_no_server(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").write_text("version: 1\nsources:\n  live: {kind: mcp, command: [python, server.py]}\n")
    (tmp_path / "server.py").write_text("open('asked', 'w')\n")
    screen = refused(tmp_path, "build", "--frozen", code=1)
    assert screen.startswith("error: source `live` was never listed, and `--frozen` asks no server")
    assert not (tmp_path / "asked").exists()


def test_a_live_listing_stands_in_the_lock_with_its_digest(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").write_text("version: 1\nsources:\n  hr: {kind: mcp, command: [python, absent.py]}\n")
    shutil.copytree(EXAMPLES / "hr" / "listings", tmp_path / "listings")
    assert loopbuild(tmp_path, "build", "catalog:").code == 0  # asks no server: it was listed before
    listing = tmp_path / "listings" / "hr.json"
    lock = (tmp_path / "loop.lock").read_text()
    assert f"listing:hr\tb3:{blake3(listing.read_bytes()).hexdigest()}\n" in lock
    listing.write_text(listing.read_text().replace("Find", "Look up"))
    assert "listing:hr" in ask(tmp_path, "plan", "--json")
    assert loopbuild(tmp_path, "build", "catalog:", "--frozen").code == 1


# -- why -------------------------------------------------------------------------------------------------------------


def test_why_goes_from_the_leaf_to_the_target(project: Path) -> None:
    change_schemas(project)
    assert ask(project, "why", "trajectories:hr/interview") == (
        "trajectories:hr/interview is stale: an input is stale\n"
        "  file tools/hr.json changed: [HEX] -> [HEX]\n"
        "  source:hr, catalog:main, contract:main, cells:main  read again, at once\n"
        "  ~  hr/schedule_interview  input /mode: required parameter `mode`  breaking  tools/hr.json:14\n"
        "  trajectories:hr/interview  4 to check, of [N] rows\n"
        "  read hr/schedule_interview gate, which changed\n"
        "  read tables hr/schedule_interview, which changed\n"
        "  and by way of 1 other target\n"
        "never_built  recipe  params  input  upstream  output  failed  forced\n"
        "  .  .  .  x  x  .  .  .  last built as [HEX], [N] rows, built"
    )


def test_why_not_names_what_its_key_covers(project: Path) -> None:
    said = re.sub(r"`tasks \d+`", "`tasks [N]`", ask(project, "why", "tasks:hr/role"))
    assert said == (
        "tasks:hr/role is up to date\n"
        "  nothing it depends on changed (6 targets upstream)\n"
        "  its key [HEX] covers recipe `tasks [N]`, 8 params, 0 files, 2 inputs\n"
        "last time: built"
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("tasks:hr/rol", "error: no target is called `tasks:hr/rol`\nhint: did you mean `tasks:hr/role`?"),
        ("tasks:", "error: that names 5 targets, such as `tasks:hr/candidate`\nhint: ask about one of them"),
        (
            "state:fresh",
            "error: `state:fresh` is no question\nhint: one of failed, modified, modified.docs, modified.params, "
            "modified.returns, new, removed, stale",
        ),
    ],
)
def test_what_names_no_one_target_is_a_mistake(project: Path, word: str, said: str) -> None:
    assert refused(project, "why", word, code=2) == said


# -- against something else ------------------------------------------------------------------------------------------


@pytest.fixture
def moved(project: Path) -> Path:
    """One commit as built, then the next schemas, built as well."""
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *command], cwd=project, check=True)
    change_schemas(project)
    return project


def test_a_renamed_tool_is_shown_under_both_names(moved: Path) -> None:
    """Before the next build by the name that the files have, after it by the one it had."""
    old, new = "hr/get_candidate", "hr/get_candidate_profile"
    for name in (new, new.partition("/")[2]):
        screen = ask(moved, "show", name)
        assert screen.startswith(f"{old} ")
        assert screen.endswith(
            f"note: the schema files call `{old}` `{new}`, as the next build will; this is what was built"
        )
    assert loopbuild(moved, "build", "dataset:").code == 0
    for name in (old, old.partition("/")[2]):
        screen = ask(moved, "show", name)
        assert screen.startswith(f"{new} ")
        assert f"\nnote: `{old}` is called `{new}` now\n{old}  gone; `{new}` took its place\n" in screen
    assert "note:" not in ask(moved, "show", new)


def test_what_differs_from_an_earlier_result_is_data_too(moved: Path) -> None:
    assert loopbuild(moved, "build", "dataset:").code == 0
    data = json.loads(loopbuild(moved, "why", "trajectories:hr/interview", "--vs", "1", "--json").out)
    assert (data["versus"], data["is_same_key"], data["is_same_output"]) == ("build 1", False, False)
    assert data["path"][-1]["target"] == data["target"] == "trajectories:hr/interview"
    subjects = [one["subject"] for one in data["path"][-1]["rows"]["reasons"]]
    assert "hr/schedule_interview gate" in subjects


def test_why_tells_a_result_from_an_earlier_one(moved: Path) -> None:
    """By the number of a build, by the lock of a revision, by the digits of a key: the same story."""
    key = lockfile.key_in(lockfile.read(moved)["trajectories:hr/interview"])
    assert loopbuild(moved, "build", "dataset:").code == 0
    told = [
        ask(moved, "why", "trajectories:hr/interview", "--vs", name).splitlines() for name in ("1", "HEAD", key)
    ]  # fmt: skip
    assert told[0][0] == "trajectories:hr/interview has another key than in build 1, and other bytes"
    assert told[0][1:7] == [
        "  file tools/hr.json changed: [HEX] -> [HEX]",
        "  source:hr, catalog:main, contract:main, cells:main  other bytes",
        "  trajectories:hr/interview  [N] of [N] rows differ",
        "  read hr/schedule_interview gate, which changed",
        "  read tables hr/schedule_interview, which changed",
        "  and by way of 1 other target",
    ]
    assert told[0][1:7] == told[1][1:7] == told[2][1:7]
    assert ask(moved, "why", "tasks:hr/role", "--vs", "1") == (
        "tasks:hr/role has the same key and the same bytes as in build 1"
    )
    for arguments, said in (
        (["tasks:hr/role", "--vs", "9"], "there is no build 9"),
        (["tasks:hr/offer", "--vs", "HEAD"], "the loop.lock of `HEAD` has no result of `tasks:hr/offer`"),
        (["tasks:hr/role", "--vs", "nowhere"], "`nowhere` is neither a lock file nor a revision of git here"),
        (["tasks:", "--vs", "1"], "that names 6 targets, such as `tasks:hr/candidate`"),
        (["tasks:hr/rol", "--vs", "1"], "no target is called `tasks:hr/rol`\nhint: did you mean `tasks:hr/role`?"),
    ):
        assert said in refused(moved, "why", *arguments, code=2)


def test_a_plan_is_seen_against_the_lock_of_a_revision(moved: Path) -> None:
    lines = ask(moved, "plan", DATA, "--state", "HEAD").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Against"))
    assert lines[start] == "Against `HEAD`: 4 new, 2 modified, 22 that follow from others; 0 the same"
    assert lines[start + 1] == (
        "  tools: + hr/extend_offer, - hr/get_candidate, + hr/get_candidate_profile, ~ hr/get_leave_balance (docs), "
        "~ hr/schedule_interview (params)"
    )
    assert lines[start + 2 : start + 4] == [
        "  new: trajectories:hr/offer, tasks:hr/offer, rows:hr/offer, retirement:main",
        "  modified: source:hr, dataset:main",
    ]
    assert loopbuild(moved, "build", DATA).code == 0
    shutil.copy(moved / "loop.lock", moved / "other.lock")
    assert ask(moved, "plan", DATA, "--state", "other.lock").splitlines()[-1] == (
        "Against `other.lock`: all 28 targets are as its loop.lock names them"
    )
    found = json.loads(loopbuild(moved, "status", DATA, "--state", "HEAD", "--json").out)["against"]
    assert set(found["new"]) == {"trajectories:hr/offer", "tasks:hr/offer", "rows:hr/offer", "retirement:main"}
    assert found["tools"]["hr/schedule_interview"] == ["params"]


def test_a_revision_is_read_without_what_git_would_run_for_it(moved: Path) -> None:
    """A word is never an option of git, and a filter that the repository names is not run."""
    (moved / ".gitattributes").write_text("loop.lock diff=evil filter=evil\n")
    for name in ("diff.evil.textconv", "filter.evil.smudge"):
        subprocess.run(["git", "config", name, f"touch {moved}/ran; cat"], cwd=moved, check=True)
    assert loopbuild(moved, "plan", DATA, "--state", "HEAD").code == 0
    assert not (moved / "ran").exists()
    assert "`--help` is neither" in refused(moved, "plan", "--state=--help", code=2)
    subprocess.run(["git", "rm", "-q", "--cached", "loop.lock"], cwd=moved, check=True)
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "two"], cwd=moved, check=True
    )  # fmt: skip
    assert "`HEAD` has no `loop.lock`" in refused(moved, "plan", "--state", "HEAD", code=2)


def test_what_changed_in_a_tool_selects_the_tables_that_read_it(moved: Path) -> None:
    def wanted(word: str) -> set[str]:
        found = json.loads(loopbuild(moved, "plan", f"{word},trajectories:", "--force", "trajectories:", "--json").out)
        return {entry["target"] for entry in found["would"] if entry["target"].startswith("trajectories:")}

    assert wanted("state:modified.params") == {"trajectories:hr/interview"}
    assert wanted("state:modified.docs") == {"trajectories:hr/leave"}
    assert "no target is" in refused(moved, "plan", "state:modified.returns", code=2)


def test_what_is_removed_is_named_wherever_it_is_asked_for(project: Path) -> None:
    old = (project / "tools" / "hr.json").read_text()
    change_schemas(project)
    assert loopbuild(project, "build", DATA).code == 0
    (project / "tools" / "hr.json").write_text(old)
    said = (
        "Removed: rows:hr/offer ([N] rows), tasks:hr/offer ([N] rows), trajectories:hr/offer ([N] rows)\n"
        "  a build of everything drops their lines; their results stay until `loopbuild cache gc`"
    )
    assert ask(project, "plan", "state:removed").splitlines()[-2:] == said.splitlines()
    assert ask(project, "status", "state:removed").splitlines()[-2:] == said.splitlines()
    assert said in ask(project, "plan")
    assert json.loads(loopbuild(project, "plan", "state:removed", "--json").out)["removed"] == [
        "rows:hr/offer", "tasks:hr/offer", "trajectories:hr/offer",
    ]  # fmt: skip
    assert refused(project, "build", "state:removed", code=2) == (
        "error: nothing declares `rows:hr/offer`, `tasks:hr/offer`, `trajectories:hr/offer` any more, so there is "
        "nothing to build\n  their results stay until `loopbuild cache gc`\n"
        "hint: `loopbuild build` of everything takes their lines out of loop.lock"
    )
    assert "`tasks:hr/offer` is no more: nothing declares it" in refused(project, "why", "tasks:hr/offer", code=2)


def test_a_part_is_built_on_what_another_lock_names(moved: Path) -> None:
    lock = (moved / "loop.lock").read_bytes()
    path = moved / "loop.yaml"
    path.write_text(path.read_text() + "synthesis: {texts_per_level: 2}\n")
    rows = ("tasks:hr/role", "--defer", "HEAD")
    assert [line.split()[0] for line in ask(moved, "plan", *rows).splitlines() if line.startswith("  ")] == [rows[0]]
    screen = ask(moved, "build", *rows)
    assert screen == "Built 1 of 7 targets in [TIME]: [N] texts\n6 targets were taken from elsewhere."
    assert ask(moved, "build", *rows) == "Nothing to do: 1 target is up to date, 6 taken from elsewhere"
    assert (moved / "loop.lock").read_bytes() == lock
    assert "everything is selected" in refused(moved, "build", "--defer", "HEAD", code=2)
    assert "leave out one" in refused(moved, "build", *rows, "--frozen", code=2)


# -- rows ------------------------------------------------------------------------------------------------------------


def test_why_answers_for_one_row(project: Path) -> None:
    change_schemas(project)
    planned = json.loads(loopbuild(project, "plan", DATA, "--json").out)
    assert any(entry["target"] == "trajectories:hr/interview" for entry in planned["would"])
    rows = json.loads(loopbuild(project, "show", "trajectories:hr/interview", "--json").out)["rows"]
    said: dict[str, str] = {}
    for key in rows:
        head, *rest = ask(project, "why", f"trajectories:hr/interview#{key[:12]}").splitlines()
        said.setdefault(head.partition(" ")[2], "\n".join(rest))
    assert set(said) == {
        "is kept: nothing it read changed", "is to check: validated and replayed, made anew only if it holds no longer",
    }  # fmt: skip
    proven = said["is to check: validated and replayed, made anew only if it holds no longer"]
    assert proven.startswith(
        "  read hr/schedule_interview gate, which changed\n"
        "  read tables hr/schedule_interview, which changed\n  it read "
    )
    path = project / "loop.yaml"
    path.write_text(path.read_text().replace("per_tool: 2\n", "per_tool: 1\n", 1))
    heads = {ask(project, "why", f"trajectories:hr/interview#{key}").splitlines()[0].partition(" ")[2] for key in rows}
    assert "is kept, or is wanted no more: its table would have fewer rows" in heads
    key = min(json.loads(loopbuild(project, "show", "tasks:hr/interview", "--json").out)["rows"])
    assert "may be stale: its table depends on bytes" in ask(project, "why", f"tasks:hr/interview#{key}")
    assert "no row key begins with `zz`" in refused(project, "why", "tasks:hr/interview#zz", code=2)
    assert "is the beginning of" in refused(project, "why", "tasks:hr/interview#", code=2)


def test_a_row_stands_for_the_tables_that_hold_it(project: Path) -> None:
    row = min(json.loads(loopbuild(project, "show", "rows:hr/role", "--json").out)["rows"])
    found = json.loads(loopbuild(project, "plan", f"row:{row[:12]}", "--force", f"row:{row[:12]}", "--json").out)
    assert {entry["target"] for entry in found["would"]} == {"rows:hr/role", "tasks:hr/role"}
    for arguments, said in (
        (["plan", "row:3fa"], "`3fa` is too short for a row"),
        (["plan", "row:zzzz"], "no row in force has a key that begins with `zzzz`"),
        (["build", "--refresh", f"row:{row[:12]}"], "is in no pinned table, so there is nothing to refresh"),
        (["build", "--refresh", f"rows:hr/role#{row[:12]}"], "`rows:hr/role` is not pinned"),
        (["build", "--refresh", "rows:hr/role#zzzz"], "`rows:hr/role` has no row that begins with `zzzz`"),
    ):
        assert said in refused(project, *arguments, code=2)


# -- selections and demands ------------------------------------------------------------------------------------------


def test_the_graph_and_the_plan_of_cells_can_be_read(project: Path) -> None:
    graph = [" ".join(line.split()) for line in ask(project, "show", "graph:main").splitlines()]
    assert graph[1:4] == ["14 edges (14 inferred)", "by 13 equal, 1 generic", "unit goals feeding edges into goals"]
    assert "hr/interview 3 2 5" in graph
    cells = [" ".join(line.split()) for line in ask(project, "show", "cells:main").splitlines()]
    assert cells[1] == "unit single chain fan_out join map train eval"
    assert cells[-2].startswith("all ")
    assert cells[-2].endswith(" 22 22")
    assert json.loads(loopbuild(project, "show", "cells:main", "--json").out)["cells"].keys() >= {"hr/role"}


def test_two_versions_are_compared_whatever_is_declared_now(project: Path, tmp_path: Path) -> None:
    """With a project a change is weighed by its rows; two files alone need none."""
    old, new = project / "tools" / "hr.json", project / "next" / "hr.json"
    screen = ask(project, "diff", str(old), str(new))
    assert "input /mode: required parameter `mode`" in screen
    assert "read what changed" in screen
    turned = loopbuild(project, "diff", str(new), str(old)).out
    assert (
        "parameter `mode` is gone" in turned
        or "parameter_removed" in loopbuild(project, "diff", str(new), str(old), "--json").out
    )
    for path, name in ((old, "old.json"), (new, "new.json")):
        (tmp_path / name).write_bytes(path.read_bytes())
    alone = subprocess.run(
        [sys.executable, "-m", "loopbuild", "diff", "old.json", "new.json", "--format", "github"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "::error file=new.json,line=20," in alone.stdout


def test_two_revisions_are_compared(moved: Path) -> None:
    same = ask(moved, "diff", "HEAD", "HEAD")
    assert same.startswith("No change in ")


def test_a_tool_selects_the_tables_whose_rows_read_it(project: Path) -> None:
    def wanted(*words: str) -> set[str]:
        found = json.loads(loopbuild(project, "plan", *words, "--force", words[0], "--json").out)
        return {entry["target"] for entry in found["would"]}

    assert wanted("tool:hr/schedule_interview,trajectories:") == {"trajectories:hr/interview"}
    assert wanted("tool:hr/find_employee") >= {"trajectories:hr/employee", "rows:hr/employee"}
    assert wanted("tool:find_employee") == wanted("tool:hr/find_employee")
    assert "no row read anything of a tool called `hr/find`" in refused(project, "plan", "tool:hr/find", code=2)


def test_demands_are_checked_before_anything_is_spent(project: Path) -> None:
    before = files(project)
    for arguments, said in (
        (["--force", "rows:hr/rol"], "no target is called `rows:hr/rol`"),
        (["--refresh", "tasks:"], "`tasks:hr/candidate` is not pinned, so there is nothing to refresh"),
        (["--from-scratch", "recal"], "no target is called `checkpoint:recal`"),
        (["--force", "generations:"], "is pinned: its first result is its value"),
    ):
        assert said in refused(project, "build", *arguments, code=2)
    assert files(project) == before
    assert "excluding `source:` leaves no target" in refused(project, "build", "--exclude", "source:", code=2)


def test_an_exclusion_leaves_out_what_needs_it(project: Path) -> None:
    path = project / "loop.yaml"
    path.write_text(path.read_text().replace("per_tool: 2\n", "per_tool: 3\n", 1))
    done = json.loads(loopbuild(project, "build", "--exclude", "rows:", "--exclude", "generations:", "--json").out)
    kinds = {name.partition(":")[0] for name in done["targets"]}
    assert kinds == {"source", "catalog", "contract", "graph", "cells", "trajectories", "tasks", "negatives"}


# -- log -------------------------------------------------------------------------------------------------------------


def test_the_log_tells_builds_apart(project: Path) -> None:
    assert ask(project, "log", "failed") == "build 1  [WHEN]  done in [TIME], 24 targets\n  nothing failed"
    change_schemas(project)
    assert loopbuild(project, "build", "trajectories:hr/interview").code == 0
    ran = ask(project, "log", "what-ran").splitlines()
    assert [line.split()[0] for line in ran[1:]] == [
        "source:hr", "catalog:main", "contract:main", "graph:main", "cells:main", "trajectories:hr/interview",
    ]  # fmt: skip
    path = ask(project, "log", "critical-path").splitlines()
    assert [line.split()[0] for line in path[1:-1]] == [line.split()[0] for line in ran[1:]]
    assert path[-1].endswith("the least any number of jobs could take")
    lines = ask(project, "log", "diff").splitlines()
    assert lines[2].split() == ["build", "1", "build", "2"]
    assert "  trajectories:hr/role  built  -  [TIME]  -  never built" in lines
    assert "there is no build 9" in refused(project, "log", "what-ran", "--run", "9", code=2)
    assert [run["number"] for run in json.loads(loopbuild(project, "log", "--json").out)] == [2, 1]


def test_whoever_asks_for_json_gets_json_and_nothing_else(project: Path) -> None:
    """Also where nothing changed, with the keys there are when something did, and where a source cannot be read."""
    loopbuild(project, "plan", "rows:hr/role", "--json")
    kept = json.loads(loopbuild(project, "plan", "rows:hr/role", "--json").out)
    assert kept.keys() == unchanged_json(7).keys()
    assert kept["llm"].keys() == unchanged_json(7)["llm"].keys()
    first, again = (json.loads(loopbuild(project, "build", "tasks:hr/role", "--json").out) for _ in range(2))
    assert again["result"] == "up to date"
    assert again["counts"] == first["counts"]
    assert again.keys() == first.keys() | {"up_to_date"}
    assert json.loads(loopbuild(project, "graph", "--json").out)["edges"]
    change_schemas(project)
    why = json.loads(loopbuild(project, "why", "trajectories:hr/interview", "--json").out)
    assert (why["state"], why["cues"]["upstream"], why["error"]) == ("run", True, "")
    key = next(iter(output(open_project(str(project)).workspace, "tasks:hr/interview")["rows"]))
    row = json.loads(loopbuild(project, "why", f"tasks:hr/interview#{key[:12]}", "--json").out)
    assert (row["row"], row["is_new"]) == (key, False)
    (project / "tools" / "hr.json").write_text('{"tools": [')
    for verb in (["plan"], ["status"], ["diff"], ["check"], ["why", "catalog:main"]):
        assert "not JSON: expecting value" in json.dumps(json.loads(loopbuild(project, *verb, "--json").out)), verb


def test_a_plan_counts_nothing_behind_a_source_that_cannot_be_read(project: Path) -> None:
    (project / "tools" / "hr.json").write_text('{"tools": [')
    assert ask(project, "plan", DATA, code=1) == (
        "Would run  new  check  of  time  why\n"
        "  source:hr  -  -  -  -  a file changed\n"
        "Would fail: source:hr: tools/hr.json:1:12: source `hr` cannot be read: not JSON: expecting value\n"
        "May run, if bytes change: catalog:, contract:, graph:, cells:, trajectories: (5), tasks: (5), rows: (5), "
        "negatives:, dataset: (3)\n"
        "What earlier builds made is kept. Mend what would fail, then `loopbuild plan` again"
    )
    assert "it waits for `source:hr`, which would fail: tools/hr.json:1:12" in ask(project, "why", "rows:hr/role")
    assert "No change" not in loopbuild(project, "diff", "--format", "github").out
    assert loopbuild(project, "check").out.endswith("0 tools: 1 error; 2 warnings\n")


def test_rows_are_called_new_only_where_some_are(project: Path) -> None:
    change_schemas(project)
    for line in loopbuild(project, "plan", DATA).out.splitlines():
        if line.endswith("rows are new"):
            assert line.split()[1] not in ("0", "-"), line


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("dataset:main#abcd", "`dataset:main` has no rows of its own"),
        ("source:hr#abcd", "`source:hr` has no rows of its own"),
        (
            "tasks:hr/role#0",
            "no row of `tasks:hr/role` has a key that begins with `0`\nhint: give at least four digits",
        ),
        ("tasks:hr/role#zzzz", "no row of `tasks:hr/role` has a key that begins with `zzzz`"),
    ],
)
def test_a_row_that_is_not_there_is_no_bug(project: Path, asked: str, said: str) -> None:
    assert said in refused(project, "show", asked, code=2)


def test_a_log_is_of_the_build_that_was_asked_for(project: Path) -> None:
    assert "there is no build 9" in refused(project, "log", "--run", "9", code=2)
    assert ask(project, "log", "--run", "1").startswith("build 1 ")
    for amount in ("0", "-1", "x"):
        assert "is no number from 1 on" in refused(project, "log", "-n", amount, code=2)


def test_every_planned_shape_has_its_column() -> None:
    cells = [{"topology": name, "purpose": "train"} for name in ("single", "parallel", "conditional", "single")]
    head, row, *_ = cells_text({"cells": {"hr/role": cells}}).splitlines()
    counts = dict(zip(head.split(), row.split(), strict=True))
    assert (counts["single"], counts["parallel"], counts["conditional"], counts["train"]) == ("2", "1", "1", "4")
