"""Whole screens of `check` and `diff`: what changed schemas break and make stale, in every form; bad input."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from projects import change_schemas, hr_project, loopbuild

DATA = "dataset:"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = hr_project(tmp_path_factory.mktemp("check") / "hr", per_tool=2, per_tool_eval=2)
    assert loopbuild(root, "build", DATA).code == 0
    git(root, "init", "-q")
    git(root, "add", "tools", "loop.yaml", "loop.lock")
    git(root, "commit", "-q", "-m", "first")
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = Path(shutil.copytree(built, tmp_path / "hr"))
    monkeypatch.chdir(root)
    return root


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True, timeout=60)


def screen(root: Path, *arguments: str, code: int = 0) -> str:
    found = loopbuild(root, *arguments)
    assert found.code == code, found.out + found.err
    return re.sub(r"\b\d+(\.\d)? (s|min \d\d s)\b", "[TIME]", found.out.strip())


def edit(path: Path, name: str, **fields: Any) -> None:
    entries = json.loads(path.read_text())
    entry = next(one for one in (entries if isinstance(entries, list) else entries["tools"]) if one["name"] == name)
    entry.update(fields)
    path.write_text(json.dumps(entries, indent=2))


DIFF = """\
4 changes in 4 of 12 tools (1 added, 1 renamed): 2 breaking, 1 compatible, 1 doc
+  hr/extend_offer           added                                   compatible  tools/hr.json:24
>  hr/get_candidate_profile  renamed from `get_candidate` (0.88)     breaking    tools/hr.json:34
     2 of 3 words of the name, 1 of 1 parameters, 5 of 5 words of the description, 3 of 3 returned leaves
     8 of 44 trajectories call it; under the new name all still validate
~  hr/get_leave_balance      its description                         doc         tools/hr.json:68
~  hr/schedule_interview     input /mode: required parameter `mode`  breaking    tools/hr.json:14
     5 of 44 trajectories call it; 5 no longer validate
Makes stale: 13 of 44 trajectories read what changed
  about 48 trajectories: 31 kept, 13 to check (5 of them no longer validate and are made anew), about 4 new
  up to about 35 texts written, with their trajectories about [TIME]
  costs no money: all writers are offline"""


def same(shown: str, expected: str) -> None:
    """Numbers of rows depend on what is drawn; their places and the words around them do not."""
    assert re.sub(r"\d[\d,]*", "N", shown) == re.sub(r"\d[\d,]*", "N", expected)


def test_a_diff_says_what_changed_why_a_rename_is_one_and_who_reads_it(project: Path) -> None:
    assert screen(project, "diff") == "No change in 11 tools"
    change_schemas(project)
    same(screen(project, "diff"), DIFF)


def test_a_diff_looks_the_same_against_a_revision_a_file_and_the_lock(project: Path) -> None:
    shutil.copy("tools/hr.json", "old.json")
    change_schemas(project)
    lock = screen(project, "diff")
    assert screen(project, "diff", "HEAD") == lock
    assert screen(project, "diff", "--against", "HEAD") == lock
    assert screen(project, "diff", "old.json") == lock


def test_a_clone_without_results_reads_the_locks_tools_from_git(project: Path) -> None:
    change_schemas(project)
    shutil.rmtree(".loopbuild")
    lines = screen(project, "diff").splitlines()
    assert lines[2].startswith(">  hr/get_candidate_profile")
    assert lines[-1] == "What this makes stale is not known here: no result was built or restored yet"


def test_without_bytes_anywhere_tools_are_compared_by_digest(project: Path) -> None:
    edit(project / "tools" / "hr.json", "find_employee", description="Another text about people.")
    shutil.rmtree(".loopbuild")
    shutil.rmtree(".git")
    found = json.loads(screen(project, "diff", "--json"))
    (change,) = found["changes"]
    assert (change["tool"], change["level"]) == ("hr/find_employee", "doc")
    assert change["detail"] == "its docs differ from those in loop.lock changed"
    assert found["notes"] == ["of 11 tools loop.lock has digests alone: the bytes are neither here nor in git"]


def test_the_stale_rows_of_a_diff_are_those_of_a_plan(project: Path) -> None:
    """Two ways to the same number: the recorded traces against the new facts, and the engine's own walk."""
    edit(project / "tools" / "hr.json", "get_candidate", returns={"full_name": "integer", "email": "string"})
    stale = json.loads(screen(project, "diff", "--json"))["stale"]["trajectories"]
    planned = json.loads(screen(project, "plan", DATA, "--json"))
    looked_at = sum(
        entry["rows"] + entry["revalidate"]
        for entry in (*planned["would"], *planned["may"])
        if entry["target"].startswith("trajectories:")
    )
    assert stale["read"] + stale["replayed"] == looked_at > 0
    assert stale["by_whole_tools"] >= stale["read"]


def test_a_description_costs_no_row(project: Path) -> None:
    edit(project / "tools" / "hr.json", "get_candidate", description="All that is known of one applicant.")
    lines = screen(project, "diff").splitlines()
    assert lines[2:] == ["Makes no trajectory, text or checkpoint stale"]


def test_a_diff_as_json_has_a_version_and_says_what_each_class_makes_stale(project: Path) -> None:
    change_schemas(project)
    found = json.loads(screen(project, "diff", "--format", "json"))
    assert found["version"] == 1
    assert found["base"] == "loop.lock"
    by_class = {change["class"]: change for change in found["changes"]}
    assert set(by_class) == {"tool_added", "tool_renamed", "description_changed", "parameter_added"}
    assert by_class["parameter_added"]["stale"] == ["graph", "calls", "trajectories", "model"]
    assert by_class["parameter_added"]["span"] == {"file": "tools/hr.json", "line": 20, "column": 7}
    assert by_class["description_changed"]["rows"] is None
    assert by_class["tool_renamed"]["was"] == "hr/get_candidate"
    assert len({frozenset(change) for change in found["changes"]}) == 1  # every change has the same keys
    assert found["stale"]["phases"] == []  # nothing was trained here


def test_a_source_that_is_gone_or_has_another_name_takes_its_tools_with_it(project: Path) -> None:
    loopfile = project / "loop.yaml"
    loopfile.write_text(re.sub(r"^  hr:", "  people:", loopfile.read_text(), flags=re.MULTILINE))
    found = json.loads(screen(project, "diff", "--json"))
    by_class = Counter((change["class"], change["tool"].partition("/")[0]) for change in found["changes"])
    assert set(by_class) == {("tool_removed", "hr"), ("tool_added", "people")}
    assert found["stale"]["trajectories"]["kept"] == 0
    assert any("came with source `people`" in note for note in found["notes"])


def test_a_diff_as_markdown_folds_its_table(project: Path) -> None:
    change_schemas(project)
    blocks = screen(project, "diff", "--format", "markdown").split("\n\n")
    assert blocks[:2] == ["### Tools against `loop.lock`", "**2 breaking, 1 compatible, 1 doc**, in 4 tools of 12."]
    assert blocks[2].startswith("- Makes stale: ")
    assert blocks[3] == "<details><summary>4 changes</summary>"
    rows = blocks[4].splitlines()
    assert rows[0] == "| level | tool | change | rows | place |"
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| breaking", "| breaking", "| compatible", "| doc"]
    assert blocks[5] == "</details>"


def test_foreign_text_cannot_leave_its_cell_or_its_command(project: Path) -> None:
    edit(project / "tools" / "hr.json", "find_employee",
         parameters={"a|b\n::error::x": "string", "<b>@all</b>": "string"})  # fmt: skip
    markdown = screen(project, "diff", "--format", "markdown")
    assert "@all" not in markdown
    assert "<b>" not in markdown
    assert all(line.count("|") - line.count("\\|") == 6 for line in markdown.splitlines() if line.startswith("|"))
    lines = screen(project, "check", "tools/hr.json", "--format", "github").splitlines()
    assert not [line for line in lines if line.startswith("::error::")]
    assert all(re.match(r"::(error|warning|notice) file=tools/hr\.json,", one) for one in lines if one.startswith("::"))


def test_annotations_name_file_line_and_class(project: Path) -> None:
    change_schemas(project)
    lines = screen(project, "check", "tools/hr.json", "--format", "github").splitlines()
    assert re.fullmatch(
        r"::error file=tools/hr\.json,line=20,col=7,title=parameter_added::hr/schedule_interview: required parameter "
        r"`mode`%0A\d+ of 44 trajectories call it; \d+ no longer validate",
        lines[1],
    )
    assert [line.split(" ")[0] for line in lines[:4]] == ["::error", "::error", "::notice", "::notice"]


def test_only_the_worst_ten_of_a_level_are_annotated(project: Path) -> None:
    letters = [chr(97 + n) * 2 for n in range(26)]
    entries = [{"name": f"new_{name}", "description": f"Thing {name}.", "parameters": {}} for name in letters]
    (project / "tools" / "hr.json").write_text(json.dumps(entries))
    lines = screen(project, "check", "tools/hr.json", "--format", "github").splitlines()
    assert sum(line.startswith("::notice") for line in lines) == 10
    assert sum(line.startswith("::error") for line in lines) == 10
    assert any(re.fullmatch(r"and \d+ more, not annotated", line) for line in lines)


CHECK = """\
tools/hr.json:24:3: compatible: `hr/extend_offer` added
tools/hr.json:34:3: breaking: `hr/get_candidate_profile` renamed from `get_candidate` (0.88: 2 of 3 words of the name, \
1 of 1 parameters, 5 of 5 words of the description, 3 of 3 returned leaves)
  8 of 44 trajectories call it; under the new name all still validate
tools/hr.json:68:3: doc: `hr/get_leave_balance` its description changed
tools/hr.json:20:7: breaking: `hr/schedule_interview` required parameter `mode`
  5 of 44 trajectories call it; 5 no longer validate
Makes stale: 13 of 44 trajectories read what changed
  about 48 trajectories: 31 kept, 13 to check (5 of them no longer validate and are made anew), about 4 new
  up to about 35 texts written, with their trajectories about [TIME]
  costs no money: all writers are offline
Checked 1 of 1 source, 12 tools: 2 breaking, 1 compatible, 1 doc changes against loop.lock \
(1 more in unchanged tools: `--all` shows them)"""


def test_a_check_puts_the_place_first(project: Path) -> None:
    change_schemas(project)
    same(screen(project, "check", "tools/hr.json"), CHECK)
    assert screen(project, "check", "--all").splitlines()[0] == (
        "tools/hr.json:46:3: warning: the description of `hr/cancel_interview` says no more than its name "
        "[thin-description]"
    )


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ([], 0),
        (["--fail-on", "breaking"], 1),
        (["--fail-on", "never"], 0),
        (["--locked"], 1),
        (["--strict"], 0),
        (["--strict", "--all"], 1),
        (["--locked", "--against", "HEAD"], 2),
        (["--against", "no-such-branch"], 2),
    ],
)
def test_exit_codes(project: Path, flags: list[str], code: int) -> None:
    change_schemas(project)
    assert loopbuild(project, "check", "tools/hr.json", *flags).code == code


def test_loop_yaml_says_when_a_check_fails_and_what_is_silenced(project: Path) -> None:
    path = project / "loop.yaml"
    text = path.read_text()
    path.write_text(text + "check: {fail_on: doc, ignore: {thin-description: ['hr/cancel_*']}}\n")
    change_schemas(project)
    found = loopbuild(project, "check", "--all", "tools/hr.json")
    assert found.code == 1
    assert "thin-description" not in found.out
    path.write_text(text + "check: {ignore: {thin-descripton: ['*']}}\n")
    found = loopbuild(project, "check", "tools/hr.json")
    assert found.code == 2
    assert "thin-descripton" in found.err


def test_a_check_of_nothing_of_ours_is_nothing(project: Path) -> None:
    Path("README.md").write_text("x")
    assert screen(project, "check", "README.md", "no-such.json").startswith("Nothing to check")


def test_a_source_of_several_files_is_one_and_without_a_lock_nothing_is_said_to_be_unchanged(project: Path) -> None:
    (project / "tools" / "more.json").write_text('[{"name": "get_payroll", "parameters": {}}]')
    (project / "loop.yaml").write_text((project / "loop.yaml").read_text().replace("tools/hr.json", "tools/*.json"))
    assert "Checked 1 of 1 source, 12 tools: 1 compatible change against loop.lock" in screen(project, "check")
    (project / "loop.lock").unlink()
    shutil.rmtree(project / ".git")
    assert "Checked 1 of 1 source, 12 tools: nothing to compare with" in screen(project, "check")


def test_each_file_is_checked_in_the_project_it_belongs_to(built: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        change_schemas(Path(shutil.copytree(built, tmp_path / name)))
    found = loopbuild(Path(), "check", "one/tools/hr.json", "two/tools/hr.json")
    assert found.code == 0, found.err
    assert found.out.count("Checked 1 of 1 source") == 2
    assert "one/tools/hr.json:20:7: breaking" in found.out
    assert "two/tools/hr.json:20:7: breaking" in found.out


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"name": "x",', r"tools/hr\.json:1:\d+: error: source `hr` cannot be read: not JSON: .*"),
        ("", r"tools/hr\.json:1:1: error: source `hr` cannot be read: `tools/hr\.json` is empty"),
        ('{"a": 1}', r".*error: (tools/hr\.json:1:1: )?source `hr` holds no list of tools"),
        ("[" * 100_000, r"tools/hr\.json:1:\d+: error: source `hr` cannot be read: .*"),
        ("\ufeff\x00\x00", r".*error: .*UTF-16.*|.*error: .*"),
    ],
)
def test_a_broken_file_is_one_line_with_its_place(project: Path, content: str, said: str) -> None:
    (project / "tools" / "hr.json").write_text(content)
    found = loopbuild(project, "check", "tools/hr.json")
    assert found.code == 2
    lines = [line for line in found.out.splitlines() if "error: " in line]
    assert len(lines) == 1, found.out
    assert re.fullmatch(said, lines[0])
    assert "Traceback" not in found.out + found.err


def test_a_huge_file_is_refused_before_it_is_read(project: Path) -> None:
    with (project / "tools" / "hr.json").open("wb") as stream:
        stream.truncate(3 << 30)
    found = loopbuild(project, "check", "tools/hr.json")
    assert found.code == 2
    assert "error: `tools/hr.json` has 3,221 MB, a file of tools may have 67" in found.out


def test_a_tool_declared_twice_is_an_error_and_no_removal(project: Path) -> None:
    path = project / "tools" / "hr.json"
    entries = json.loads(path.read_text())
    path.write_text(json.dumps([*entries, entries[0]], indent=2))
    found = loopbuild(project, "check", "tools/hr.json")
    assert found.code == 2
    assert re.search(r"^tools/hr\.json:\d+:\d+: error: tool `\w+` is declared 2 times and skipped", found.out, re.M)
    assert "removed" not in found.out


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tools").mkdir()
    lines = ["version: 1", "sources:"]
    for number in range(200):
        entry = {"name": f"get_item{number}", "description": f"Item {number} of all.", "parameters": {"x": "string"}}
        (tmp_path / "tools" / f"s{number}.json").write_text(json.dumps([entry]))
        lines.append(f"  s{number}: {{kind: toolspec, path: tools/s{number}.json}}")
    (tmp_path / "loop.yaml").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_broken_file_among_many_costs_no_other(many: Path) -> None:
    git(many, "init", "-q")
    git(many, "add", ".")
    git(many, "commit", "-q", "-m", "first")
    (many / "tools" / "s100.json").write_text("{")
    edit(many / "tools" / "s150.json", "get_item150", parameters={"x": "integer"})
    found = loopbuild(many, "check")
    assert found.code == 2
    assert sum("error: " in line for line in found.out.splitlines()) == 1
    assert "tools/s100.json:1:2: error: source `s100` cannot be read" in found.out
    assert "breaking: `s150/get_item150` input `x`: type was string, is integer" in found.out
    assert "Checked 200 of 200 sources, 199 tools: 1 error; 1 breaking change against HEAD" in found.out


def test_a_name_that_two_sources_share_is_remarked_on(many: Path) -> None:
    path = many / "tools" / "s7.json"
    path.write_text(path.read_text().replace("get_item7", "get_item8"))
    found = loopbuild(many, "check")
    assert found.code == 0
    assert "warning: `s7/get_item8` has the name of `s8/get_item8`" in found.out


def test_a_check_reads_the_changed_source_alone(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = Path.read_bytes

    def watched(self: Path) -> bytes:
        seen.append(self.name)
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", watched)
    assert loopbuild(many, "check", "tools/s9.json").code == 0
    assert {name for name in seen if name.startswith("s")} == {"s9.json"}


# -- inputs nothing feeds --------------------------------------------------------------------------------------------


def orphans(many: Path, extra: str = "") -> str:
    badge: dict[str, Any] = {"parameters": {"badge_id": "string"}, "returns": {"colour": "string"}}
    desk: dict[str, Any] = {"parameters": {"desk_id": "string"}, "returns": {"owner": "string"}}
    entries = [
        {"name": "get_badge", "description": "Colour of a badge.", **badge},
        {
            "name": "list_desks",
            "description": "Desks of a floor.",
            "parameters": {},
            "returns": {"desk_ids": ["string"]},
        },
        {"name": "get_desk", "description": "Owner of one desk.", **desk},
    ]
    (many / "tools" / "s3.json").write_text(json.dumps(entries))
    if extra:
        (many / "loop.yaml").write_text((many / "loop.yaml").read_text() + extra)
    return loopbuild(many, "check", "tools/s3.json").out


def test_an_id_that_no_tool_returns_is_remarked_on(many: Path) -> None:
    screen = orphans(many)
    assert screen.count("[unreachable-parameter]") == 1
    assert "warning: no tool returns `badge_id` of `s3/get_badge`, which is required [unreachable-parameter]" in screen


@pytest.mark.parametrize(
    "extra",
    [
        "sampling: {user_known: [badge_*]}\n",
        'graph: {edges: {allow: ["s3/list_desks#/desk_ids/[] -> s3/get_badge#/badge_id"]}}\n',
        "check: {ignore: {unreachable-parameter: ['s3/*']}}\n",
    ],
)
def test_an_id_that_people_know_or_an_edge_feeds_is_none(many: Path, extra: str) -> None:
    assert "[unreachable-parameter]" not in orphans(many, extra)


@pytest.mark.parametrize("seed", range(4))
def test_no_damage_to_a_file_is_more_than_an_error(many: Path, seed: int) -> None:
    """Bytes flipped, cut, doubled: an exit code of ours and lines of ours, never a traceback."""
    import random

    dice = random.Random(seed)
    whole = (Path(__file__).parents[2] / "examples" / "hr" / "tools" / "hr.json").read_bytes()
    for _ in range(40):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(content))
            kind = dice.randrange(4)
            if kind == 0:
                content[at] = dice.randrange(256)
            elif kind == 1:
                del content[at : at + dice.randrange(200)]
            elif kind == 2:
                content[at:at] = content[at : at + dice.randrange(200)]
            else:
                word = dice.choice([b"null", b"[]", b"{}", b"1e999", b'"\\ud800"', b"true", b'"$ref"', b"\xff"])
                content[at : at + 1] = word
        (many / "tools" / "s5.json").write_bytes(bytes(content))
        found = loopbuild(many, "check", "tools/s5.json")
        assert found.code in (0, 2), found.err
        assert "Traceback" not in found.out + found.err
        assert found.code == 0 or "error: " in found.out


def test_rules_about_tools_that_are_not_there_are_named_with_their_places(project: Path) -> None:
    edge = "hr/get_role_candidates#/candidat_ids/[] -> hr/get_candidate#/candidate_id"
    rules = f'\ngraph:\n  edges:\n    allow: ["{edge}"]\n    deny: ["hr/zz* -> *"]\n'
    rules += "  renames: {hr/get_rol: hr/get_rolle}\n"
    loopfile = project / "loop.yaml"
    above = loopfile.read_text().rstrip()
    loopfile.write_text(above + rules)
    line = above.count("\n") + 1
    said = screen(project, "check", code=2)
    assert f"loop.yaml:{line + 3}:13: error: `{edge}` in `graph.edges.allow`: no output matches" in said
    assert "did you mean `hr/get_role_candidates#/candidate_ids/[]`?" in said
    assert f"loop.yaml:{line + 4}:12: error: `hr/zz* -> *` in `graph.edges.deny`: no output matches `hr/zz*`" in said
    assert f"loop.yaml:{line + 5}:" in said
    assert "`graph.renames`: no tool is called `hr/get_rolle`" in said
    shown = loopbuild(project, "plan").err
    assert f"--> loop.yaml:{line + 3}:13" in shown
    assert f"--> loop.yaml:{line + 4}:12" in shown
