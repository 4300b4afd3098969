"""Laws of the difference of two catalogs, over generated tools and single mutations of them."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from declared_tools import catalog, schema_tool, tool
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_catalog_laws import SCHEMAS

from loopbuild.records import CatalogDiff, LeafChange, ToolCatalog
from loopbuild.stages.catalog.classes import CLASSES, at_or_above, class_of, tool_class, touched
from loopbuild.stages.catalog.diff import diff_catalogs
from loopbuild.stages.catalog.facts import facts

LEAVES: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^[a-z]+$"},
    "day": {"type": "string", "format": "date"},
    "count": {"type": "integer", "minimum": 1, "maximum": 9},
    "mode": {"type": "string", "enum": ["onsite", "video"]},
    "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 5, "uniqueItems": True},
    "place": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "any": {},
}
# (leaf, keyword, new value or None to drop it, level)
MUTATIONS: list[tuple[str, str, Any, str]] = [
    ("text", "type", "integer", "breaking"),
    ("text", "type", ["string", "null"], "compatible"),
    ("text", "minLength", 2, "breaking"),
    ("text", "minLength", None, "compatible"),
    ("text", "maxLength", 8, "breaking"),
    ("text", "maxLength", 10, "compatible"),
    ("text", "pattern", "^[A-Z]+$", "breaking"),
    ("text", "pattern", None, "compatible"),
    ("text", "enum", ["a"], "breaking"),
    ("text", "format", "email", "breaking"),
    ("text", "default", "x", "behavioural"),
    ("text", "description", "Another text.", "doc"),
    ("day", "format", None, "compatible"),
    ("count", "minimum", 2, "breaking"),
    ("count", "minimum", 0, "compatible"),
    ("count", "maximum", None, "compatible"),
    ("count", "exclusiveMinimum", 4, "breaking"),
    ("count", "multipleOf", 2, "breaking"),
    ("count", "type", "number", "compatible"),
    ("mode", "enum", ["video"], "breaking"),
    ("mode", "enum", ["onsite", "video", "phone"], "compatible"),
    ("mode", "enum", None, "compatible"),
    ("tags", "minItems", 2, "breaking"),
    ("tags", "maxItems", 6, "compatible"),
    ("tags", "uniqueItems", None, "compatible"),
    ("tags", "items", {"type": "integer"}, "breaking"),
    ("place", "required", [], "compatible"),
    ("place", "minProperties", 2, "breaking"),
    ("place", "properties", {"city": {"type": "string"}, "street": {"type": "string"}}, "compatible"),
    ("any", "type", "string", "breaking"),
]


def with_leaves(leaves: dict[str, Any], required: tuple[str, ...] = ("text", "count")) -> ToolCatalog:
    return catalog(schema_tool({"type": "object", "properties": leaves, "required": list(required)}))


def found(old: ToolCatalog, new: ToolCatalog) -> list[LeafChange]:
    return [leaf for change in diff_catalogs(old, new).changes for leaf in change.leaves]


@pytest.mark.parametrize(("leaf", "keyword", "value", "level"), MUTATIONS, ids=lambda value: str(value)[:24])
def test_every_single_mutation_of_a_leaf_is_seen_and_classed(leaf: str, keyword: str, value: Any, level: str) -> None:
    changed = copy.deepcopy(LEAVES)
    if value is None:
        changed[leaf].pop(keyword)
    else:
        changed[leaf][keyword] = value
    leaves = found(with_leaves(LEAVES), with_leaves(changed))
    assert leaves, "nothing was noticed"
    order = ["breaking", "safety", "behavioural", "compatible", "doc"]
    assert min((item.level for item in leaves), key=order.index) == level, leaves
    for item in leaves:
        assert class_of(item.change, item.level).level == item.level
        assert item.detail


@pytest.mark.parametrize("leaf", sorted(LEAVES))
def test_a_removed_and_an_added_leaf_are_seen_from_both_sides(leaf: str) -> None:
    less = {name: schema for name, schema in LEAVES.items() if name != leaf}
    gone = found(with_leaves(LEAVES, ()), with_leaves(less, ()))
    come = found(with_leaves(less, ()), with_leaves(LEAVES, ()))
    assert {item.change for item in gone} == {"parameter_removed"}
    assert {item.change for item in come} == {"parameter_added"}
    assert {item.level for item in come} == {"compatible"}


def test_two_changes_of_one_leaf_do_not_hide_each_other() -> None:
    """A wider enum is compatible, the length limit beside it is not."""
    old = with_leaves({"a": {"type": "string", "enum": ["one"]}}, ())
    new = with_leaves({"a": {"type": "string", "enum": ["one", "three"], "maxLength": 3}}, ())
    assert {(item.change, item.level) for item in found(old, new)} == {
        ("enum_changed", "compatible"),
        ("constraints_changed", "breaking"),
    }
    (tool_change,) = diff_catalogs(old, new).changes
    assert tool_change.level == "breaking"


def test_a_rule_between_parameters_is_not_hidden_by_one_that_became_optional() -> None:
    base = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    old = catalog(schema_tool({**base, "required": ["a", "b"]}))
    new = catalog(schema_tool({**base, "required": ["a"], "dependentRequired": {"a": ["b"]}}))
    assert {(item.change, item.level) for item in found(old, new)} == {
        ("became_optional", "compatible"),
        ("rules_changed", "breaking"),
    }


def test_what_is_required_inside_an_optional_object_is_seen() -> None:
    inner = {"type": "object", "properties": {"city": {"type": "string"}}}
    old = catalog(schema_tool({"type": "object", "properties": {"place": inner}}))
    new = catalog(schema_tool({"type": "object", "properties": {"place": {**inner, "required": ["city"]}}}))
    assert [(item.change, item.level, item.detail) for item in found(old, new)] == [
        ("became_required", "breaking", "is now required inside `place`")
    ]


def test_aspects_of_a_return_are_told_apart() -> None:
    """Narrower types are harmless, a value that may be missing is not."""
    old = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]}
    new = {"type": "object", "properties": {"a": {"type": "string"}}}
    leaves = found(catalog(schema_tool({}, output=old)), catalog(schema_tool({}, output=new)))
    assert {(item.change, item.level) for item in leaves} == {
        ("return_changed", "compatible"),
        ("return_changed", "breaking"),
    }


@settings(max_examples=80, deadline=None)
@given(SCHEMAS, SCHEMAS)
def test_a_catalog_does_not_differ_from_itself(inputs: Any, outputs: Any) -> None:
    found_once = catalog(schema_tool(inputs, output=outputs))
    assert diff_catalogs(found_once, catalog(schema_tool(inputs, output=outputs))) == CatalogDiff()


@settings(max_examples=80, deadline=None)
@given(SCHEMAS, SCHEMAS)
def test_every_change_has_a_class_at_its_level(one: Any, other: Any) -> None:
    difference = diff_catalogs(catalog(schema_tool(one, output=other)), catalog(schema_tool(other, output=one)))
    for change in difference.changes:
        assert not tool_class(change) or tool_class(change) in CLASSES
        for leaf in change.leaves:
            assert class_of(leaf.change, leaf.level).level == leaf.level


@settings(max_examples=80, deadline=None)
@given(SCHEMAS, SCHEMAS)
def test_what_a_difference_touches_is_what_changed(one: Any, other: Any) -> None:
    """Every fact of the old catalog with another digest now is touched by some change, so that no reader is missed."""
    old, new = catalog(schema_tool(one, output=other)), catalog(schema_tool(other, output=one))
    after = facts(new)
    changed = {name for name, digest in facts(old).items() if after.get(name) != digest}
    named: set[str] = set()
    for change in diff_catalogs(old, new).changes:
        named |= {*touched(change), *(name for leaf in change.leaves for name in touched(change, leaf))}
    assert changed - named <= {"hr/get_thing gate"}  # a parameter that goes moves the gate and its own leaf


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_a_difference_does_not_depend_on_the_order_of_tools(seed: int) -> None:
    dice = random.Random(seed)
    old = [tool(f"get_{name}", {f"{name}_id": "string"}, description=f"One {name}.") for name in NOUNS]
    new = [tool(f"fetch_{name}" if at % 3 else f"get_{name}", {f"{name}_id": "string"}, description=f"One {name}.")
           for at, name in enumerate(NOUNS[1:])]  # fmt: skip
    expected = diff_catalogs(catalog(*old), catalog(*new))
    dice.shuffle(old)
    dice.shuffle(new)
    shuffled = diff_catalogs(catalog(*old), catalog(*new))
    assert [(c.tool, c.change, c.old_tool, c.score, c.why, c.leaves) for c in shuffled.changes] == [
        (c.tool, c.change, c.old_tool, c.score, c.why, c.leaves) for c in expected.changes
    ]


NOUNS = ["order", "invoice", "ticket", "asset", "policy", "claim", "parcel", "recipe", "course", "lesson"]
RENAMES = [
    lambda name: name.replace("get_", "fetch_"),
    lambda name: f"{name}_details",
    lambda name: "".join(part.title() for part in name.split("_")),
    lambda name: f"{name}_v2",
]


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("rename", range(len(RENAMES)))
def test_the_rename_of_any_one_tool_is_found(noun: str, rename: int) -> None:
    def one(name: str, about: str) -> dict[str, Any]:
        return tool(name, {f"{about}_id": "string", "verbose?": "boolean"}, description=f"State of one {about}.",
                    returns={f"{about}_state": "string", "owner": "string"})  # fmt: skip

    old = [one(f"get_{name}", name) for name in NOUNS]
    new = [one(RENAMES[rename](f"get_{name}") if name == noun else f"get_{name}", name) for name in NOUNS]
    (change,) = diff_catalogs(catalog(*old), catalog(*new)).changes
    if new == old:
        return
    if RENAMES[rename](f"get_{noun}").startswith("Get"):
        assert change.change in ("renamed", "changed")
    else:
        assert (change.change, change.old_tool) == ("renamed", f"hr/get_{noun}")
        assert "1 of" in change.why or "2 of" in change.why
        assert change.score >= 0.7


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NOUNS), st.sampled_from(["_id", "_name", "_code"]), st.sampled_from(["new_", "target_", "the_"]))
def test_the_rename_of_any_one_parameter_is_found(noun: str, what: str, role: str) -> None:
    others = {"limit?": "integer", "verbose?": "boolean"}
    old = catalog(tool("get_thing", {f"{noun}{what}": "string", **others}))
    new = catalog(tool("get_thing", {f"{role}{noun}{what}": "string", **others}))
    (change,) = diff_catalogs(old, new).changes
    (leaf,) = [item for item in change.leaves if item.change == "parameter_renamed"]
    assert (leaf.old, leaf.new) == (f"/{noun}{what}", f"/{role}{noun}{what}")


def test_a_thousand_renames_are_paired_in_seconds() -> None:
    import time

    old = [tool(f"get_item{n:04}_state", {f"item{n:04}_id": "string"}) for n in range(1000)]
    new = [tool(f"fetch_item{n:04}_state", {f"item{n:04}_id": "string"}) for n in range(1000)]
    before, after = catalog(*old), catalog(*new)
    start = time.process_time()
    difference = diff_catalogs(before, after)
    assert time.process_time() - start < 20
    assert len(difference.changes) + 0 == sum(1 for _ in difference.changes)
    assert {change.change for change in difference.changes} <= {"renamed", "added", "removed"}


@settings(max_examples=40, deadline=None)
@given(SCHEMAS, SCHEMAS)
def test_graver_limits_find_less(one: Any, other: Any) -> None:
    assume(one != other)
    difference = diff_catalogs(catalog(schema_tool(one)), catalog(schema_tool(other)))
    sizes = [len(at_or_above(difference, level)) for level in ("breaking", "behavioural", "compatible", "doc")]
    assert sizes == sorted(sizes)


def operation(name: str, path: str, *, method: str = "get", **more: Any) -> Any:
    from dataclasses import replace

    (found_tool,) = catalog(tool(name, {"ref": "string"}, description="One thing.")).tools
    return ToolCatalog(tools=(replace(found_tool, transport={"method": method, "path": path}, **more),))


def test_another_address_is_behavioural_and_reaches_who_calls_it() -> None:
    old, new = operation("get_thing", "/things/{ref}"), operation("get_thing", "/v2/things/{ref}")
    (change,) = diff_catalogs(old, new).changes
    (leaf,) = change.leaves
    assert (leaf.change, leaf.level) == ("endpoint_changed", "behavioural")
    assert leaf.detail == "goes to `get /v2/things/{ref}`, went to `get /things/{ref}`"
    assert list(touched(change, leaf)) == ["hr/get_thing returns"]


def test_an_annotation_concerns_safety_and_deprecation_is_wording() -> None:
    old = operation("get_thing", "/things")
    new = operation("get_thing", "/things", hints={"destructiveHint": True}, is_deprecated=True)
    (change,) = diff_catalogs(old, new).changes
    assert [(leaf.change, leaf.level, leaf.detail) for leaf in change.leaves] == [
        ("annotation_changed", "safety", "`destructiveHint` was null, is true"),
        ("wording_changed", "doc", "is deprecated now"),
    ]


def test_the_same_operation_under_another_id_is_a_rename() -> None:
    (change,) = diff_catalogs(
        operation("fetchWidget", "/things/{id}"), operation("things/retrieve-one", "/things/{ref}")
    ).changes
    assert (change.change, change.old_tool) == ("renamed", "hr/fetchWidget")
    assert change.why.startswith("both `get /things/{}`")
    elsewhere = diff_catalogs(
        operation("fetchWidget", "/things/{id}"), operation("things/retrieve-one", "/other/{ref}")
    )
    assert {change.change for change in elsewhere.changes} == {"added", "removed"}
