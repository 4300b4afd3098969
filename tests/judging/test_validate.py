"""What a call may look like, and how a wrong one is named."""

from __future__ import annotations

import pytest

from loopbuild.errors import SourceError
from loopbuild.judging.validate import Validator, closed
from loopbuild.records import Json, ToolCatalog, ToolSchema

SCHEMA = {
    "type": "object",
    "properties": {
        "role_id": {"type": "string", "pattern": "^R-[0-9]+$"},
        "mode": {"enum": ["onsite", "video"]},
        "day": {"type": "string", "format": "date"},
        "count": {"type": "integer", "minimum": 1},
        "tags": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "free": {"type": "object"},
    },
    "required": ["role_id"],
}


def validator(schema: Json) -> Validator:
    tool = ToolSchema(id="hr/x", source="hr", name="x", call_name="x", input_schema=schema)
    return Validator(ToolCatalog(tools=(tool,)))


@pytest.mark.parametrize(
    ("arguments", "code", "pointer"),
    [
        ({}, "missing_required", "/role_id"),
        ({"role_id": 7}, "wrong_type", "/role_id"),
        ({"role_id": "seven"}, "bad_format", "/role_id"),
        ({"role_id": "R-7", "mode": "phone"}, "bad_enum", "/mode"),
        ({"role_id": "R-7", "day": "tomorrow"}, "bad_format", "/day"),
        ({"role_id": "R-7", "count": 0}, "bad_value", "/count"),
        ({"role_id": "R-7", "count": "1"}, "wrong_type", "/count"),
        ({"role_id": "R-7", "colour": "red"}, "extra_argument", "/colour"),
        ({"role_id": "R-7", "tags": [{"name": "a"}, {"label": "b"}]}, "extra_argument", "/tags/1/label"),
        ([], "wrong_type", ""),
    ],
)
def test_each_fault_has_its_code_and_its_place(arguments: Json, code: str, pointer: str) -> None:
    assert [(fault.code, fault.pointer) for fault in validator(SCHEMA).check("hr/x", arguments)] == [(code, pointer)]


def test_a_right_call_has_no_fault() -> None:
    arguments = {"role_id": "R-7", "mode": "video", "day": "2026-01-31", "tags": [{"name": "a"}], "free": {"any": 1}}
    assert validator(SCHEMA).check("hr/x", arguments) == ()


def test_an_unknown_tool_is_a_fault_of_its_own() -> None:
    assert [fault.code for fault in validator(SCHEMA).check("hr/y", {})] == ["unknown_tool"]


def test_a_tool_without_parameters_takes_none() -> None:
    for schema in ({}, {"type": "object"}, {"type": "object", "properties": {}}):
        assert validator(schema).check("hr/x", {}) == ()
        assert [fault.code for fault in validator(schema).check("hr/x", {"a": 1})] == ["extra_argument"]


def test_an_open_schema_stays_open() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True}
    assert validator(schema).check("hr/x", {"a": "b", "c": 1}) == ()
    branches = {"type": "object", "properties": {"a": {}}, "anyOf": [{"properties": {"b": {}}}]}
    assert closed(branches) == branches


def test_all_faults_are_told_at_once() -> None:
    codes = [fault.code for fault in validator(SCHEMA).check("hr/x", {"mode": "phone", "colour": 1})]
    assert sorted(codes) == ["bad_enum", "extra_argument", "missing_required"]


def test_a_reference_to_the_network_is_refused_without_a_request() -> None:
    remote = {"type": "object", "properties": {"a": {"$ref": "https://example.invalid/schema.json"}}}
    with pytest.raises(SourceError):
        validator(remote).check("hr/x", {"a": 1})


def test_a_catastrophic_pattern_is_harmless() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    assert validator(schema).check("hr/x", {"a": "a" * 50 + "!"})
