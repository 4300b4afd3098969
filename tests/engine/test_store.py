"""What lies on disk: damage, deletion, published files, loop.lock, formats, the shortcut."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from loopbuild.engine import lockfile
from loopbuild.engine.query import output, output_digest, record
from loopbuild.engine.uptodate import is_unchanged
from loopbuild.engine.workspace import NewerStore, Workspace
from loopbuild.errors import StoreError
from tests.engine.conftest import Project
from tests.engine.recipes import chain, table


def _object(project: Project, digest: str) -> Path:
    return Path(project.ws.objects.path(digest))


def _overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "delete"])
@pytest.mark.parametrize("target", ["read:1", "join:1", "total:all"])
def test_a_damaged_object_is_made_again(project: Project, damage: str, target: str) -> None:
    project.build(chain())
    before = project.snapshot()
    project.calls()
    path = _object(project, output_digest(project.ws, target))
    content = path.read_bytes()
    if damage == "delete":
        path.unlink()
    else:
        _overwrite(path, {"flip": content.swapcase(), "cut": content[:-3], "empty": b""}[damage])
    outcome = project.build(chain())
    assert outcome.is_success
    assert project.calls() == [f"{target} run"]
    assert outcome.results[target].reasons[0].code == ("output_missing" if damage == "delete" else "output_damaged")
    assert project.snapshot() == before
    assert output(project.ws, target) is not None


def test_a_damaged_kept_object_is_made_again(project: Project) -> None:
    project.build(chain())
    (kept,) = record(project.ws, "total:all").kept
    _overwrite(_object(project, kept), b"x")
    project.calls()
    project.build(chain())
    assert project.calls() == ["total:all run"]
    assert project.ws.objects.get(kept)


@pytest.mark.parametrize("damage", ["delete", "garbage", "empty", "cut"])
def test_a_lost_index_is_rebuilt_and_nothing_runs(project: Project, damage: str) -> None:
    targets = [*chain(), *table()]
    project.build(targets)
    before = project.snapshot()
    project.calls()
    path = project.root / ".loopbuild" / "state.db"
    if damage == "delete":
        path.unlink()
    else:
        path.write_bytes({"garbage": b"garbage" * 999, "empty": b"", "cut": path.read_bytes()[:5000]}[damage])
    assert project.build(targets).is_success
    assert project.calls() == []
    assert project.snapshot() == before
    assert any("rebuilt from" in event.message for event in project.events if event.kind == "note")
    project.write(words="x=one\ny=TWO\nz=three\n")
    project.build(targets)
    assert project.calls() == ["table:main r2"]


def test_deleting_the_whole_store_is_always_correct(project: Project) -> None:
    project.build(chain())
    before = project.snapshot()
    shutil.rmtree(project.root / ".loopbuild")
    assert project.build(chain()).is_success
    assert project.snapshot() == before


@pytest.mark.parametrize("how", ["edit", "same size and time", "delete", "folder", "link"])
def test_a_published_file_is_restored_without_a_run(project: Project, how: str) -> None:
    project.build(chain())
    before = project.snapshot()
    project.calls()
    path = project.root / ".loopbuild" / "out" / "report.txt"
    stat, content = path.stat(), path.read_bytes()
    path.unlink()
    if how == "edit":
        path.write_text("edited")
    elif how == "same size and time":
        path.write_bytes(content.swapcase())
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    elif how == "folder":
        path.mkdir()
        (path / "x").write_text("x")
    elif how == "link":
        path.symlink_to("/etc/hostname")
    assert is_unchanged(project.ws, {}, "s") is None
    assert project.build(chain()).counts == {"fresh": 8, "restored": 1}
    assert project.calls() == []
    assert project.snapshot() == before
    assert not path.is_symlink()


def test_a_file_no_longer_published_goes_away(project: Project) -> None:
    project.build(chain())
    project.build(chain()[:-1])
    assert list((project.root / ".loopbuild" / "out").iterdir()) == []


def test_the_lock_is_sorted_and_stays_when_nothing_changed(project: Project) -> None:
    project.build([*chain(), *table()])
    path = project.root / "loop.lock"
    lines = path.read_text().splitlines()
    assert lines[0] == "# loopbuild lock 1"
    assert lines[1:] == sorted(lines[1:])
    assert any(line.startswith("table:main\tb3:") and line.endswith("\trows=3") for line in lines)
    assert max(map(len, lines)) <= 150
    before = path.stat().st_mtime_ns
    project.build([*chain(), *table()])
    assert path.stat().st_mtime_ns == before


def test_a_selected_build_keeps_the_other_lines(project: Project) -> None:
    project.build(chain())
    project.write(f0="new\n")
    project.build(chain(), select=("read:0",))
    assert len(lockfile.read(project.root)) == 9


def test_a_removed_target_leaves_the_lock(project: Project) -> None:
    project.build(chain())
    project.build(chain()[:4])
    assert sorted(lockfile.read(project.root)) == [f"read:{i}" for i in range(4)]


def test_the_caller_may_add_lines(project: Project) -> None:
    project.build(chain(), lock_lines=lambda: {"tool:x": {"digest": "ab" * 32, "docs": "cd" * 32}})
    assert lockfile.read(project.root)["tool:x"] == ("b3:" + "ab" * 32, {"docs": ("cd" * 32)[:16]})


@pytest.mark.parametrize("text", ["<<<<<<< ours\n", "# loopbuild lock 1\n=======\n", "# loopbuild lock 99\n", "x\n"])
def test_a_lock_that_can_not_be_read_is_the_users_to_mend(project: Project, text: str) -> None:
    (project.root / "loop.lock").write_text(text)
    with pytest.raises(lockfile.LockError) as caught:
        project.build(chain())
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_newer_store_is_refused(project: Project) -> None:
    project.build(chain())
    (project.root / ".loopbuild" / "FORMAT").write_text("99\n")
    with pytest.raises(NewerStore) as caught:
        Workspace.open(project.root, code_version="1")
    assert caught.value.exit_code == 2


def test_the_store_is_ignored_by_git_and_its_objects_are_read_only(project: Project) -> None:
    project.build(chain())
    assert (project.root / ".loopbuild" / ".gitignore").read_text() == "*\n"
    modes = {path.stat().st_mode & 0o777 for path in (project.root / ".loopbuild" / "cas").rglob("*") if path.is_file()}
    assert modes == {0o444}
    assert list((project.root / ".loopbuild" / "tmp").iterdir()) == []


class TestShortcut:
    def test_it_knows_a_complete_build_and_any_change_ends_it(self, project: Project) -> None:
        assert is_unchanged(project.ws, {}, "s") is None
        project.build(chain(), stamp="s")
        found = is_unchanged(project.ws, {"a": "f0.txt"}, "s")
        assert found is not None
        assert found.target_count == 9
        assert is_unchanged(project.ws, {}, "other") is None
        assert is_unchanged(project.ws, {"a": "new.txt"}, "s") is None
        assert is_unchanged(Workspace.open(project.root, code_version="2"), {}, "s") is None
        project.write(f0="changed\n")
        assert is_unchanged(project.ws, {}, "s") is None

    def test_a_same_size_edit_within_the_clocks_grain_is_seen(self, project: Project) -> None:
        project.build(chain(), stamp="s")
        stat = (project.root / "f0.txt").stat()
        project.write(f0="b\n# c\n")
        os.utime(project.root / "f0.txt", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert is_unchanged(project.ws, {}, "s") is None
        project.calls()
        project.build(chain())
        assert "read:0 run" in project.calls()

    def test_touched_files_of_the_same_bytes_are_unchanged(self, project: Project) -> None:
        project.build(chain(), stamp="s")
        os.utime(project.root / "f0.txt", (time.time() + 1e6, time.time() + 1e6))
        assert is_unchanged(project.ws, {}, "s") is not None

    def test_a_build_of_a_part_is_none_of_everything(self, project: Project) -> None:
        project.build(chain(), stamp="s", select=("read:0",))
        assert is_unchanged(project.ws, {}, "s") is None

    def test_a_build_of_a_part_that_puts_nothing_in_force_leaves_what_is_known(self, project: Project) -> None:
        project.build(chain(), stamp="s")
        known = is_unchanged(project.ws, {}, "s")
        assert known is not None
        assert (known.target_count, known.targets) == (len(chain()), None)
        project.build(chain(), stamp="s", select=("read:0",))
        assert is_unchanged(project.ws, {}, "s") == known
        project.write(f0="other\n")
        project.build(chain(), stamp="s", select=("read:0",))
        project.write(f0="a\n# c\n")
        assert is_unchanged(project.ws, {}, "s") is None

    def test_a_deleted_object_ends_it(self, project: Project) -> None:
        project.build(chain(), stamp="s")
        _object(project, output_digest(project.ws, "join:1")).unlink()
        assert is_unchanged(project.ws, {}, "s") is None


@pytest.mark.parametrize("name", ["out", "tmp", "partial", "leases"])
@pytest.mark.parametrize("how", ["file", "link to nowhere"])
def test_a_folder_of_ours_that_is_none_is_made_anew_and_nothing_runs(project: Project, name: str, how: str) -> None:
    project.build(chain())
    project.calls()
    place = project.root / ".loopbuild" / name
    shutil.rmtree(place)
    if how == "file":
        place.touch()
    else:
        place.symlink_to("nowhere")
    outcome = project.build(chain())
    assert outcome.is_success
    assert not project.calls()
    assert place.is_dir()
    assert not place.is_symlink()


@pytest.mark.parametrize("name", ["cas", ""])
def test_what_stands_where_results_lie_is_named_and_never_to_be_deleted(project: Project, name: str) -> None:
    """Results that were paid for may hang on a link, or lie beside what is in the way."""
    place = project.root / ".loopbuild" / name
    project.build(chain())
    aside = place.rename(project.root / "aside")
    place.symlink_to("a-disk-that-is-not-mounted")
    with pytest.raises(StoreError) as caught:
        project.build(chain())
    text = f"{caught.value.message} {caught.value.intact} {caught.value.hint}"
    assert f"`{place}`" in text
    assert "delete" not in text
    assert place.is_symlink()
    place.unlink()
    aside.rename(place)
    project.calls()
    assert project.build(chain()).is_success
    assert not project.calls()
