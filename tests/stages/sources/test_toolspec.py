"""Files of tool entries: four dialects, and what happens to entries that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loopbuild.errors import SourceError
from loopbuild.records import Listing
from loopbuild.stages.sources.mcp_dump import read as read_dump
from loopbuild.stages.sources.toolspec import read

PLAIN = {"name": "get_role", "parameters": {"role_id": "string", "limit?": "integer"}, "returns": {"title": "string"}}
WANTED = {
    "type": "object",
    "properties": {"role_id": {"type": "string"}, "limit": {"type": "integer"}},
    "required": ["role_id"],
}


def listing(*entries: Any, **settings: Any) -> Listing:
    content = json.dumps(list(entries), indent=1).encode()
    return read("hr", content, file="hr.json", settings={"allow_empty": True, **settings})


def inputs(entry: Any) -> Any:
    (tool,) = listing(entry).tools
    return tool.input_schema


@pytest.mark.parametrize(
    "entry",
    [
        PLAIN,
        {"type": "function", "function": {"name": "get_role", "parameters": WANTED}},
        {"type": "function", "name": "get_role", "parameters": WANTED},
        {"name": "get_role", "input_schema": WANTED},
        {"name": "get_role", "inputSchema": WANTED},
        {"name": "get_role", "arguments": {"role_id": "str", "limit": {"type": "int", "required": False}}},
        {"name": "get_role", "path_parameters": {"role_id": "String"}, "query_parameters": {"limit?": "INTEGER"}},
        {"name": "get_role", "parameters": {"type": "dict", **{k: v for k, v in WANTED.items() if k != "type"}}},
    ],
)
def test_every_dialect_gives_the_same_input_schema(entry: Any) -> None:
    assert inputs(entry) == WANTED


def test_dialects_may_be_mixed_in_one_file() -> None:
    entries = [PLAIN, {"name": "a", "inputSchema": WANTED}, {"type": "function", "function": {"name": "b"}}]
    assert [tool.name for tool in listing(*entries).tools] == ["a", "b", "get_role"]


@pytest.mark.parametrize(
    ("short", "schema"),
    [
        ("string", {"type": "string"}),
        ("string[]", {"type": "array", "items": {"type": "string"}}),
        (["string"], {"type": "array", "items": {"type": "string"}}),
        ([], {"type": "array"}),
        ({}, {}),
        ("any", {}),
        ("date", {"type": "string", "format": "date"}),
        (
            {"street": "string", "zip?": "string"},
            {
                "type": "object",
                "properties": {"street": {"type": "string"}, "zip": {"type": "string"}},
                "required": ["street"],
            },
        ),
        ({"type": "Float", "minimum": 0}, {"type": "number", "minimum": 0}),
        ({"type": "string", "allowed_values": [], "default_value": "x"}, {"type": "string", "default": "x"}),
        ({"type": "string", "allowed_values": ["a"]}, {"type": "string", "enum": ["a"]}),
        ([{"id": "string"}], {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}},
                                                         "required": ["id"]}}),
    ],
)  # fmt: skip
def test_shorthand_of_a_property(short: Any, schema: Any) -> None:
    assert inputs({"name": "x", "parameters": {"it": short}})["properties"]["it"] == schema


def test_a_parameter_may_be_called_type() -> None:
    schema = inputs({"name": "x", "parameters": {"type": "string"}})
    assert schema == {"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]}
    nested = inputs({"name": "x", "parameters": {"pet": {"type": "string", "name": "string"}}})
    assert sorted(nested["properties"]["pet"]["properties"]) == ["name", "type"]


@pytest.mark.parametrize("key", ["returns", "output_parameters", "response", "outputs"])
def test_returns_have_four_names(key: str) -> None:
    (tool,) = listing({"name": "x", key: {"role_ids": ["string"]}}).tools
    assert tool.output_origin == "declared"
    assert tool.output_schema["properties"]["role_ids"]["items"] == {"type": "string"}


def test_a_bad_entry_costs_nobody_else_and_is_shown_with_its_place() -> None:
    result = listing(PLAIN, {"name": "odd", "parameters": {"when": "strng"}}, 7, {"name": ""})
    assert [tool.name for tool in result.tools] == ["get_role"]
    found = [(item.code, item.message, item.span.line if item.span else 0) for item in result.diagnostics]
    assert found == [
        ("bad-tool", "tool `odd` is skipped: `strng` names no type", 15),
        ("bad-tool", "entry 3 is skipped: a tool is an object, this is a number", 18),
        ("bad-tool", "entry 4 is skipped: a tool without a name", 19),
    ]


@pytest.mark.parametrize("schema", [None, "string", [], False])
def test_an_mcp_entry_whose_schema_is_no_object_is_skipped(schema: Any) -> None:
    result = listing(PLAIN, {"name": "odd", "inputSchema": schema})
    assert [tool.name for tool in result.tools] == ["get_role"]
    assert [item.code for item in result.diagnostics] == ["bad-tool"]


def test_of_two_tools_with_one_name_neither_is_taken() -> None:
    result = listing(PLAIN, {**PLAIN, "description": "the other"}, {**PLAIN, "name": "list_roles"})
    assert [tool.name for tool in result.tools] == ["list_roles"]
    (item,) = result.diagnostics
    assert item.message == "tool `get_role` is declared 2 times and skipped (at 2:2, 12:2)"


def test_hostile_names_are_shown_escaped() -> None:
    name = "get_\u202e\x00\x1b[2Jrole"
    result = listing({"name": name, "parameters": {"x": 1.5}})
    assert result.diagnostics[0].message.startswith("tool `get_\\u202e\\u0000\\u001b[2Jrole` is skipped")


def test_a_long_name_is_refused_and_a_long_description_cut() -> None:
    result = listing({"name": "x" * 129}, {"name": "y", "description": "z" * 1_000_000})
    assert [len(tool.description) for tool in result.tools] == [8192]
    assert [item.code for item in result.diagnostics] == ["bad-tool", "cut"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"name": "x"},]', r"hr\.json:1:16: source `hr` cannot be read"),
        (b"", r"source `hr` cannot be read: `hr.json` is empty"),
        (b"[" * 200_000, r"source `hr` cannot be read"),
        (b'{"servers": 1}', r"hr\.json:1:1: source `hr` holds no list of tools"),
        (b"[]", r"hr\.json:1:1: there are no tools in source `hr`"),
        (b'[{"name": 5}]', r"no readable tool is left in source `hr`: entry 1 is skipped: a tool without a name"),
    ],
)
def test_a_file_without_tools_is_an_error_with_its_place(content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read("hr", content, file="hr.json", settings={})


def test_an_empty_source_is_fine_when_allowed() -> None:
    assert read("hr", b"[]", file="hr.json", settings={"allow_empty": True}).tools == ()


def test_a_key_written_twice_is_reported() -> None:
    result = read("hr", b'[{"name": "a", "name": "b"}]', file="hr.json", settings={"allow_empty": True})
    assert [item.code for item in result.diagnostics] == ["duplicate-key"]


def test_wrappers_of_a_list_are_seen_through() -> None:
    for value in ({"tools": [PLAIN]}, {"jsonrpc": "2.0", "id": 1, "result": {"tools": [PLAIN]}}, [PLAIN], PLAIN):
        assert len(read("hr", json.dumps(value).encode(), file="hr.json", settings={}).tools) == 1


def test_include_exclude_effects_and_returns_of_loop_yaml() -> None:
    entries = [{"name": name, "parameters": {}} for name in ("get_a", "get_b", "drop_a", "other")]
    result = listing(
        *entries,
        include=["get_*", "drop_*", "nothing"],
        exclude=["*_b"],
        effects={"get_*": "read", "get_a": "update"},
        returns={"get_a": {"a_id": "string"}},
    )
    assert [(tool.name, tool.hints.get("effect"), tool.output_origin) for tool in result.tools] == [
        ("drop_a", None, "none"),
        ("get_a", "update", "override"),
    ]
    assert [item.message for item in result.diagnostics] == ["`include`: no tool is called `nothing`"]


def test_an_author_who_contradicts_a_declaration_wins_and_is_told() -> None:
    entry = {"name": "get_a", "parameters": {}, "returns": {"a_id": "number", "name": "string"}}
    result = listing(entry, returns={"get_a": {"a_id": "string", "name": "string"}})
    assert result.tools[0].output_schema["properties"]["a_id"] == {"type": "string"}
    (item,) = result.diagnostics
    assert item.message == "`returns` of `get_a` makes `/a_id` string, which its source declares otherwise"


def test_a_dump_notes_entries_that_are_not_in_the_mcp_spelling() -> None:
    content = json.dumps({"server": {"name": "s"}, "tools": [PLAIN, {"name": "a", "inputSchema": WANTED}]}).encode()
    result = read_dump("hr", content, file="dump.json", settings={})
    assert [item.message for item in result.diagnostics] == ["tool `get_role` has no `inputSchema`; read as plain"]


def test_untrusted_annotations_cannot_pose_as_an_effect() -> None:
    entry = {"name": "drop", "inputSchema": WANTED, "annotations": {"readOnlyHint": True, "effect": "read", "x": {}}}
    (tool,) = listing(entry).tools
    assert tool.hints == {"dialect": "mcp", "readOnlyHint": True}


def test_json_lines_are_read_one_by_one() -> None:
    content = b"\n".join([json.dumps(PLAIN).encode(), b"", b"{oops", b'{"name": "b", "parameters": {"x": "wat"}}'])
    result = read("hr", content, file="hr.jsonl", settings={})
    assert [tool.name for tool in result.tools] == ["get_role"]
    places = [(item.code, item.span.line, item.span.column) for item in result.diagnostics if item.span]
    assert places == [("not-json", 3, 2), ("bad-tool", 4, 35)]


def test_a_lone_entry_has_its_place() -> None:
    with pytest.raises(SourceError) as caught:
        read("hr", b'{"name": "x",\n "parameters": {"when": "strng"}}', file="hr.json", settings={})
    (item,) = caught.value.diagnostics
    assert (item.span.line, item.span.column) == (2, 25)
