"""The JSON Schema editors use agrees with what `load` accepts and refuses."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from test_loop_example import EXAMPLE, uncommented

from loopbuild.documents import read_yaml
from loopbuild.loopfile.model import Loopfile
from loopbuild.loopfile.schema import json_schema

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
HR = {"hr": {"kind": "toolspec", "path": "hr.json"}}


def test_schema_is_a_schema_and_accepts_the_example() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for text in (EXAMPLE.read_text(), uncommented()):
        VALIDATOR.validate(read_yaml(text.encode(), file="loop.yaml").value)


@pytest.mark.parametrize(
    "settings",
    [
        {"filters": ["schema", {"diversity": {"floor": 2}}, {"dedup": None}, {"kind": "contract"}]},
        {"training": {"phases": {"teach": {"epochs": 3}}}},
        {"synthesis": {"budget_usd": 5}},
    ],
)
def test_what_load_accepts_the_schema_accepts(settings: dict[str, Any]) -> None:
    VALIDATOR.validate({"version": 1, "sources": HR, **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {"graph": {"min_scor": 1}},
        {"graph": {"min_score": 2}},
        {"graph": {"min_score": "0.5"}},
        {"sampling": {"per_tool": True}},
        {"filters": ["shema"]},
        {"filters": [{"dedup": {"threshold": 1}}]},
        {"filters": [{"schema": {}, "contract": {}}]},
        {"sources": {"HR": HR["hr"]}},
        {"sources": {}},
        {"sources": {"hr": {"kind": "toolspec"}}},
        {"training": {"phases": {"Teach": {}}}},
        {"version": 2},
        {"trainning": {}},
    ],
)
def test_what_load_refuses_the_schema_refuses(settings: dict[str, Any]) -> None:
    assert list(VALIDATOR.iter_errors({"version": 1, "sources": HR, **settings}))


def test_docstrings_under_fields_are_its_descriptions() -> None:
    share = SCHEMA["$defs"]["EvaluationSettings"]["properties"]["held_out"]
    assert share["description"] == "Share of call paths (of more than one step) no training row takes."
    assert "title" not in share


def test_no_scalar_is_read_laxly() -> None:
    """A new field typed `bool` or `int` instead of the strict aliases would accept "yes" or true."""
    wrong = {"boolean": "yes", "integer": True, "number": True, "string": 1}
    for name, definition in SCHEMA["$defs"].items():
        section = next(one for one in sections() if one.__name__ == name)
        for key, field in definition["properties"].items():
            types = [field.get("type"), *(option.get("type") for option in field.get("anyOf", ()))]
            for kind in wrong.keys() & set(types):
                with pytest.raises(ValueError, match=key):
                    section.model_validate({key: wrong[kind]})


def sections() -> list[Any]:
    from loopbuild.loopfile.sections.base import Section

    found, rest = [], [Section]
    while rest:
        found += (inner := rest.pop().__subclasses__())
        rest += inner
    assert Loopfile in found
    return found
