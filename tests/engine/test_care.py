"""Care of the store: what `gc` may take, what `verify` finds, and what both leave alone."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopbuild.engine import lockfile
from loopbuild.engine.demands import Demands
from loopbuild.engine.gc import Collected, Limits, collect
from loopbuild.engine.query import output, output_digest, record
from loopbuild.engine.rerun import rerun
from loopbuild.engine.selection import parse
from loopbuild.engine.target import Recipe, Target
from loopbuild.engine.verify import Verified, verify
from loopbuild.engine.workspace import Workspace
from tests.engine.conftest import Project
from tests.engine.recipes import PROVEN, READ, TABLE, TRAIN, chain, table

ALL = Limits(max_bytes=10**12, max_age_seconds=0)
PAID_TABLE = dataclasses.replace(TABLE, name="paid-table", nature="pinned")


def _targets() -> list[Target]:
    return [
        *chain(),
        *table(),
        Target(id="read:t", recipe=READ, files=(("text", "f0.txt"),)),
        Target(id="checkpoint:a", recipe=TRAIN, inputs=(("data", "read:t"),), head="checkpoint:a"),
    ]


def _collect(project: Project, limits: Limits = ALL, **options: bool) -> Collected:
    return collect(project.ws, limits, on_note=lambda text: None, **options)


def _forget_runs(project: Project) -> None:
    """Let the builds so far be longer ago than the last ten."""
    for _ in range(11):
        project.build(chain()[:1], demands=Demands(force=parse(["read:0"])))


def _verify(project: Project, *, is_full: bool = True) -> Verified:
    natures = {target.recipe.name: target.recipe.nature for target in _targets()}
    return verify(project.ws, is_full=is_full, natures=natures, on_note=lambda text: None)


def _size(project: Project) -> int:
    return sum(path.stat().st_size for path in (project.root / ".loopbuild" / "cas").rglob("*") if path.is_file())


class TestCollecting:
    def test_nothing_is_run_and_nothing_differs_afterwards(self, project: Project) -> None:
        project.build(_targets())
        before = project.snapshot()
        _collect(project)
        project.calls()
        assert project.build(_targets()).is_success
        assert project.calls() == []
        assert project.snapshot() == before
        assert _verify(project).damages == []

    def test_rows_are_still_reused_one_by_one(self, project: Project) -> None:
        project.build(table())
        _forget_runs(project)
        assert _collect(project).removed
        project.calls()
        project.write(words="x=one\ny=TWO\nz=three\n")
        project.build(table())
        assert project.calls() == ["table:main r2"]

    def test_old_pure_results_go_and_are_made_again_when_wanted(self, project: Project) -> None:
        project.build(chain())
        project.write(f0="other\n")
        project.build(chain())
        _forget_runs(project)
        size = _size(project)
        done = _collect(project)
        assert done.removed
        assert _size(project) == size - done.removed_bytes == done.kept_bytes
        project.write(f0="a\n# c\n")
        project.calls()
        assert project.build(chain()).is_success
        assert "join:0 run" in project.calls()

    def test_results_of_the_last_builds_stay(self, project: Project) -> None:
        project.build(chain())
        project.write(f0="other\n")
        project.build(chain())
        _collect(project)
        project.write(f0="a\n# c\n")
        project.calls()
        project.build(chain())
        assert project.calls() == []

    def test_an_older_lock_holds_what_it_names(self, project: Project) -> None:
        project.build(chain())
        lock = (project.root / "loop.lock").read_bytes()
        project.write(f0="other\n")
        project.build(chain())
        _forget_runs(project)
        (project.root / "loop.lock").write_bytes(lock)
        _collect(project)
        project.write(f0="a\n# c\n")
        project.calls()
        project.build(chain())
        assert project.calls() == []

    def test_locks_of_other_branches_hold_what_they_name_when_asked_to(self, project: Project) -> None:
        project.build(_targets())
        branch = lockfile.read(project.root)
        for text in ("1\n", "2\n"):
            project.write(f0=text)
            project.build(_targets())
        _forget_runs(project)
        digest = branch["read:0"][0].removeprefix("b3:")
        for also, is_kept in (((branch,), True), ((), False)):
            collect(project.ws, Limits(max_bytes=0, max_age_seconds=0, also=also), on_note=lambda text: None)
            assert project.ws.objects.has(digest) is is_kept

    def test_trained_results_nothing_holds_stay_unless_asked_for(self, project: Project) -> None:
        project.build(_targets())
        first = output_digest(project.ws, "checkpoint:a")
        project.write(f0="more\n")
        project.build([dataclasses.replace(target, head="") for target in _targets()])
        _forget_runs(project)
        done = _collect(project)
        assert done.paid > 0
        assert project.ws.objects.is_sound(first)
        assert _collect(project, dataclasses.replace(ALL, with_paid=True)).removed
        assert not project.ws.objects.has(first)
        assert output(project.ws, "checkpoint:a")["seen"] == ["more"]

    def test_the_parent_of_a_head_in_force_is_held_by_it(self, project: Project) -> None:
        project.build(_targets())
        parent = output_digest(project.ws, "checkpoint:a")
        project.write(f0="more\n")
        project.build(_targets())
        _forget_runs(project)
        _collect(project, dataclasses.replace(ALL, with_paid=True))
        assert record(project.ws, "checkpoint:a").parent == parent
        assert project.ws.objects.is_sound(parent)

    def test_finished_rows_of_an_unfinished_paid_table_stay(self, project: Project) -> None:
        project.write(words="x=one\ny=bad\nz=three\n")
        assert not project.build(table(PAID_TABLE)).is_success
        _forget_runs(project)
        _collect(project)
        project.calls()
        project.write(words="x=one\ny=good\nz=three\n")
        assert project.build(table(PAID_TABLE)).is_success
        assert project.calls() == ["table:main r2"]

    def test_age_and_size_decide_what_goes_of_what_nothing_needs(self, project: Project) -> None:
        for text in ("one\n", "two\n", "three\n"):
            project.write(f0=text)
            project.build(chain())
        _forget_runs(project)
        assert _collect(project, Limits(max_bytes=10**12, max_age_seconds=3600)).removed == 0
        everything = _collect(project, is_dry=True)
        half = _size(project) - everything.removed_bytes // 2
        some = _collect(project, Limits(max_bytes=half, max_age_seconds=3600))
        assert 0 < some.removed < everything.removed
        assert _size(project) <= half

    def test_a_dry_run_says_what_a_real_one_does_and_changes_nothing(self, project: Project) -> None:
        project.build(chain())
        project.write(f0="other\n")
        project.build(chain())
        _forget_runs(project)
        size = _size(project)
        said = _collect(project, is_dry=True)
        assert said.removed
        assert _size(project) == size
        assert _collect(project) == said

    def test_a_kill_at_any_step_leaves_a_store_that_builds(self, project: Project) -> None:
        import os

        project.build(_targets())
        project.write(f0="other\n")
        project.build(_targets())
        before = project.snapshot()
        _forget_runs(project)
        for count in range(1, 40, 4):
            pid = os.fork()
            if not pid:
                real, seen = os.replace, [0]

                def replace(
                    source: object,
                    target: object,
                    seen: list[int] = seen,
                    count: int = count,
                    real: Callable[..., None] = real,
                ) -> None:
                    seen[0] += 1
                    if seen[0] == count:
                        os._exit(9)
                    real(source, target)

                os.replace = replace  # type: ignore[assignment]
                try:
                    _collect(project)
                finally:
                    os._exit(0)
            os.waitpid(pid, 0)
            assert project.build(_targets()).is_success
            assert project.snapshot() == before
        _collect(project)
        assert not (project.root / ".loopbuild" / "trash").exists()
        assert _verify(project).damages == []

    def test_an_empty_project_has_nothing_to_collect(self, tmp_path: Path) -> None:
        ws = Workspace.open(tmp_path, code_version="1")
        assert collect(ws, ALL, on_note=lambda text: None).removed == 0
        assert not (tmp_path / ".loopbuild").exists()

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_collected_now_and_then_a_history_of_edits_ends_like_a_clean_build(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        project = Project(tmp_path_factory.mktemp("edited"))
        clean = Project(tmp_path_factory.mktemp("clean"))
        state = {"f1": "b\n", "f2": "c\n", "f3": "d\n", "rows": "r1 x\nr2 x y\nr3 z\n"}
        for _ in range(data.draw(st.integers(1, 5))):
            state |= {"f0": data.draw(st.sampled_from(["a\n", "b\n", "# only\n"]))}
            state |= {"words": f"x={data.draw(st.sampled_from('123'))}\ny=two\nz=three\n"}
            project.write(**state)
            assert project.build([*chain(), *table()]).is_success
            if data.draw(st.booleans()):
                paid = data.draw(st.booleans())
                _collect(project, Limits(max_bytes=0, max_age_seconds=0, with_paid=paid))
        clean.write(**state)
        clean.build([*chain(), *table()])
        assert project.snapshot() == clean.snapshot()


def _flip(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


DAMAGE: dict[str, Callable[[Path], object]] = {
    "flip": _flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "delete": lambda path: path.unlink(),
}


class TestVerifying:
    def test_a_sound_store_is_sound(self, project: Project) -> None:
        project.build(_targets())
        found = _verify(project)
        assert found.damages == []
        assert found.objects == len([path for path in (project.ws.objects.folder).rglob("*") if path.is_file()])
        assert found.bytes_read == _size(project)

    @pytest.mark.parametrize("how", DAMAGE)
    @pytest.mark.parametrize("part", ["output", "record", "kept"])
    def test_damage_to_a_pure_result_is_found_and_made_again(self, project: Project, how: str, part: str) -> None:
        project.build(_targets(), stamp="s")
        before = project.snapshot()
        with project.ws.reading() as journal:
            entry = journal.current_of("total:all")
        assert entry is not None
        name = {"output": entry.output, "record": entry.record, "kept": entry.needs[1]}[part]
        path = Path(project.ws.objects.path(name))
        path.chmod(0o644)
        DAMAGE[how](path)
        (damage,) = _verify(project).damages
        assert (damage.name, damage.target, damage.fate) == (name, "total:all", "forgotten")
        project.calls()
        assert project.build(_targets(), stamp="s").is_success
        assert project.calls() == ["total:all run"]
        assert project.snapshot() == before
        assert _verify(project).damages == []

    @pytest.mark.parametrize("how", DAMAGE)
    def test_damage_to_a_trained_result_is_reported_and_not_touched(self, project: Project, how: str) -> None:
        project.build(_targets())
        path = Path(project.ws.objects.path(output_digest(project.ws, "checkpoint:a")))
        path.chmod(0o644)
        DAMAGE[how](path)
        left = path.read_bytes() if path.exists() else None
        found = _verify(project)
        assert not found.is_sound
        (damage,) = found.damages
        assert (damage.target, damage.fate) == ("checkpoint:a", "lost")
        assert damage.seconds > 0
        assert (path.read_bytes() if path.exists() else None) == left

    def test_damage_that_nobody_needs_is_cleared_away(self, project: Project) -> None:
        project.build(chain())
        old = output_digest(project.ws, "join:0")
        project.write(f0="other\n")
        project.build(chain())
        path = Path(project.ws.objects.path(old))
        path.chmod(0o644)
        _flip(path)
        (damage,) = _verify(project).damages
        assert (damage.target, damage.fate) == ("", "forgotten")
        assert not path.exists()

    def test_large_objects_are_read_only_when_asked(self, project: Project) -> None:
        project.write(f0="x" * 3_000_000)
        project.build(chain())
        path = Path(project.ws.objects.path(output_digest(project.ws, "read:0")))
        path.chmod(0o644)
        _flip(path)
        quick = _verify(project, is_full=False)
        assert quick.damages == []
        assert quick.unread
        assert [damage.what for damage in _verify(project).damages] == ["damaged"]


def count(action: object) -> dict[str, int]:
    """A recipe that looks at something its key does not hold."""
    path = action.root / "outside.txt"  # type: ignore[attr-defined]
    return {"length": len(path.read_text())}


class TestRunningAgain:
    def test_honest_recipes_give_the_same_bytes(self, project: Project) -> None:
        project.build(_targets())
        before = project.snapshot()
        found = rerun(project.ws, _targets(), 100, chance=random.Random(1))
        assert all(one.is_same for one in found)
        assert {one.target for one in found} == {target.id for target in _targets()} - {"checkpoint:a"}
        assert project.snapshot() == before

    def test_a_recipe_that_looks_elsewhere_is_found_out(self, project: Project) -> None:
        (project.root / "outside.txt").write_text("12345")
        targets = [
            *chain(),
            Target(id="count:all", recipe=Recipe(name="count", version=1, run="tests.engine.test_care:count")),
        ]
        project.build(targets)
        (project.root / "outside.txt").write_text("123")
        found = rerun(project.ws, targets, 100, chance=random.Random(1))
        assert [one.target for one in found if not one.is_same] == ["count:all"]

    def test_tables_that_keep_proven_rows_and_stale_targets_are_left_out(self, project: Project) -> None:
        project.build([*chain(), *table(PROVEN)])
        stale = dataclasses.replace(READ, version=2)
        targets = [dataclasses.replace(chain()[0], recipe=stale), *chain()[1:], *table(PROVEN)]
        names = {one.target for one in rerun(project.ws, targets, 100, chance=random.Random(1))}
        assert "read:0" not in names
        assert "table:main" not in names
        assert "read:1" in names

    def test_as_many_as_asked_for_are_drawn(self, project: Project) -> None:
        project.build(chain())
        assert len(rerun(project.ws, chain(), 3, chance=random.Random(1))) == 3
