from __future__ import annotations

import dataclasses

import pytest

from loopbuild.engine.plan import plan
from loopbuild.engine.target import Target
from loopbuild.engine.why import explain
from loopbuild.errors import SelectionError
from tests.engine.conftest import Project
from tests.engine.recipes import FAN, READ_CHEAP, chain, table


def _cheap() -> list[Target]:
    return [dataclasses.replace(t, recipe=READ_CHEAP) if t.id.startswith("read:") else t for t in chain()]


def test_before_the_first_build_everything_would_or_may_run(project: Project) -> None:
    found = plan(project.ws, chain())
    assert [entry.target for entry in found.would] == [f"read:{i}" for i in range(4)]
    assert [entry.target for entry in found.may] == [*(f"join:{i}" for i in range(4)), "total:all"]
    assert {reason.code for entry in found.would for reason in entry.reasons} == {"never_built"}


def test_after_a_build_nothing_would_run(project: Project) -> None:
    project.build(chain())
    found = plan(project.ws, chain())
    assert found.is_nothing_to_do
    assert len(found.fresh) == 9


def test_a_cheap_recipe_shows_that_a_comment_changes_nothing(project: Project) -> None:
    project.build(_cheap())
    project.write(f1="b\n# new\n")
    found = plan(project.ws, _cheap())
    assert [entry.target for entry in found.would] == ["read:1"]
    assert not found.may
    assert [change.path for change in found.leaf_changes] == ["f1.txt"]
    assert project.build(_cheap()).ran == {"read:1"}


def test_a_plan_names_the_rows_and_the_facts(project: Project) -> None:
    project.build(table())
    project.write(words="x=one\ny=TWO\nz=three\n")
    entry = plan(project.ws, table()).entries["table:main"]
    assert (entry.will, entry.rows_stale, entry.rows_total) == ("run", 1, 3)
    assert [row.key for row in entry.rows] == ["r2"]
    (reason,) = entry.rows[0].reasons
    assert (reason.code, reason.subject, reason.kind) == ("input_changed", "y", "fact")
    assert reason.old != reason.new


def test_questions_write_nothing(project: Project) -> None:
    project.build(table())
    project.write(words="x=one\ny=TWO\nz=three\n")

    def files() -> dict[str, int]:
        found = (path for path in project.root.rglob("*") if path.is_file() and path.name != "calls.log")
        return {str(path): path.stat().st_mtime_ns for path in found if not path.name.endswith(("-shm", "-wal"))}

    before = files()
    plan(project.ws, table())
    explain(project.ws, table(), "table:main")
    assert files() == before


def test_questions_without_a_store_create_none(project: Project) -> None:
    plan(project.ws, table())
    assert not (project.root / ".loopbuild").exists()


def test_why_leads_from_the_target_to_the_file(project: Project) -> None:
    project.build(chain())
    project.write(f1="B\n")
    found = explain(project.ws, chain(), "total:all")
    assert found.will == "maybe"
    assert [cause.target for cause in found.chain] == ["total:all", "join:0", "read:1", "join:1", "join:2"]
    (reason,) = found.chain[2].reasons
    assert (reason.code, reason.subject) == ("input_changed", "f1.txt")
    assert found.cues["upstream"]
    assert not found.cues["input"]


def test_why_not_names_what_was_absorbed(project: Project) -> None:
    project.build(_cheap())
    project.write(f1="b\n# new\n")
    found = explain(project.ws, _cheap(), "total:all")
    assert found.will == "reuse"
    assert not any(found.cues.values())
    assert [cause.target for cause in found.absorbed] == ["read:1"]
    assert found.upstream_count == 8
    assert found.absorbed[0].is_same_output


def test_changed_params_are_named_with_both_values(project: Project) -> None:
    targets = chain()
    project.build(targets)
    targets[5] = dataclasses.replace(targets[5], params={"prefix": "> "})
    (reason,) = explain(project.ws, targets, "join:1").chain[0].reasons
    assert (reason.code, reason.subject, reason.old, reason.new) == ("params_changed", "/prefix", None, "> ")


def test_an_unknown_name_is_answered_with_the_closest(project: Project) -> None:
    with pytest.raises(SelectionError) as caught:
        plan(project.ws, chain(), select=("totl:all",))
    assert "`totl:all`" in caught.value.message
    assert "`total:all`" in caught.value.hint


def test_an_expansion_that_is_not_known_yet_is_only_tentative(project: Project) -> None:
    words, _ = table()
    targets = [
        words,
        Target(
            id="fan:main",
            recipe=FAN,
            inputs=(("words", "words:main"),),
            expand="tests.engine.recipes:expand_fan",
            context={"words": "words:main"},
        ),
    ]
    project.build(targets)
    project.write(words="x=one\ny=two\nw=four\n")
    found = plan(project.ws, targets)
    assert found.open_ended == ("fan:main",)
    assert [entry.target for entry in found.would] == ["words:main", "fan:main"]
    assert [entry.target for entry in found.may] == ["leaf:x", "leaf:y", "leaf:z", "all:main"]
    assert project.build(targets).is_success
    assert plan(project.ws, targets).is_nothing_to_do
