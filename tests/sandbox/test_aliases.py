"""Laws of recordings under new names: what was recorded of a tool is answered by it, whatever it is called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loopbuild.records import Json, ToolCatalog
from loopbuild.sandbox import open_sandbox
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.sandbox.recorded.aliases import renamed
from loopbuild.sandbox.recorded.cassette import read, write
from tests.sandbox.test_recorded import CATALOG, recorded

NEW = {
    "get_order": "read_order",
    "ship_order": "send_order",
    "read_order#/order_id": "/number",
    "send_order#/order_id": "/order_number",
}


def today() -> ToolCatalog:
    names = {f"shop/{old}": f"shop/{new}" for old, new in NEW.items() if "#" not in old}
    tools = tuple(replace(tool, id=names.get(tool.id, tool.id)) for tool in CATALOG.tools)
    return ToolCatalog(tools=tools)


def opened(root: Path, content: bytes, renames: dict[str, str]) -> Sandbox:
    (root / "shop.jsonl").write_bytes(content)
    settings: dict[str, Json] = {"kind": "recorded", "path": "shop.jsonl", "renames": renames}
    sandbox = open_sandbox(settings, today(), root=root, environment={}, source="shop")
    sandbox.open(0)
    return sandbox


@pytest.mark.parametrize("whole", [False, True])
def test_what_was_recorded_is_answered_under_new_names_after_writes_too(tmp_path: Path, whole: bool) -> None:
    content = recorded(tmp_path)
    said = {f"shop/{old}": f"shop/{new}" if "#" not in old else new for old, new in NEW.items()} if whole else NEW
    sandbox = opened(tmp_path, content, said)
    order = sandbox.call("shop/list_orders", {}).value["order_ids"][0]
    before = sandbox.call("shop/read_order", {"number": order})
    assert sandbox.call("shop/send_order", {"order_number": order}).status == "ok"
    after = sandbox.call("shop/read_order", {"number": order})
    assert before.value != after.value
    assert sandbox.state_diff()
    again = sandbox.call("shop/send_order", {"order_number": order})
    assert (again.status, again.code) != ("infra_error", "not_recorded")


def test_renames_of_nothing_change_nothing(tmp_path: Path) -> None:
    content = recorded(tmp_path)
    cassette = read(content, file="x")
    assert write(renamed(cassette, {}, source="shop")) == content
    assert write(renamed(cassette, {"no_such_tool": "nor_this"}, source="shop")) == content


def test_there_and_back_is_where_it_was(tmp_path: Path) -> None:
    content = recorded(tmp_path)
    there = renamed(read(content, file="x"), NEW, source="shop")
    assert write(there) != content
    back = {"read_order": "get_order", "send_order": "ship_order", "get_order#/number": "/order_id",
            "ship_order#/order_number": "/order_id"}  # fmt: skip
    assert write(renamed(there, back, source="shop")) == content


def test_what_was_recorded_under_a_new_name_counts_before_what_was_under_the_old(tmp_path: Path) -> None:
    cassette = read(recorded(tmp_path), file="x")
    one, answer = next((one, answer) for one, answer in cassette.calls.items() if one.tool == "shop/get_order")
    fresh = replace(answer, result=replace(answer.result, value={"fresh": True}))
    cassette.calls[replace(one, tool="shop/read_order")] = fresh
    found = renamed(cassette, {"get_order": "read_order"}, source="shop")
    assert found.calls[replace(one, tool="shop/read_order")] == fresh


def test_a_miss_names_the_tool_that_there_is_no_more(tmp_path: Path) -> None:
    content = recorded(tmp_path)
    sandbox = opened(tmp_path, content, {})
    order = sandbox.call("shop/list_orders", {}).value["order_ids"][0]
    hint = sandbox.call("shop/send_order", {"order_id": order}).value["hint"]
    assert "the same was asked of `get_order`, `ship_order`, which are no tools any more" in hint
    sandbox = opened(tmp_path, content, {"get_order": "read_order"})
    hint = sandbox.call("shop/send_order", {"order_id": order}).value["hint"]
    assert "the same was asked of `ship_order`, which is no tool any more: `renames: {ship_order: send_order}`" in hint


def test_a_miss_names_the_nearest_call(tmp_path: Path) -> None:
    sandbox = opened(tmp_path, recorded(tmp_path), NEW)
    hint = sandbox.call("shop/read_order", {"number": "ORD-9"}).value["hint"]
    assert "2 other calls of it were recorded, the nearest is shop/read_order(" in hint
