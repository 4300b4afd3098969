"""What holds for every kind of sandbox, over the same shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loopbuild.digest import canonical
from loopbuild.records import Json, ToolResult, to_json
from loopbuild.sandbox.protocol import EVAL_FIXTURES, Sandbox
from loopbuild.sandbox.recorded.recorder import Recorder
from tests.sandbox.kinds import BREAK, KINDS, replaying, shop_catalog, shop_sandbox

pytest.importorskip("mcp")

Law = Callable[[Sandbox], None]


@pytest.fixture(params=KINDS)
def hold(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Law], None]]:
    """Run a law on a kind; on a recorded one while recording, and again from the file alone."""
    with shop_sandbox(request.param, tmp_path) as sandbox:

        def run(law: Law) -> None:
            law(sandbox)
            if isinstance(sandbox, Recorder):
                played = replaying(sandbox, shop_catalog(), tmp_path)
                law(played)
                played.close()

        yield run


def value(sandbox: Sandbox, tool: str, **arguments: Json) -> Json:
    result = sandbox.call(f"shop/{tool}", arguments)
    assert result.status == "ok", result
    return result.value


def picture(sandbox: Sandbox) -> bytes:
    """Everything that reading shows."""
    orders = value(sandbox, "list_orders")["order_ids"]
    rows = [value(sandbox, "get_order", order_id=order) for order in orders]
    customers = [value(sandbox, "get_customer", customer_id=row["customer_id"]) for row in rows]
    return canonical([orders, rows, customers])


def some_writes(sandbox: Sandbox) -> None:
    """Ship the first order and make another for its customer."""
    order = value(sandbox, "list_orders")["order_ids"][0]
    customer = value(sandbox, "get_order", order_id=order)["customer_id"]
    value(sandbox, "ship_order", order_id=order)
    value(sandbox, "create_order", customer_id=customer, total=7)


def test_whether_its_state_is_seen_is_known_before_it_is_open(hold: Callable[[Law], None]) -> None:
    def law(sandbox: Sandbox) -> None:
        if isinstance(sandbox, Recorder):
            sandbox.open(0)
        assert sandbox.sees_state

    hold(law)


def test_reset_gives_the_first_state_again(hold: Callable[[Law], None]) -> None:
    def law(sandbox: Sandbox) -> None:
        for fixture in (0, EVAL_FIXTURES):
            sandbox.open(fixture)
            before = picture(sandbox)
            some_writes(sandbox)
            assert picture(sandbox) != before
            assert sandbox.state_diff()
            sandbox.open(fixture)
            assert picture(sandbox) == before
            assert sandbox.state_diff() == ()

    hold(law)


def test_restore_is_identity_and_works_in_any_order(hold: Callable[[Law], None]) -> None:
    def law(sandbox: Sandbox) -> None:
        sandbox.open(1)
        start, first = sandbox.snapshot(), picture(sandbox)
        some_writes(sandbox)
        later, second, diff = sandbox.snapshot(), picture(sandbox), sandbox.state_diff()
        value(sandbox, "delete_order", order_id=value(sandbox, "list_orders")["order_ids"][1])
        for token, seen, facts in (
            (later, second, diff),
            (start, first, ()),
            (later, second, diff),
            (start, first, ()),
        ):
            sandbox.restore(token)
            assert picture(sandbox) == seen
            assert to_json(sandbox.state_diff()) == to_json(facts)

    hold(law)


def test_what_follows_a_restore_is_what_followed_before(hold: Callable[[Law], None]) -> None:
    def law(sandbox: Sandbox) -> None:
        sandbox.open(0)
        token = sandbox.snapshot()
        seen = []
        for _ in range(2):
            some_writes(sandbox)
            seen.append((picture(sandbox), to_json(sandbox.state_diff())))
            sandbox.restore(token)
        assert seen[0] == seen[1]

    hold(law)


def test_a_refused_call_changes_no_state(hold: Callable[[Law], None]) -> None:
    def law(sandbox: Sandbox) -> None:
        sandbox.open(0)
        some_writes(sandbox)
        before, diff = picture(sandbox), sandbox.state_diff()
        order = value(sandbox, "list_orders")["order_ids"][0]
        refused = [
            ("ship_order", {"order_id": order}, "conflict"),
            ("get_order", {"order_id": "ORD-0"}, "not_found"),
            ("delete_order", {"order_id": "ORD-0"}, "not_found"),
            ("create_order", {"customer_id": "nobody"}, "not_found"),
            ("fly", {}, "unknown_tool"),
        ]
        for tool, arguments, code in refused:
            result = sandbox.call(f"shop/{tool}", arguments)
            assert (result.status, result.code) == ("tool_error", code), (tool, result)
            assert sandbox.state_diff() == diff
        assert picture(sandbox) == before

    hold(law)


def test_reading_leaves_no_difference(hold: Callable[[Law], None]) -> None:
    def law(sandbox: Sandbox) -> None:
        sandbox.open(2)
        for leaf in ("/order_id", "/status"):
            sandbox.known("shop/get_order", leaf)
        assert picture(sandbox) == picture(sandbox)
        assert sandbox.state_diff() == ()

    hold(law)


def test_known_values_are_values_calls_accept(hold: Callable[[Law], None]) -> None:
    def law(sandbox: Sandbox) -> None:
        for fixture in (0, EVAL_FIXTURES):
            sandbox.open(fixture)
            orders = sandbox.known("shop/get_order", "/order_id")
            assert orders == sandbox.known("shop/get_order", "/order_id") != ()
            assert all(value(sandbox, "get_order", order_id=order)["order_id"] == order for order in orders[:3])
            assert sandbox.known("shop/get_order", "/nothing") == ()

    hold(law)


def test_every_answer_has_a_canonical_form_and_every_error_a_code(hold: Callable[[Law], None]) -> None:
    def law(sandbox: Sandbox) -> None:
        sandbox.open(0)
        order = value(sandbox, "list_orders")["order_ids"][0]
        calls: list[tuple[str, Json]] = [
            ("list_orders", {}), ("get_order", {"order_id": order}), ("get_order", {"order_id": ""}),
            ("get_order", {"order_id": "../orders"}), ("get_order", {"order_id": "ä/ö ?#%"}),
        ]  # fmt: skip
        for tool, arguments in calls:
            result = sandbox.call(f"shop/{tool}", arguments)
            canonical(result.value)
            assert (result.status == "ok") == (result.code == ""), result
            assert result.status != "infra_error"

    hold(law)


@pytest.mark.parametrize("kind", ["python", "mcp", "http", "recorded:python", "recorded:http"])
def test_a_broken_sandbox_is_never_a_refusal_and_comes_back(kind: str, tmp_path: Path) -> None:
    with shop_sandbox(kind, tmp_path, BREAK) as sandbox:
        sandbox.open(0)
        before = picture(sandbox)
        broken: ToolResult = sandbox.call("shop/break_down", {})
        assert broken.status == "infra_error"
        assert broken.code
        sandbox.open(0)
        assert picture(sandbox) == before
        assert sandbox.state_diff() == ()
        if isinstance(sandbox, Recorder):
            assert not [one for one in sandbox.cassette.calls if one.tool == "shop/break_down"]
