"""Laws of projects whose tools declare no returns: a guess is shown, and sampled once somebody speaks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from projects import loopbuild

TOOLS = [
    {"name": "create_ticket", "parameters": {"subject": "string"}},
    {"name": "close_ticket", "parameters": {"ticket_id": "string"}},
    {"name": "note_ticket", "parameters": {"ticket_id": "string", "words": "string"}},
]
LOOP = """version: 1
sources:
  desk: {{kind: toolspec, path: desk.json}}
sampling: {{per_tool: 6}}
evaluation: {{per_tool: 5}}
graph: {{edges: {{allow: [{allow}]}}}}
"""
EDGE = '"desk/create_ticket#/ticket_id -> desk/close_ticket#/ticket_id"'


def desk(root: Path, *, allow: str = "") -> Path:
    (root / "desk.json").write_text(json.dumps(TOOLS))
    (root / "loop.yaml").write_text(LOOP.format(allow=allow))
    return root


def stored(root: Path, target: str) -> Any:
    return json.loads(loopbuild(root, "show", target, "--json").out)


def paths(root: Path) -> set[tuple[str, ...]]:
    assert loopbuild(root, "build", "trajectories:").code == 0
    rows = [row for row in stored(root, "trajectories:desk/ticket")["rows"].values() if "steps" in row]
    return {tuple(step["call"]["tool"].removeprefix("desk/") for step in row["steps"]) for row in rows}


def test_a_simulated_sandbox_samples_no_guess_until_the_author_names_it(tmp_path: Path) -> None:
    root = desk(tmp_path)
    walked = paths(root)
    assert walked
    assert all(len(set(path)) == 1 for path in walked)
    graph = json.loads(loopbuild(root, "graph", "--json").out)
    assert graph["edges"] == []
    assert [edge["rule"] for edge in graph["unproven"]] == ["guessed", "guessed"]

    desk(tmp_path, allow=EDGE)
    assert loopbuild(root, "plan").code == 0
    after = paths(root)
    assert ("create_ticket", "close_ticket") in after
    assert not any("note_ticket" in path and "create_ticket" in path for path in after)


def test_a_guess_is_no_return_of_the_contract_and_an_allowed_one_is(tmp_path: Path) -> None:
    def outputs(root: Path) -> dict[str, list[str]]:
        assert loopbuild(root, "build", "contract:main").code == 0
        tools = stored(root, "contract:main")["tools"]
        return {tool["name"]: [leaf["pointer"] for leaf in tool["outputs"]] for tool in tools}

    assert outputs(desk(tmp_path))["create_ticket"] == []
    assert outputs(desk(tmp_path, allow=EDGE))["create_ticket"] == ["/ticket_id"]


def test_a_rule_about_a_leaf_that_is_not_even_guessed_is_a_mistake_with_its_place(tmp_path: Path) -> None:
    root = desk(tmp_path, allow=EDGE.replace("/ticket_id ->", "/owner/name ->"))
    screen = loopbuild(root, "check")
    assert screen.code == 2
    assert "no output matches `desk/create_ticket#/owner/name`" in screen.out
    assert "loop.yaml:" in screen.out


def test_check_names_the_tool_that_may_tell_what_is_missing(tmp_path: Path) -> None:
    root = desk(tmp_path)
    telling = [*TOOLS, {"name": "list_agents", "parameters": {}, "returns": {"agent_ids": ["string"]}}]
    (root / "desk.json").write_text(json.dumps(telling))
    screen = loopbuild(root, "check")
    assert "no tool returns `ticket_id` of `desk/close_ticket`" in screen.out
    assert "`desk/create_ticket` may do, by its name: `loopbuild graph --verify` tries it" in screen.out


CLINIC = """
class Clinic:
    def __init__(self):
        self.visits = {}

    def plan_visit(self, patient: str, day: str):
        \"\"\"Plan a visit.\"\"\"
        key = f"VIS-{9100 + 37 * len(self.visits)}"
        self.visits[key] = {"patient": patient, "day": day, "state": "planned"}
        return {"visit": {"id": key, "state": "planned"}}

    def confirm_visit(self, visit_id: str):
        \"\"\"Confirm a visit.\"\"\"
        self.visits[visit_id]["state"] = "confirmed"
        return {"state": "confirmed"}

    def get_clinic_name(self):
        \"\"\"Name of the clinic.\"\"\"
        return {"name": "North"}

    def find_doctors(self, ward: str):
        \"\"\"Find doctors.\"\"\"
        return "Dr Who and Dr No"

    def call_doctor(self, doctor_id: str):
        \"\"\"Call a doctor.\"\"\"
        return {"called": True}
"""


def test_a_guess_that_a_replay_finds_and_proves_is_sampled_from_then_on(tmp_path: Path) -> None:
    """Where the value lies is what the answer says, not what was guessed; what is not found stays unproven."""
    (tmp_path / "clinic.py").write_text(CLINIC)
    (tmp_path / "loop.yaml").write_text(
        "version: 1\nsources:\n  clinic: {kind: python, module: clinic:Clinic, sandbox: {kind: python}}\n"
        "sampling: {per_tool: 6}\nevaluation: {per_tool: 5}\n"
    )
    assert json.loads(loopbuild(tmp_path, "graph", "--json").out)["edges"] == []
    done = loopbuild(tmp_path, "graph", "--verify")
    assert done.code == 0, done.err
    assert "verified      clinic/plan_visit#/visit/id -> clinic/confirm_visit#/visit_id" in done.err
    assert "the answer of `clinic/find_doctors` holds no `doctor_id`" in done.err
    graph = json.loads(loopbuild(tmp_path, "graph", "--json").out)
    assert [(edge["producer_leaf"], edge["status"]) for edge in graph["edges"]] == [("/visit/id", "verified")]
    assert [edge["consumer"] for edge in graph["unproven"]] == ["clinic/call_doctor"]
    assert loopbuild(tmp_path, "build", "trajectories:").code == 0
    rows = [row for row in stored(tmp_path, "trajectories:clinic/visit")["rows"].values() if "steps" in row]
    taken = [row for row in rows if row["steps"][-1]["call"]["tool"] == "clinic/confirm_visit"]
    assert taken
    for row in taken:
        call = row["steps"][-1]["call"]
        assert call["provenance"]["/visit_id"]["leaf"] == "/visit/id"
    assert json.loads(loopbuild(tmp_path, "diff", "--format", "json").out)["changes"] == []
    again = loopbuild(tmp_path, "graph", "--verify")
    assert "1 verified" in again.out
    assert "clinic/plan_visit" not in again.err
