"""The remote cache of a real project, through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from projects import Screen, change_schemas, hr_project, loopbuild

REMOTE = """engine:
  remote:
    url: {url}
    write: {write}
    trust: {trust}
"""
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def outside_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "LOOPBUILD_CACHE_WRITE", "LOOPBUILD_CACHE_HMAC", "CACHE_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def project(folder: Path, store: Path, *, write: str = "always", trust: str = "lock") -> Path:
    folder.mkdir()
    return hr_project(folder, extra=REMOTE.format(url=f"file://{store}", write=write, trust=trust))


def outcomes(screen: Screen) -> dict[str, str]:
    return {name: target["outcome"] for name, target in json.loads(screen.out)["targets"].items()}


def build(root: Path) -> dict[str, str]:
    screen = loopbuild(root, "build", "dataset:", "--json")
    assert screen.code == 0, screen.err
    return outcomes(screen)


CHEAP = {"source:hr", "catalog:main", "contract:main", "graph:main", "cells:main"}


def test_a_clone_with_the_lock_builds_nothing_and_a_clone_without_builds_all(tmp_path: Path) -> None:
    one, two, three = (project(tmp_path / name, tmp_path / "store") for name in ("one", "two", "three"))
    assert set(build(one).values()) == {"built"}
    (two / "loop.lock").write_bytes((one / "loop.lock").read_bytes())
    found = build(two)
    assert {name for name, outcome in found.items() if outcome != "restored"} == CHEAP
    assert (two / "loop.lock").read_bytes() == (one / "loop.lock").read_bytes()
    for path in sorted((one / ".loopbuild" / "out").rglob("*")):
        if path.is_file():
            assert (two / ".loopbuild" / "out" / path.relative_to(one / ".loopbuild" / "out")).read_bytes() == (
                path.read_bytes()
            )
    assert set(build(three).values()) == {"built"}


def test_a_change_that_ci_built_and_signed_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (project(tmp_path / name, tmp_path / "store", write="ci", trust="hmac") for name in ("one", "two"))
    for root in (one, two):
        change_schemas(root)
    monkeypatch.setenv("LOOPBUILD_CACHE_HMAC", SECRET)
    build(one)
    assert not (tmp_path / "store").exists(), "only a trusted run of CI writes"
    monkeypatch.setenv("CI", "true")
    assert loopbuild(one, "cache", "push").code == 2
    monkeypatch.setenv("LOOPBUILD_CACHE_WRITE", "1")
    screen = loopbuild(one, "cache", "push")
    assert screen.code == 0, screen.err
    assert screen.out.startswith("Sent ")
    monkeypatch.delenv("CI")
    assert {name for name, outcome in build(two).items() if outcome != "restored"} == CHEAP
    secret = SECRET.encode()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_bytes()]


def test_plan_asks_nobody_and_says_so(tmp_path: Path) -> None:
    root = project(tmp_path / "one", tmp_path / "store")
    screen = loopbuild(root, "plan")
    assert "The remote cache was not asked; a build restores what it holds instead of running it" in screen.out
    assert not (tmp_path / "store").exists()
    assert not (root / ".loopbuild").exists()


def test_no_remote_means_none(tmp_path: Path) -> None:
    root = project(tmp_path / "one", tmp_path / "store")
    assert loopbuild(root, "build", "dataset:", "--no-remote").code == 0
    assert not (tmp_path / "store").exists()


def test_an_unset_variable_is_said_and_the_build_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    text = "engine: {remote: {url: 'http://127.0.0.1:9/cache', headers: {Authorization: 'Bearer ${CACHE_TOKEN}'}}}\n"
    root = hr_project(folder, extra=text)
    screen = loopbuild(root, "build", "negatives:")
    assert screen.code == 0
    assert "building without the remote cache: environment variable `CACHE_TOKEN` is not set" in screen.err


def test_a_short_key_is_refused_by_name_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path / "one", tmp_path / "store")
    monkeypatch.setenv("LOOPBUILD_CACHE_HMAC", "hunter2")
    screen = loopbuild(root, "cache", "push")
    assert screen.code == 1
    assert "`LOOPBUILD_CACHE_HMAC` is shorter than 16 characters" in screen.err
    assert "hunter2" not in screen.err + screen.out


def test_the_verbs_say_what_they_did(tmp_path: Path) -> None:
    one, two = (project(tmp_path / name, tmp_path / "store") for name in ("one", "two"))
    assert loopbuild(one, "cache", "key").out.endswith("-none\n")
    build(one)
    key = loopbuild(one, "cache", "key").out
    assert key.startswith("loopbuild-")
    (two / "loop.lock").write_bytes((one / "loop.lock").read_bytes())
    assert loopbuild(two, "cache", "key").out == key
    pulled = loopbuild(two, "cache", "pull", "dataset:")
    assert pulled.code == 0
    assert pulled.out == "Restored 19 targets, 5 were here, 0 are not in the cache\n"
    assert loopbuild(two, "build", "dataset:").out == "Nothing to do: 24 targets are up to date\n"
    missing = loopbuild(two, "cache", "pull")
    assert missing.code == 1
    assert "checkpoint:teach\n" in missing.out
    status = loopbuild(two, "cache", "status").out
    assert f"Remote cache: file://{tmp_path}/store\n" in status
    assert "believes what loop.lock names; `LOOPBUILD_CACHE_HMAC` is not set" in status
    pushed = loopbuild(two, "cache", "push")
    assert (pushed.code, pushed.out) == (0, "Sent 0 results; 19 were there\n")
    checked = loopbuild(two, "cache", "verify", "--full", "--rerun", "3")
    assert checked.code == 0
    assert "Ran 3 targets again: 3 gave the same bytes\n" in checked.out
    assert checked.out.rstrip().endswith("read: all sound")
    change_schemas(two)
    build(two)
    assert loopbuild(two, "cache", "gc", "--max-age", "0d", "-n").out.startswith("Would remove ")
    assert loopbuild(two, "cache", "gc", "--max-age", "0d").out.startswith("Removed ")
    assert loopbuild(two, "build", "dataset:").out.startswith("Nothing to do: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gc", "--max-size", "lots"], "`lots` is no size, such as 500MB or 50GB"),
        (["gc", "--max-age", "30"], "`30` is no age, such as 12h or 30d"),
        (["verify", "--rerun", "-1"], "`-1` is no number of targets"),
        (["prune"], "invalid choice: 'prune'"),
    ],
)
def test_mistakes_on_the_command_line_are_exit_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    screen = loopbuild(tmp_path, "cache", *arguments)
    assert screen.code == 2
    assert said in screen.err


def test_what_keeps_results_from_being_sent_is_said_even_of_one(tmp_path: Path) -> None:
    one = project(tmp_path / "one", tmp_path / "store")
    assert loopbuild(one, "build", "trajectories:hr/role").code == 0
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "store").write_text("no folder")
    pushed = loopbuild(one, "cache", "push")
    assert (pushed.code, pushed.out) == (1, "Sent 0 results; 0 were there; 1 were not sent\n")
    said = f"warning: 1 of the results were not uploaded: `file://{tmp_path}/store` failed: "
    assert said in pushed.err
    assert loopbuild(one, "build", "trajectories:hr/leave").code == 0


def test_pull_and_push_without_a_remote_say_where_to_declare_one(tmp_path: Path) -> None:
    root = hr_project(tmp_path)
    for verb in ("pull", "push"):
        screen = loopbuild(root, "cache", verb)
        assert screen.code == 2
        assert "loop.yaml names no remote cache" in screen.err
        assert "engine.remote.url" in screen.err
