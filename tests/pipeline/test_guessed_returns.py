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
    assert all(len(set(path)) == 1 for path in paths(root))
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
