"""Random graphs, random edits: what is built step by step is what a clean build gives, and a plan tells the truth."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loopbuild.engine.build import build
from loopbuild.engine.keys import key_of
from loopbuild.engine.outcome import Outcome
from loopbuild.engine.plan import plan
from loopbuild.engine.selection import parse
from loopbuild.engine.target import Target
from loopbuild.engine.workspace import Workspace
from tests.engine import recipes
from tests.engine.recipes import FAN, JOIN, PROVEN, READ, READ_CHEAP, TABLE, TOTAL, WORDS

FILES = 4
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Half of the time on a disk goes into removing folders."""
WORD_NAMES = "xyz"
_texts = st.lists(st.sampled_from(["a", "b", "# note", "#"]), max_size=3).map(lambda lines: "\n".join(lines) + "\n")
_word_values = st.sampled_from(["one", "ONE", "two", "bad", None])
_rows = st.lists(st.sampled_from(["r1 x", "r2 x y", "r3 z", "r4", "r5 y z", "r6 w"]), max_size=5, unique=True)
_edges = st.frozensets(st.integers(0, FILES - 1), max_size=3)


@dataclass(frozen=True)
class World:
    files: tuple[str, ...] = ("a\n", "b\n", "# note\n", "a\nb\n")
    words: tuple[str | None, ...] = ("one", "two", "one")
    rows: tuple[str, ...] = ("r1 x", "r2 x y")
    joins: tuple[frozenset[int], ...] = (frozenset({0, 1}), frozenset({1, 2}), frozenset({3}))
    prefixes: tuple[str, ...] = ("", "", "")
    version: int = 1
    is_cheap: bool = False
    damage: tuple[str, int] = field(default=("", 0))

    def write(self, root: Path) -> None:
        for index, text in enumerate(self.files):
            (root / f"f{index}.txt").write_text(text)
        pairs = zip(WORD_NAMES, self.words, strict=True)
        (root / "words.txt").write_text("".join(f"{name}={value}\n" for name, value in pairs if value))
        (root / "rows.txt").write_text("".join(f"{row}\n" for row in self.rows))

    def targets(self, *, table: Any = TABLE) -> list[Target]:
        read = replace(READ_CHEAP if self.is_cheap else READ, version=self.version)
        found = [Target(id=f"read:{i}", recipe=read, files=(("text", f"f{i}.txt"),)) for i in range(FILES)]
        for index, (near, prefix) in enumerate(zip(self.joins, self.prefixes, strict=True)):
            inputs = tuple((f"r{i}", f"read:{i}") for i in sorted(near))
            if index:
                inputs = (*inputs, ("z", f"join:{index - 1}"))
            params = {"prefix": prefix} if prefix else {}
            found.append(Target(id=f"join:{index}", recipe=JOIN, params=params, inputs=inputs))
        found.append(
            Target(id="total:all", recipe=TOTAL, inputs=(("a", "join:0"), ("b", f"join:{len(self.joins) - 1}")))
        )
        words = (("words", "words:main"),)
        found.append(Target(id="words:main", recipe=WORDS, files=(("text", "words.txt"),)))
        found.append(Target(id="table:main", recipe=table, files=(("rows", "rows.txt"),), inputs=words))
        found.append(
            Target(
                id="fan:main",
                recipe=replace(FAN, is_cheap=self.is_cheap),
                inputs=words,
                expand="tests.engine.recipes:expand_fan",
                context={"words": "words:main"},
            )
        )
        return found


def _set(name: str, index: int, value: Any) -> Callable[[World], World]:
    def edit(world: World) -> World:
        values = list(getattr(world, name))
        values[index] = value
        return replace(world, **{name: tuple(values)})

    return edit


def _replace(**values: Any) -> Callable[[World], World]:
    return lambda world: replace(world, **values)


_edits = st.one_of(
    st.builds(_set, st.just("files"), st.integers(0, FILES - 1), _texts),
    st.builds(_set, st.just("words"), st.integers(0, 2), _word_values),
    st.builds(_set, st.just("joins"), st.integers(0, 2), _edges),
    st.builds(_set, st.just("prefixes"), st.integers(0, 2), st.sampled_from(["", "> "])),
    st.builds(lambda rows: _replace(rows=tuple(rows)), _rows),
    st.builds(lambda version: _replace(version=version), st.integers(1, 2)),
    st.builds(lambda flag: _replace(is_cheap=flag), st.booleans()),
    st.builds(
        lambda kind, index: _replace(damage=(kind, index)),
        st.sampled_from(["object gone", "object flipped", "out gone", "index gone", "store gone", "lock gone"]),
        st.integers(0, 99),
    ),
)


def _build(root: Path, world: World, *, table: Any = TABLE) -> Outcome:
    ws = Workspace.open(root, code_version="1")
    return build(ws, world.targets(table=table), on_event=lambda event: None)


def _result(outcome: Outcome, root: Path) -> Any:
    out = root / ".loopbuild" / "out" / "report.txt"
    outputs = {name: result.output for name, result in outcome.results.items() if result.output}
    bad = sorted(result.target for result in outcome.of("failed", "skipped"))
    return outputs, bad, out.read_text()


def _harm(root: Path, kind: str, index: int) -> None:
    store = root / ".loopbuild"
    objects = sorted(path for path in (store / "cas").rglob("*") if path.is_file())
    if kind.startswith("object") and objects:
        path = objects[index % len(objects)]
        content = path.read_bytes()
        path.unlink()
        if kind == "object flipped":
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if content else b"x")
    elif kind == "out gone":
        (store / "out" / "report.txt").unlink(missing_ok=True)
    elif kind == "index gone":
        (store / "state.db").unlink(missing_ok=True)
    elif kind == "store gone":
        shutil.rmtree(store, ignore_errors=True)
    elif kind == "lock gone":
        (root / "loop.lock").unlink(missing_ok=True)


class Oracle:
    """Which plain targets have to run, found by computing every key anew: no index, no stat, no shortcut."""

    def __init__(self) -> None:
        self._made: set[str] = set()
        self.is_exact = True
        """Until stored bytes were taken away: then what was made once may have to be made again."""

    def forget(self) -> None:
        """Nothing is made any more: the whole store is gone, and with it what was made twice."""
        self._made.clear()
        self.is_exact = True

    def expects(self, root: Path, targets: list[Target], outputs: Mapping[str, str]) -> set[str]:
        found = set()
        for target in targets:
            if target.recipe.is_rows or not all(name in outputs for _, name in target.inputs):
                continue
            files = {path: blake3((root / path).read_bytes()).hexdigest() for _, path in target.files}
            key = key_of(target, files=files, inputs={name: outputs[name] for _, name in target.inputs})
            if key not in self._made:
                found.add(target.id)
            self._made.add(key)
        return found


def _check_sequence(start: World, edits: list[Callable[[World], World]]) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as one:
        root, world, oracle = Path(one), start, Oracle()
        for edit in [lambda world: world, *edits]:
            world = edit(replace(world, damage=("", 0)))
            world.write(root)
            _harm(root, *world.damage)
            if world.damage[0] == "store gone":
                oracle.forget()
            planned = plan(Workspace.open(root, code_version="1"), world.targets())
            recipes.calls(root)
            outcome = _build(root, world)
            calls = recipes.calls(root)
            assert len(calls) == len(set(calls)), "an action ran twice in one build"
            would = {entry.target for entry in planned.would}
            may = {entry.target for entry in planned.may}
            if not planned.open_ended:
                assert outcome.ran <= would | may
            assert would <= outcome.ran
            with tempfile.TemporaryDirectory(dir=MEMORY) as other:
                world.write(Path(other))
                clean = _build(Path(other), world)
                assert _result(outcome, root) == _result(clean, Path(other))
            oracle.is_exact &= not world.damage[0].startswith("object")
            outputs = {name: result.output for name, result in clean.results.items() if result.output}
            expected = oracle.expects(root, world.targets(), outputs)
            plain = {target.id for target in world.targets() if not target.recipe.is_rows}
            assert expected <= outcome.ran
            if oracle.is_exact:
                assert outcome.ran & plain == expected
            again = _build(root, world)
            assert again.ran <= {result.target for result in outcome.of("failed")}
            if outcome.is_success:
                _check_lock(root, world)


def _check_lock(root: Path, world: World) -> None:
    """The lock names exactly what is in force, here and in a clone that has no byte of it."""
    before = (root / "loop.lock").read_bytes()
    ws = Workspace.open(root, code_version="1")
    assert not plan(ws, world.targets()).lock_changes
    assert build(ws, world.targets(), frozen=True, on_event=lambda event: None).is_success
    assert (root / "loop.lock").read_bytes() == before
    with tempfile.TemporaryDirectory(dir=MEMORY) as other:
        world.write(Path(other))
        (Path(other) / "loop.lock").write_bytes(before)
        clone = Workspace.open(Path(other), code_version="1")
        found = plan(clone, world.targets())
        first = {target.id for target in world.targets() if not target.inputs}
        assert all(entry.is_locked for name, entry in found.entries.items() if name in first)
        assert build(clone, world.targets(), frozen=True, on_event=lambda event: None).is_success


_slow = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=100, **_slow)
@given(edits=st.lists(_edits, min_size=1, max_size=4))
@example(edits=[_set("words", 0, None), _replace(damage=("object flipped", 51))])  # the old output of an expansion
@example(edits=[_set("files", 0, "\n"), _set("files", 1, "\n"), _replace(is_cheap=True)])  # two targets, one key
@example(edits=[_set("files", 1, "\n"), _replace(damage=("object gone", 4)), _set("files", 0, "\n")])  # and no record
@example(edits=[_replace(damage=("store gone", 0))])  # everything once more
@example(edits=[_replace(damage=("object gone", index)) for index in range(0, 60, 4)])  # two targets, one object
def test_step_by_step_is_clean_and_the_plan_is_true(edits: list[Callable[[World], World]]) -> None:
    _check_sequence(World(), edits)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@settings(max_examples=int(os.environ.get("LOOPBUILD_SEQUENCES", "10000")), **_slow)
@given(edits=st.lists(_edits, min_size=1, max_size=8))
def test_step_by_step_is_clean_and_the_plan_is_true_at_length(edits: list[Callable[[World], World]]) -> None:
    """In parts: LOOPBUILD_SEQUENCES=1000 HYPOTHESIS_PROFILE=random pytest --hypothesis-seed=N, each N once."""
    _check_sequence(World(), edits)


_words = st.sampled_from(
    ["read:", "join:1", "+join:2", "read:0+", "words:main+1", "1+total:all", "@read:2", "*:main", "join:,+total:all"]
)


@settings(max_examples=30, **_slow)
@given(
    edits=st.lists(_edits, min_size=1, max_size=3),
    words=st.lists(_words, max_size=2),
    out=st.sampled_from(["", "read:3"]),
)
def test_a_plan_is_true_of_any_selection(edits: list[Callable[[World], World]], words: list[str], out: str) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as one:
        root, world = Path(one), World()
        for edit in edits:
            world = edit(replace(world, damage=("", 0)))
            world.write(root)
            _harm(root, *world.damage)
            ws, selection = Workspace.open(root, code_version="1"), parse(words, exclude=out.split())
            planned = plan(ws, world.targets(), select=selection)
            outcome = build(ws, world.targets(), select=selection, on_event=lambda event: None)
            would = {entry.target for entry in planned.would}
            assert would <= outcome.ran
            if not planned.open_ended:
                assert outcome.ran <= would | {entry.target for entry in planned.may}
                assert set(outcome.results) == set(planned.entries)
                assert selection.chosen(planned.targets) <= set(outcome.results)


@settings(max_examples=40, **_slow)
@given(steps=st.lists(st.tuples(_edits, st.booleans()), min_size=1, max_size=4))
def test_without_the_licence_to_prove_a_build_is_clean_whatever_was_proven_before(
    steps: list[tuple[Callable[[World], World], bool]],
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as one:
        root, world = Path(one), World()
        for edit, proves in [*steps, (lambda world: world, False)]:
            world = edit(replace(world, damage=("", 0)))
            world.write(root)
            ws = Workspace.open(root, code_version="1")
            planned = plan(ws, world.targets(table=PROVEN), proves=proves)
            outcome = build(ws, world.targets(table=PROVEN), proves=proves, on_event=lambda event: None)
            assert {entry.target for entry in planned.would} <= outcome.ran
            if not proves:
                with tempfile.TemporaryDirectory(dir=MEMORY) as other:
                    world.write(Path(other))
                    clean = _build(Path(other), world, table=PROVEN)
                    assert _result(outcome, root) == _result(clean, Path(other))


@settings(max_examples=25, **_slow)
@given(edits=st.lists(_edits, min_size=1, max_size=4))
def test_proven_rows_differ_from_clean_ones_only_within_their_licence(edits: list[Callable[[World], World]]) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as one:
        root, world = Path(one), World()
        for edit in edits:
            world = edit(replace(world, damage=("", 0)))
            world.write(root)
            planned = plan(Workspace.open(root, code_version="1"), world.targets(table=PROVEN))
            outcome = _build(root, world, table=PROVEN)
            assert {entry.target for entry in planned.would} <= outcome.ran
            result = outcome.results["table:main"]
            entry = planned.entries["table:main"]
            if entry.will == "run" and result.outcome != "failed":
                assert result.rows_run + result.rows_revalidated == len(entry.rows)
                assert result.rows_run >= (entry.rows_stale or 0)
