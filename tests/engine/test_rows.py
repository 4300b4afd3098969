from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from loopbuild.engine.history import history
from loopbuild.engine.plan import plan
from loopbuild.engine.query import output, rows_of
from tests.engine.conftest import Project
from tests.engine.recipes import PROVEN, table


def test_a_changed_fact_reruns_exactly_the_rows_that_read_it(project: Project) -> None:
    project.build(table())
    assert project.calls() == ["table:main r1", "table:main r2", "table:main r3"]
    project.write(words="x=one\ny=TWO\nz=three\n")
    outcome = project.build(table())
    assert project.calls() == ["table:main r2"]
    assert (outcome.results["table:main"].rows_run, outcome.results["table:main"].rows_total) == (1, 3)
    assert output(project.ws, "table:main")["rows"]["r2"] == {"text": "one TWO"}


def test_a_fact_nobody_read_cuts_off(project: Project) -> None:
    project.build(table())
    project.calls()
    project.write(words="x=one\ny=two\nz=three\nw=four\n")
    assert project.build(table()).results["table:main"].outcome == "restored"
    assert project.calls() == []


def test_a_fact_that_vanished_is_stale(project: Project) -> None:
    project.build(table())
    project.calls()
    project.write(words="x=one\ny=two\n")
    project.build(table())
    assert project.calls() == ["table:main r3"]
    assert rows_of(project.ws, "table:main")["r3"].reads == {"z": ""}


def test_an_added_row_runs_alone_and_a_removed_one_runs_nothing(project: Project) -> None:
    project.build(table())
    project.calls()
    project.write(rows="r1 x\nr2 x y\nr3 z\nr4 y\n")
    project.build(table())
    assert project.calls() == ["table:main r4"]
    project.write(rows="r1 x\n")
    project.build(table())
    assert project.calls() == []
    assert list(output(project.ws, "table:main")["rows"]) == ["r1"]


def test_going_back_runs_nothing(project: Project) -> None:
    project.build(table())
    before = project.snapshot()
    project.write(words="x=ONE\ny=TWO\nz=three\n")
    project.build(table())
    project.write(words="x=one\ny=two\nz=three\n")
    project.calls()
    assert project.build(table()).counts == {"restored": 2}
    assert project.calls() == []
    assert project.snapshot() == before


def test_a_proven_row_is_not_run(project: Project) -> None:
    project.build(table(PROVEN))
    project.calls()
    project.write(words="x=ONE\ny=two\nz=tree\n")
    result = project.build(table(PROVEN)).results["table:main"]
    assert (result.rows_revalidated, result.rows_run) == (2, 1)
    assert output(project.ws, "table:main")["rows"]["r1"] == {"text": "one"}
    project.calls()
    assert project.build(table(PROVEN)).counts == {"fresh": 2}


def test_without_the_licence_rows_are_drawn_afresh_also_those_proven_before(project: Project, tmp_path: Path) -> None:
    """A row proven good may be another than a fresh draw; without that, all is byte for byte a clean build."""
    project.build(table(PROVEN))
    project.write(words="x=ONE\ny=two\nz=three\n")
    assert project.build(table(PROVEN)).results["table:main"].rows_revalidated == 2
    kept = output(project.ws, "table:main")
    clean = Project(tmp_path / "clean")
    clean.root.mkdir()
    for name in ("words.txt", "rows.txt"):
        (clean.root / name).write_text((project.root / name).read_text())
    clean.build(table(PROVEN))
    assert kept != output(clean.ws, "table:main")
    project.calls()
    found = plan(project.ws, table(PROVEN), proves=False)
    assert [(entry.target, entry.rows_stale, entry.rows_revalidate) for entry in found.would] == [("table:main", 2, 0)]
    outcome = project.build(table(PROVEN), proves=False)
    assert project.calls() == ["table:main r1", "table:main r2"]
    assert outcome.ran == {"table:main"}
    assert output(project.ws, "table:main") == output(clean.ws, "table:main")
    assert project.build(table(PROVEN), proves=False).counts == {"fresh": 2}
    assert project.build(table(PROVEN)).counts == {"fresh": 2}
    for path in (project.root / ".loopbuild").glob("state.db*"):
        path.unlink()
    assert project.build(table(PROVEN)).counts == {"fresh": 2}


def test_a_row_of_another_name_is_proven_and_not_run(project: Project) -> None:
    project.build(table(PROVEN))
    project.calls()
    project.write(rows="r9<r1 x\nr2 x y\nr3 z\n")
    result = project.build(table(PROVEN)).results["table:main"]
    assert (result.rows_revalidated, result.rows_run) == (1, 0)
    assert project.calls() == ["table:main revalidate r9 "]
    assert output(project.ws, "table:main")["rows"]["r9"] == {"text": "one"}
    assert project.build(table(PROVEN)).counts == {"fresh": 2}


def test_a_row_asked_for_in_other_words_is_proven_under_its_own_name(project: Project) -> None:
    project.write(words="x=one\ny=two\nz=three\nw=ONE\n")
    project.build(table(PROVEN))
    project.calls()
    project.write(rows="r1<r1 w\nr2 x y\nr3 w\n")
    result = project.build(table(PROVEN)).results["table:main"]
    assert (result.rows_revalidated, result.rows_run) == (1, 1)
    assert output(project.ws, "table:main")["rows"]["r1"] == {"text": "one"}


def test_a_row_of_another_name_that_differs_or_may_not_be_proven_is_run(project: Project) -> None:
    project.build(table(PROVEN))
    project.write(rows="r9<r1 y\nr8<r2 x y\nr7<r5 z\n")
    project.calls()
    found = plan(project.ws, table(PROVEN)).would[0]
    assert (found.rows_stale, found.rows_revalidate) == (1, 2)
    assert plan(project.ws, table(PROVEN), proves=False).would[0].rows_stale == 3
    result = project.build(table(PROVEN)).results["table:main"]
    assert (result.rows_revalidated, result.rows_run) == (1, 2)
    assert [line for line in project.calls() if "revalidate" not in line] == ["table:main r9", "table:main r7"]
    assert project.build(table(PROVEN), proves=False).results["table:main"].rows_run == 1


def test_rows_are_proven_in_the_target_they_moved_to(project: Project) -> None:
    project.build(table(PROVEN))
    project.write(rows="r9<r1 x\nr8<r2 x y\n")
    project.calls()
    moved = [replace(one, id="table:other") if one.id == "table:main" else one for one in table(PROVEN)]
    result = project.build(moved).results["table:other"]
    assert (result.rows_revalidated, result.rows_run) == (2, 0)


def test_what_was_asked_with_other_params_is_not_the_same_thing(project: Project) -> None:
    project.build(table(PROVEN))
    project.write(rows="r9<r1 x\nr2 x y\nr3 z\n")
    changed = [replace(one, params={"more": 1}) if one.id == "table:main" else one for one in table(PROVEN)]
    assert project.build(changed).results["table:main"].rows_run == 3


def test_a_failed_row_keeps_the_others(project: Project) -> None:
    project.write(words="x=one\ny=bad\nz=three\n")
    outcome = project.build(table())
    assert outcome.results["table:main"].outcome == "failed"
    assert "1 of 3 rows failed, such as `r2`: the word is bad" in outcome.errors[0].message
    project.calls()
    project.write(words="x=one\ny=good\nz=three\n")
    assert project.build(table()).is_success
    assert project.calls() == ["table:main r2"]


def test_a_failed_table_says_how_many_rows_are_kept(project: Project) -> None:
    project.write(words="x=one\ny=bad\nz=three\n")
    result = project.build(table()).results["table:main"]
    assert (result.rows_run, result.rows_failed, result.rows_total) == (3, 1, 3)
    assert result.error is not None
    assert result.error.intact == "2 rows are kept"


def test_the_next_plan_knows_what_a_row_takes(project: Project) -> None:
    (project.root / "slow").write_text("0.05")
    project.build(table())
    project.write(words="x=one\ny=TWO\nz=TREE\n")
    entry = plan(project.ws, table()).entries["table:main"]
    assert entry.rows_stale == 2
    assert entry.seconds is not None
    assert 0.1 <= entry.seconds < 1.0


def test_a_history_of_builds_names_what_ran(project: Project) -> None:
    project.build(table())
    project.write(words="x=one\ny=TWO\nz=three\n")
    project.build(table())
    project.build(table())
    newest, oldest = history(project.ws)
    assert [(run.target, run.outcome, run.rows_run) for run in newest.targets] == [
        ("words:main", "built", 0),
        ("table:main", "built", 1),
    ]
    assert newest.targets[1].reasons == ("upstream_stale",)
    assert oldest.outcome == "done"
