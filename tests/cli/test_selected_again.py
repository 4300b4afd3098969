"""A build of a selection with nothing to do is recognised as such, and nothing that changed passes for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import hr_project, loopbuild

from loopbuild.pipeline.builds import nothing_to_do, open_project
from loopbuild.pipeline.wishes import Wishes

HEAVY = "litellm openai httpx torch transformers datasets networkx rich pydantic yaml msgspec asyncio multiprocessing"
WORDS = ("contract:main", "graph:main")
ENV = "LOOPBUILD_TEST_ADDRESS"
EXTRA = f"engine:\n  remote: {{url: '', hmac_env: {ENV}}}\n"


def is_known(root: Path, *words: str, **more: object) -> bool:
    """Whether such a build is recognised without a look at its targets."""
    return nothing_to_do(open_project(str(root)), Wishes(select=words or WORDS, **more)) is not None  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(ENV, "one")
    root = hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1, extra=EXTRA)
    assert loopbuild(root, "build", *WORDS).code == 0
    assert is_known(root)
    return root


def _tools(root: Path) -> Path:
    return root / "tools" / "hr.json"


def _same_size(root: Path) -> None:
    """With its old times, as a program that restores them leaves it."""
    path = _tools(root)
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"employee", b"emploxee", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _lose(root: Path, *, cut: bool = False) -> None:
    from loopbuild.engine.query import output_digest

    ws = open_project(str(root)).workspace
    path = Path(ws.objects.path(output_digest(ws, "graph:main")))
    path.chmod(0o644)
    path.unlink() if not cut else path.write_bytes(path.read_bytes()[:-1])


def _lock(root: Path, line: str) -> None:
    path = root / "loop.lock"
    path.write_text(path.read_text() + line)


CHANGES: dict[str, Callable[[Path], object]] = {
    "loop.yaml edited": lambda root: (root / "loop.yaml").open("a").write("# a comment\n"),
    "tool edited": lambda root: _tools(root).write_text(_tools(root).read_text().replace("employee", "worker", 1)),
    "tool edited, size and times kept": _same_size,
    "tools gone": lambda root: _tools(root).unlink(),
    "lock edited": lambda root: _lock(root, "x:y\t-\tkey=0123456789abcdef\n"),
    "lock gone": lambda root: (root / "loop.lock").unlink(),
    "output gone": _lose,
    "output cut": lambda root: _lose(root, cut=True),
    "store gone": lambda root: shutil.rmtree(root / ".loopbuild"),
    "evidence came": lambda root: (root / "graph.lock").write_text("{}"),
    "variable changed": lambda root: os.environ.__setitem__(ENV, "two"),
    "variable gone": lambda root: os.environ.pop(ENV),
    "built again by force": lambda root: loopbuild(root, "build", "catalog:main", "--force", "catalog:main"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_moved_is_looked_at(project: Path, change: str) -> None:
    CHANGES[change](project)
    assert not is_known(project)


def test_a_touched_file_is_read_and_found_to_be_the_same(project: Path) -> None:
    os.utime(_tools(project))
    assert is_known(project)


def test_another_wish_is_another_build(project: Path) -> None:
    assert not is_known(project, "graph:main", "contract:main")
    assert not is_known(project, "graph:main")
    assert not is_known(project, *WORDS, exclude=("graph:main",))
    assert not is_known(project, force=("graph:main",))
    assert not is_known(project, proves=False)
    assert nothing_to_do(open_project(str(project))) is None
    assert is_known(project)


def test_the_answer_to_a_question_is_not_remembered(project: Path) -> None:
    _tools(project).write_text(_tools(project).read_text().replace("employee", "worker", 1))
    seen = loopbuild(project, "build", "state:stale,graph:main")
    assert seen.code == 0, seen.err
    assert not is_known(project, "state:stale,graph:main")
    assert loopbuild(project, "build", "graph:main").code == 0
    assert is_known(project, "graph:main")


def test_a_build_of_a_part_does_not_forget_that_of_another(project: Path) -> None:
    assert loopbuild(project, "build", "catalog:main").code == 0
    assert is_known(project)
    part = nothing_to_do(open_project(str(project)), Wishes(select=("catalog:main",)))
    assert part is not None
    assert part.targets == {"source:hr", "catalog:main"}


@pytest.mark.parametrize("verb", ["build", "status", "plan"])
def test_nothing_heavy_is_loaded_where_nothing_is_to_do(project: Path, verb: str) -> None:
    code = (
        "import sys; from loopbuild.cli.main import run;"
        f"assert run(['-C', sys.argv[1], '{verb}', *sys.argv[2:]]) == 0; print('\\n', *sys.modules)"
    )
    command = [sys.executable, "-c", code, str(project), *WORDS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "p to date" in done.stdout
    assert not {name.partition(".")[0] for name in done.stdout.split()}.intersection(HEAVY.split())


def test_the_answers_are_those_of_a_full_look(project: Path) -> None:
    short = {verb: loopbuild(project, verb, *WORDS, "--json") for verb in ("plan", "status")}
    with (project / "loop.yaml").open("a") as stream:
        stream.write("\n")
    for verb, seen in short.items():
        full = json.loads(loopbuild(project, verb, *WORDS, "--json").out)
        assert (full["would"], full["may"], full["fresh"]) == ([], [], 4)
        assert {name: json.loads(seen.out)[name] for name in ("would", "may", "fresh")} == {
            name: full[name] for name in ("would", "may", "fresh")
        }


def test_a_dry_run_is_the_plan_of_the_same_words(project: Path) -> None:
    _tools(project).write_text(_tools(project).read_text().replace("employee", "worker", 1))
    before = (project / "loop.lock").read_bytes()
    dry = loopbuild(project, "build", "-n", *WORDS)
    assert dry.code == 0
    assert "Would read again, at once: source:hr, catalog:main, contract:main, graph:main" in dry.out
    assert dry == loopbuild(project, "plan", *WORDS)
    assert loopbuild(project, "build", "--dry-run", "--json", *WORDS) == loopbuild(project, "plan", "--json", *WORDS)
    assert (project / "loop.lock").read_bytes() == before


@pytest.mark.parametrize("number", ["0", "-1", "many", "1.5"])
def test_a_number_of_processes_that_is_none_is_refused(project: Path, number: str) -> None:
    seen = loopbuild(project, "build", f"--jobs={number}", *WORDS)
    assert seen.code == 2
    assert "is no number of processes" in seen.err


@pytest.mark.slow
def test_nothing_to_do_costs_a_few_starts_of_python(project: Path) -> None:
    """In one run on one machine, as a ratio: the bar is that of a build of everything."""

    def cpu(*command: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, *command], check=True, capture_output=True, timeout=120)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    time.sleep(2.1)  # files younger than that are read
    assert loopbuild(project, "build", *WORDS).code == 0
    bare = min(cpu("-c", "pass") for _ in range(7))
    ours = min(cpu("-m", "loopbuild", "-C", str(project), "build", *WORDS) for _ in range(7))
    assert ours <= 12 * bare, (ours, bare)
