"""What tools are seen to return: shapes of values, calls on a real server, and what they change in a listing."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from loopbuild.pipeline.listings import LiveSource, write_listing
from loopbuild.records import Listing, to_json
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources.listing import canonical_listing, read_listing
from loopbuild.stages.sources.shapes import contradictions, insides, shape_of
from loopbuild.stages.toolgraph.build import build_graph

TILL = Path(__file__).parents[2] / "sandbox" / "till.py"


@pytest.mark.parametrize(
    ("values", "schema"),
    [
        ([], {}),
        ([1, 2.5], {"type": "number"}),
        ([1, "a"], {"type": ["integer", "string"]}),
        (["2024-01-02", "2025-03-04"], {"type": "string", "format": "date"}),
        (["2024-01-02", "soon"], {"type": "string"}),
        ([[], ["a@b.de"]], {"type": "array", "items": {"type": "string", "format": "email"}}),
        ([{"a": 1, "b": None}, {"a": 2}],
         {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"}}, "required": ["a"]}),
        ([None, True], {"type": ["boolean", "null"]}),
    ],
)  # fmt: skip
def test_a_shape_is_what_values_have_in_common(values: list[Any], schema: Any) -> None:
    assert shape_of(values) == schema


def test_hundreds_of_names_are_data_and_endless_nesting_ends() -> None:
    assert list(shape_of([{f"k{number}": 1 for number in range(500)}])) == ["type", "additionalProperties"]
    deep: Any = 1
    for _ in range(150):
        deep = {"x": deep}
    assert "properties" in shape_of([deep])


def test_a_declaration_is_contradicted_only_by_types_it_does_not_have() -> None:
    declared = {"type": "object", "properties": {"id": {"type": "number"}, "n": {"type": "number"}, "x": {}}}
    seen = shape_of([{"id": "7", "n": 3, "x": []}])
    assert contradictions(declared, seen) == [("/id", ["string"])]


def test_what_a_declaration_leaves_open_is_what_was_seen_there_and_nothing_else() -> None:
    declared = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "owner": {"type": "object", "description": "Who has it."},
            "tags": {"type": "array"},
            "extra": {},
            "shared": {"$ref": "#/$defs/x"},
            "closed": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 3},
            "named": {"type": "object", "properties": {"a": {"type": "string"}}},
        },
    }
    value = {
        "id": "7", "owner": {"user_id": "U1"}, "tags": ["new"], "extra": 4, "shared": {"x": 1},
        "closed": {"k": "v"}, "named": {"a": "b", "c": 1}, "news": 1,
    }  # fmt: skip
    found = insides(declared, shape_of([value]))
    assert sorted(found) == ["/extra", "/owner", "/tags"]
    assert found["/owner"]["properties"] == {"user_id": {"type": "string"}}
    assert insides(declared, {}) == insides({"type": "string"}, shape_of([{"a": 1}])) == {}
    assert list(insides({"type": "object"}, shape_of([{"a": 1}]))) == [""]


def listed(root: Path, **sandbox: Any) -> Listing:
    """The listing of a till that declares nothing, made with a sandbox at hand."""
    shutil.copy(TILL, root / "till.py")
    command = [sys.executable, "till.py", "sqlite"]
    settings = {"kind": "mcp", "command": command, "env": {}, "url": "", "headers": {}, "start_timeout_seconds": 20}
    settings |= {"call_timeout_seconds": 20}
    chosen = {"kind": "mcp", "command": [], "env": {}, "state": {"kind": "sqlite", "path": "till.db"}, **sandbox}
    path = root / "listings" / "till.json"
    source = LiveSource(name="till", settings=settings, path=path, is_listed=False, sandbox=chosen)
    write_listing(source, root=root, environment=dict(os.environ))
    first = path.read_bytes()
    write_listing(source, root=root, environment=dict(os.environ))
    assert path.read_bytes() == first
    return read_listing("till", first, file="listings/till.json", settings={})


def test_what_read_only_tools_return_is_observed_on_the_real_server(tmp_path: Path) -> None:
    tools = build_catalog([listed(tmp_path)]).by_id()
    found = tools["till/list_accounts"]
    assert (found.output_origin, [leaf.origin for leaf in found.outputs]) == ("observed", ["observed"])
    assert [leaf.pointer for leaf in tools["till/get_balance"].outputs] == ["/balance"]
    assert tools["till/update_balance"].output_origin == "none"


def test_without_a_real_sandbox_nothing_is_called(tmp_path: Path) -> None:
    found = listed(tmp_path, kind="simulated")
    assert {tool.output_origin for tool in found.tools} == {"none"}


def test_what_was_seen_in_an_open_object_feeds_other_tools() -> None:
    output = {
        "type": "object",
        "properties": {"role": {"type": "object", "description": "All of it."}, "at": {"type": "string"}, "any": True},
    }
    entries = [
        {"name": "get_opening", "inputSchema": {"type": "object"}, "outputSchema": output},
        {
            "name": "close_role",
            "inputSchema": {"type": "object", "properties": {"role_id": {"type": "string"}}, "required": ["role_id"]},
        },
    ]
    seen = shape_of([{"role": {"role_id": "R-1", "tags": ["a"]}, "at": "noon", "any": 3}])
    inside = insides(output, seen)
    observed = {"get_opening": {"calls": 1, "inside": inside}}
    listing = read_listing("hr", canonical_listing(entries, observed=observed), file="hr.json", settings={})
    plain = read_listing("hr", canonical_listing(entries, observed={}), file="hr.json", settings={})
    catalog = build_catalog([listing])
    leaves = {leaf.pointer: leaf.origin for leaf in catalog.by_id()["hr/get_opening"].outputs}
    assert leaves == {"/any": "observed", "/at": "declared", "/role/role_id": "observed", "/role/tags/[]": "observed"}
    assert catalog.by_id()["hr/get_opening"].output_schema["properties"]["role"]["description"] == "All of it."
    ends = [(edge.producer_leaf, edge.consumer) for edge in build_graph(catalog, {}).edges]
    assert ends == [("/role/role_id", "hr/close_role")]
    assert build_graph(build_catalog([plain]), {}).edges == ()


def test_a_contradicted_leaf_keeps_its_place_and_gains_what_was_seen() -> None:
    output = {"type": "object", "properties": {"id": {"type": "number"}, "name": {"type": "string"}}}
    entry = {"name": "get_role", "inputSchema": {"type": "object"}, "outputSchema": output}
    observed = {"get_role": {"calls": 3, "contradicted": {"/id": ["string"], "/gone": ["string"]}}}
    listing = read_listing("hr", canonical_listing([entry], observed=observed), file="hr.json", settings={})
    (tool,) = build_catalog([listing]).tools
    leaves = {leaf.pointer: (leaf.types, leaf.origin) for leaf in tool.outputs}
    assert leaves == {"/id": (("number", "string"), "observed"), "/name": (("string",), "declared")}
    assert [item.code for item in listing.diagnostics] == ["declared-vs-observed"]
    assert "`/id` of its return" in json.dumps(to_json(listing))
