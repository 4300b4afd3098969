"""Schemas that unfold to more than a validator can look at are known by counting, never by unfolding."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.judging import unfolding
from loopbuild.judging.unfolding import MAX_CHAIN, unfolded
from loopbuild.judging.validate import Validator, unusable
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources.toolspec import read

OK = {"name": "ok", "inputSchema": {"type": "object", "properties": {"a": {"type": "string"}}}}


def linked(make: Any, count: int) -> dict[str, Any]:
    """`count` definitions, each made of references to the next."""
    refs = [{"$ref": f"#/$defs/d{number}"} for number in range(count + 1)]
    defs: dict[str, Any] = {f"d{number}": make(refs[number + 1]) for number in range(count)}
    defs[f"d{count}"] = {"type": "object", "properties": {"q": {"type": "string"}}}
    return {"type": "object", "$defs": defs, "allOf": [refs[0]]}


BOMBS = {
    "all": lambda ref: {"allOf": [ref, ref]},
    "any": lambda ref: {"anyOf": [ref, ref, {"type": "object"}]},
    "one": lambda ref: {"oneOf": [ref, {"not": ref}]},
    "if": lambda ref: {"if": ref, "then": ref, "else": ref},
    "dependent": lambda ref: {"dependentSchemas": {"a": ref, "b": ref}},
    "half inside": lambda ref: {"allOf": [ref, ref], "properties": {"a": ref}},
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_itself_and_nothing_else(name: str) -> None:
    bomb = {"name": "bomb", "inputSchema": linked(BOMBS[name], 40)}
    began = time.process_time()
    listing = read("s", json.dumps([OK, bomb]).encode(), file="t.json", settings={})
    catalog = build_catalog([listing])
    assert time.process_time() - began < 2
    assert [tool.name for tool in listing.tools] == ["ok"]
    (told,) = listing.diagnostics
    assert told.severity == "error"
    assert "tool `bomb` is skipped" in told.message
    assert "unfold to more than 100,000 schemas" in told.message
    assert Validator(catalog).check("s/ok", {"a": "x"}) == ()
    assert [fault.code for fault in Validator(catalog).check("s/ok", {"a": 3})] == ["wrong_type"]


def test_a_bomb_that_comes_by_another_way_is_not_lit() -> None:
    assert unusable(linked(BOMBS["all"], 40)) == "its references unfold to more than 100,000 schemas for one value"
    behind = "more than 500 of its references and alternatives lie one behind the other"
    assert unusable(linked(lambda ref: {"allOf": [ref]}, MAX_CHAIN + 1)) == behind


@pytest.mark.parametrize("shape", ["properties", "items", "allOf", "anyOf", "circle"])
def test_what_is_large_and_harmless_is_kept(shape: str) -> None:
    wide = {f"p{number}": {"type": "string"} for number in range(3_000)}
    schemas: dict[str, dict[str, Any]] = {
        "properties": linked(lambda ref: {"properties": dict.fromkeys("abcd", ref)}, 60),
        "items": {"type": "object", "properties": {"x": {"items": linked(lambda ref: {"items": ref}, 60)}}},
        "allOf": {"type": "object", "allOf": [{"properties": {name: one}} for name, one in wide.items()]},
        "anyOf": {"type": "object", "properties": {"x": {"anyOf": list(wide.values())}}},
        "circle": {
            "$defs": {"expr": {"oneOf": [{"properties": {f"of{n}": {"$ref": "#/$defs/expr"}}} for n in range(10)]}},
            "properties": {"where": {"$ref": "#/$defs/expr"}},
        },
    }
    assert unfolded(schemas[shape]) == ""


SMALL = st.recursive(
    st.just({}),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"allOf": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=12,
)


@given(tree=SMALL, shares=st.integers(2, 4))
def test_the_count_is_that_of_the_unfolded_schema(tree: dict[str, Any], shares: int) -> None:
    def size(part: dict[str, Any]) -> int:
        return 1 + sum(map(size, part.get("allOf", ()))) + (size(part["not"]) if "not" in part else 0)

    schema = {"$defs": {"t": tree}, "allOf": [{"$ref": "#/$defs/t"}] * shares}
    with pytest.MonkeyPatch.context() as patch:
        wanted = 1 + shares * (1 + size(tree))
        patch.setattr(unfolding, "MAX_STEPS", wanted)
        assert unfolded(schema) == ""
        patch.setattr(unfolding, "MAX_STEPS", wanted - 1)
        assert unfolded(schema) == f"its references unfold to more than {wanted - 1:,} schemas for one value"
