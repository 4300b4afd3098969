"""A file that changes while it is read: what was digested is what was parsed, and the next look sees the change."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopbuild.engine.journal import Journal
from loopbuild.engine.leaves import Leaves
from loopbuild.engine.objects import Objects


class Editor:
    """A clock whose owner saves a file the first time somebody asks for the time: between the stat and the reading."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path, self._content = path, content
        self.is_done = False

    def __call__(self) -> float:
        if not self.is_done:
            self.is_done = True
            self._path.write_bytes(self._content)
        return 4e9  # long after every change: times alone would call the file settled


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    for name in ("objects", "scratch"):
        (tmp_path / name).mkdir()
    return Objects(tmp_path / "objects", scratch=tmp_path / "scratch")


@pytest.mark.parametrize("later", [b"[2]", b"[1, 2, 3]", b""])
def test_the_bytes_that_were_digested_are_the_bytes_that_are_parsed(
    tmp_path: Path, objects: Objects, later: bytes
) -> None:
    file = tmp_path / "tools.json"
    file.write_bytes(b"[1]")
    editor = Editor(file, later)
    leaves = Leaves(tmp_path, Journal(None, is_writable=True), objects, clock=editor)
    digest = leaves.digest("tools.json")
    assert editor.is_done
    assert objects.get(digest) == later
    # Within one build the answer stands, whatever happens to the file.
    file.write_bytes(b"later still")
    assert leaves.digest("tools.json") == digest


def test_the_next_look_reads_again_what_changed_after_its_stat(tmp_path: Path, objects: Objects) -> None:
    """What is remembered is the stat from before: it fits no file that was saved since, so nothing stale is trusted."""
    file = tmp_path / "tools.json"
    file.write_bytes(b"[1]")
    journal = Journal(None, is_writable=True)
    first = Leaves(tmp_path, journal, objects, clock=Editor(file, b"[2]"))
    first.digest("tools.json")
    with journal.transaction():
        first.flush(journal)
    again = Leaves(tmp_path, journal, objects, clock=lambda: 4e9)
    assert objects.get(again.digest("tools.json")) == b"[2]"
    (remembered, recorded, _) = again.as_seen("tools.json")
    assert remembered != first.as_seen("tools.json")[0]
    assert recorded == 4e9
