"""A project in a temporary folder, built with stand-in recipes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from loopbuild.engine.build import build
from loopbuild.engine.journal import Entry
from loopbuild.engine.outcome import Event, Outcome
from loopbuild.engine.target import Target
from loopbuild.engine.workspace import Workspace
from tests.engine import recipes


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.events: list[Event] = []

    @property
    def ws(self) -> Workspace:
        return Workspace.open(self.root, code_version="1")

    def write(self, **files: str) -> None:
        recipes.write(self.root, **files)

    def build(self, targets: Iterable[Target], **options: Any) -> Outcome:
        self.events = []
        return build(self.ws, targets, on_event=self.events.append, **{"stamp": "s"} | options)

    def entry(self, target: str) -> Entry:
        with self.ws.reading() as journal:
            found = journal.current_of(target)
        assert found is not None, target
        return found

    def calls(self, *, clear: bool = True) -> list[str]:
        return recipes.calls(self.root, clear=clear)

    def snapshot(self) -> str:
        return recipes.snapshot(self.root)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path)
    found.write(
        f0="a\n# c\n", f1="b\n", f2="c\n", f3="d\n", words="x=one\ny=two\nz=three\n", rows="r1 x\nr2 x y\nr3 z\n"
    )
    return found
