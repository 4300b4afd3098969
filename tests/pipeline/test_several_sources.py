"""Laws of projects with several sources: trajectories cross them, and each row depends on the sources it called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from projects import loopbuild

STAFF = [
    {"name": "find_employee", "parameters": {"name": "string"}, "returns": {"employee_id": "string"}},
    {"name": "create_employee", "parameters": {"name": "string"}, "returns": {"employee_id": "string"}},
]
DESK = [
    {"name": "list_tickets", "parameters": {}, "returns": {"ticket_ids": ["string"]}},
    {
        "name": "assign_ticket",
        "parameters": {"ticket_id": "string", "employee_id": "string"},
        "returns": {"status": "string"},
    },
    {"name": "reopen_ticket", "parameters": {"ticket_id": "string"}, "returns": {"status": "string"}},
]
LOOP = """version: 1
sources:
  staff: {{kind: toolspec, path: staff.json{staff}}}
  desk: {{kind: toolspec, path: desk.json}}
sampling: {{per_tool: 6, max_steps: 4}}
evaluation: {{per_tool: 5}}
"""


def company(root: Path, *, staff: str = "") -> Path:
    (root / "staff.json").write_text(json.dumps(STAFF))
    (root / "desk.json").write_text(json.dumps(DESK))
    (root / "loop.yaml").write_text(LOOP.format(staff=staff))
    return root


def rows(root: Path, target: str) -> list[dict[str, Any]]:
    return list(json.loads(loopbuild(root, "show", target, "--json").out)["rows"].values())


def called(row: dict[str, Any]) -> set[str]:
    return {step["call"]["tool"] for step in row.get("steps", ())}


def test_a_trajectory_uses_what_another_source_found_or_made(tmp_path: Path) -> None:
    root = company(tmp_path)
    assert loopbuild(root, "build", "rows:").code == 0
    assigned = [one for one in rows(root, "trajectories:desk/ticket") if "desk/assign_ticket" in called(one)]
    assert assigned
    producers = set().union(*map(called, assigned))
    assert {"staff/find_employee", "staff/create_employee"} <= producers
    judged = [row["verdict"] for row in rows(root, "rows:desk/ticket")]
    assert not [verdict for verdict in judged if verdict["filter"] == "execution"]


def test_another_sources_sandbox_concerns_the_rows_that_called_it_and_no_others(tmp_path: Path) -> None:
    root = company(tmp_path)
    loopbuild(root, "build", "trajectories:")
    made = rows(root, "trajectories:desk/ticket")
    crossing = sum(any(tool.startswith("staff/") for tool in called(one)) for one in made)
    unreached = sum("unreachable" in one for one in made)
    assert 0 < crossing < len(made)
    company(root, staff=", sandbox: {kind: simulated, fixtures: 8}")
    plan = json.loads(loopbuild(root, "plan", "trajectories:desk/ticket", "--json").out)
    entry = next(one for one in plan["would"] if one["target"] == "trajectories:desk/ticket")
    assert (entry["rows"] or 0) + entry["revalidate"] == crossing + unreached


def test_a_build_says_which_tools_no_trajectory_ends_with(tmp_path: Path) -> None:
    root = company(tmp_path)
    done = loopbuild(root, "build", "trajectories:")
    assert "planned trajectories were not reached; none ends with desk/reopen_ticket." in done.out + done.err
    shown = loopbuild(root, "show", "trajectories:desk/ticket").out
    assert "not reached: 11 of " in shown
    assert "every way was tried: desk/reopen_ticket: conflict" in shown
