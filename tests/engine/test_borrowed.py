"""A part built on what another lock names: nothing else runs, nothing else changes."""

from __future__ import annotations

from pathlib import Path

from loopbuild.engine import lockfile
from loopbuild.engine.plan import plan
from loopbuild.engine.query import output
from tests.engine.conftest import Project
from tests.engine.recipes import chain
from tests.engine.test_targets import growing


def test_a_part_rests_on_what_the_other_lock_names(project: Project) -> None:
    project.build(chain())
    main = lockfile.read(project.root)
    before = (project.root / "loop.lock").read_bytes()
    project.write(f0="edited\n", f1="edited too\n")
    project.calls()
    assert plan(project.ws, chain(), select=("join:0",), defer=main).is_nothing_to_do
    outcome = project.build(chain(), select=("join:0", "read:0"), defer=main)
    assert project.calls() == ["read:0 run", "join:0 run"]
    assert outcome.counts == {"built": 2, "borrowed": 2}
    assert output(project.ws, "join:0") == {"lines": ["edited", "b", "d"]}
    assert (project.root / "loop.lock").read_bytes() == before
    assert sorted(target for target in project.build(chain()).ran) == [
        "join:0", "join:1", "join:2", "join:3", "read:1", "total:all",
    ]  # fmt: skip


def test_a_plan_with_the_same_lock_runs_the_same(project: Project) -> None:
    project.build(chain())
    main = lockfile.read(project.root)
    project.write(f0="edited\n", f2="edited\n")
    found = plan(project.ws, chain(), select=("join:0", "read:2", "total:all"), defer=main)
    assert [entry.target for entry in found.would] == ["read:2"]
    assert found.may == ()
    assert found.lock_changes == ()
    outcome = project.build(chain(), select=("join:0", "read:2", "total:all"), defer=main)
    assert outcome.ran == {"read:2"}  # the joins stay as the lock names them, whatever read:2 is now


def test_what_the_other_lock_does_not_name_is_built_as_ever(project: Project) -> None:
    project.build(chain(), select=("read:",))
    outcome = project.build(chain(), select=("total:all",), defer=lockfile.read(project.root))
    assert outcome.counts == {"built": 5, "borrowed": 4}


def test_bytes_that_are_not_here_are_named_and_fail_nobody_for_later(project: Project, tmp_path: Path) -> None:
    project.build(chain())
    other = Project(tmp_path / "other")
    other.root.mkdir()
    other.write(f0="a\n", f1="b\n", f2="c\n", f3="d\n")
    outcome = other.build(chain(), select=("join:0",), defer=lockfile.read(project.root))
    assert not outcome.is_success
    assert "is deferred to another `loop.lock`, but" in outcome.errors[0].message
    assert other.calls() == []
    with other.ws.reading() as journal:
        assert journal.failures() == {}
    assert other.build(chain()).is_success


def test_targets_exist_as_the_other_lock_has_them(project: Project) -> None:
    project.build(growing())
    main = lockfile.read(project.root)
    project.write(words="x=one\n")
    outcome = project.build(growing(), select=("all:main",), defer=main)
    assert outcome.counts == {"borrowed": 5, "fresh": 1}
