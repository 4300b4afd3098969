"""Kinds of targets: histories, pinned results, secondary ones, order-only inputs, growing graphs, failures."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from loopbuild.engine.demands import Demands
from loopbuild.engine.execute import RecipeCrash
from loopbuild.engine.history import history
from loopbuild.engine.plan import plan
from loopbuild.engine.query import output, output_digest, record
from loopbuild.engine.selection import parse
from loopbuild.engine.target import Target
from loopbuild.errors import BuildError, SelectionError
from tests.engine.conftest import Project
from tests.engine.recipes import FAIL, FAN, JOIN, READ, SHOW, TRAIN, chain, table


def _trained() -> list[Target]:
    return [
        Target(id="read:0", recipe=READ, files=(("text", "f0.txt"),)),
        Target(id="checkpoint:a", recipe=TRAIN, inputs=(("data", "read:0"),), head="checkpoint:a"),
    ]


def test_a_history_continues_from_its_last_output(project: Project) -> None:
    project.build(_trained())
    first = output_digest(project.ws, "checkpoint:a")
    assert project.build(_trained()).counts == {"fresh": 2}
    project.write(f0="a\nb\n")
    outcome = project.build(_trained())
    assert outcome.results["checkpoint:a"].reasons[0].code == "goal_changed"
    assert output(project.ws, "checkpoint:a") == {"seen": ["a", "a", "b"], "parent": first}
    assert record(project.ws, "checkpoint:a").parent == first
    assert f"parent={first[:16]}" in (project.root / "loop.lock").read_text()


def test_an_older_goal_is_restored_not_trained_again(project: Project) -> None:
    project.build(_trained())
    first = output_digest(project.ws, "checkpoint:a")
    project.write(f0="a\nb\n")
    project.build(_trained())
    project.write(f0="a\n# c\n")
    project.calls()
    assert project.build(_trained()).counts == {"restored": 2}
    assert project.calls() == []
    assert output_digest(project.ws, "checkpoint:a") == first


def test_lost_bytes_of_a_history_are_replayed_from_its_own_parent(project: Project) -> None:
    project.build(_trained())
    project.write(f0="a\nb\n")
    project.build(_trained())
    second = output_digest(project.ws, "checkpoint:a")
    Path(project.ws.objects.path(second)).unlink()
    assert project.build(_trained()).is_success
    assert output_digest(project.ws, "checkpoint:a") == second


def test_a_lost_parent_is_an_error_and_never_a_silent_beginning(project: Project) -> None:
    project.build(_trained())
    Path(project.ws.objects.path(output_digest(project.ws, "checkpoint:a"))).unlink()
    project.write(f0="a\nb\n")
    outcome = project.build(_trained())
    (error,) = outcome.errors
    assert "which is its parent and whose bytes are not here" in error.message
    assert "--from-scratch checkpoint:a" in error.hint
    again = Demands(force=parse(["checkpoint:a"]))
    assert project.build(_trained(), demands=again).of("failed")
    assert project.build(_trained(), demands=Demands(from_scratch=parse(["checkpoint:a"]))).is_success
    assert output(project.ws, "checkpoint:a")["seen"] == ["a", "b"]


def test_an_unfinished_history_goes_on_where_it_was_killed(project: Project) -> None:
    (project.root / "kill").touch()
    code = (
        "import sys; from pathlib import Path; from tests.engine.conftest import Project;"
        "from tests.engine.test_targets import _trained; Project(Path(sys.argv[1])).build(_trained())"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(project.root)], timeout=60, check=False)
    assert killed.returncode == 9
    (project.root / "kill").unlink()
    project.calls()
    assert project.build(_trained()).is_success
    assert project.calls() == ["checkpoint:a run", "checkpoint:a step 2"]
    assert list((project.root / ".loopbuild" / "partial").iterdir()) == []


def test_a_head_may_be_a_later_target_of_the_same_build(project: Project) -> None:
    def targets() -> list[Target]:
        first, one = _trained()
        two = Target(id="checkpoint:b", recipe=TRAIN, inputs=(("data", "read:0"),), head="checkpoint:a")
        return [first, dataclasses.replace(one, head="checkpoint:b"), two]

    project.build(targets())
    last = output_digest(project.ws, "checkpoint:b")
    project.write(f0="n\n")
    project.build(targets())
    assert output(project.ws, "checkpoint:a")["parent"] == last


def test_secondary_targets_wait_to_be_named(project: Project) -> None:
    targets = chain()
    targets[-1] = dataclasses.replace(targets[-1], is_secondary=True)
    assert "total:all" not in project.build(targets).results
    assert project.build(targets, select=("total:",)).results["total:all"].outcome == "built"


def test_a_selection_builds_only_what_it_needs(project: Project) -> None:
    assert sorted(project.build(chain(), select=("join:1",)).results) == ["join:1", "read:0", "read:1", "read:2"]


def test_a_name_nothing_matches_is_refused(project: Project) -> None:
    with pytest.raises(SelectionError):
        project.build(chain(), select=("join:9",))


def test_order_only_inputs_are_readable_but_do_not_make_stale(project: Project) -> None:
    targets = [
        Target(id="read:0", recipe=READ, files=(("text", "f0.txt"),)),
        Target(id="read:1", recipe=READ, files=(("text", "f1.txt"),)),
        Target(id="join:a", recipe=JOIN, inputs=(("a", "read:0"),), order_only=(("b", "read:1"),)),
    ]
    project.build(targets)
    assert output(project.ws, "join:a") == {"lines": ["a", "b"]}
    project.write(f1="changed\n")
    assert project.build(targets).results["join:a"].outcome == "fresh"


def growing() -> list[Target]:
    return [
        table()[0],
        Target(
            id="fan:main",
            recipe=FAN,
            inputs=(("words", "words:main"),),
            expand="tests.engine.recipes:expand_fan",
            context={"words": "words:main"},
        ),
    ]


def test_an_output_may_declare_further_targets(project: Project) -> None:
    assert sorted(project.build(growing()).results) == [
        "all:main", "fan:main", "leaf:x", "leaf:y", "leaf:z", "words:main",
    ]  # fmt: skip
    project.calls()
    project.write(words="x=one\ny=TWO\nz=three\nw=four\n")
    project.build(growing())
    assert project.calls() == ["fan:main run", *(f"leaf:{unit} run" for unit in "wxyz"), "all:main run"]


def test_a_name_made_by_an_expansion_can_be_selected(project: Project) -> None:
    outcome = project.build(growing(), select=("leaf:y",))
    assert sorted(outcome.results) == ["fan:main", "leaf:y", "words:main"]


def test_a_cycle_is_drawn(project: Project) -> None:
    targets = [
        Target(id="a:1", recipe=JOIN, inputs=(("x", "b:1"),)),
        Target(id="b:1", recipe=JOIN, inputs=(("x", "c:1"),)),
        Target(id="c:1", recipe=JOIN, inputs=(("x", "a:1"),)),
    ]
    with pytest.raises(BuildError, match="`a:1` -> `b:1` -> `c:1` -> `a:1`"):
        project.build(targets)


def test_an_unknown_input_is_named(project: Project) -> None:
    with pytest.raises(BuildError, match="`a:1` needs `b:1`, which nothing declares"):
        project.build([Target(id="a:1", recipe=JOIN, inputs=(("x", "b:1"),))])


def test_the_same_name_for_two_targets_is_refused(project: Project) -> None:
    with pytest.raises(BuildError, match="two different targets are called `a:1`"):
        project.build([Target(id="a:1", recipe=JOIN), Target(id="a:1", recipe=SHOW)])


def test_a_missing_file_fails_its_target_and_skips_only_what_needs_it(project: Project) -> None:
    (project.root / "f0.txt").unlink()
    outcome = project.build(chain())
    assert outcome.results["read:0"].outcome == "failed"
    assert "`f0.txt`" in outcome.errors[0].message
    assert [result.target for result in outcome.of("skipped")] == ["join:0", "join:1", "join:3", "total:all"]
    assert outcome.results["join:2"].outcome == "built"


def test_a_crash_in_a_recipe_is_kept_with_its_traceback(project: Project) -> None:
    (project.root / "broken").touch()
    targets = [Target(id="fail:a", recipe=FAIL), Target(id="join:a", recipe=JOIN, inputs=(("x", "fail:a"),))]
    outcome = project.build([*targets, *chain()])
    (error,) = outcome.errors
    assert error.message == "`fail:a` failed: RuntimeError: it broke"
    assert isinstance(error, RecipeCrash)
    assert "in fail" in error.traceback_text
    assert outcome.results["join:a"].cause == "fail:a"
    assert len(outcome.of("built")) == 9
    assert plan(project.ws, targets).entries["fail:a"].reasons[-1].code == "failed_last_time"
    (project.root / "broken").unlink()
    assert project.build(targets).counts == {"built": 2}


def test_fail_fast_starts_nothing_more(project: Project) -> None:
    (project.root / "broken").touch()
    outcome = project.build([Target(id="fail:a", recipe=FAIL), *chain()], fail_fast=True)
    assert list(outcome.results) == ["fail:a"]


def test_force_runs_what_is_named_though_it_is_fresh(project: Project) -> None:
    project.build(chain())
    project.calls()
    outcome = project.build(chain(), demands=Demands(force=parse(["join:1"])))
    assert project.calls() == ["join:1 run"]
    assert outcome.results["join:1"].reasons[0].code == "forced"
    assert outcome.results["join:1"].outcome == "cut_off"


def test_two_jobs_give_what_one_gives(project: Project, tmp_path: Path) -> None:
    targets = [*chain(), *table()]
    project.build(targets)
    other = Project(tmp_path / "other")
    other.root.mkdir()
    for path in project.root.glob("*.txt"):
        (other.root / path.name).write_bytes(path.read_bytes())
    outcome = other.build(targets, jobs=2)
    assert outcome.is_success
    assert sorted(other.calls()) == sorted(project.calls())
    assert other.snapshot() == project.snapshot()
    (other.root / "broken").touch()
    failed = other.build([*targets, Target(id="fail:a", recipe=FAIL)], jobs=2)
    assert failed.errors[0].message == "`fail:a` failed: RuntimeError: it broke"


def test_what_begins_again_because_somebody_asked_knows_that(project: Project) -> None:
    assert project.build(_trained()).is_success
    demands = Demands(from_scratch=parse(["checkpoint:a"]))
    planned = plan(project.ws, _trained(), demands=demands).entries["checkpoint:a"]
    assert [reason.code for reason in planned.reasons] == ["from_scratch"]
    outcome = project.build(_trained(), demands=demands)
    assert [reason.code for reason in outcome.results["checkpoint:a"].reasons] == ["from_scratch"]
    assert history(project.ws, 1)[0].targets[0].reasons == ("from_scratch",)
