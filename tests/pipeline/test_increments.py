"""What a schema change makes stale, and what it leaves alone: laws over the data half of a project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from projects import change_schemas, hr_project, loopbuild

from loopbuild.engine.query import output, targets_in_force
from loopbuild.engine.workspace import Workspace


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = hr_project(tmp_path_factory.mktemp("hr"))
    screen = loopbuild(root, "build", "dataset:")
    assert screen.code == 0, screen.err
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """A private copy of a project whose rows are built."""
    import shutil

    root = tmp_path / "hr"
    shutil.copytree(built, root)
    return root


def rows(root: Path, kind: str) -> dict[str, Any]:
    """All rows of one kind, by key."""
    ws = Workspace.open(root, code_version="test")
    found: dict[str, Any] = {}
    for name in targets_in_force(ws):
        if name.startswith(f"{kind}:"):
            found |= (output(ws, name) or {}).get("rows", {})
    return found


def edit(root: Path, tool: str, **changes: Any) -> None:
    path = root / "tools" / "hr.json"
    tools = json.loads(path.read_text())
    next(one for one in tools if one["name"] == tool).update(changes)
    path.write_text(json.dumps(tools, indent=2))


def ran(root: Path) -> dict[str, tuple[int, int]]:
    """Rows run and rows in all, by target, of the next build."""
    screen = loopbuild(root, "build", "dataset:", "--json")
    assert screen.code == 0, screen.err
    targets = json.loads(screen.out)["targets"]
    return {
        name: (one["rows_run"], one["rows_total"])
        for name, one in targets.items()
        if one["outcome"] in ("built", "cut_off", "revalidated")
    }


def test_a_second_build_runs_nothing(project: Path) -> None:
    assert ran(project) == {}


def test_a_description_edit_samples_writes_and_judges_nothing(project: Path) -> None:
    before = rows(project, "rows")
    edit(project, "find_employee", description="Look a colleague up by first and last name.")
    assert set(ran(project)) == {"source:hr", "catalog:main", "contract:main"}
    assert rows(project, "rows") == before


def test_order_and_spelling_of_the_file_do_not_matter(project: Path) -> None:
    path = project / "tools" / "hr.json"
    path.write_text(json.dumps(list(reversed(json.loads(path.read_text())))))
    assert set(ran(project)) <= {"source:hr", "catalog:main", "contract:main"}


def _sorted_keys(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


def _spelt_out(text: str) -> str:
    """The same tools as JSON Schemas with references, titles, extensions and the order turned round."""
    tools = json.loads(text)
    for tool in tools:
        given, parts = tool["parameters"], {}
        for name, kind in reversed(given.items()):
            part = {"type": kind} if isinstance(kind, str) else kind
            parts[name.removesuffix("?")] = {"title": name.title(), "x-order": 1, **part}
        tool["parameters"] = {
            "$defs": parts,
            "type": "object",
            "properties": {name: {"$ref": f"#/$defs/{name}"} for name in parts},
            "required": [name for name in reversed(parts) if name in given],
        }
    return json.dumps(tools)


NEUTRAL = {
    "white space": lambda text: json.dumps(json.loads(text), indent=9) + "\n\n",
    "order of keys": _sorted_keys,
    "order of tools": lambda text: json.dumps(list(reversed(json.loads(text)))),
    "references, titles, extensions": _spelt_out,
}
LOOPFILE = {
    "a comment": lambda text: f"# another comment\n{text}\n\n",
    "a default spelt out": lambda text: text + "graph: {min_score: 0.6}\n",
    "other quotes and braces": lambda text: text.replace("path: tools/hr.json", 'path: "tools/hr.json"'),
    "what only decides how": lambda text: (
        text + "engine: {executor: processes}\ntraining: {incremental: {replay: 0.5}}\n"
    ),
}


@pytest.mark.parametrize("name", LOOPFILE)
def test_neutral_edits_of_loop_yaml_run_nothing(project: Path, name: str) -> None:
    path = project / "loop.yaml"
    before = path.read_text()
    path.write_text(LOOPFILE[name](before))
    assert path.read_text() != before
    assert ran(project) == {}


@pytest.mark.parametrize("name", NEUTRAL)
def test_neutral_edits_of_a_schema_file_read_it_again_and_run_nothing_else(project: Path, name: str) -> None:
    before = rows(project, "rows")
    path = project / "tools" / "hr.json"
    path.write_text(NEUTRAL[name](path.read_text()))
    assert set(ran(project)) <= {"source:hr", "catalog:main", "contract:main"}
    assert rows(project, "rows") == before


def test_a_new_tool_changes_no_row_of_another(project: Path) -> None:
    before = rows(project, "trajectories")
    path = project / "tools" / "hr.json"
    tools = json.loads(path.read_text())
    added = next(one for one in json.loads((project / "next" / "hr.json").read_text()) if one["name"] == "extend_offer")
    path.write_text(json.dumps([*tools, added], indent=2))
    touched = ran(project)
    assert touched["trajectories:hr/offer"] == (8, 8)
    others = [run for name, (run, _) in touched.items() if name.startswith("trajectories:") and "offer" not in name]
    assert not any(others)
    after = rows(project, "trajectories")
    assert {key: after[key] for key in before} == before


def test_a_required_parameter_redoes_only_the_rows_that_call_the_tool(project: Path) -> None:
    before = rows(project, "trajectories")
    edit(
        project,
        "schedule_interview",
        parameters={
            "candidate_id": "string",
            "role_id": "string",
            "mode": {"type": "string", "enum": ["onsite", "video"]},
        },
    )
    ran(project)
    after = rows(project, "trajectories")
    for key, old in before.items():
        calls = {step["call"]["tool"] for step in old.get("steps", ())}
        if "hr/schedule_interview" not in calls and "unreachable" not in old:
            assert after[key] == old, key
        elif "hr/schedule_interview" in calls and "steps" in after[key]:
            new = [step["call"] for step in after[key]["steps"] if step["call"]["tool"] == "hr/schedule_interview"]
            assert all("mode" in call["arguments"] for call in new)


def test_a_proven_row_holds_under_the_new_schemas(project: Path) -> None:
    """Drawn afresh or proven again, every call of every row validates and every row is judged as in a clean build."""
    change_schemas(project)
    touched = ran(project)
    proven = json.loads(loopbuild(project, "build", "dataset:", "--json").out)
    assert set(proven["counts"]) == {"fresh"}
    assert any(run < total for name, (run, total) in touched.items() if name.startswith("trajectories:"))
    catalog = output(Workspace.open(project, code_version="test"), "catalog:main")
    schemas = {tool["id"]: Draft202012Validator(tool["input_schema"]) for tool in catalog["tools"]}
    calls = [step["call"] for row in rows(project, "trajectories").values() for step in row.get("steps", ())]
    assert len(calls) > 50
    for call in calls:
        schemas[call["tool"]].validate(call["arguments"])
    clean = hr_project(project.parent / "clean")
    change_schemas(clean)
    assert loopbuild(clean, "build", "dataset:").code == 0
    judged, fresh = rows(project, "rows"), rows(clean, "rows")
    # What calls the renamed tool is kept under its old plan.
    assert len(judged) == len(fresh)
    common = judged.keys() & fresh.keys()
    assert all("hr/get_candidate_profile" in judged[key]["example"]["tools"] for key in judged.keys() - common)
    same = [key for key in common if judged[key]["example"] == fresh[key]["example"]]
    assert len(same) > len(common) * 0.9
    assert all(judged[key]["verdict"] == fresh[key]["verdict"] for key in same)


def _widen(root: Path) -> None:
    """Let an enum take one value more: what was chosen before still holds, and a fresh draw may choose another."""
    path = root / "tools" / "hr.json"
    tools = json.loads(path.read_text())
    for tool in tools:
        if "department" in tool["parameters"]:
            tool["parameters"]["department"]["enum"].insert(0, "design")
    path.write_text(json.dumps(tools, indent=2))


def test_without_revalidation_an_increment_is_byte_for_byte_a_clean_build(project: Path) -> None:
    _widen(project)
    ran(project)
    proven = rows(project, "trajectories")
    planned = json.loads(loopbuild(project, "plan", "dataset:", "--no-revalidate", "--json").out)
    assert not any(entry["revalidate"] for entry in planned["would"])
    assert loopbuild(project, "build", "dataset:", "--no-revalidate").code == 0
    clean = hr_project(project.parent / "clean")
    _widen(clean)
    assert loopbuild(clean, "build", "dataset:").code == 0
    assert (project / "loop.lock").read_bytes() == (clean / "loop.lock").read_bytes()
    assert rows(project, "trajectories") != proven


def test_undoing_a_change_samples_and_writes_nothing(project: Path) -> None:
    path = project / "tools" / "hr.json"
    text = path.read_text()
    before = rows(project, "rows")
    change_schemas(project)
    ran(project)
    path.write_text(text)
    assert all(run == 0 for run, _ in ran(project).values())
    after = rows(project, "rows")
    assert {key: after[key] for key in before} == before


def test_would_is_a_part_of_what_ran_and_that_of_would_and_may(project: Path) -> None:
    change_schemas(project)
    plan = json.loads(loopbuild(project, "plan", "dataset:", "--json").out)
    would = {entry["target"] for entry in plan["would"]}
    may = {entry["target"] for entry in plan["may"]}
    done = set(ran(project))
    assert would <= done
    assert done <= would | may


def test_plan_names_exactly_the_changed_tools(project: Path) -> None:
    change_schemas(project)
    changes = json.loads(loopbuild(project, "plan", "--json").out)["changes"]
    assert {(one["tool"], one["change"]) for one in changes} == {
        ("hr/extend_offer", "added"),
        ("hr/get_candidate_profile", "renamed"),
        ("hr/get_leave_balance", "changed"),
        ("hr/schedule_interview", "changed"),
    }


def test_two_clean_builds_make_the_same_bytes(built: Path, tmp_path: Path) -> None:
    other = hr_project(tmp_path / "deeper" / "elsewhere")
    assert loopbuild(other, "build", "dataset:").code == 0
    for name in ("train.jsonl", "eval.jsonl"):
        one = (built / ".loopbuild" / "out" / "dataset" / name).read_bytes()
        assert one == (other / ".loopbuild" / "out" / "dataset" / name).read_bytes()


def test_worker_processes_make_the_same_bytes(built: Path, tmp_path: Path) -> None:
    other = hr_project(tmp_path / "jobs")
    assert loopbuild(other, "build", "dataset:", "-j", "2").code == 0
    one = (built / ".loopbuild" / "out" / "dataset" / "train.jsonl").read_bytes()
    assert one == (other / ".loopbuild" / "out" / "dataset" / "train.jsonl").read_bytes()


def test_nothing_of_the_evaluation_stands_among_training_rows(built: Path) -> None:
    folder = built / ".loopbuild" / "out" / "dataset"
    train = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    tasks = [json.loads(line) for line in (folder / "eval.jsonl").read_text().splitlines()]
    asked = {turn for task in tasks for turn in task["user_turns"]}
    said = {message["content"] for row in train for message in row["messages"] if message["role"] == "user"}
    assert not asked & said
    assert {row["split"] for row in train} == {"train"}
    gold = [step["call"]["arguments"] for task in tasks for step in task["gold"]]
    calls = [
        call["function"]["arguments"]
        for row in train
        for message in row["messages"]
        for call in message.get("tool_calls", ())
    ]
    assert ids_of(gold)
    assert not ids_of(gold) & ids_of(calls)


def ids_of(calls: list[dict[str, Any]]) -> set[str]:
    return {value for arguments in calls for name, value in arguments.items() if name.endswith("_id")}
