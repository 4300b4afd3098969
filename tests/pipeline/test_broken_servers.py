"""What a server that dies, hangs or answers nonsense while calls run does to a build: real servers over stdio."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from projects import Screen, loopbuild

from loopbuild.engine.query import output, targets_in_force
from loopbuild.engine.workspace import Workspace

pytest.importorskip("mcp")

TILL = Path(__file__).parents[1] / "sandbox" / "till.py"
TOOLS = [
    {"name": "list_accounts", "parameters": {}, "returns": {"account_ids": ["string"]}},
    {"name": "get_balance", "parameters": {"account_id": "string"}, "returns": {"balance": "integer"}},
    {"name": "update_balance", "parameters": {"account_id": "string", "balance": "integer"},
     "returns": {"balance": "integer"}},
]  # fmt: skip
LOOP = """version: 1
sources:
  till: {{kind: toolspec, path: tools.json}}
sampling: {{per_tool: 4, user_known: [account_id]}}
evaluation: {{per_tool: 2}}
sandbox:
  kind: mcp
  command: [{python}, till.py, jsonl]
  env: {{TILL_TROUBLE: {trouble}, TILL_STARTS: {trouble}.starts}}
  state: {{kind: jsonl, path: till.jsonl}}
  call_timeout_seconds: 1
"""


def till_project(root: Path, *more: str) -> Path:
    """A till with a real server; the file `trouble` beside it says which tool does what: `get_balance exit`."""
    shutil.copy(TILL, root / "till.py")
    (root / "tools.json").write_text(json.dumps([*TOOLS, *({"name": name, "parameters": {}} for name in more)]))
    (root / "loop.yaml").write_text(LOOP.format(python=sys.executable, trouble=root / "trouble"))
    return root


def trouble(root: Path, text: str) -> None:
    (root / "trouble").write_text(text)


def rows(root: Path, kind: str) -> Mapping[str, dict[str, object]]:
    ws = Workspace.open(root, code_version="test")
    found: dict[str, dict[str, object]] = {}
    for name in targets_in_force(ws):
        if name.startswith(f"{kind}:"):
            found |= (output(ws, name) or {}).get("rows", {})
    return found


def build(root: Path, *, code: int) -> Screen:
    screen = loopbuild(root, "build", "dataset:")
    assert screen.code == code, screen.err
    return screen


def test_a_server_that_exits_in_every_call_fails_its_target_and_is_asked_again(tmp_path: Path) -> None:
    root = till_project(tmp_path)
    trouble(root, "* exit")
    screen = build(root, code=1)
    assert "trajectories:till/account" in screen.err
    assert "the sandbox of `till` was lost whenever `till/list_accounts` was called: the server" in screen.err
    assert "till.py jsonl` did not answer `list_accounts`" in screen.err
    assert "the drawer is stuck" in screen.err
    assert "every row that was finished before" in screen.err
    assert "mend the server" in screen.err
    trouble(root, "")
    build(root, code=0)
    assert len(rows(root, "trajectories")) == 3 * (4 + 2)
    assert not [row for row in rows(root, "trajectories").values() if "unreachable" in row]


def test_a_tool_that_takes_the_server_down_fails_its_rows_and_keeps_the_others(tmp_path: Path) -> None:
    root = till_project(tmp_path)
    trouble(root, "update_balance exit")
    screen = build(root, code=1)
    assert "6 of 12 rows failed" in screen.err
    assert "till/update_balance: no answer (server_lost): the server" in screen.err
    assert "the drawer is stuck" in screen.err
    assert "6 rows are kept" in screen.err
    trouble(root, "")
    screen = build(root, code=0)
    assert "6 trajectories" in screen.err + screen.out


def test_a_server_that_always_hangs_is_given_up_after_a_few_calls(tmp_path: Path) -> None:
    root = till_project(tmp_path)
    trouble(root, "* hang")
    start = time.monotonic()
    screen = build(root, code=1)
    assert time.monotonic() - start < 40, "18 rows of two tries each would wait longer than this"
    assert "the sandbox of `till` was lost whenever `till/list_accounts` was called" in screen.err
    assert "did not answer `list_accounts`" in screen.err


def test_a_tool_that_hangs_is_given_up_alone(tmp_path: Path) -> None:
    root = till_project(tmp_path)
    trouble(root, "update_balance hang")
    start = time.monotonic()
    screen = build(root, code=1)
    assert time.monotonic() - start < 40
    assert "6 of 12 rows failed" in screen.err
    assert "6 rows are kept" in screen.err


def test_a_server_lost_once_costs_nothing(tmp_path: Path) -> None:
    root = till_project(tmp_path)
    trouble(root, "update_balance exit once")
    build(root, code=0)
    assert (root / "trouble").read_text() == ""
    assert len(rows(root, "tasks")) > 0


def test_a_server_with_one_world_is_usable_and_its_known_ids_are_counted(tmp_path: Path) -> None:
    root = till_project(tmp_path)
    build(root, code=0)
    known = (output(Workspace.open(root, code_version="test"), "dataset:main") or {})["known"]
    counted = [(one["k"], one["n"]) for one in known.values()]
    assert sum(k for k, _ in counted) > 0
    assert all(0 <= k <= n for k, n in counted)
    assert all(value.startswith("A-") for one in known.values() for value in one["such"])


def test_rows_are_proven_on_few_servers_and_none_is_left_behind(tmp_path: Path) -> None:
    root = till_project(tmp_path)
    build(root, code=0)
    starts = root / "trouble.starts"
    starts.write_text("")
    with (root / "till.py").open("a") as stream:
        stream.write("# the same server\n")
    screen = loopbuild(root, "build", "trajectories:")
    assert screen.code == 0, screen.err
    assert "revalidated" in screen.err or "proven" in screen.err, screen.err
    processes = starts.read_text().split()
    assert 0 < len(processes) <= 2 * 6, "one server per world and table, not one per row"
    assert not [one for one in processes if Path(f"/proc/{one}").exists()]


def test_an_answer_no_row_can_hold_costs_only_the_rows_of_its_tool(tmp_path: Path) -> None:
    root = till_project(tmp_path, "get_nothing")
    trouble(root, "")
    screen = build(root, code=0)
    lost = {json.dumps(row["unreachable"]) for row in rows(root, "trajectories").values() if "unreachable" in row}
    assert lost == {'{"detail": "till/get_nothing: invalid_answer", "reason": "exhausted"}'}
    assert len(rows(root, "tasks")) > 0
    assert "No training row calls `till/get_nothing`\n" in screen.out
    why = "every way was tried: till/get_nothing: invalid_answer"
    gap = f"No trajectory for 6 of 24 cells: `till/get_nothing` 6 of 6 ({why})"
    assert f"{gap}\n" in screen.out
    assert ": 18 trajectories," in screen.out
    assert gap in loopbuild(root, "show", "dataset:main").out
    again = json.loads(loopbuild(root, "build", "dataset:", "--force", "dataset:main", "--json").out)
    assert again["gaps"]["untaught"] == ["till/get_nothing"]
