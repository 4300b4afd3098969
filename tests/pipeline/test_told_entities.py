"""What loop.yaml says of things decides what a row depends on and what it is worth, as it decides what is answered."""

from __future__ import annotations

import json
from typing import Any

from loopbuild.pipeline.fidelity import fidelity, sandbox_kinds
from loopbuild.records import Json, ToolCatalog
from loopbuild.sandbox.simulated.meaning import meanings
from loopbuild.stages.catalog import build_catalog
from loopbuild.stages.sources.toolspec import read
from tests.sandbox.test_declared import SAID, STORE


def catalog(tools: list[Any]) -> ToolCatalog:
    settings = {"effects": {"put_object": "create"}}
    return build_catalog([read("store", json.dumps(tools).encode(), file="store.json", settings=settings)])


def settings(entities: Json) -> Json:
    return {"sources": {"store": {}}, "sandbox": {"kind": "simulated", "entities": entities}}


def test_a_tool_that_was_told_about_answers_out_of_a_world_and_not_only_in_the_right_form() -> None:
    assert set(fidelity(catalog(STORE), sandbox_kinds(settings({}))).values()) == {"opaque"}
    assert set(fidelity(catalog(STORE), sandbox_kinds(settings(SAID))).values()) == {"simulated"}


def test_what_another_tool_decides_about_one_that_was_told_about_is_noticed() -> None:
    """`size` is a column of objects for both, so that what one says of it counts for what the other shows."""
    shown = {"content": "string", "size": "integer"}
    before = [one if one["name"] != "get_object" else {**one, "returns": shown} for one in STORE]
    small = {"type": "integer", "maximum": 9}
    listed = {"objects": [{"key": "string", "size": small}]}
    after = [one if one["name"] != "list_objects" else {**one, "returns": listed} for one in before]
    told = {"store": SAID | {"object": {**SAID["object"], "fields": ["size"]}}}
    old, new = (meanings(catalog(tools), told)["store/get_object"] for tools in (before, after))
    assert old != new
