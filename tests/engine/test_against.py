"""States seen against a lock: what is new, modified, removed, here and in a clone that has no result of anything."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from loopbuild.engine import lockfile
from loopbuild.engine.against import Against, Standing
from loopbuild.engine.answers import resolve
from loopbuild.engine.plan import plan
from loopbuild.engine.target import Target
from loopbuild.engine.why import explain
from loopbuild.errors import SelectionError
from tests.engine.conftest import Project
from tests.engine.recipes import JOIN, chain
from tests.engine.test_targets import growing


def standing(project: Project, targets: list[Target]) -> Standing:
    lines = lockfile.read(project.root)
    return Against(project.ws, plan(project.ws, targets, lock={}), lines).standing


@pytest.mark.parametrize("has_store", [True, False])
def test_modified_is_what_would_differ_if_nothing_upstream_did(project: Project, has_store: bool) -> None:
    """A changed file, other params and another input each count; what follows from them does not."""
    project.build(chain())
    if not has_store:
        shutil.rmtree(project.root / ".loopbuild")
    project.write(f1="B\n")
    edited = [
        replace(target, params={"prefix": "> "}) if target.id == "join:3"
        else replace(target, inputs=target.inputs[:2]) if target.id == "join:2"
        else target
        for target in chain()
    ]  # fmt: skip
    found = standing(project, [*edited, Target(id="join:new", recipe=JOIN, inputs=(("a", "read:0"),))])
    assert found.new == ("join:new",)
    assert found.modified == ("read:1", "join:2", "join:3")
    assert found.follows == ("join:0", "join:1", "total:all")
    assert found.same == ("read:0", "read:2", "read:3")
    assert found.removed == ()


def test_a_raised_recipe_version_is_modified_and_a_target_nobody_declares_is_removed(project: Project) -> None:
    project.build(chain())
    fewer = [
        replace(target, recipe=replace(target.recipe, version=2)) if target.id == "read:0" else target
        for target in chain()[:-1]
    ]
    found = standing(project, fewer)
    assert found.modified == ("read:0",)
    assert found.removed == ("total:all",)


def test_a_line_older_than_those_of_its_inputs_is_not_modified(project: Project) -> None:
    """A part that was left out of the last builds only follows, as far as its record is here to tell."""
    project.build(chain())
    project.write(f0="A\n")
    project.build(chain(), select=("read:",))
    assert standing(project, chain()).modified == ()
    assert standing(project, chain()).follows == ("join:0", "join:1", "join:3", "total:all")


def test_nothing_is_removed_while_an_expansion_may_still_declare_it(project: Project, tmp_path: Path) -> None:
    project.build(growing())
    clone = Project(tmp_path / "clone")
    shutil.copytree(project.root, clone.root, ignore=shutil.ignore_patterns(".loopbuild"))
    found = plan(clone.ws, growing())
    assert found.open_ended
    assert Against(clone.ws, found, lockfile.read(clone.root)).removed == ()
    assert standing(project, growing()).removed == ()
    project.write(words="x=one\n")
    project.build(growing(), select=("words:main",))
    assert not set(standing(project, growing()).removed) & {"leaf:x", "all:main"}


def test_what_is_removed_can_be_asked_for_and_never_built(project: Project) -> None:
    project.build(chain())
    select = resolve(project.ws, chain()[:-1], ["state:removed"])
    found = plan(project.ws, chain()[:-1], select=select)
    assert not found.entries
    assert select.gone(found.targets) == {"total:all"}
    assert resolve(project.ws, chain()[:-1], ["state:removed,join:"]).gone(found.targets) == set()
    with pytest.raises(SelectionError, match="no target is in all of `state:removed,join:`"):
        plan(project.ws, chain()[:-1], select=resolve(project.ws, chain()[:-1], ["state:removed,join:"]))
    with pytest.raises(SelectionError, match="no target is `state:removed`"):
        plan(project.ws, chain(), select=resolve(project.ws, chain(), ["state:removed"]))
    with pytest.raises(SelectionError, match="`total:all` is no more: nothing declares it"):
        explain(project.ws, chain()[:-1], "total:all")
