"""Projects with the same sources in different folders, and caches between them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from loopbuild.engine.outcome import Outcome
from loopbuild.engine.remote.client import RemoteCache
from loopbuild.engine.remote.patience import Patience
from loopbuild.engine.remote.protocol import Remote
from loopbuild.engine.target import Target
from tests.engine.conftest import Project
from tests.engine.recipes import READ, TRAIN, chain, table

SECRET = b"0123456789abcdef0123456789abcdef"
CALM = Patience(poll_seconds=0.01)
QUICK = Patience(connect_seconds=0.3, read_seconds=0.3, drain_seconds=10, poll_seconds=0.01)


class Cached(Project):
    """A project that builds through a remote cache; `notes` are what was said about it."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        super().__init__(root)
        self.notes: list[str] = []
        self.cache: RemoteCache | None = None
        self.write(
            f0="a\n# c\n", f1="b\n", f2="c\n", f3="d\n", words="x=one\ny=two\nz=three\n", rows="r1 x\nr2 x y\nr3 z\n"
        )

    def share(self, targets: Iterable[Target], remote: Remote, *, pull_only: bool = False, **options: Any) -> Outcome:
        self.cache = RemoteCache(
            remote,
            trust=options.pop("trust", "hmac"),
            secret=options.pop("secret", SECRET),
            may_write=options.pop("may_write", True),
            patience=options.pop("patience", CALM),
            on_note=self.notes.append,
        )
        outcome = self.build(targets, remote=self.cache, proofs=True, pull_only=pull_only, **options)
        self.cache.finish()
        return outcome


def everything() -> list[Target]:
    """A chain with a published file, a table, a history."""
    return [
        *chain(),
        *table(),
        Target(id="read:t", recipe=READ, files=(("text", "f0.txt"),)),
        Target(id="checkpoint:a", recipe=TRAIN, inputs=(("data", "read:t"),), head="checkpoint:a"),
    ]


CHEAP = {"words:main"}
