"""After a complete build only what moved is looked at: never with another result than a look at everything."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from loopbuild.engine.build import build
from loopbuild.engine.journal import COMPLETE_BUILD
from loopbuild.engine.outcome import Outcome
from loopbuild.engine.plan import plan
from loopbuild.engine.target import Target
from loopbuild.engine.uptodate import definitions_of, is_unchanged, still
from loopbuild.engine.workspace import Workspace
from tests.engine import recipes
from tests.engine.recipes import chain, table


def later() -> float:
    """A clock by which every file has settled long ago."""
    return time.time() + 60


def opened(root: Path) -> Workspace:
    return Workspace.open(root, code_version="1", clock=later)


def built(root: Path, targets: Iterable[Target], *, stamp: str = "s", on_event=lambda event: None) -> Outcome:
    return build(opened(root), targets, on_event=on_event, stamp=stamp)


def everything(prefix: str = "") -> list[Target]:
    found = [*chain(), *table()]
    if prefix:
        found = [replace(one, params={"prefix": prefix}) if one.id.startswith("join:") else one for one in found]
    return found


def start(root: Path) -> None:
    root.mkdir(exist_ok=True)
    files = {"f0": "a\n# c\n", "f1": "b\n", "f2": "c\n", "f3": "d\n", "words": "x=one\ny=two\nz=three\n"}
    recipes.write(root, **files, rows="r1 x\nr2 x y\nr3 z\n")


def kept(ws: Workspace, targets: list[Target]) -> set[str]:
    """Ids that a walk in declared order would not look at."""
    with ws.reading() as journal:
        found = still(ws, journal, "s", targets, definitions_of(targets))
    fresh: set[str] = set()
    if found is not None:
        for one in targets:
            if found.keeps(one, fresh):
                fresh.add(one.id)
    return fresh


@pytest.mark.parametrize("seed", range(12))
def test_whatever_was_edited_the_result_is_that_of_a_clean_build(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    root, prefix, shortcuts = tmp_path / "a", "", 0
    start(root)
    for step in range(8):
        for _ in range(draw.choice((0, 1, 1, 2))):
            edit = draw.randrange(6)
            if edit < 3:
                name = f"f{draw.randrange(4)}"
                recipes.write(root, **{name: draw.choice("abcd") + draw.choice(("\n", "\n# c\n"))})
            elif edit == 3:
                recipes.write(root, words=f"x={draw.randrange(3)}\ny=two\nz=three\n")
            elif edit == 4:
                prefix = draw.choice(("", "> "))
            else:
                for path in sorted((root / ".loopbuild" / "out").rglob("*.txt"))[:1]:
                    path.write_text("edited by hand")
        targets = everything(prefix)
        ws = opened(root)
        shortcuts += bool(kept(ws, targets))
        with_stamp, without = plan(ws, targets, stamp="s"), plan(ws, targets)
        assert with_stamp.entries == without.entries
        outcome = built(root, targets)
        assert outcome.is_success
        clean = tmp_path / f"clean-{step}"
        start(clean)
        for path in root.glob("*.txt"):
            (clean / path.name).write_bytes(path.read_bytes())
        expected = built(clean, targets, stamp="")
        assert {name: one.output for name, one in outcome.results.items()} == {
            name: one.output for name, one in expected.results.items()
        }
        assert (root / "loop.lock").read_bytes() == (clean / "loop.lock").read_bytes()
        assert opened(root).objects.folder.is_dir()
        assert is_unchanged(opened(root), {}, "s") is not None
    assert shortcuts


def test_one_edited_file_leaves_all_that_does_not_rest_on_it_alone(tmp_path: Path) -> None:
    start(tmp_path)
    built(tmp_path, everything())
    targets = everything()
    assert kept(opened(tmp_path), targets) == {one.id for one in targets}
    recipes.write(tmp_path, f0="other\n")
    alone = kept(opened(tmp_path), targets)
    assert {"read:1", "read:2", "table:main"} <= alone
    assert not alone & {"read:0", "total:all"}


@pytest.mark.parametrize("what", ["stamp", "version", "params", "file", "lock", "object", "out"])
def test_nothing_is_left_alone_when_more_than_a_file_has_changed(tmp_path: Path, what: str) -> None:
    start(tmp_path)
    built(tmp_path, everything())
    targets, ws, stamp = everything(), opened(tmp_path), "s"
    if what == "stamp":
        stamp = "t"
    elif what == "version":
        ws = Workspace.open(tmp_path, code_version="2", clock=later)
    elif what == "params":
        targets = everything("> ")
    elif what == "file":
        (tmp_path / "f0.txt").unlink()
    elif what == "lock":
        (tmp_path / "loop.lock").write_text((tmp_path / "loop.lock").read_text() + "\n")
    elif what == "object":
        with ws.reading() as journal:
            path = Path(ws.objects.path(journal.current()["read:1"].output))
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[::-1])
    else:
        next((tmp_path / ".loopbuild" / "out").rglob("*.txt")).write_text("edited")
    with ws.reading() as journal:
        assert still(ws, journal, stamp, targets, definitions_of(targets)) is None


def test_a_build_that_was_killed_after_a_commit_is_not_taken_for_the_complete_one_before_it(tmp_path: Path) -> None:
    """Else the file put back as it was would hide that another result is in force."""
    start(tmp_path)
    before = {name: one.output for name, one in built(tmp_path, everything()).results.items()}
    recipes.write(tmp_path, f0="other\n")
    pid = os.fork()
    if not pid:
        committed = 0

        def die(event: object) -> None:
            nonlocal committed
            committed += getattr(event, "kind", "") == "finished"
            if committed == 2:
                os._exit(9)

        built(tmp_path, everything(), on_event=die)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    recipes.write(tmp_path, f0="a\n# c\n")
    assert is_unchanged(opened(tmp_path), {}, "s") is None
    assert not kept(opened(tmp_path), everything())
    outcome = built(tmp_path, everything())
    assert {name: one.output for name, one in outcome.results.items()} == before
    with opened(tmp_path).reading() as journal:
        assert {name: one.output for name, one in journal.current().items()} == before
        assert journal.meta(COMPLETE_BUILD) is not None


def test_a_secondary_target_is_looked_at_since_no_complete_build_covers_it(tmp_path: Path) -> None:
    start(tmp_path)
    targets = [replace(one, is_secondary=one.id == "total:all") for one in everything()]
    built(tmp_path, targets)
    before = build(opened(tmp_path), targets, select=("total:all",), on_event=lambda event: None, stamp="s")
    recipes.write(tmp_path, f0="other\n")
    built(tmp_path, targets)
    after = build(opened(tmp_path), targets, select=("total:all",), on_event=lambda event: None, stamp="s")
    assert after.ran == {"total:all"}
    assert after.results["total:all"].output != before.results["total:all"].output
