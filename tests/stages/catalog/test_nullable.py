"""Laws of objects and lists that may be null: a fact for who reads in them, and for nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from declared_tools import catalog, only, schema_tool

from loopbuild.records import LeafChange, Listing, ToolCatalog, ToolChange, from_json, to_json
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.catalog.classes import touched
from loopbuild.stages.catalog.diff import diff_catalogs
from loopbuild.stages.catalog.facts import facts

CITY = {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "string"}}}
TEAM = {"type": "object", "properties": {"slug": {"type": "string"}, "size": {"type": "integer"}}}
NULL = {"type": "null"}
# (before, after, pointer of what became nullable)
NULLABLE: list[tuple[Any, Any, str]] = [
    (CITY, {**CITY, "type": ["object", "null"]}, "/it"),
    (CITY, {**CITY, "nullable": True}, "/it"),
    (CITY, {"anyOf": [CITY, NULL]}, "/it"),
    ({"anyOf": [CITY, TEAM]}, {"anyOf": [CITY, TEAM, NULL]}, "/it"),
    ({"type": "array", "items": CITY}, {"type": ["array", "null"], "items": CITY}, "/it"),
    ({"type": "array", "items": CITY}, {"type": "array", "items": {**CITY, "nullable": True}}, "/it/[]"),
    (
        {"type": "object", "properties": {"at": CITY}},
        {"type": "object", "properties": {"at": {**CITY, "type": ["object", "null"]}}},
        "/it/at",
    ),
]


def around(schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"it": schema, "beside": {"type": "string"}}}


def the_change(old: ToolCatalog, new: ToolCatalog) -> tuple[ToolChange, LeafChange]:
    (change,) = diff_catalogs(old, new).changes
    (leaf,) = change.leaves
    return change, leaf


@pytest.mark.parametrize(("before", "after", "pointer"), NULLABLE)
def test_a_return_that_may_be_null_is_breaking_for_who_reads_in_it(before: Any, after: Any, pointer: str) -> None:
    old, new = (catalog(schema_tool({}, output=around(one))) for one in (before, after))
    change, leaf = the_change(old, new)
    assert (leaf.change, leaf.level, leaf.pointer, leaf.detail) == (
        "return_changed",
        "breaking",
        pointer,
        "may be null now",
    )
    then = facts(new)
    moved = {name for name, digest in facts(old).items() if then[name] != digest}
    assert moved
    assert set(touched(change, leaf)) == moved
    assert "hr/get_thing output /beside" not in moved
    _, back = the_change(new, old)
    assert (back.level, back.detail) == ("compatible", "is never null now")


@pytest.mark.parametrize(("before", "after", "pointer"), NULLABLE)
def test_a_parameter_that_may_be_null_is_wider(before: Any, after: Any, pointer: str) -> None:
    old, new = (catalog(schema_tool(around(one))) for one in (before, after))
    for one, other, level, said in ((old, new, "compatible", "may be null now"), (new, old, "breaking", "any more")):
        (change,) = diff_catalogs(one, other).changes
        assert {(leaf.level, leaf.pointer) for leaf in change.leaves} == {(level, pointer)}
        assert any(leaf.detail.endswith(said) for leaf in change.leaves)
        assert {name for leaf in change.leaves for name in touched(change, leaf)} == {"hr/get_thing gate"}


def test_the_whole_return_may_be_null() -> None:
    old, new = (catalog(schema_tool({}, output=one)) for one in (CITY, {**CITY, "type": ["object", "null"]}))
    _, leaf = the_change(old, new)
    assert (leaf.level, leaf.pointer, leaf.detail) == ("breaking", "", "the whole may be null now")


def test_a_shared_schema_that_may_be_null_is_seen_wherever_it_stands() -> None:
    def shared(kind: Any) -> ToolCatalog:
        listing = Listing(source="hr", tools=(), definitions={"place": {**CITY, "type": kind}})
        answer = {"type": "object", "properties": {n: {"$ref": "#/$defs/place"} for n in ("home", "work")}}
        tool = from_json(Listing, {**to_json(listing), "tools": [
            {"source": "hr", "name": "get_thing", "output_schema": answer, "output_origin": "declared"}
        ]})  # fmt: skip
        return build_catalog([tool])

    (change,) = diff_catalogs(shared("object"), shared(["object", "null"])).changes
    assert [(leaf.pointer, leaf.level) for leaf in change.leaves] == [("/home", "breaking"), ("/work", "breaking")]


def test_what_may_not_be_null_has_the_fingerprint_it_always_had() -> None:
    """Else every project would be built anew for nothing."""
    tool = only(schema_tool(around(CITY), output=around({"type": "array", "items": CITY})))
    assert {leaf.fingerprint[:12] for leaf in tool.inputs} == {"edba1a494c0a"}
    assert {leaf.fingerprint[:12] for leaf in tool.outputs} == {"ca2c163fc204"}
    assert tool.gate[:12] == "a4a925c5ece0"
    assert not any("nulls" in leaf for leaf in to_json(tool)["outputs"])


def test_a_list_of_objects_keeps_its_rules() -> None:
    listed = {"type": "array", "items": CITY}
    old, new = (catalog(schema_tool(around(one))) for one in (listed, {**listed, "minItems": 2}))
    _, leaf = the_change(old, new)
    assert (leaf.level, leaf.detail) == ("breaking", "`minItems` of `it` is new: another rule for a valid call")
