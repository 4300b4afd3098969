"""Bad input: each a clear error naming the thing, nothing already built lost, the next plain build goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from projects import Screen, hr_project, loopbuild

DATA = "dataset:"


def built(root: Path) -> bytes:
    screen = loopbuild(root, "build", DATA)
    assert screen.code == 0, screen.err
    return (root / ".loopbuild" / "out" / "dataset" / "train.jsonl").read_bytes()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return hr_project(tmp_path / "hr", per_tool=4, per_tool_eval=1)


def test_a_broken_loopfile_names_every_mistake_with_its_place(project: Path) -> None:
    before = built(project)
    good = (project / "loop.yaml").read_text()
    (project / "loop.yaml").write_text(good.replace("per_tool: 4", "per_tol: 4\n  sead: 1"))
    screen = loopbuild(project, "build")
    assert screen.code == 2
    assert "unknown key `per_tol`" in screen.err
    assert "loop.yaml:5:3" in screen.err
    assert "unknown key `sead`" in screen.err
    assert "did you mean `per_tool`?" in screen.err
    (project / "loop.yaml").write_text(good)
    assert built(project) == before


def test_a_missing_schema_file_is_named(project: Path) -> None:
    before = built(project)
    moved = project / "tools" / "hr.json"
    moved.rename(project / "kept.json")
    screen = loopbuild(project, "build", DATA)
    assert screen.code == 2
    assert "tools/hr.json" in screen.err
    (project / "kept.json").rename(moved)
    assert built(project) == before


def test_invalid_json_is_named_with_line_and_column(project: Path) -> None:
    before = built(project)
    path = project / "tools" / "hr.json"
    good = path.read_text()
    path.write_text(good.replace('"parameters": {},', '"parameters": {,', 1))
    screen = loopbuild(project, "build", DATA)
    assert screen.code == 1
    assert "tools/hr.json:5:20" in screen.err
    path.write_text(good)
    assert built(project) == before


@pytest.mark.parametrize(
    "leaf",
    [
        {"type": "integer", "minimum": 5, "maximum": 1},
        {"type": "string", "pattern": "(["},
        {"type": "string", "pattern": "^[a-z]{40000000}$"},
        {"type": "string", "pattern": "^[a-z]{20000}$"},
        {"type": "integer", "multipleOf": 0},
        {"type": "string", "minLength": -1},
    ],
    ids=["contradiction", "broken pattern", "huge pattern", "long pattern", "multiple of nothing", "negative length"],
)
def test_a_tool_with_an_impossible_schema_costs_only_itself(project: Path, leaf: dict[str, Any]) -> None:
    path = project / "tools" / "hr.json"
    tools = json.loads(path.read_text())
    tools[0]["parameters"] = {"when": leaf}
    path.write_text(json.dumps(tools))
    screen = loopbuild(project, "build", DATA)
    assert screen.code == 0, screen.err
    assert "get_open_roles`" in screen.err
    kept = json.loads(loopbuild(project, "show", "catalog:main", "--json").out)["tools"]
    assert {tool["name"] for tool in kept} - {"get_open_roles"} == {tool["name"] for tool in tools[1:]}


def server_project(tmp_path: Path, code: str) -> Path:
    (tmp_path / "server.py").write_text(textwrap.dedent(code))
    (tmp_path / "loop.yaml").write_text(
        "version: 1\nsources:\n  live: {kind: mcp, command: [python, server.py], start_timeout_seconds: 3}\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; print('the database is gone', file=sys.stderr); sys.exit(3)", "the database is gone"),
        ("import time; time.sleep(60)", "3 s"),
        ("print('hello, this is no protocol', flush=True)\nimport time; time.sleep(60)", "source `live`"),
    ],
    ids=["exits", "hangs", "prints garbage"],
)
def test_a_server_that_misbehaves_is_named_and_writes_no_listing(tmp_path: Path, code: str, said: str) -> None:
    root = server_project(tmp_path, code)
    start = time.monotonic()
    screen = loopbuild(root, "build")
    assert screen.code == 1
    assert "`live`" in screen.err
    assert said in screen.err
    assert time.monotonic() - start < 30
    assert not (root / "listings").exists()


def test_an_unknown_target_and_an_unknown_verb_are_mistakes(project: Path) -> None:
    built(project)
    screen = loopbuild(project, "build", "trajectoris:hr/interview")
    assert screen.code == 2
    assert "trajectoris:hr/interview" in screen.err
    assert loopbuild(project, "bild").code == 2


def test_a_folder_without_a_loopfile_says_how_to_get_one(tmp_path: Path) -> None:
    screen = loopbuild(tmp_path, "build")
    assert screen.code == 2
    assert "loopbuild init" in screen.err


def test_init_writes_a_loopfile_that_loads(tmp_path: Path) -> None:
    project = hr_project(tmp_path / "hr")
    (project / "loop.yaml").unlink()
    assert loopbuild(project, "init", "tools/hr.json").code == 0
    assert loopbuild(project, "plan").code == 0
    assert loopbuild(project, "init").code == 2


def start_build(root: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "loopbuild", "--project", str(root), "build", *arguments, "--progress", "json"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_build_stopped_at_any_moment_goes_on_to_the_same_bytes(tmp_path: Path, number: signal.Signals) -> None:
    clean = built(hr_project(tmp_path / "clean"))
    root = hr_project(tmp_path / "hr")
    codes = set()
    for lines in (2, 6, 9):
        process = start_build(root, DATA)
        assert process.stderr is not None
        for _ in range(lines):
            process.stderr.readline()
        process.send_signal(number)
        process.communicate(timeout=60)
        codes.add(process.returncode)
    assert codes <= ({-signal.SIGKILL, 0} if number == signal.SIGKILL else {130, 0})
    assert built(root) == clean


def test_a_full_disk_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: writing fails in the same calls."""
    root = hr_project(tmp_path / "hr", per_tool=4, per_tool_eval=1)
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000));"
        "from loopbuild.cli.main import run; sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "--project", str(root), "build", DATA]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "error:" in done.stderr
    assert built(root) == built(hr_project(tmp_path / "clean", per_tool=4, per_tool_eval=1))


def test_a_read_only_question_writes_nothing(project: Path) -> None:
    for verb in (["plan"], ["status"], ["graph"], ["why", "catalog:main"], ["diff"], ["log"]):
        screen: Screen = loopbuild(project, *verb)
        assert screen.code == 0, screen.err
    assert not (project / ".loopbuild").exists()


def test_init_names_a_file_that_is_not_there_and_quotes_odd_names(tmp_path: Path) -> None:
    screen = loopbuild(tmp_path, "init", "nosuch.json")
    assert screen.code == 2
    assert "`nosuch.json` is no file" in screen.err
    assert not (tmp_path / "loop.yaml").exists()
    odd = "my tools, v2: {x}.json"
    (tmp_path / odd).write_text(json.dumps([{"name": "list_roles", "description": "d", "parameters": {}}]))
    assert loopbuild(tmp_path, "init", odd).code == 0
    screen = loopbuild(tmp_path, "plan")
    assert screen.code == 0, screen.err


def test_flags_before_the_verb_may_have_the_names_of_verbs(tmp_path: Path) -> None:
    root = hr_project(tmp_path / "build")
    run = subprocess.run(
        [sys.executable, "-m", "loopbuild", "-C", root.name, "plan", "--check"],
        cwd=root.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "unrecognized" not in run.stderr
    assert run.returncode == 1, run.stderr


def test_names_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    """A tool's name or description may hold escape sequences; they are shown, not obeyed."""
    root = hr_project(tmp_path)
    path = root / "tools" / "hr.json"
    tools = json.loads(path.read_text())
    tools[0]["description"] = "List\x1b[2J\x1b]0;pwned\x07 roles"
    path.write_text(json.dumps(tools))
    for words in (["plan"], ["graph"], ["show", tools[0]["name"]], ["build", "graph:"], ["diff"], ["status"]):
        screen = loopbuild(root, *words)
        assert "\x1b" not in screen.out + screen.err, words
        assert "\x07" not in screen.out + screen.err, words


def test_a_broken_source_is_no_empty_project(tmp_path: Path) -> None:
    """Who loses a comma must not read that nothing was ever built."""
    root = hr_project(tmp_path)
    assert loopbuild(root, "build", "graph:").code == 0
    path = root / "tools" / "hr.json"
    path.write_text(path.read_text().replace(",", "", 1))
    screen = loopbuild(root, "status")
    assert "Would fail: source:hr" in screen.out
    assert "What earlier builds made is kept" in screen.out
    screen = loopbuild(root, "plan")
    assert screen.code == 1
    assert "Run `loopbuild build`" not in screen.out


def test_diff_of_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    """As for loop.yaml: exit 2, whether the command line names the file or a source does."""
    good = tmp_path / "good.json"
    good.write_text('[{"name": "ping"}]')
    (tmp_path / "loop.yaml").write_text("version: 1\nsources:\n  s: {kind: toolspec, path: good.json}\n")
    for name, content in (("cut.json", b'[{"name":'), ("utf16.json", b"\xff\xfe["), ("deep.json", b"[" * 300)):
        bad = tmp_path / name
        bad.write_bytes(content)
        for pair in ((bad, good), (good, bad)):
            screen = loopbuild(tmp_path, "diff", *map(str, pair))
            assert screen.code == 2, screen.err
            assert name in screen.err
            assert "Traceback" not in screen.err
    assert loopbuild(tmp_path, "diff", str(good), str(tmp_path / "nowhere.json")).code == 2
    assert loopbuild(tmp_path, "diff", str(good)).code == 0
    good.write_text("[{")
    assert loopbuild(tmp_path, "diff").code == 2
    good.unlink()
    screen = loopbuild(tmp_path, "diff")
    assert screen.code == 2
    assert "cannot read `good.json`" in screen.err
