"""Laws of the Python sandbox: an object per episode in a process with limits, whatever the object does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loopbuild.errors import SandboxError
from loopbuild.records import Json, StateFact, ToolResult
from loopbuild.sandbox import open_sandbox
from loopbuild.sandbox.patience import forget_losses
from loopbuild.sandbox.python import PythonSandbox
from tests.sandbox import habits
from tests.sandbox.tools import catalog

HABITS = Path(habits.__file__)
NAMES = sorted(
    {name for kind in (habits.Habits, habits.Minting) for name in vars(kind) if not name.startswith("_")} | {"total"}
)
TOOLS: list[dict[str, Json]] = [
    {"name": name, "parameters": {"word?": "string", "numbers?": ["integer"]}, "returns": {"ok": "boolean"}}
    for name in NAMES
]


@contextmanager
def sandbox_of(root: Path, owner: str = ":Habits", *, is_open: bool = True, **more: Json) -> Iterator[PythonSandbox]:
    """A sandbox over one of the objects; nothing is scouted, as every tool may do anything."""
    (root / "habits.py").write_bytes(HABITS.read_bytes())
    settings = {"kind": "python", "module": f"habits{owner}", "call_timeout_seconds": 3.0, **more}
    tools = catalog([{**tool, "effect": "update"} for tool in TOOLS], "h")
    environment = {**os.environ, "SECRET_OF_TESTS": "hush"}
    sandbox = open_sandbox(settings, tools, root=root, environment=environment, source="h")
    assert isinstance(sandbox, PythonSandbox)
    try:
        if is_open:
            sandbox.open(0)
        yield sandbox
    finally:
        sandbox.close()


def call(sandbox: PythonSandbox, name: str, **arguments: Json) -> ToolResult:
    return sandbox.call(f"h/{name}", arguments)


def test_a_method_that_never_ends_is_not_waited_for_again(tmp_path: Path) -> None:
    """Twice its time limit is paid; then it is refused at once, and other methods go on."""
    forget_losses()
    with sandbox_of(tmp_path, call_timeout_seconds=1.0) as sandbox:
        for _ in range(2):
            assert call(sandbox, "sleep").code == "timeout"
            sandbox.open(0)
        start = time.monotonic()
        assert call(sandbox, "sleep").code == "lost"
        assert time.monotonic() - start < 0.5
        assert call(sandbox, "add", word="x").status == "ok"
    forget_losses()


def test_values_come_back_as_json_and_state_is_what_is_public(tmp_path: Path) -> None:
    with sandbox_of(tmp_path) as sandbox:
        assert call(sandbox, "parcel").value == {"parcel": {"weight": 1.5, "due": "2026-01-02"}, "tags": ["a", "b"]}
        assert call(sandbox, "later").value == {"later": True}
        assert call(sandbox, "add", word="x").value == {"count": 1}
        assert sandbox.state_diff() == (
            StateFact(change="changed", entity="count", key="", field="value", before=0, after=1),
            StateFact(change="added", entity="word", key="x"),
        )


def test_functions_of_a_module_are_tools_too(tmp_path: Path) -> None:
    with sandbox_of(tmp_path, "") as sandbox:
        assert call(sandbox, "total", numbers=[1, 2]).value == {"total": 3}
        assert call(sandbox, "add", word="x").code == "no_method"


def test_what_it_prints_and_reads_is_kept_from_the_protocol(tmp_path: Path) -> None:
    with sandbox_of(tmp_path) as sandbox:
        assert call(sandbox, "talk").value == {"talked": True}
        assert call(sandbox, "listen").value == ""
        assert call(sandbox, "add", word="x").value == {"count": 1}


def test_it_sees_no_environment_and_works_in_an_empty_folder_of_its_own(tmp_path: Path) -> None:
    with sandbox_of(tmp_path) as sandbox:
        seen = call(sandbox, "look").value
        assert set(seen["environment"]) <= {
            "PATH", "HOME", "TMPDIR", "LANG", "TZ", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING",
            "LOOPBUILD_FIXTURE", "LC_CTYPE",
        }  # fmt: skip
        assert seen["environment"]["HOME"] == seen["cwd"] != str(tmp_path)
        assert call(sandbox, "litter").status == "ok"
        sandbox.open(0)
        assert call(sandbox, "look").value["files"] == []
    assert not Path(seen["cwd"]).exists()


@pytest.mark.parametrize(
    ("habit", "code"),
    [
        ("spin", "crashed"), ("sleep", "timeout"), ("crash", "crashed"), ("leave", "broken"), ("hoard", "broken"),
        ("recurse", "broken"), ("nan", "broken"), ("surrogate", "bad_answer"), ("thing", "broken"),
        ("flood", "broken"), ("stream", "broken"), ("forge", "bad_answer"),
    ],
)  # fmt: skip
def test_bad_habits_are_no_verdict_and_end_in_time(tmp_path: Path, habit: str, code: str) -> None:
    # On a busy machine a second of CPU takes many of the clock: spinning ends by the one, sleeping by the other.
    patience = 3.0 if habit == "sleep" else 60.0
    with sandbox_of(tmp_path, cpu_seconds=1, call_timeout_seconds=patience) as sandbox:
        assert call(sandbox, "add", word="kept").status == "ok"
        token = sandbox.snapshot()
        start = time.monotonic()
        result = call(sandbox, habit)
        assert (result.status, result.code) == ("infra_error", code), result
        assert time.monotonic() - start < patience + 10
        sandbox.restore(token)
        assert call(sandbox, "add", word="more").value == {"count": 2}
        sandbox.open(1)
        assert call(sandbox, "add", word="x").value == {"count": 1}


def test_a_crash_shows_its_last_words(tmp_path: Path) -> None:
    with sandbox_of(tmp_path) as sandbox:
        result = call(sandbox, "crash")
        assert "exit code 7" in result.value["error"]
        assert "about to crash" in result.value["hint"]
        assert call(sandbox, "add", word="x").code == "lost"


def test_exceptions_are_refusals_with_a_code(tmp_path: Path) -> None:
    with sandbox_of(tmp_path) as sandbox:
        result = call(sandbox, "half_done")
        assert (result.status, result.code) == ("tool_error", "invalid_argument")
        assert result.value["message"] == "must be another day"
        assert call(sandbox, "add").code == "invalid_argument"
        # What a refused call did all the same is seen, not hidden.
        assert [fact.field for fact in sandbox.state_diff()] == ["value"]


def test_chance_is_seeded_by_the_world(tmp_path: Path) -> None:
    with sandbox_of(tmp_path) as sandbox:
        drawn = []
        for fixture in (0, 1, 0):
            sandbox.open(fixture)
            drawn.append(call(sandbox, "draw").value)
        assert drawn[0] == drawn[2] != drawn[1]


def test_going_back_to_a_state_that_cannot_be_made_again_is_an_error_not_another_state(tmp_path: Path) -> None:
    with sandbox_of(tmp_path, ":Minting") as sandbox:
        call(sandbox, "mint")
        token = sandbox.snapshot()
        call(sandbox, "add", word="x")
        with pytest.raises(SandboxError, match="gives another answer when the same calls are made again"):
            sandbox.restore(token)
    with sandbox_of(tmp_path, ":Loading") as sandbox:
        call(sandbox, "mint")
        token, facts = sandbox.snapshot(), sandbox.state_diff()
        call(sandbox, "add", word="x")
        sandbox.restore(token)
        assert sandbox.state_diff() == facts


def test_a_liar_about_its_state_and_a_fickle_start_are_found_out(tmp_path: Path) -> None:
    with sandbox_of(tmp_path, ":Liar") as sandbox:
        assert sandbox.state_diff() == ()
        call(sandbox, "add", word="x")
        with pytest.raises(SandboxError, match="state of the object of `h` cannot be read"):
            sandbox.state_diff()
    with sandbox_of(tmp_path, ":Fickle") as sandbox, pytest.raises(SandboxError, match="does not begin in the same"):
        sandbox.open(0)


@pytest.mark.parametrize(
    ("owner", "said"),
    [
        (":Refusing", "not today"), (":Nobody", "has no attribute 'Nobody'"), (":__name__", "makes no object"),
        (".nowhere", "No module named"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_or_made_says_why(tmp_path: Path, owner: str, said: str) -> None:
    with sandbox_of(tmp_path, owner, is_open=False) as sandbox, pytest.raises(SandboxError) as caught:
        sandbox.open(0)
    assert said in caught.value.message


def test_only_named_tools_are_called(tmp_path: Path) -> None:
    with sandbox_of(tmp_path) as sandbox:
        assert sandbox.call("h/__init__", {}).code == "unknown_tool"
        assert sandbox.call("h/add", {"word": float("nan")}).code == "invalid_argument"


def test_children_of_an_episode_end_with_it(tmp_path: Path) -> None:
    with sandbox_of(tmp_path) as sandbox:
        pid = call(sandbox, "linger").value
        assert is_running(pid)
        sandbox.open(0)
        assert not is_running(pid)


def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    """Also while the object sleeps and reads nothing."""
    (tmp_path / "habits.py").write_bytes(HABITS.read_bytes())
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]);"
        "from pathlib import Path; from tests.sandbox.test_python import sandbox_of, call\n"
        "with sandbox_of(Path(sys.argv[1]), call_timeout_seconds=60.0) as sandbox:\n"
        "    print(sandbox._process.worker, sandbox._process._process.pid, flush=True)\n"
        "    call(sandbox, 'sleep')\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parents[2])], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert all(is_running(pid) for pid in pids)
    time.sleep(0.3)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while any(is_running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_running(pid) for pid in pids)


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    return False
