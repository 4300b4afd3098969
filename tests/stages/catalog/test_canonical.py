"""What a tool is once read: leaves, names, meaning, fingerprints."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from declared_tools import catalog, only, schema_tool, tool

from loopbuild.judging.validate import Validator
from loopbuild.records import Json, ToolCatalog, from_json, to_json
from loopbuild.stages.catalog.callnames import call_names
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.catalog.facts import facts
from loopbuild.stages.catalog.words import words_of
from loopbuild.stages.sources.toolspec import read

EXAMPLES = Path(__file__).parents[3] / "examples"


def pointers(schema: Any) -> list[str]:
    return [leaf.pointer for leaf in only(schema_tool(schema)).inputs]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("role_ids", ("role", "id")),
        ("roleIDs", ("role", "id")),
        ("RoleId", ("role", "id")),
        ("HTTPServerURL", ("http", "server", "url")),
        ("sha256", ("sha", "256")),
        ("people.addresses", ("person", "address")),
        ("queries-by/status", ("query", "by", "status")),
        ("news", ("news",)),
        ("boxes", ("box",)),
        ("classes", ("class",)),
        ("houses", ("house",)),
        ("\uff52ole", ("role",)),
        ("größenIds", ("grössen", "id")),
        ("___", ()),
    ],
)
def test_words_of_names(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("name", "verb", "effect", "entity"),
    [
        ("check_in_guest", "check", "update", "guest"),
        ("checkOutGuest", "check", "update", "guest"),
        ("check_balance_in_account", "check", "read", "balance"),
        ("get_open_roles", "get", "read", "role"),
        ("get_role_candidates", "get", "read", "candidate"),
        ("get_candidate_profile", "get", "read", "candidate"),
        ("scheduleInterview", "schedule", "create", "interview"),
        ("get_leave_balance", "get", "read", "leave"),
        ("request_leave", "request", "create", "leave"),
        ("order_list", "list", "read", "order"),
        ("order_get", "get", "read", "order"),
        ("delete_user_by_email", "delete", "delete", "user"),
        ("hr_list_people", "list", "read", "person"),
        ("pin_message", "pin", "update", "message"),
        ("label_email", "label", "update", "email"),
        ("list_labels", "list", "read", "label"),
        ("forward_email", "forward", "create", "email"),
        ("frobnicate", "", "unknown", "frobnicate"),
    ],
)
def test_a_name_tells_verb_effect_and_entity(name: str, verb: str, effect: str, entity: str) -> None:
    found = only(tool(name))
    assert (found.verb, found.effect, found.entity) == (verb, effect, entity)


def test_an_update_that_yields_a_new_id_of_its_entity_creates() -> None:
    assert only(tool("reset_run", {"job_id": "string"}, returns={"run_id": "string"})).effect == "create"
    assert only(tool("reset_run", {"run_id": "string"}, returns={"run_id": "string"})).effect == "update"


@pytest.mark.parametrize(
    ("name", "hints", "effect"),
    [
        ("frobnicate", {"readOnlyHint": True}, "read"),
        ("delete_role", {"readOnlyHint": True}, "delete"),
        ("get_role", {"destructiveHint": True}, "update"),
        ("get_role", {"readOnlyHint": False}, "unknown"),
        ("create_role", {"readOnlyHint": False, "destructiveHint": False}, "create"),
    ],
)
def test_untrusted_hints_never_hide_a_deletion(name: str, hints: Any, effect: str) -> None:
    entry = {**schema_tool({"type": "object"}, name=name), "annotations": hints}
    assert only(entry).effect == effect


def test_loop_yaml_has_the_last_word_on_effects() -> None:
    assert only(tool("delete_role"), effects={"delete_*": "read"}).effect == "read"


def test_leaves_of_nested_arrays_and_objects() -> None:
    found = only(tool("x", {"pets": [{"id": "string", "owner?": {"name": "string"}}], "tags?": ["string"]}))
    assert [(leaf.pointer, leaf.is_required) for leaf in found.inputs] == [
        ("/pets/[]/id", True),
        ("/pets/[]/owner/name", False),
        ("/tags/[]", False),
    ]


def test_odd_property_names_keep_apart_from_markers() -> None:
    names = ["[]", "*", "|0", "a/b", "m~n", ""]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    assert pointers(schema) == ["/a~1b", "/m~0n", "/~2", "/~2*", "/~2[]", "/~2|0"]


def test_additional_properties_are_a_leaf_and_deep_ones_are_opaque() -> None:
    deep: Any = {"type": "string"}
    for _ in range(6):
        deep = {"type": "object", "properties": {"a": deep}}
    schema = {"type": "object", "properties": {"map": {"type": "object", "additionalProperties": {"type": "integer"}}}}
    assert pointers(schema) == ["/map/*"]
    (leaf,) = only(schema_tool(deep)).inputs
    assert (leaf.pointer, leaf.types) == ("/a/a/a/a", ("object",))


def test_references_are_followed_within_the_schema_and_cycles_end_in_an_opaque_leaf() -> None:
    schema = {
        "type": "object",
        "properties": {"role": {"$ref": "#/$defs/Role"}},
        "$defs": {
            "Role": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "parent": {"$ref": "#/$defs/Role"}},
            }
        },
    }
    assert pointers(schema) == ["/role/id", "/role/parent"]


def test_a_remote_reference_is_not_fetched_and_costs_only_its_leaf() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/x.json"}, "b": {"type": "string"}}}
    content = json.dumps([schema_tool(schema)]).encode()
    listing = read("hr", content, file="hr.json", settings={})
    assert [leaf.pointer for leaf in build_catalog([listing]).tools[0].inputs] == ["/a", "/b"]
    assert [item.code for item in listing.diagnostics] == ["remote-ref"]
    found = build_catalog([listing])
    validator = Validator(found)
    assert validator.check(found.tools[0].id, {"a": 1, "b": "x"}) == ()
    assert validator.check(found.tools[0].id, {"a": 1, "b": 2})[0].code == "wrong_type"


@pytest.mark.parametrize(
    ("leaf", "said"),
    [
        ({"type": "string", "pattern": "(["}, '`/properties/a/pattern`: "([" is not a "regex"'),
        ({"type": "integer", "multipleOf": 0}, "`/properties/a/multipleOf`: 0 is less"),
        ({"type": "string", "minLength": -1}, "`/properties/a/minLength`: -1 is less"),
    ],
)
def test_a_schema_no_call_can_be_checked_against_is_said_with_its_place(leaf: Json, said: str) -> None:
    content = json.dumps([schema_tool({}, name="get_other"), schema_tool({})]).encode()
    listing = read("hr", content, file="hr.json", settings={})
    bad = replace(listing.tools[1], input_schema={"type": "object", "properties": {"a": leaf}})
    found = build_catalog([replace(listing, tools=(listing.tools[0], bad))])
    assert [one.name for one in found.tools] == ["get_other"]
    assert [one.code for one in found.diagnostics] == ["unusable-schema"]
    assert f" is skipped: its input schema cannot be used: {said}" in found.diagnostics[0].message


def test_a_return_of_endless_texts_is_not_used_and_its_tool_is_kept() -> None:
    output = {"type": "object", "properties": {"id": {"type": "string", "pattern": "^[a-z]{40000000}$"}}}
    found = catalog(schema_tool({"type": "object"}, output=output))
    assert found.tools[0].outputs == ()
    assert "`/id` has a pattern that asks for more than 4,096 characters" in found.diagnostics[0].message


def test_unions_of_scalars_are_one_leaf_and_other_unions_are_branches() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "b": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "c": {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"id": {"type": "string"}}}]},
            "d": {"allOf": [{"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}]},
        },
    }
    found = {leaf.pointer: leaf.types for leaf in only(schema_tool(schema)).inputs}
    assert found["/a"] == ("null", "string")
    assert found["/b"] == ("integer", "string")
    assert sorted(pointer for pointer in found if pointer.startswith("/c")) == ["/c/|object-0a32aa/id", "/c/|string"]
    assert found["/d/x"] == ("string",)


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ({"x": {"type": "string", "enum": [1, 2]}}, "allows no value"),
        ({"x": {"type": "string", "enum": []}}, "without values"),
        ({"x": {"type": "integer", "minimum": 5, "maximum": 4}}, "above"),
        ({"x": {"type": "wibble"}}, "unknown type"),
        ({"x": 7}, "is no schema"),
        ({"x": {"type": "array", "items": {"type": "string", "minLength": 3, "maxLength": 2}}}, "above"),
    ],
)
def test_a_tool_nobody_can_call_is_left_out_and_the_others_stay(schema: Any, word: str) -> None:
    found = catalog(schema_tool({"type": "object", "properties": schema}, name="odd"), tool("get_role"))
    assert [item.name for item in found.tools] == ["get_role"]
    (item,) = found.diagnostics
    assert item.message.startswith("tool `hr/odd` is skipped: its input `/x")
    assert word in item.message


def test_a_required_parameter_that_is_not_declared_is_impossible() -> None:
    found = catalog(schema_tool({"type": "object", "properties": {}, "required": ["role_id"]}))
    assert found.diagnostics[0].message.endswith("requires `role_id`, which it does not declare")


def test_a_false_property_is_impossible_only_where_it_is_required() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": False}}
    assert pointers(schema) == ["/a"]
    assert catalog(schema_tool({**schema, "required": ["b"]})).tools == ()


def test_an_impossible_return_costs_the_return_alone() -> None:
    found = catalog(schema_tool({"type": "object"}, output={"type": "object", "properties": {"x": {"enum": []}}}))
    assert (found.tools[0].output_origin, found.tools[0].outputs) == ("none", ())
    assert found.diagnostics[0].severity == "warning"


def test_an_mcp_envelope_declares_nothing_but_an_author_does() -> None:
    output = {"type": "object", "properties": {"content": {"type": "string"}}, "required": ["content"]}
    assert only(schema_tool({"type": "object"}, output=output)).output_origin == "none"
    assert only(tool("translate", returns={"text": "string"})).output_origin == "declared"


def test_entity_of_a_leaf_by_name_by_container_by_tool() -> None:
    ids = [{"id": "string"}]
    found = only(tool("get_user", returns={"id": "string", "role_id": "string", "pets": ids, "results": ids}))
    assert {leaf.pointer: leaf.entity for leaf in found.outputs} == {
        "/id": "user",
        "/role_id": "role",
        "/pets/[]/id": "pet",
        "/results/[]/id": "user",
    }


def test_synonyms_of_loop_yaml_join_entities() -> None:
    found = only(tool("get_staff", {"position_id": "string"}), entities={"position": "role", "staff": "employee"})
    assert (found.entity, found.inputs[0].entity) == ("employee", "role")


def test_call_names_are_short_plain_and_unique() -> None:
    names = call_names(
        [("gh", "repos/get"), ("gl", "repos.get"), ("gh", "x" * 80), ("gh", "x" * 80 + "y"), ("a", "ok")]
    )
    assert names["a/ok"] == "ok"
    assert names["gh/repos/get"] == "gh_repos_get"
    assert names["gl/repos.get"] == "gl_repos_get"
    assert len(set(names.values())) == 5
    assert all(len(name) <= 64 for name in names.values())


def test_facts_name_every_leaf_gate_and_effect() -> None:
    found = facts(catalog(tool("get_role", {"role_id": "string"}, returns={"title": "string"})))
    assert list(found) == [
        "hr/get_role effect",
        "hr/get_role gate",
        "hr/get_role input /role_id",
        "hr/get_role output /title",
    ]
    assert found["hr/get_role effect"] == "read"


def test_an_optional_parameter_moves_no_fact_that_stored_calls_read() -> None:
    old = facts(catalog(tool("x", {"a": "string"})))
    new = facts(catalog(tool("x", {"a": "string", "b?": "string"})))
    assert {name: new[name] for name in old} == old
    assert facts(catalog(tool("x", {"a": "string", "b": "string"})))["hr/x gate"] != old["hr/x gate"]


def test_a_catalog_survives_json() -> None:
    found = catalog(tool("get_role", {"n": {"type": "integer", "minimum": 1, "enum": [1, 2]}}, returns={"t": "string"}))
    assert from_json(ToolCatalog, to_json(found)) == found


@pytest.mark.parametrize("seed", ["0", "1", "7"])
def test_the_catalog_is_the_same_under_every_hash_seed(seed: str) -> None:
    program = (
        "import pathlib,sys;from loopbuild.digest import digest;from loopbuild.records import to_json;"
        "from loopbuild.stages.catalog import build_catalog;from loopbuild.stages.sources.toolspec import read;"
        "from loopbuild.stages.toolgraph import build_graph,to_svg,to_text;"
        "c=build_catalog([read(s,pathlib.Path(p).read_bytes(),file=p,settings={}) for s,p in "
        "[('hr',sys.argv[1]),('memory',sys.argv[2])]]);g=build_graph(c,{});"
        "print(digest('t',[to_json(c),to_json(g),to_svg(g,c),to_text(g,c)]))"
    )
    files = [str(EXAMPLES / "hr/tools/hr.json"), str(EXAMPLES / "memory/tools/memory.json")]
    answers = {
        subprocess.run(
            [sys.executable, "-c", program, *files],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": number},
            cwd=EXAMPLES.parent,
        ).stdout
        for number in (seed, "42")
    }
    assert len(answers) == 1


def test_a_changed_target_of_a_reference_changes_the_opaque_leaf_that_reaches_it() -> None:
    def fingerprint(kind: str, fan: int) -> str:
        many = {f"p{n}": {"$ref": "#/$defs/B"} for n in range(fan)}
        schema = {
            "type": "object",
            "properties": {"a": {"type": ["object", "string"], "properties": many}},
            "$defs": {"B": {"type": "object", "properties": {f"q{n}": {"$ref": "#/$defs/C"} for n in range(fan)}},
                      "C": {"type": kind}},
        }  # fmt: skip
        (leaf,) = only(schema_tool(schema)).inputs
        return leaf.fingerprint

    for fan in (2, 200):
        assert fingerprint("string", fan) != fingerprint("integer", fan)
        assert fingerprint("string", fan) == fingerprint("string", fan)


def test_schemas_that_unfold_without_end_are_read_within_seconds() -> None:
    """As deep as it goes where a call can be checked; where none can, nothing is unfolded to find that out."""
    wide = {f"D{level}": {"anyOf": [{"$ref": f"#/$defs/D{level + 1}"} for _ in range(20)]} for level in range(12)}
    deep = {
        f"E{level}": {"type": "object", "properties": {f"p{n}": {"$ref": f"#/$defs/E{level + 1}"} for n in range(12)}}
        for level in range(12)
    }
    properties = {
        "b": {"$ref": "#/$defs/E0"},
        "c": {"type": "string", "enum": [f"v{n}" for n in range(100_000)]},
        **{f"x{n}": {"type": "string"} for n in range(20_000)},
    }
    ends = {"D12": {"type": "string"}, "E12": {"type": "string"}}
    schema = {"type": "object", "properties": properties, "$defs": {**wide, **deep, **ends}}
    started = time.process_time()
    found = only(schema_tool(schema))
    with pytest.raises(AssertionError, match="unfold to more than"):
        catalog(schema_tool({**schema, "properties": {**properties, "a": {"$ref": "#/$defs/D0"}}}))
    assert time.process_time() - started < 12
    assert len(found.inputs) <= 2000


@pytest.mark.parametrize("schema", [{"additionalProperties": False}, {"description": "none"}, {"type": "object"}, {}])
def test_a_schema_without_properties_takes_no_parameter(schema: Json) -> None:
    assert pointers(schema) == []


def test_a_tool_whose_input_is_no_object_is_skipped() -> None:
    found = catalog(schema_tool({"type": "string"}, name="say"), schema_tool({}, name="get_time"))
    assert [one.name for one in found.tools] == ["get_time"]
    assert [one.message for one in found.diagnostics] == ["tool `hr/say` is skipped: its input is no object"]


@pytest.mark.parametrize(
    "broken",
    [
        {"properties": {"a": {}}, "required": True},
        {"enum": None},
        {"anyOf": [{"type": 5}, {"type": "object"}]},
        {"oneOf": [{"const": "a"}, {"enum": 3}]},
        {"type": [["string"]]},
    ],
)
def test_a_return_that_is_no_schema_tells_nothing_and_stops_no_other_tool(broken: Json) -> None:
    returns = {"type": "object", "properties": {"thing": broken}}
    found = catalog(schema_tool({}, output=returns), schema_tool({}, name="get_time", output={"type": "string"}))
    assert {one.name: [leaf.pointer for leaf in one.outputs] for one in found.tools} == {
        "get_thing": [], "get_time": [""],
    }  # fmt: skip
    assert "its declared return is not used" in found.diagnostics[0].message
