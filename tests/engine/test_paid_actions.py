"""What actions that cost something may ask of a build: one sync for many answers, a memory, sums, things held open."""

from __future__ import annotations

import pytest

from loopbuild.engine import commit
from loopbuild.engine.history import history
from loopbuild.engine.plan import plan
from tests.engine.conftest import Project
from tests.engine.recipes import PAID, TABLE, TOGETHER, TWICE, table
from tests.faults.children import child, exit_code


def test_answers_that_come_together_are_written_down_together(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    real = commit.store_batch

    def store(rows, outputs, **options):  # type: ignore[no-untyped-def]
        batches.append(len(outputs))
        real(rows, outputs, **options)

    monkeypatch.setattr("loopbuild.engine.tables.store_batch", store)
    project.build(table(TOGETHER))
    assert batches == [3]
    batches.clear()
    project.build(table(PAID))
    assert batches == [1, 1, 1]


def test_what_was_spent_stands_in_the_result_and_in_the_log(project: Project) -> None:
    outcome = project.build(table(TOGETHER))
    assert outcome.results["table:main"].spent == {"usd": pytest.approx(0.03), "calls": 3}
    assert [event.spent["calls"] for event in project.events if event.spent] == [3]
    (run,) = history(project.ws)
    assert {one.target: one.spent for one in run.targets} == {
        "words:main": {},
        "table:main": {"usd": pytest.approx(0.03), "calls": 3},
    }
    assert project.build(table(TOGETHER)).results["table:main"].spent == {}


def test_params_stale_no_row_whose_request_says_it_all(project: Project) -> None:
    project.build(table(TOGETHER, speed=1))
    project.calls()
    planned = plan(project.ws, table(TOGETHER, speed=2))
    assert [entry.rows_stale for entry in planned.would] in ([], [0])
    project.build(table(TOGETHER, speed=2))
    assert project.calls() == []
    project.build(table(TABLE, speed=1))
    project.calls()
    project.build(table(TABLE, speed=2))
    assert len(project.calls()) == 3, "of other tables all params are part of every row"


def test_what_was_remembered_survives_a_kill_and_a_lost_index(project: Project) -> None:
    (project.root / "kill").write_text("")
    assert exit_code(child(lambda: project.build(table(TWICE)))) == 9
    assert project.calls() == ["table:main r1 first"]
    (project.root / "kill").unlink()
    for path in (project.root / ".loopbuild").glob("state.db*"):
        path.unlink()
    assert project.build(table(TWICE)).is_success
    assert project.calls() == [f"table:main {word}" for word in
                               ("r1 second", "r2 first", "r2 second", "r3 first", "r3 second")]  # fmt: skip


def test_it_survives_another_key_of_its_target_too(project: Project) -> None:
    (project.root / "kill").write_text("")
    child_code = exit_code(child(lambda: project.build(table(TWICE))))
    assert child_code == 9
    project.calls()
    (project.root / "kill").unlink()
    project.write(rows="r1 x\nr9 y\n")
    project.build(table(TWICE))
    assert [call for call in project.calls() if "r1" in call] == ["table:main r1 second"]


def test_a_refresh_remembers_anew(project: Project) -> None:
    from loopbuild.engine.demands import Demands
    from loopbuild.engine.selection import parse

    project.build(table(TWICE))
    project.calls()
    project.build(table(TWICE), demands=Demands(refresh=parse(("table:main",))))
    assert [call for call in project.calls() if call.endswith("first")] == [
        f"table:main {row} first" for row in ("r1", "r2", "r3")
    ]


def test_a_row_asked_for_again_does_not_get_back_what_was_remembered_of_it(project: Project) -> None:
    from loopbuild.engine.demands import Demands

    project.build(table(TWICE))
    project.calls()
    project.build(table(TWICE), demands=Demands(refresh_rows={"table:main": frozenset({"r2"})}))
    assert project.calls() == ["table:main r2 first", "table:main r2 second"]


def test_only_a_pinned_recipe_remembers(project: Project) -> None:
    from dataclasses import replace

    outcome = project.build(table(replace(TWICE, nature="pure")))
    assert "is not pinned, so it can not remember anything" in outcome.errors[0].message


def test_what_is_held_is_opened_once_and_closed_at_the_end(project: Project) -> None:
    project.build(table(TWICE))
    assert (project.root / "phone").read_text() == "opened closed "
