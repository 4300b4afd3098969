"""An action that ends well has not yet kept its word: what it made is looked at before it counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loopbuild.engine.history import last_outcome
from loopbuild.engine.plan import plan
from loopbuild.engine.query import output
from loopbuild.engine.target import Recipe, Target
from tests.engine.conftest import Project
from tests.engine.recipes import CLAIMS, FAIL, JOIN, NONSENSE, READ, STRAY, chain, table


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (CLAIMS, "`bad:a` published `report.txt` as `00000000`, which it never stored"),
        (NONSENSE, "`bad:a`: `nan` has no canonical form"),
    ],
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_output_that_is_not_there_is_not_stored(project: Project, recipe: Recipe, message: str, jobs: int) -> None:
    outcome = project.build([Target(id="bad:a", recipe=recipe), *chain()], jobs=jobs)
    assert [error.message for error in outcome.errors] == [message]
    assert outcome.counts == {"failed": 1, "built": 9}
    assert output(project.ws, "bad:a") is None


def test_a_row_too_few_fails_and_one_too_many_is_refused(project: Project) -> None:
    (error,) = project.build(table(STRAY)).errors
    assert "`r1`: the recipe returned nothing for it" in error.message
    (project.root / "extra").touch()
    (error,) = project.build(table(STRAY)).errors
    assert error.message == "`table:main` made the row `nobody asked`, which was not asked for"


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), "\ud800", {1: "a"}])
def test_what_can_not_be_hashed_is_never_left_out_of_a_key(project: Project, value: object) -> None:
    """The action does not run and says why; a result of other inputs would be worse than none."""
    targets = [Target(id="read:0", recipe=READ, params={"x": value}, files=(("text", "f0.txt"),)), chain()[1]]
    outcome = project.build(targets)
    assert outcome.counts == {"failed": 1, "built": 1}
    assert outcome.errors[0].message.startswith("`read:0`: ")
    assert project.calls() == ["read:1 run"]


def test_the_same_name_with_other_content_is_stale(project: Project) -> None:
    project.build(chain())
    project.write(f0="other\n")
    assert "read:0" in {entry.target for entry in plan(project.ws, chain()).would}


def test_going_through_the_store_keeps_a_key(project: Project) -> None:
    project.build(chain())
    with project.ws.reading() as journal:
        before = {name: entry.key for name, entry in journal.current().items()}
    for path in (project.root / ".loopbuild").glob("state.db*"):
        path.unlink()
    project.build(chain())
    with project.ws.reading() as journal:
        assert {name: entry.key for name, entry in journal.current().items()} == before


def test_the_old_value_of_something_that_fails_now_makes_nobody_fresh(project: Project) -> None:
    above = Target(id="fail:a", recipe=FAIL)
    targets = [above, Target(id="join:a", recipe=JOIN, inputs=(("x", "fail:a"),))]
    assert project.build(targets).is_success
    (project.root / "broken").touch()
    changed = [replace(above, params={"again": 1}), targets[1]]
    outcome = project.build(changed)
    assert outcome.counts == {"failed": 1, "skipped": 1}
    assert [entry.target for entry in plan(project.ws, changed).may] == ["join:a"]
    assert not plan(project.ws, changed).fresh


def test_how_a_target_came_out_is_found_whatever_it_is_called(project: Project) -> None:
    name = 'read:"\u00e9",\\'
    odd = Target(id=name, recipe=READ, files=(("text", "f0.txt"),))
    project.build([odd, *chain()])
    project.write(f1="changed\n")
    project.build([odd, *chain()])
    assert last_outcome(project.ws, name, limit=5) == "built"
    assert last_outcome(project.ws, "read:0", limit=5) == "restored"
    assert last_outcome(project.ws, "read:", limit=5) == ""
