"""A key is a function of what it covers: not of the machine, the place, the time or the order of things."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.digest import digest
from loopbuild.engine.keys import key_of, manifest_of
from loopbuild.engine.staleness import compare
from loopbuild.engine.target import Recipe, Target

TARGET = Target(
    id="a:1",
    recipe=Recipe(name="r", version=1, run="m:f"),
    params={"b": [1, 2.5, "é"], "a": {"x": None}},
    inputs=(("one", "b:1"), ("two", "b:2")),
    files=(("text", "f.txt"),),
)
FILES = {"f.txt": "1" * 64, "g.txt": "1" * 64}
INPUTS = {"b:1": "2" * 64, "b:2": "3" * 64, "b:3": "3" * 64}


def _key(target: Target = TARGET, **changes: dict[str, str]) -> str:
    return key_of(target, files={**FILES, **changes.get("files", {})}, inputs={**INPUTS, **changes.get("inputs", {})})


def test_a_key_does_not_depend_on_the_process_or_its_surroundings(tmp_path: Path) -> None:
    code = "from tests.property.test_keys import _key; print(_key())"
    surroundings = [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "UTC", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)},
    ]
    for extra in surroundings:
        env = {**os.environ, **extra, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stdout.strip() == _key()


_names = st.text(max_size=6).filter(str.isprintable)


@given(
    params=st.dictionaries(_names, st.none() | st.integers() | _names | st.lists(_names), max_size=3),
    roles=st.lists(st.tuples(_names, _names), max_size=3, unique_by=lambda pair: pair[0]),
)
def test_a_key_is_the_digest_of_the_canonical_form_of_its_parts(params: object, roles: list[tuple[str, str]]) -> None:
    target = replace(TARGET, params=params, inputs=tuple(roles), files=tuple(roles))
    content = {name: f"{index:064x}" for index, (_, name) in enumerate(roles)}
    parts = {
        "recipe": ["r", 1],
        "params": params,
        "files": [[role, content[name]] for role, name in roles],
        "inputs": [[role, name, content[name]] for role, name in roles],
    }
    assert key_of(target, files=content, inputs=content) == digest("action", parts)


def test_the_order_of_params_does_not_count() -> None:
    assert _key(replace(TARGET, params={"a": {"x": None}, "b": [1, 2.5, "é"]})) == _key()


@pytest.mark.parametrize(
    "changed",
    [
        replace(TARGET, id="z:9"),
        replace(TARGET, head="b:1"),
        replace(TARGET, order_only=(("w", "b:3"),)),
        replace(TARGET, context={"x": 1}),
        replace(TARGET, expand="m:e"),
        replace(TARGET, is_secondary=True),
        replace(TARGET, files=(("text", "g.txt"),)),
        replace(TARGET, recipe=replace(TARGET.recipe, run="m:moved", chunk_rows=3, is_cheap=True)),
    ],
)
def test_what_is_left_out_does_not_count(changed: Target) -> None:
    assert _key(changed) == _key()


@pytest.mark.parametrize(
    "changed",
    [
        replace(TARGET, recipe=replace(TARGET.recipe, version=2)),
        replace(TARGET, recipe=replace(TARGET.recipe, name="s")),
        replace(TARGET, params={"b": [1, 2.5, "e"], "a": {"x": None}}),
        replace(TARGET, params={"b": [1.0, 2.5, "é"], "a": {"x": None}}),
        replace(TARGET, inputs=(("one", "b:1"),)),
        replace(TARGET, inputs=(("one", "b:1"), ("two", "b:3"))),
        replace(TARGET, inputs=(("one", "b:1"), ("tow", "b:2"))),
        replace(TARGET, files=(("words", "f.txt"),)),
        replace(TARGET, files=()),
    ],
)
def test_what_is_covered_counts_and_is_explained(changed: Target) -> None:
    assert _key(changed) != _key()
    before, after = (manifest_of(target, files=FILES, inputs=INPUTS) for target in (TARGET, changed))
    assert compare(before, after)


def test_content_counts_and_is_explained() -> None:
    for section, name in (("files", "f.txt"), ("inputs", "b:2")):
        changes = {section: {name: "9" * 64}}
        assert _key(TARGET, **changes) != _key()
        before = manifest_of(TARGET, files=FILES, inputs=INPUTS)
        after = manifest_of(
            TARGET, files={**FILES, **changes.get("files", {})}, inputs={**INPUTS, **changes.get("inputs", {})}
        )
        (reason,) = compare(before, after)
        assert reason.subject == name


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: 2}, {"a": {1, 2}}, "\ud800"])
def test_what_has_no_one_spelling_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        _key(replace(TARGET, params={"x": value}))
