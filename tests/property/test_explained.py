"""What is hashed and what is told are one walk: a key differs exactly when an explanation has something to say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loopbuild.engine.generations import Generation
from loopbuild.engine.keys import key_of, manifest_of
from loopbuild.engine.staleness import compare
from loopbuild.engine.target import Recipe, Target

_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, 1.0, 1.5]), st.sampled_from("ab")),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("xy"), inner, max_size=2)),
    max_leaves=4,
)
_params = st.dictionaries(st.sampled_from(["p", "q"]), _values, max_size=2)
_digits = st.sampled_from("12")
_roles = st.dictionaries(st.sampled_from(["a", "b"]), st.tuples(st.sampled_from(["k:1", "k:2"]), _digits), max_size=2)


@st.composite
def wishes(draw: st.DrawFn) -> dict[str, Any]:
    """A target with the digests of all it reads, and its generation."""
    inputs, files = draw(_roles), draw(_roles)
    recipe = Recipe(name=draw(st.sampled_from("rs")), version=draw(st.integers(1, 2)), run="m:f")
    names = draw(st.permutations(["k:1", "k:2"]))
    outputs = {name: draw(_digits) * 64 for name in names}
    return {
        "target": Target(
            id="t:1",
            recipe=recipe,
            params=draw(_params),
            inputs=tuple((role, name) for role, (name, _) in sorted(inputs.items())),
            files=tuple((role, f"{role}{digit}.txt") for role, (_, digit) in sorted(files.items())),
        ),
        "files": {f"{role}{digit}.txt": draw(_digits) * 64 for role, (_, digit) in files.items()},
        "inputs": outputs,
        "generation": Generation(
            whole=draw(st.integers(0, 1)), rows=draw(st.dictionaries(_digits, st.integers(1, 2), max_size=1))
        ),
    }


@given(one=wishes(), two=wishes())
def test_a_key_differs_exactly_when_something_is_told(one: dict[str, Any], two: dict[str, Any]) -> None:
    told = compare(manifest_of(**one), manifest_of(**two))
    assert (key_of(**one) != key_of(**two)) == bool(told)


@given(one=wishes(), data=st.data())
def test_one_field_perturbed_is_one_field_told(one: dict[str, Any], data: st.DataObject) -> None:
    target: Target = one["target"]
    changed = dict(one)
    kind = data.draw(st.sampled_from(["recipe", "params", "generation", *(["input"] if target.inputs else [])]))
    if kind == "recipe":
        changed["target"] = replace(target, recipe=replace(target.recipe, version=9))
    elif kind == "params":
        changed["target"] = replace(target, params={**target.params, "p": "another"})
    elif kind == "generation":
        changed["generation"] = Generation(whole=7)
    else:
        changed["inputs"] = {**one["inputs"], target.inputs[0][1]: "9" * 64}
    told = compare(manifest_of(**one), manifest_of(**changed))
    codes = {
        "recipe": "recipe_changed",
        "params": "params_changed",
        "generation": "refreshed",
        "input": "upstream_stale",
    }
    assert {reason.code for reason in told} == {codes[kind]}
    assert key_of(**one) != key_of(**changed)


@given(one=wishes())
def test_what_is_not_told_changes_no_key(one: dict[str, Any]) -> None:
    target: Target = one["target"]
    others = [
        replace(target, id="t:2"),
        replace(target, head="k:1", context={"z": 1}, order_only=(("w", "k:1"),), expand="m:e", is_secondary=True),
        replace(target, recipe=replace(target.recipe, run="m:g", is_cheap=True, chunk_rows=1, facts="m:h")),
    ]
    for other in others:
        assert key_of(**{**one, "target": other}) == key_of(**one)
        assert not compare(manifest_of(**one), manifest_of(**{**one, "target": other}))
