"""The whole loop, really trained: three tools, few rows, one short phase each; then a schema change; then a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "pipeline"))
from projects import loopbuild

pytestmark = [pytest.mark.train, pytest.mark.timeout(900)]
HEAVY = {
    "torch",
    "transformers",
    "trl",
    "peft",
    "datasets",
    "litellm",
    "mcp",
    "networkx",
    "rich",
    "pydantic",
    "yaml",
    "httpx",
}

TOOLS: list[dict[str, Any]] = [
    {"name": "get_open_roles", "parameters": {}, "returns": {"role_ids": ["string"]}},
    {
        "name": "get_role_candidates",
        "parameters": {"role_id": "string"},
        "returns": {"candidate_ids": ["string"], "scores": ["number"]},
    },
    {
        "name": "schedule_interview",
        "parameters": {"candidate_id": "string", "role_id": "string"},
        "returns": {"interview_id": "string"},
    },
]
LOOPFILE = """version: 1
sources:
  hr: {kind: toolspec, path: hr.json}
sampling: {per_tool: 16, user_known: [role_id, candidate_id]}
training:
  phases:
    teach: {schemas_in_prompt: true, max_rows: 16, epochs: 1}
    recall: {schemas_in_prompt: false, epochs: 2}
evaluation: {per_tool: 3, compare_base: false, max_new_tokens: 60}
"""


def project(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "hr.json").write_text(json.dumps(TOOLS, indent=1))
    (root / "loop.yaml").write_text(LOOPFILE)
    return root


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("loop"))
    screen = loopbuild(root, "build")
    assert screen.code == 0, screen.err
    return root


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    root = tmp_path / "loop"
    shutil.copytree(trained, root)
    return root


def outcomes(root: Path, *arguments: str) -> dict[str, str]:
    screen = loopbuild(root, "build", "--json", *arguments)
    assert screen.code == 0, screen.err
    return {name: one["outcome"] for name, one in json.loads(screen.out).get("targets", {}).items()}


def report(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(loopbuild(root, "report", "--json").out)
    return found


def test_the_loop_ends_with_a_checkpoint_and_a_report(trained: Path) -> None:
    out = trained / ".loopbuild" / "out"
    assert {path.name for path in (out / "report").iterdir()} == {"report.html", "report.json", "report.md"}
    for phase in ("teach", "recall"):
        assert (out / "checkpoints" / phase / "model.safetensors").stat().st_size > 1_000_000
    found = report(trained)
    assert [phase["phase"] for phase in found["training"]] == ["teach", "recall"]
    assert all(phase["mode"] == "fresh" and phase["steps"] > 0 for phase in found["training"])
    asked = sum(table["tool_selection"]["n"] for table in found["arms"]["model"]["splits"].values())
    assert asked == len((out / "dataset" / "eval.jsonl").read_text().splitlines())
    assert found["arms"]["null"]["splits"]["values"]["solved"]["k"] == 0


def test_the_trained_model_calls_tools_it_never_saw_in_a_prompt(trained: Path) -> None:
    """Few rows teach little; that names and JSON are right at all shows the weights were trained and used."""
    rate = report(trained)["arms"]["model"]["splits"]["values"]["tool_selection"]
    assert rate["k"] / rate["n"] >= 0.5


def test_a_second_build_and_its_questions_do_nothing_and_load_nothing(trained: Path) -> None:
    for verb in ("build", "status", "plan"):
        code = (
            "import sys; from loopbuild.cli.main import run; code = run(sys.argv[1:]);"
            "print(' '.join(sorted({name.partition('.')[0] for name in sys.modules}))); sys.exit(code)"
        )
        command = [sys.executable, "-c", code, "--project", str(trained), verb]
        start = os.times()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        end = os.times()
        answer, modules = done.stdout.strip().splitlines()
        assert "up to date" in answer.lower()
        assert not HEAVY & set(modules.split())
        cpu = end.children_user + end.children_system - start.children_user - start.children_system
        assert cpu < 0.6, f"{verb} took {cpu:.2f} CPU s"


def test_a_report_is_old_only_when_what_it_rests_on_changed(copy: Path) -> None:
    """Builds of parts and questions void the note of the last whole build, and make no report stale."""
    for arguments in (
        ["build", "dataset:"],
        ["plan", "dataset:train"],
        ["build", "--force", "graph:main", "graph:main"],
    ):
        assert loopbuild(copy, *arguments).code == 0
        assert "note:" not in loopbuild(copy, "report").err, arguments
    tools = json.loads((copy / "hr.json").read_text())
    tools[0]["description"] = "Every role that is open."
    (copy / "hr.json").write_text(json.dumps(tools))
    assert "what this rests on changed since: hr.json" in loopbuild(copy, "report").err


def test_a_checkpoint_is_a_page(trained: Path) -> None:
    lines = loopbuild(trained, "show", "checkpoint:model").out.splitlines()
    assert lines[0] == "checkpoint:recall"
    told = {line.split("  ")[1]: line for line in lines[1:]}
    assert {"weights", "base", "phase", "came about", "trained on", "tokens", "steps", "loss", "time"} <= told.keys()
    assert "held back to watch the loss" in told["trained on"]
    assert "{" not in "".join(lines)


def test_a_description_edit_retrains_nothing(copy: Path) -> None:
    tools = json.loads((copy / "hr.json").read_text())
    tools[0]["description"] = "Every role that takes applications."
    (copy / "hr.json").write_text(json.dumps(tools))
    ran = {name for name, outcome in outcomes(copy).items() if outcome in ("built", "cut_off", "failed")}
    assert ran <= {"source:hr", "catalog:main", "contract:main"}


def test_a_schema_change_continues_from_the_last_checkpoint_with_replay(copy: Path) -> None:
    tools = json.loads((copy / "hr.json").read_text())
    tools.append(
        {
            "name": "cancel_interview",
            "parameters": {"interview_id": "string"},
            "returns": {"status": "string"},
        }
    )
    (copy / "hr.json").write_text(json.dumps(tools))
    old = loopbuild(copy, "why", "checkpoint:recall")
    assert "hr/cancel_interview" in old.out
    ran = outcomes(copy)
    assert ran["trajectories:hr/role"] in ("fresh", "restored")
    assert ran["checkpoint:recall"] == "built"
    found = report(copy)
    assert [phase["mode"] for phase in found["training"]] == ["continue", "continue"]
    trained = [phase for phase in found["training"] if "replayed" in phase]  # the phase with schemas sits out
    assert trained
    assert all(phase["replayed"] > 0 for phase in trained)
    assert found["increment"]["tools"]["added"] == ["cancel_interview"]
    assert {"before", "stale", "model"} <= set(found["arms"])
    assert set(found["arms"]["model"]["groups"]) == {"new", "unchanged"}
    lineage = loopbuild(copy, "why", "checkpoint:recall").out
    assert "continue from" in lineage
    assert "1 increment since" in lineage
    assert "Nothing to do" in loopbuild(copy, "build").out


def test_a_kill_while_training_loses_nothing_that_was_built(tmp_path: Path) -> None:
    root = project(tmp_path / "loop")
    command = [
        sys.executable,
        "-m",
        "loopbuild",
        "--project",
        str(root),
        "build",
        "checkpoint:teach",
        "--progress",
        "json",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        event = json.loads(line)
        if event["kind"] == "progress" and event["target"] == "checkpoint:teach" and event.get("rows_total"):
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    time.sleep(0.5)
    screen = loopbuild(root, "build", "checkpoint:teach", "--json")
    assert screen.code == 0, screen.err
    targets = json.loads(screen.out)["targets"]
    assert targets["checkpoint:teach"]["outcome"] == "built"
    assert targets["dataset:train"]["outcome"] == "fresh"
