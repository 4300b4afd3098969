"""Laws of the catalog over generated tools."""

from __future__ import annotations

import random
from typing import Any

from declared_tools import catalog, schema_tool
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbuild.records import CatalogDiff, ToolCatalog, from_json, to_json
from loopbuild.stages.catalog.diff import diff_catalogs
from loopbuild.stages.catalog.facts import facts

NAMES = st.sampled_from(["role_id", "name", "limit", "start_date", "tags", "owner", "a/b", "[]", "größe", "x", "y"])
DIGITS = st.integers(0, 9)
SCALARS: Any = st.one_of(
    st.builds(lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more}, DIGITS, DIGITS),
    st.builds(lambda values: {"type": "string", "enum": sorted(values)}, st.sets(st.sampled_from("abcd"), min_size=1)),
    st.sampled_from([{"type": "string"}, {"type": "boolean"}, {"type": ["number", "null"]}, {}]),
    st.just({"type": "string", "format": "date"}),
)


def objects(inner: Any) -> Any:
    return st.dictionaries(NAMES, inner, max_size=4).flatmap(
        lambda properties: st.builds(
            lambda required: {"type": "object", "properties": properties, "required": sorted(required)},
            st.sets(st.sampled_from(sorted(properties)) if properties else st.nothing()),
        )
    )


def lists(inner: Any) -> Any:
    return inner.map(lambda item: {"type": "array", "items": item})


SCHEMAS = objects(st.recursive(SCALARS, lambda inner: st.one_of(objects(inner), lists(inner)), max_leaves=6))


def shuffled(value: Any, dice: random.Random, key: str = "") -> Any:
    """The same schema with every order that means nothing changed, and integers spelt as floats."""
    if isinstance(value, dict):
        items = list(value.items())
        dice.shuffle(items)
        return {name: shuffled(item, dice, name) for name, item in items}
    if isinstance(value, list):
        items = [shuffled(item, dice) for item in value]
        if key in ("required", "enum", "type"):
            dice.shuffle(items)
        return items
    return float(value) if type(value) is int else value


@settings(max_examples=60, deadline=None)
@given(SCHEMAS, SCHEMAS, st.integers(0, 99))
def test_an_order_that_means_nothing_changes_no_digest(inputs: Any, outputs: Any, seed: int) -> None:
    old = catalog(schema_tool(inputs, output=outputs))
    dice = random.Random(seed)
    new = catalog(schema_tool(shuffled(inputs, dice), output=shuffled(outputs, dice)))
    assert facts(old) == facts(new)
    assert diff_catalogs(old, new) == CatalogDiff()
    assert (old.tools[0].params, old.tools[0].returns) == (new.tools[0].params, new.tools[0].returns)


@settings(max_examples=60, deadline=None)
@given(SCHEMAS, SCHEMAS)
def test_a_catalog_without_difference_has_equal_facts_and_the_other_way_round(one: Any, other: Any) -> None:
    old, new = catalog(schema_tool(one)), catalog(schema_tool(other))
    changed = [item for item in diff_catalogs(old, new).changes if item.level != "doc"]
    assert bool(changed) == (facts(old) != facts(new) or old.tools[0].params != new.tools[0].params)


@settings(max_examples=60, deadline=None)
@given(SCHEMAS, SCALARS)
def test_a_new_optional_parameter_is_compatible_and_moves_no_stored_fact(schema: Any, extra: Any) -> None:
    grown = {**schema, "properties": {**schema["properties"], "brand_new": extra}}
    old, new = catalog(schema_tool(schema)), catalog(schema_tool(grown))
    after = facts(new)
    assert {name: after.get(name) for name in facts(old)} == facts(old)
    (change,) = diff_catalogs(old, new).changes
    assert change.level == "compatible"


@settings(max_examples=60, deadline=None)
@given(SCHEMAS, st.text(max_size=20))
def test_wording_changes_docs_alone(schema: Any, text: str) -> None:
    worded = {**schema, "properties": {n: {**s, "description": text} for n, s in schema["properties"].items()}}
    old, new = catalog(schema_tool(schema)), catalog(schema_tool(worded))
    assert facts(old) == facts(new)
    assert all(item.level == "doc" for item in diff_catalogs(old, new).changes)


@settings(max_examples=30, deadline=None)
@given(SCHEMAS)
def test_a_generated_catalog_survives_json(schema: Any) -> None:
    found = catalog(schema_tool(schema, output=schema))
    assert from_json(ToolCatalog, to_json(found)) == found
