"""`loopbuild graph --verify` and graph.lock in a project: written once, read by every build, tried again when asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from projects import EXAMPLES, hr_project, loopbuild

LIVE = """version: 1
sources:
  hr:
    kind: mcp
    command: [python, server.py]
    effects: {"get_*": read, "list_*": read, "find_*": read}
    include: [get_open_roles, get_role_candidates, get_candidate, find_employee]
sandbox:
  kind: mcp
  state: {kind: sqlite, path: hr.db}
"""


def lines(root: Path) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in (root / "graph.lock").read_text().splitlines()[1:]]
    return {row["edge"]: row for row in rows}


def test_edges_of_a_real_server_are_replayed_once(tmp_path: Path) -> None:
    pytest.importorskip("mcp")
    shutil.copytree(EXAMPLES / "hr" / "listings", tmp_path / "listings")
    shutil.copy(EXAMPLES / "hr" / "server.py", tmp_path)
    (tmp_path / "loop.yaml").write_text(LIVE)
    first = loopbuild(tmp_path, "graph", "--verify")
    assert first.code == 0
    assert {edge: row["status"] for edge, row in lines(tmp_path).items()} == {
        "hr/get_candidate#/name -> hr/find_employee#/name": "rejected",
        "hr/get_open_roles#/role_ids/[] -> hr/get_role_candidates#/role_id": "verified",
        "hr/get_role_candidates#/candidate_ids/[] -> hr/get_candidate#/candidate_id": "verified",
    }
    assert "verified      hr/get_open_roles#/role_ids/[]" in first.err
    content = (tmp_path / "graph.lock").read_bytes()
    second = loopbuild(tmp_path, "graph", "--verify")
    assert second.out == "graph.lock: 2 verified, 1 rejected. 0 edges replayed in 0 calls\n"
    assert (tmp_path / "graph.lock").read_bytes() == content

    kept = [line for line in content.splitlines(keepends=True) if b'"rejected"' not in line]
    (tmp_path / "graph.lock").write_bytes(b"".join(kept))
    assert "1 edge replayed" in loopbuild(tmp_path, "graph", "--verify").out
    assert (tmp_path / "graph.lock").read_bytes() == content
    edge = "/role_id <- hr/get_open_roles /role_ids/[]  1.00 equal, pick, verified"
    assert edge in loopbuild(tmp_path, "graph").out


def test_a_proposal_becomes_an_edge_only_by_a_replay(tmp_path: Path) -> None:
    """Whatever thought of them: no name speaks for either of these edges."""
    pytest.importorskip("mcp")
    shutil.copytree(EXAMPLES / "hr" / "listings", tmp_path / "listings")
    text = (EXAMPLES / "hr" / "listings" / "hr.json").read_text()
    (tmp_path / "listings" / "hr.json").write_text(text.replace('"role_ids"', '"vacancies"'))
    server = (EXAMPLES / "hr" / "server.py").read_text()
    (tmp_path / "server.py").write_text(server.replace("role_ids", "vacancies"))
    (tmp_path / "loop.yaml").write_text(LIVE)
    assert "/vacancies" not in loopbuild(tmp_path, "graph").out
    good, bad = (
        "hr/get_open_roles#/vacancies/[] -> hr/get_role_candidates#/role_id",
        "hr/get_open_roles#/vacancies/[] -> hr/find_employee#/name",
    )
    (tmp_path / "thought.txt").write_text(f"# by a model\n{good}\n\n{bad}\n")
    assert loopbuild(tmp_path, "graph", "--verify", "--propose", str(tmp_path / "thought.txt")).code == 0
    assert {edge: row["status"] for edge, row in lines(tmp_path).items() if row["rule"] == "proposed"} == {
        good: "verified",
        bad: "rejected",
    }
    assert (
        "/role_id <- hr/get_open_roles /vacancies/[]  0.10 proposed, pick, verified" in loopbuild(tmp_path, "graph").out
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hr/get_open_roles -> hr/get_candidate", "names no single leaf on each side"),
        ("hr/get_open_roles#/role_ids -> hr/get_candidate#/candidate_id", "no output matches"),
        ("nonsense", "is no edge"),
    ],
)
def test_a_proposal_that_names_no_edge_is_a_mistake(tmp_path: Path, text: str, message: str) -> None:
    root = hr_project(tmp_path / "hr")
    (root / "thought.txt").write_text(text)
    said = loopbuild(root, "graph", "--verify", "--propose", str(root / "thought.txt"))
    assert said.code == 2
    assert message in said.err
    assert loopbuild(root, "graph", "--propose", "x").code == 2
    assert "cannot read the proposals" in loopbuild(root, "graph", "--verify", "--propose", str(root / "no")).err


def test_the_simulated_sandbox_verifies_nothing(tmp_path: Path) -> None:
    root = hr_project(tmp_path / "hr")
    said = loopbuild(root, "graph", "--verify")
    assert said.out == "No edge was replayed, graph.lock was not written\n"
    assert "the sandbox of `hr` is simulated from the same names, so it can prove no edge" in said.err
    assert not (root / "graph.lock").exists()


def test_a_build_goes_by_graph_lock_and_notices_it_coming_changing_and_going(tmp_path: Path) -> None:
    root = hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1)
    assert loopbuild(root, "build", "graph:main").code == 0
    before = graph_of(root)
    edge = "hr/get_candidate#/name -> hr/create_employee#/name"
    row = {"edge": edge, "status": "rejected", "replay": "rejected", "score": 0.6, "rule": "generic", "sandbox": "x"}
    row["facts"] = facts_of(root, edge)
    (root / "graph.lock").write_text('{"graph.lock": 1}\n' + json.dumps(row) + "\n")
    assert loopbuild(root, "build", "graph:main").code == 0
    assert before - graph_of(root) == {edge}
    (root / "graph.lock").write_text('{"graph.lock": 1}\n' + json.dumps({**row, "status": "verified"}) + "\n")
    assert loopbuild(root, "build", "graph:main").code == 0
    assert graph_of(root) == before
    (root / "graph.lock").unlink()
    assert loopbuild(root, "build", "graph:main").code == 0
    assert graph_of(root) == before
    assert "Nothing to do" in loopbuild(root, "build", "graph:main").out


def test_a_broken_graph_lock_stops_a_build_with_its_line(tmp_path: Path) -> None:
    root = hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1)
    (root / "graph.lock").write_text('{"graph.lock": 1}\n<<<<<<< HEAD\n')
    said = loopbuild(root, "graph")
    assert said.code == 2
    assert "graph.lock:2: a merge conflict" in said.err
    assert loopbuild(root, "graph", "--verify").code == 2
    assert (root / "graph.lock").read_text().endswith("<<<<<<< HEAD\n")
    built = loopbuild(root, "build", "graph:main")
    assert built.code in (1, 2)
    assert "graph.lock:2: a merge conflict" in built.err + built.out


def graph_of(root: Path) -> set[str]:
    from loopbuild.engine.query import output
    from loopbuild.pipeline.builds import open_project

    found = output(open_project(str(root)).workspace, "graph:main")
    return {
        f"{edge['producer']}#{edge['producer_leaf']} -> {edge['consumer']}#{edge['consumer_leaf']}"
        for edge in found["edges"]
    }


def facts_of(root: Path, text: str) -> str:
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.tools import current_tools
    from loopbuild.stages.toolgraph.evidence import Facts, edge_text

    tools = current_tools(open_project(str(root)))
    return Facts(tools.catalog).of(next(edge for edge in tools.graph.edges if edge_text(edge) == text))
