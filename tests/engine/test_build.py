from __future__ import annotations

from tests.engine.conftest import Project
from tests.engine.recipes import chain


def test_building_twice_runs_nothing(project: Project) -> None:
    first = project.build(chain())
    assert first.is_success
    assert len(project.calls()) == 9
    second = project.build(chain())
    assert second.counts == {"fresh": 9}
    assert project.calls() == []


def test_one_changed_file_reruns_seven_and_a_comment_three(project: Project) -> None:
    targets = chain(6)
    project.write(f4="e", f5="f")
    project.build(targets)
    project.calls()
    project.write(f1="b2\n")
    assert len(project.build(targets).ran) == 5
    project.calls()
    project.write(f1="b2\n# only a comment\n")
    outcome = project.build(targets)
    assert outcome.counts["cut_off"] == 1
    assert project.calls() == ["read:1 run"]
