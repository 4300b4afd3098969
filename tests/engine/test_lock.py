"""loop.lock: what it holds, what a frozen one forbids, and what a clone without a store learns from it."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from loopbuild.engine import lockfile
from loopbuild.engine.demands import Demands
from loopbuild.engine.generations import Generation
from loopbuild.engine.plan import plan
from loopbuild.engine.query import output, output_digest
from loopbuild.engine.selection import parse
from loopbuild.engine.target import Target
from loopbuild.engine.uptodate import is_unchanged
from loopbuild.errors import SelectionError
from tests.engine.conftest import Project
from tests.engine.recipes import ASK, READ, READ_CHEAP, TRAIN, chain, table


def asked() -> list[Target]:
    """A pinned table: every answer is another one, whatever was asked."""
    return table(ASK)


def trained() -> list[Target]:
    return [
        Target(id="read:0", recipe=READ, files=(("text", "f0.txt"),)),
        Target(id="checkpoint:a", recipe=TRAIN, inputs=(("data", "read:0"),), head="checkpoint:a"),
    ]


def clone(project: Project, to: Path) -> Project:
    """What git would bring elsewhere: everything but the store."""
    shutil.copytree(project.root, to, ignore=shutil.ignore_patterns(".loopbuild", "calls.log"))
    return Project(to)


def refresh(word: str) -> Demands:
    return Demands(refresh=parse([word]))


def lock_of(project: Project) -> dict[str, lockfile.Line]:
    return lockfile.read(project.root)


def texts(project: Project) -> dict[str, str]:
    return {key: row["text"] for key, row in output(project.ws, "table:main")["rows"].items()}


def test_lines_are_sorted_short_and_say_nothing_of_the_machine(project: Project) -> None:
    project.build([*chain(), *trained(), *asked()])
    text = (project.root / "loop.lock").read_text()
    lines = text.splitlines()[1:]
    assert lines == sorted(lines)
    assert max(map(len, lines)) <= 150
    assert str(project.root) not in text
    assert lockfile.encode(lockfile.decode(text)) == text


def test_further_lines_are_replaced_as_a_whole_and_have_no_object(project: Project) -> None:
    lines = {"tool:a": {"params": "1" * 64, "docs": "2" * 64}, "listing:x": {"digest": "3" * 64}}
    project.build(chain(), lock_lines=lambda: lines)
    found = lock_of(project)
    assert found["tool:a"] == ("", {"params": "1" * 16, "docs": "2" * 16})
    assert found["listing:x"] == (f"b3:{'3' * 64}", {})
    project.build(chain(), select=("join:1",), lock_lines=lambda: {"tool:b": {"params": "4"}})
    assert {name for name in lock_of(project) if name.startswith(("tool:", "listing:"))} == {"tool:b", "listing:x"}
    assert "total:all" in lock_of(project)


# -- frozen ----------------------------------------------------------------------------------------------------------


def test_a_frozen_build_of_what_the_lock_names_is_a_build(project: Project, tmp_path: Path) -> None:
    project.build(chain())
    other = clone(project, tmp_path / "clone")
    outcome = other.build(chain(), frozen=True)
    assert outcome.is_success
    assert other.snapshot() == project.snapshot()


def test_a_frozen_build_names_what_would_change_and_changes_nothing(project: Project) -> None:
    project.build(chain())
    before = (project.root / "loop.lock").read_bytes()
    project.calls()
    project.write(f1="changed\n")
    outcome = project.build(chain(), frozen=True)
    assert outcome.lock_changes == ("read:1",)
    assert not outcome.is_success
    assert project.calls() == []
    assert (project.root / "loop.lock").read_bytes() == before
    assert project.build(chain()).is_success


def test_a_frozen_build_spends_nothing_on_what_is_pinned_or_has_a_history(project: Project, tmp_path: Path) -> None:
    for number, targets in enumerate((asked(), trained())):
        project.build(targets)
        other = clone(project, tmp_path / f"clone{number}")
        outcome = other.build(targets, frozen=True)
        assert outcome.lock_changes == (targets[-1].id,)
        assert not [call for call in other.calls() if call.startswith(targets[-1].id)]


def test_a_frozen_build_sees_targets_that_came_or_went(project: Project) -> None:
    project.build(chain())
    assert project.build(chain()[:-1], frozen=True).lock_changes == ("total:all",)
    project.build(chain()[:-1])
    assert project.build(chain(), frozen=True).lock_changes == ("total:all",)


def test_a_recipe_that_is_no_function_shows_under_a_frozen_lock(project: Project, tmp_path: Path) -> None:
    project.build(chain())
    other = clone(project, tmp_path / "clone")
    path = other.root / "loop.lock"
    digest = output_digest(project.ws, "read:1")
    path.write_text(path.read_text().replace(digest, "0" * 64))
    outcome = other.build(chain(), frozen=True)
    assert outcome.lock_changes == ("read:1",)
    assert "names 00000000 for the same inputs" in outcome.errors[0].message


def test_an_edited_lock_is_noticed_by_the_shortcut(project: Project) -> None:
    project.build(chain(), stamp="s")
    assert is_unchanged(project.ws, {}, "s")
    path = project.root / "loop.lock"
    text = path.read_text()
    path.write_text(text + "zzz:1\tb3:" + "0" * 64 + "\n")
    assert not is_unchanged(project.ws, {}, "s")
    project.build(chain(), stamp="s")
    assert path.read_text() == text
    path.write_text(text + ">>>>>>> theirs\n")
    with pytest.raises(lockfile.LockError) as caught:
        plan(project.ws, chain())
    assert caught.value.exit_code == 2
    assert "merge-lock" in caught.value.hint


# -- a clone ---------------------------------------------------------------------------------------------------------


def cheap() -> list[Target]:
    return [dataclasses.replace(t, recipe=READ_CHEAP) if t.id.startswith("read:") else t for t in chain()]


def test_a_clone_without_bytes_knows_that_nothing_changed(project: Project, tmp_path: Path) -> None:
    project.build(cheap())
    other = clone(project, tmp_path / "clone")
    found = plan(other.ws, cheap())
    assert all(entry.is_locked for entry in (*found.would, *found.may))
    assert [entry.target for entry in found.missing] == ["join:0", "join:1", "join:2", "join:3", "total:all"]
    assert not found.lock_changes
    other.write(f1="changed\n")
    found = plan(other.ws, cheap())
    assert {entry.target for entry in (*found.would, *found.may) if not entry.is_locked} == {
        "read:1", "join:0", "join:1", "join:2", "total:all",
    }  # fmt: skip
    assert {entry.target for entry in found.would} <= other.build(cheap()).ran


def test_a_lock_that_is_not_what_is_in_force_is_out_of_date(project: Project) -> None:
    project.build(chain())
    assert plan(project.ws, chain()).lock_changes == ()
    path = project.root / "loop.lock"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if "join:1" not in line) + "\n")
    assert plan(project.ws, chain()).lock_changes == ("join:1",)
    assert plan(project.ws, chain()[:-1]).lock_changes == ("join:1", "total:all")


def test_a_clone_never_begins_a_history_silently(project: Project, tmp_path: Path) -> None:
    project.build(trained())
    other = clone(project, tmp_path / "clone")
    for text in ("a\n# c\n", "more\n"):
        other.write(f0=text)
        outcome = other.build(trained())
        (error,) = outcome.errors
        assert "bytes are not here" in error.message
        assert "--from-scratch checkpoint:a" in error.hint
        if text == "more\n":
            assert plan(other.ws, trained()).entries["checkpoint:a"].error
    assert other.build(trained(), demands=Demands(from_scratch=parse(["checkpoint:a"]))).is_success
    assert output(other.ws, "checkpoint:a") == {"seen": ["more"], "parent": ""}
    assert other.build(trained()).counts == {"fresh": 2}


def test_a_history_goes_on_from_the_head_the_lock_names(project: Project) -> None:
    """A branch continues its own checkpoint, whatever the store has seen of others since."""
    project.build(trained())
    first, lock = output_digest(project.ws, "checkpoint:a"), (project.root / "loop.lock").read_text()
    project.write(f0="b\n")
    project.build(trained())
    (project.root / "loop.lock").write_text(lock)
    project.write(f0="c\n")
    project.build(trained())
    assert output(project.ws, "checkpoint:a")["parent"] == first


def test_from_scratch_forgets_the_parent_and_says_so(project: Project) -> None:
    project.build(trained())
    project.write(f0="b\n")
    outcome = project.build(trained(), demands=Demands(from_scratch=parse(["checkpoint:a"])))
    assert outcome.results["checkpoint:a"].reasons[0].code == "from_scratch"
    assert output(project.ws, "checkpoint:a") == {"seen": ["b"], "parent": ""}
    assert "parent" not in lock_of(project)["checkpoint:a"][1]


def test_a_history_whose_record_is_lost_is_still_what_it_is(project: Project) -> None:
    project.build(trained())
    project.write(f0="b\n")
    project.build(trained())
    lock = (project.root / "loop.lock").read_text()
    assert "parent=" in lock
    entry = project.entry("checkpoint:a")
    Path(project.ws.objects.path(entry.record)).unlink()
    assert project.build(trained()).counts == {"fresh": 2}
    assert (project.root / "loop.lock").read_text() == lock
    Path(project.ws.objects.path(entry.output)).unlink()
    (error,) = project.build(trained()).errors
    assert "which remembered its parent and whose bytes are not here" in error.message
    assert "--from-scratch" in error.hint


def test_a_result_whose_record_is_lost_is_not_taken_over(project: Project) -> None:
    """Two targets of one key share a result by its record; without it the second is made, not wedged."""
    project.build(chain())
    Path(project.ws.objects.path(project.entry("read:1").record)).unlink()
    project.write(f0="b\n")
    project.calls()
    assert project.build(chain()).is_success
    assert "read:0 run" in project.calls()


# -- pinned realisations ---------------------------------------------------------------------------------------------


def test_a_pinned_answer_stays_until_it_is_refreshed(project: Project) -> None:
    project.build(asked())
    first = texts(project)
    project.calls()
    project.write(words="x=one\ny=TWO\nz=three\n")
    project.build(asked())
    project.write(words="x=one\ny=two\nz=three\n")
    project.build(asked())
    assert texts(project) == first
    assert project.calls() == ["table:main r2"]
    outcome = project.build([*asked(), *chain()], demands=refresh("table:main"))
    assert project.calls()[:3] == [f"table:main r{i}" for i in (1, 2, 3)]
    assert outcome.results["table:main"].reasons[0].code == "refreshed"
    assert not set(texts(project).values()) & set(first.values())
    assert lock_of(project)["table:main"][1]["generation"] == "1"
    second = texts(project)
    project.calls()
    assert project.build([*asked(), *chain()]).counts == {"fresh": 11}
    assert texts(project) == second
    assert plan(project.ws, [*asked(), *chain()]).is_nothing_to_do


def refresh_rows(*rows: str) -> Demands:
    return Demands(refresh_rows={"table:main": frozenset(rows)})


def test_a_refresh_of_one_row_asks_for_that_row_alone(project: Project, tmp_path: Path) -> None:
    """Another answer for one row does not pay for all: the others keep theirs, here, later and in a clone."""
    project.build([*asked(), *chain()])
    first = texts(project)
    planned = plan(project.ws, [*asked(), *chain()], demands=refresh_rows("r2"))
    assert [(entry.target, [row.key for row in entry.rows]) for entry in planned.would] == [("table:main", ["r2"])]
    project.calls()
    outcome = project.build([*asked(), *chain()], demands=refresh_rows("r2"))
    assert project.calls() == ["table:main r2"]
    (reason,) = outcome.results["table:main"].reasons
    assert (reason.code, reason.subject) == ("refreshed", "1 row")
    second = texts(project)
    assert {key for key in first if first[key] != second[key]} == {"r2"}
    assert lock_of(project)["table:main#r2"] == ("", {"generation": "1"})
    assert project.build([*asked(), *chain()]).counts == {"fresh": 11}
    project.calls()
    project.build([*asked(), *chain()], demands=refresh_rows("r2", "r3"))
    assert project.calls() == ["table:main r2", "table:main r3"]
    assert texts(project)["r2"] not in (first["r2"], second["r2"])
    third = texts(project)
    project.build([*asked(), *chain()], demands=refresh("table:main"))
    assert not set(texts(project).values()) & {*first.values(), *second.values(), *third.values()}
    assert project.build([*asked(), *chain()], frozen=True).is_success


def test_a_refreshed_row_is_wanted_by_a_clone_and_outlives_its_absence(project: Project, tmp_path: Path) -> None:
    project.build(asked())
    project.build(asked(), demands=refresh_rows("r2"))
    answers = texts(project)
    other = clone(project, tmp_path / "clone")
    shutil.copytree(project.root / ".loopbuild", other.root / ".loopbuild")
    (other.root / ".loopbuild" / "state.db").unlink()
    other.calls()
    assert other.build(asked()).is_success
    assert (other.calls(), texts(other)) == ([], answers)
    project.write(rows="r1 x\nr3 z\n")
    project.build(asked())
    project.write(rows="r1 x\nr2 x y\nr3 z\n")
    project.calls()
    project.build(asked())
    assert (project.calls(), texts(project)) == ([], answers)


def test_a_row_that_can_not_be_refreshed_is_refused(project: Project) -> None:
    targets = {target.id: target for target in table()}
    with pytest.raises(SelectionError, match="is not pinned"):
        refresh_rows("r1").check(targets)


def test_a_row_key_of_any_characters_stands_in_one_line() -> None:
    generation = Generation(rows={"a\tb\nc #é\\": 2})
    lines = lockfile.row_lines("table:main", generation)
    assert lockfile.generations_in(lockfile.decode(lockfile.encode(lines))) == {"table:main": generation}


def test_a_plan_prices_a_refresh_and_runs_exactly_that(project: Project) -> None:
    project.build([*asked(), *chain()])
    found = plan(project.ws, [*asked(), *chain()], demands=refresh("table:"))
    assert [(entry.target, entry.rows_stale) for entry in found.would] == [("table:main", 3)]
    assert project.build([*asked(), *chain()], demands=refresh("table:")).ran == {"table:main"}


def test_a_colleagues_refresh_is_wanted_here_too(project: Project, tmp_path: Path) -> None:
    project.build(asked())
    other = clone(project, tmp_path / "clone")
    shutil.copytree(project.root / ".loopbuild", other.root / ".loopbuild")
    project.build(asked(), demands=refresh("table:main"))
    shutil.copy(project.root / "loop.lock", other.root / "loop.lock")
    assert [entry.target for entry in plan(other.ws, asked()).may] == ["table:main"]
    other.calls()
    assert other.build(asked()).results["table:main"].rows_run == 3


def test_of_two_realisations_the_one_in_the_lock_counts(project: Project, tmp_path: Path) -> None:
    project.build(asked())
    lock, first = (project.root / "loop.lock").read_text(), texts(project)
    other = Project(tmp_path / "other")
    shutil.copytree(project.root, other.root, ignore=shutil.ignore_patterns(".loopbuild", "loop.lock"))
    other.build(asked())
    assert texts(other) != first
    for path in (project.root / ".loopbuild" / "cas").rglob("*"):
        if path.is_file():
            target = other.root / ".loopbuild" / "cas" / path.relative_to(project.root / ".loopbuild" / "cas")
            target.parent.mkdir(exist_ok=True)
            shutil.copy(path, target)
    (other.root / "loop.lock").write_text(lock)
    (other.root / ".loopbuild" / "state.db").unlink()  # made anew, it knows both
    other.calls()
    assert other.build(asked()).is_success
    assert other.calls() == []
    assert texts(other) == first


@pytest.mark.parametrize(
    ("demands", "hint"),
    [
        (Demands(refresh=parse(["join:1"])), "--force join:1"),
        (Demands(force=parse(["table:main"])), "--refresh table:main"),
        (Demands(from_scratch=parse(["join:1"])), "--force join:1"),
    ],
)
def test_a_demand_that_does_not_fit_is_refused_with_the_one_that_does(
    project: Project, demands: Demands, hint: str
) -> None:
    targets = {target.id: target for target in [*chain(), *asked()]}
    with pytest.raises(SelectionError) as caught:
        demands.check(targets)
    assert hint in caught.value.hint


def test_a_demand_for_nobody_is_a_mistake() -> None:
    with pytest.raises(SelectionError, match="no target is called `joim:1`"):
        Demands(force=parse(["joim:1"])).check({target.id: target for target in chain()})


def test_a_name_may_hold_what_unicode_counts_as_a_line_end() -> None:
    lines = {f"tool:hr/a{end}b": (f"b3:{'0' * 16}", {"docs": "1"}) for end in "\u2028\u2029\x85\x0b\x0c\x1c"}
    text = lockfile.encode(lines)
    assert lockfile.decode(text) == lines
    assert lockfile.encode(lockfile.decode(text)) == text


def test_a_lock_with_the_line_ends_of_another_system_is_read(project: Project) -> None:
    project.build(chain(3))
    path = project.root / "loop.lock"
    lines = lockfile.read(project.root)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert lockfile.read(project.root) == lines
