"""Laws of a sandbox that is a real MCP server over stdio."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loopbuild.digest import digest
from loopbuild.errors import LoopfileError, SandboxError
from loopbuild.records import Json, StateFact, ToolCatalog, to_json
from loopbuild.sandbox import open_sandbox, open_sandboxes
from loopbuild.sandbox.mcp import McpSandbox
from loopbuild.sandbox.mcp.state import StateFile
from tests.sandbox.tools import HR_TOOLS, catalog

pytest.importorskip("mcp")

TILL = Path(__file__).with_name("till.py")
TOOLS: list[dict[str, Json]] = [
    {"name": "list_accounts", "parameters": {}, "returns": {"account_ids": ["string"]}},
    {"name": "get_balance", "parameters": {"account_id": "string"}, "returns": {"balance": "integer"}},
    {"name": "update_balance", "parameters": {"account_id": "string", "balance": "integer"},
     "returns": {"balance": "integer"}},
    {"name": "show_environment", "parameters": {}},
]  # fmt: skip
CATALOG: ToolCatalog = catalog(TOOLS, "till")


@contextmanager
def till(root: Path, kind: str, tools: list[str] = [], **more: Json) -> Iterator[McpSandbox]:  # noqa: B006
    """A sandbox over the server, opened at fixture 0."""
    shutil.copy(TILL, root / "till.py")
    suffix = {"sqlite": "till.db", "jsonl": "till.jsonl"}.get(kind, "")
    settings = {
        "kind": "mcp",
        "command": [sys.executable, "till.py", kind],
        "state": {"kind": kind, "path": suffix},
        **more,
    }
    entries = TOOLS[:3] + [{"name": name, "parameters": {}} for name in tools]
    sandbox = open_sandbox(settings, catalog(entries, "till"), root=root, environment=dict(os.environ), source="till")
    assert isinstance(sandbox, McpSandbox)
    try:
        sandbox.open(0)
        yield sandbox
    finally:
        sandbox.close()


@pytest.mark.parametrize("kind", ["sqlite", "jsonl", "none"])
def test_a_server_is_reset_restored_and_compared(tmp_path: Path, kind: str) -> None:
    with till(tmp_path, kind) as sandbox:
        read = ("till/get_balance", {"account_id": "A-1"})
        assert sandbox.call(*read).value == {"balance": 10}
        start = sandbox.snapshot()
        assert sandbox.call("till/update_balance", {"account_id": "A-1", "balance": 7}).value == {"balance": 7}
        later = sandbox.snapshot()
        sandbox.call("till/update_balance", {"account_id": "A-1", "balance": 8})
        sandbox.restore(later)
        assert sandbox.call(*read).value == {"balance": 7}
        if kind == "sqlite":
            assert sandbox.state_diff() == (
                StateFact(change="changed", entity="account", key="A-1", field="balance", before=10, after=7),
            )
        sandbox.restore(start)
        assert sandbox.call(*read).value == {"balance": 10}
        assert sandbox.state_diff() == ()
        sandbox.call("till/update_balance", {"account_id": "A-2", "balance": 1})
        sandbox.open(0)
        assert sandbox.call("till/get_balance", {"account_id": "A-2"}).value == {"balance": 20}


def test_refusals_are_answers_with_a_code(tmp_path: Path) -> None:
    with till(tmp_path, "sqlite") as sandbox:
        one = sandbox.call("till/get_balance", {"account_id": "A-9"})
        assert (one.status, one.code) == ("tool_error", "not_found")
        two = sandbox.call("till/update_balance", {"account_id": "A-9", "balance": 1})
        assert (two.status, two.code) == ("tool_error", "not_found")
        three = sandbox.call("till/update_balance", {"account_id": "A-1", "balance": "much"})
        assert (three.status, three.code) == ("tool_error", "invalid_argument")
        assert sandbox.call("till/fly", {}).code == "unknown_tool"


@pytest.mark.parametrize(
    ("tool", "said"),
    [("get_nothing", "`nan` has no canonical form"), ("get_half", "half a surrogate"), ("get_depth", "64 levels deep")],
)
def test_an_answer_json_cannot_hold_is_refused_and_names_its_tool(tmp_path: Path, tool: str, said: str) -> None:
    with till(tmp_path, "sqlite", tools=[tool]) as sandbox:
        result = sandbox.call(f"till/{tool}", {})
        assert (result.status, result.code) == ("tool_error", "invalid_answer")
        assert f"`till/{tool}`" in result.value["error"]
        assert said in result.value["error"]
        digest("result", to_json(result))
        assert sandbox.call("till/list_accounts", {}).status == "ok"


def test_a_text_that_only_looks_like_json_stays_a_text(tmp_path: Path) -> None:
    with till(tmp_path, "sqlite", tools=["get_endless_depth"]) as sandbox:
        assert sandbox.call("till/get_endless_depth", {}).value.startswith("[[[")


def test_known_values_are_found_by_looking(tmp_path: Path) -> None:
    with till(tmp_path, "sqlite") as sandbox:
        train = sandbox.known("till/get_balance", "/account_id")
        assert train
        assert set(train) <= {f"A-{number}" for number in range(1, 6)}
        assert sandbox.known("till/get_balance", "/nothing") == ()
        sandbox.open(1000)
        evaluation = sandbox.known("till/get_balance", "/account_id")
        assert not set(train) & set(evaluation) or train == evaluation
        assert sandbox.state_diff() == ()


def test_a_dead_server_is_no_verdict_and_comes_back(tmp_path: Path) -> None:
    with till(tmp_path, "sqlite", tools=["crash_now"]) as sandbox:
        result = sandbox.call("till/crash_now", {})
        assert (result.status, result.code) == ("infra_error", "server_lost")
        assert "the drawer is stuck" in result.value["hint"]
        assert sandbox.call("till/list_accounts", {}).status == "infra_error"
        sandbox.open(0)
        assert sandbox.call("till/list_accounts", {}).status == "ok"


def test_a_hung_server_is_given_up_in_time(tmp_path: Path) -> None:
    with till(tmp_path, "sqlite", tools=["hang_now"], call_timeout_seconds=1) as sandbox:
        start = time.monotonic()
        assert sandbox.call("till/hang_now", {}).status == "infra_error"
        assert time.monotonic() - start < 10
        sandbox.open(0)
        assert sandbox.call("till/list_accounts", {}).status == "ok"


def test_a_server_sees_little_and_works_in_its_own_copy(tmp_path: Path) -> None:
    (tmp_path / "seed").mkdir()
    (tmp_path / "seed" / "note.txt").write_text("from the folder")
    extra = {"TILL_KEY": "${SECRET_OF_TESTS}"}
    os.environ["SECRET_OF_TESTS"] = "hush-hush"
    try:
        with till(tmp_path, "sqlite", tools=["get_environment", "get_note"], folder="seed", env=extra) as sandbox:
            seen = sandbox.call("till/get_environment", {}).value
            assert seen["TILL_KEY"] == "hush-hush"
            assert seen["TZ"] == "UTC"
            assert seen["LOOPBUILD_FIXTURE"] == "0"
            assert "SECRET_OF_TESTS" not in seen
            assert seen["HOME"] != os.environ.get("HOME")
            assert sandbox.call("till/get_note", {}).value == "from the folder"
            folder = Path(seen["cwd"])
            assert folder.exists()
            assert folder != tmp_path / "seed"
    finally:
        del os.environ["SECRET_OF_TESTS"]
    assert not folder.exists()
    with pytest.raises(LoopfileError, match="SECRET_OF_TESTS"), till(tmp_path, "sqlite", env=extra):
        pass


def test_a_state_file_may_hold_any_line_separator_in_its_values(tmp_path: Path) -> None:
    state = StateFile("jsonl", tmp_path / "notes.jsonl")
    saved = '{"id": "N-1", "text": "one\u2028two"}\n{"id": "N-2", "text": "three\u0085four"}\n'.encode()
    assert state.rows(saved) == {
        ("note", "N-1"): {"text": "one\u2028two"},
        ("note", "N-2"): {"text": "three\u0085four"},
    }


@pytest.mark.parametrize("is_absolute", [True, False])
def test_a_state_file_outside_of_the_private_folder_is_never_touched(tmp_path: Path, is_absolute: bool) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text('{"id": "A-1", "balance": 1}\n')
    path = str(own) if is_absolute else os.path.relpath(own, Path(tempfile.gettempdir()) / "any")
    chosen = till(tmp_path, "jsonl", state={"kind": "jsonl", "path": path})
    with pytest.raises(SandboxError, match="outside of the server's private"):
        chosen.__enter__()
    assert own.read_text() == '{"id": "A-1", "balance": 1}\n'


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    def start(*command: str) -> str:
        settings = {"kind": "mcp", "command": list(command), "start_timeout_seconds": 5}
        sandbox = open_sandbox(settings, CATALOG, root=tmp_path, environment=dict(os.environ), source="till")
        with pytest.raises(SandboxError) as caught:
            sandbox.open(0)
        sandbox.close()
        return f"{caught.value.message}\n{caught.value.hint}"

    assert "no-such-program" in start("no-such-program")
    assert "out of cash" in start(sys.executable, "-c", "import sys; sys.exit('out of cash')")
    with pytest.raises(SandboxError, match="names no command"):
        open_sandbox({"kind": "mcp"}, CATALOG, root=tmp_path, environment={}, source="till")


def test_each_source_has_its_own_sandbox(tmp_path: Path) -> None:
    shutil.copy(TILL, tmp_path / "till.py")
    both = ToolCatalog(tools=(*catalog(HR_TOOLS, "hr").tools, *CATALOG.tools))
    settings = {
        "hr": {"kind": "simulated", "fixtures": 4},
        "till": {"kind": "mcp", "command": [sys.executable, "till.py", "sqlite"],
                 "state": {"kind": "sqlite", "path": "till.db"}},
    }  # fmt: skip
    sandbox = open_sandboxes(settings, both, root=tmp_path, environment=dict(os.environ))
    try:
        sandbox.open(0)
        token = sandbox.snapshot()
        employee = {"name": "Ada Quirk", "email": "ada@q.example", "department": "sales"}
        assert sandbox.call("hr/create_employee", employee).status == "ok"
        assert sandbox.call("till/update_balance", {"account_id": "A-1", "balance": 7}).status == "ok"
        assert {fact.entity for fact in sandbox.state_diff()} == {"employee", "account"}
        assert sandbox.call("other/x", {}).code == "unknown_tool"
        sandbox.restore(token)
        assert sandbox.state_diff() == ()
    finally:
        sandbox.close()


def test_an_unknown_kind_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as caught:
        open_sandbox({"kind": "docker"}, CATALOG, root=tmp_path, environment={}, source="till")
    assert "simulated" in caught.value.hint
