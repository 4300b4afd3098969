"""What changed between two catalogs: each class of change by an example, and what is no change."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from declared_tools import catalog, schema_tool, tool

from loopbuild.records import CatalogDiff, ToolCatalog
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.catalog.diff import diff_catalogs
from loopbuild.stages.catalog.facts import facts
from loopbuild.stages.sources.toolspec import read

HR = Path(__file__).parents[3] / "examples" / "hr"


def hr(folder: str) -> ToolCatalog:
    return build_catalog([read("hr", (HR / folder / "hr.json").read_bytes(), file="hr.json", settings={})])


def changes(old: Any, new: Any, **options: Any) -> list[tuple[str, str, str, str]]:
    return leaves_of(diff_catalogs(catalog(old), catalog(new), **options))


def leaves_of(diff: CatalogDiff) -> list[tuple[str, str, str, str]]:
    return [(leaf.change, leaf.level, leaf.pointer, leaf.detail) for item in diff.changes for leaf in item.leaves]


def x(parameters: Any = None, **rest: Any) -> dict[str, Any]:
    return tool("get_x", parameters, **rest)


def test_the_next_version_of_the_hr_tools_differs_in_exactly_four_ways() -> None:
    diff = diff_catalogs(hr("tools"), hr("next"))
    assert [(item.change, item.level, item.old_tool, item.tool) for item in diff.changes] == [
        ("added", "compatible", "", "hr/extend_offer"),
        ("renamed", "breaking", "hr/get_candidate", "hr/get_candidate_profile"),
        ("changed", "doc", "", "hr/get_leave_balance"),
        ("changed", "breaking", "", "hr/schedule_interview"),
    ]
    assert leaves_of(diff) == [
        ("description_changed", "doc", "", "its description"),
        ("parameter_added", "breaking", "/mode", "required parameter `mode`"),
    ]
    assert diff.notes == ()
    assert all(item.span is not None and item.span.line > 0 for item in diff.changes)


def test_the_facts_of_unchanged_hr_tools_stay() -> None:
    old, new = facts(hr("tools")), facts(hr("next"))
    moved = {name for name in old if new.get(name) != old[name]}
    assert moved == {
        "hr/get_candidate effect",
        "hr/get_candidate gate",
        "hr/get_candidate input /candidate_id",
        "hr/get_candidate output /email",
        "hr/get_candidate output /name",
        "hr/get_candidate output /years_experience",
        "hr/schedule_interview gate",
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (x(), x({"a": "string"}), ("parameter_added", "breaking", "/a", "required parameter `a`")),
        (x(), x({"a?": "string"}), ("parameter_added", "compatible", "/a", "optional parameter `a`")),
        (x({"a": "string"}), x(), ("parameter_removed", "breaking", "/a", "parameter `a` is gone")),
        (x({"a?": "string"}), x({"a": "string"}), ("became_required", "breaking", "/a", "is now required")),
        (x({"a": "string"}), x({"a?": "string"}), ("became_optional", "compatible", "/a", "is now optional")),
        (
            x({"a": "integer"}),
            x({"a": "number"}),
            ("type_changed", "compatible", "/a", "type was integer, is number"),
        ),
        (
            x({"a": "number"}),
            x({"a": "integer"}),
            ("type_changed", "breaking", "/a", "type was number, is integer"),
        ),
        (x({"a": "string"}), x({"a": ["string"]}), ("type_changed", "breaking", "/a/[]", "is a list now")),
        (
            x({"a": {"type": "string", "enum": ["onsite", "video"]}}),
            x({"a": {"type": "string", "enum": ["video"]}}),
            ("enum_changed", "breaking", "/a", "enum lost `onsite`"),
        ),
        (
            x({"a": {"type": "string", "enum": ["video"]}}),
            x({"a": {"type": "string", "enum": ["onsite", "video"]}}),
            ("enum_changed", "compatible", "/a", "enum gained `onsite`"),
        ),
        (
            x({"a": "string"}),
            x({"a": {"type": "string", "enum": ["b", "a"]}}),
            ("enum_changed", "breaking", "/a", "enum limits it to `a`, `b`"),
        ),
        (
            x({"a": {"type": "integer", "minimum": 1}}),
            x({"a": {"type": "integer", "minimum": 2}}),
            ("bounds_changed", "breaking", "/a", "bounds were 1.., are 2.."),
        ),
        (
            x({"a": {"type": "integer", "maximum": 9}}),
            x({"a": {"type": "integer"}}),
            ("bounds_changed", "compatible", "/a", "bounds were ..9, are none"),
        ),
        (
            x({"a": "string"}),
            x({"a": {"type": "string", "pattern": "^R"}}),
            ("pattern_changed", "breaking", "/a", "pattern was none, is `^R`"),
        ),
        (
            x({"a": {"type": "string", "format": "date"}}),
            x({"a": "string"}),
            ("format_changed", "compatible", "/a", "format was `date`, is none"),
        ),
        (
            x({"a": "string"}),
            x({"a": {"type": "string", "minLength": 3}}),
            ("constraints_changed", "breaking", "/a", "minLength was none, is `3`"),
        ),
        (
            x({"a?": {"type": "integer", "default": 1}}),
            x({"a?": {"type": "integer", "default": 2}}),
            ("default_changed", "behavioural", "/a", "default was 1, is 2"),
        ),
        (
            x(returns={"a": "string"}),
            x(returns={"a": "string", "b": "string"}),
            ("return_added", "compatible", "/b", "returns `b` as well"),
        ),
        (
            x(returns={"a": "string", "b": "string"}),
            x(returns={"a": "string"}),
            ("return_removed", "breaking", "/b", "return `b` is gone"),
        ),
        (
            x(returns={"a": "string"}),
            x(returns={"a": "integer"}),
            ("return_changed", "breaking", "/a", "type was string, is integer"),
        ),
        (
            x(returns={"a": "string"}),
            x(returns={"a?": "string"}),
            ("return_changed", "breaking", "/a", "may be missing now"),
        ),
        (
            x(returns={"a": ["string"]}),
            x(returns={"a": "string"}),
            ("return_changed", "breaking", "/a", "is no list any more"),
        ),
        (x(), x(description="new"), ("description_changed", "doc", "", "its description")),
        (
            x({"a": {"type": "string", "description": "old"}}),
            x({"a": {"type": "string", "description": "new"}}),
            ("description_changed", "doc", "/a", "description of `a`"),
        ),
        (
            x({"a": {"type": "string", "title": "A"}}),
            x({"a": {"type": "string"}}),
            ("wording_changed", "doc", "", "titles, examples or remarks"),
        ),
        (
            x({"role_id": "string"}),
            x({"job_role_id": "string"}),
            ("parameter_renamed", "breaking", "/job_role_id", "parameter `role_id` renamed to `job_role_id` (0.83)"),
        ),
    ],
)
def test_each_class_of_change(old: Any, new: Any, expected: tuple[str, str, str, str]) -> None:
    assert changes(old, new) == [expected]


def test_a_changed_effect_concerns_safety() -> None:
    entry = {**schema_tool({"type": "object"}), "annotations": {"destructiveHint": True}}
    assert changes(schema_tool({"type": "object"}), entry) == [
        ("effect_changed", "safety", "", "effect was read, is update")
    ]


def test_a_rule_between_parameters_is_seen_through_the_gate() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    found = changes(schema_tool(schema), schema_tool({**schema, "dependentRequired": {"a": ["b"]}}))
    assert [item[:2] for item in found] == [("rules_changed", "breaking")]


def test_reordering_references_and_spelling_are_no_change() -> None:
    old = schema_tool(
        {
            "type": "object",
            "properties": {
                "role": {"$ref": "#/$defs/Role"},
                "mode": {"type": "string", "enum": ["a", "b"]},
                "n": {"type": "integer", "minimum": 1},
            },
            "required": ["role", "mode"],
            "$defs": {"Role": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}},
        }
    )
    new = schema_tool(
        {
            "required": ["mode", "role"],
            "x-remark": 1,
            "$schema": "http://json-schema.org/draft-07/schema#",
            "properties": {
                "n": {"minimum": 1.0, "type": ["integer"]},
                "mode": {"enum": ["b", "a"], "type": "string"},
                "role": {"required": ["id"], "properties": {"id": {"type": "string"}}, "type": "object"},
            },
            "type": "object",
        }
    )
    before, after = catalog(old), catalog(new)
    assert diff_catalogs(before, after) == CatalogDiff()
    assert facts(before) == facts(after)
    for name in ("params", "returns", "docs", "gate"):
        assert getattr(before.tools[0], name) == getattr(after.tools[0], name)


def test_the_order_of_tools_leaves_no_trace() -> None:
    entries = [tool(f"get_{name}", {f"{name}_id": "string"}) for name in ("role", "user", "leave", "offer")]
    shuffled = entries[:]
    random.Random(3).shuffle(shuffled)
    assert facts(catalog(*entries)) == facts(catalog(*shuffled))
    assert diff_catalogs(catalog(*entries), catalog(*shuffled)) == CatalogDiff()


def test_a_description_edit_changes_docs_and_nothing_else() -> None:
    (old,), (new,) = catalog(x({"a": "string"})).tools, catalog(x({"a": "string"}, description="other")).tools
    assert old.docs != new.docs
    assert (old.params, old.returns, old.gate) == (new.params, new.returns, new.gate)
    assert facts(ToolCatalog(tools=(old,))) == facts(ToolCatalog(tools=(new,)))


def test_a_doubtful_rename_is_mentioned_and_not_believed() -> None:
    diff = diff_catalogs(
        catalog(tool("list_tags", {"repo": "string", "page?": "integer"}, description="List tags.")),
        catalog(tool("list_labels", {"repo": "string", "page?": "integer"}, description="List labels.")),
    )
    assert [item.change for item in diff.changes] == ["added", "removed"]
    assert diff.notes[0].startswith("`hr/list_tags` may have become `hr/list_labels` (0.")


def test_loop_yaml_settles_a_rename() -> None:
    old, new = catalog(tool("list_tags")), catalog(tool("enumerate_marks"))
    assert [item.change for item in diff_catalogs(old, new).changes] == ["added", "removed"]
    (item,) = diff_catalogs(old, new, renames={"hr/list_tags": "hr/enumerate_marks"}).changes
    assert (item.change, item.old_tool, item.score) == ("renamed", "hr/list_tags", 1.0)
    assert diff_catalogs(new, new, renames={"hr/list_tags": "hr/enumerate_marks"}) == CatalogDiff()


def test_loop_yaml_settles_a_parameter_rename() -> None:
    old, new = x({"who": "string"}), x({"employee_number": "string"})
    assert [item[0] for item in changes(old, new)] == ["parameter_added", "parameter_removed"]
    renames = {"hr/get_x#/who": "hr/get_x#/employee_number"}
    assert [item[0] for item in changes(old, new, renames=renames)] == ["parameter_renamed"]


def test_two_equally_good_renames_are_none() -> None:
    diff = diff_catalogs(
        catalog(tool("get_role", {"role_id": "string"})),
        catalog(tool("get_role_a", {"role_id": "string"}), tool("get_role_b", {"role_id": "string"})),
    )
    assert sorted(item.change for item in diff.changes) == ["added", "added", "removed"]
    assert len(diff.notes) == 1


def test_a_rename_with_another_change_shows_both() -> None:
    (item,) = diff_catalogs(
        catalog(tool("get_role", {"role_id": "string"}, returns={"title": "string"})),
        catalog(tool("get_role_profile", {"role_id": "string"}, returns={"title": "string", "level": "string"})),
    ).changes
    assert (item.change, [leaf.change for leaf in item.leaves]) == ("renamed", ["return_added"])


def test_hostile_names_are_escaped_in_details() -> None:
    found = changes(x(), x({"a\u202eb": "string"}))
    assert found[0][3] == "required parameter `a\\u202eb`"


def test_a_source_under_another_name_is_told_of() -> None:
    tools = [tool(f"get_{name}", {f"{name}_id": "string"}) for name in ("role", "team", "site")]
    found = diff_catalogs(catalog(*tools, source="hr"), catalog(*tools, source="people"))
    assert found.notes == (
        "3 of 3 tools that are gone from source `hr` came with source `people`: under its old name their rows would "
        "be kept",
    )
    other = diff_catalogs(catalog(*tools, source="hr"), catalog(tool("find_cat", {"cat": "string"}), source="pets"))
    assert other.notes == ()
