"""Two projects edited at random over one cache, some of whose bodies vanish or rot: each build is as a clean one."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from hypothesis import given, settings
from hypothesis import strategies as st

from loopbuild.engine.build import build
from loopbuild.engine.outcome import Outcome
from loopbuild.engine.remote.client import RemoteCache
from loopbuild.engine.remote.protocol import RemoteError, Space
from loopbuild.engine.workspace import Workspace
from tests.engine import recipes
from tests.property.test_engine_laws import MEMORY, World, _build, _edits, _harm, _result, _slow

SECRET = b"0123456789abcdef"


class Shelf:
    """A cache in memory."""

    address = "shelf:"

    def __init__(self) -> None:
        self.bodies: dict[tuple[Space, str], bytes] = {}
        self.lock = threading.Lock()

    def get(self, space: Space, name: str, sink: BinaryIO, *, limit: int) -> bool:
        body = self.bodies.get((space, name))
        if body is None:
            return False
        if len(body) > limit:
            raise RemoteError("too large")
        sink.write(body)
        return True

    def put(self, space: Space, name: str, source: BinaryIO, *, size: int) -> None:
        body = source.read()
        assert len(body) == size
        with self.lock:
            self.bodies[(space, name)] = body

    def has(self, space: Space, name: str, *, size: int | None = None) -> bool:
        body = self.bodies.get((space, name))
        return body is not None and size in (None, len(body))

    def close(self) -> None:
        return None

    def harm(self, kind: str, index: int) -> None:
        names = sorted(self.bodies)
        if kind == "gone" and names:
            del self.bodies[names[index % len(names)]]
        elif kind == "rotten" and names:
            name = names[index % len(names)]
            self.bodies[name] = self.bodies[name][:-1] + b"?"


def _share(root: Path, world: World, shelf: Shelf) -> Outcome:
    cache = RemoteCache(shelf, trust="hmac", secret=SECRET, may_write=True, on_note=lambda text: None)
    ws = Workspace.open(root, code_version="1")
    outcome = build(ws, world.targets(), on_event=lambda event: None, remote=cache, proofs=True)
    assert cache.finish().unsent == 0
    return outcome


_steps = st.tuples(st.booleans(), _edits, st.sampled_from(["", "", "gone", "rotten"]), st.integers(0, 999))


@settings(max_examples=40, **_slow)
@given(steps=st.lists(_steps, min_size=1, max_size=6))
def test_shared_is_clean(steps: list[tuple[bool, Callable[[World], World], str, int]]) -> None:
    shelf, world = Shelf(), World()
    with tempfile.TemporaryDirectory(dir=MEMORY) as one, tempfile.TemporaryDirectory(dir=MEMORY) as two:
        for is_second, edit, harm, index in steps:
            root = Path(two if is_second else one)
            world = edit(replace(world, damage=("", 0)))
            world.write(root)
            _harm(root, *world.damage)
            shelf.harm(harm, index)
            outcome = _share(root, world, shelf)
            with tempfile.TemporaryDirectory(dir=MEMORY) as other:
                world.write(Path(other))
                assert _result(outcome, root) == _result(_build(Path(other), world), Path(other))


@settings(max_examples=20, **_slow)
@given(edits=st.lists(_edits, min_size=1, max_size=4))
def test_what_one_has_built_the_other_does_not_run(edits: list[Callable[[World], World]]) -> None:
    shelf, world = Shelf(), World()
    with tempfile.TemporaryDirectory(dir=MEMORY) as one, tempfile.TemporaryDirectory(dir=MEMORY) as two:
        for edit in edits:
            world = edit(replace(world, damage=("", 0)))
            first, second = Path(one), Path(two)
            for root in (first, second):
                world.write(root)
            mine = _share(first, world, shelf)
            recipes.calls(second)
            theirs = _share(second, world, shelf)
            assert _result(mine, first) == _result(theirs, second)
            cheap = {target.id for target in world.targets() if target.recipe.is_cheap}
            failed = {result.target for result in theirs.of("failed")}
            ran = {line.split()[0] for line in recipes.calls(second)}
            assert ran <= cheap | failed
