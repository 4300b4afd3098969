"""A loop.lock that no build could take is refused by every verb that reads it, with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import hr_project, loopbuild

WAYS = {
    "a folder": "move it out of the way",
    "newer": "upgrade loopbuild",
    "markers": "run `loopbuild merge-lock`",
}
LINE = "dataset:main\tb3:" + "a" * 64 + "\tkey=0123456789abcdef\n"
VERBS = [("build", "dataset:"), ("status",), ("plan",), ("cache", "key"), ("merge-lock",), ("why", "dataset:main")]


def _spoil(root: Path, how: str) -> None:
    path = root / "loop.lock"
    if how == "a folder":
        path.mkdir()
        return
    text = {
        "newer": f"# loopbuild lock 99\n{LINE}",
        "markers": f"# loopbuild lock 1\n<<<<<<< ours\n{LINE}=======\n{LINE}>>>>>>> theirs\n",
    }
    path.write_text(text[how], encoding="utf-8")


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_lock_no_build_takes_is_refused_with_the_way_out(tmp_path: Path, how: str, words: tuple[str, ...]) -> None:
    root = hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1)
    _spoil(root, how)
    seen = loopbuild(root, *words)
    if words == ("merge-lock",) and how == "markers":
        assert seen.code == 0
        merged = (root / "loop.lock").read_text()
        assert "<<<" not in merged
        assert f"# loopbuild lock 1\n{LINE}" in merged
        return
    assert seen.code == 2, seen
    assert WAYS[how] in seen.err
    assert "loop.lock" in seen.err
    assert not seen.out


def test_files_to_merge_that_are_not_there_are_named(tmp_path: Path) -> None:
    root = hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1)
    seen = loopbuild(root, "merge-lock", "base", "ours", "theirs")
    assert seen.code == 2
    assert "`base` does not exist" in seen.err
