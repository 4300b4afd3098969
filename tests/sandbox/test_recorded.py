"""Laws of recordings: what is asked again is answered the same, what was not asked is an error, what is private is not
in the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loopbuild.errors import SandboxError
from loopbuild.records import Json
from loopbuild.sandbox import open_sandbox
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.sandbox.recorded.cassette import Cassette, facts_of, read, write
from loopbuild.sandbox.recorded.masking import Masks, named_secrets
from loopbuild.sandbox.recorded.recorder import Recorder
from tests.sandbox.kinds import replaying, shop_catalog, shop_sandbox
from tests.sandbox.tools import catalog

CATALOG = shop_catalog()


def recorded(root: Path, kind: str = "python") -> bytes:
    """A recording of one order shipped."""
    with shop_sandbox(kind, root) as inner:
        recorder = Recorder(inner, CATALOG.by_id(), masks=Masks(CATALOG.tools, secrets=()), kind=kind)
        recorder.open(0)
        order = recorder.call("shop/list_orders", {}).value["order_ids"][0]
        customer = recorder.call("shop/get_order", {"order_id": order}).value["customer_id"]
        recorder.call("shop/get_customer", {"customer_id": customer})
        recorder.call("shop/ship_order", {"order_id": order})
        recorder.call("shop/get_order", {"order_id": order})
        recorder.call("shop/ship_order", {"order_id": order})
        return write(recorder.cassette)


def opened(root: Path, content: bytes, **more: Json) -> Sandbox:
    (root / "shop.jsonl").write_bytes(content)
    settings = {"kind": "recorded", "path": "shop.jsonl", **more}
    sandbox = open_sandbox(settings, CATALOG, root=root, environment={}, source="shop")
    sandbox.open(0)
    return sandbox


def test_recording_twice_gives_the_same_bytes_and_reading_loses_nothing(tmp_path: Path) -> None:
    content = recorded(tmp_path)
    assert recorded(tmp_path) == content
    assert write(read(content, file="x")) == content
    lines = content.splitlines()
    assert lines[1:] == sorted(lines[1:])
    assert b'"line":"world"' in lines[0]


def test_what_was_not_recorded_is_no_verdict_or_a_refusal_but_never_a_call(tmp_path: Path) -> None:
    content = recorded(tmp_path)
    sandbox = opened(tmp_path, content)
    order = sandbox.call("shop/list_orders", {}).value["order_ids"][0]
    for _ in range(2):
        miss = sandbox.call("shop/get_order", {"order_id": "ORD-9"})
        assert (miss.status, miss.code) == ("infra_error", "not_recorded")
        assert miss.value["error"] == 'no recording of shop/get_order({"order_id":"ORD-9"}) after 0 writes in world 0'
        assert "2 other calls of it were recorded" in miss.value["hint"]
        assert "loopbuild build --record shop" in miss.value["hint"]
    sandbox.call("shop/ship_order", {"order_id": order})
    later = sandbox.call("shop/list_orders", {})
    assert "after 1 write " in later.value["error"]
    assert "the same call was recorded after other writes" in later.value["hint"]
    sandbox.open(5)
    assert "recorded in world 0" in sandbox.call("shop/list_orders", {}).value["hint"]
    lenient = opened(tmp_path, content, on_miss="tool_error")
    refused = lenient.call("shop/get_order", {"order_id": "ORD-9"})
    assert (refused.status, refused.code) == ("tool_error", "not_recorded")
    assert lenient.call("shop/fly", {}).code == "unknown_tool"


def test_the_same_question_in_another_state_has_another_answer(tmp_path: Path) -> None:
    sandbox = opened(tmp_path, recorded(tmp_path))
    order = sandbox.call("shop/list_orders", {}).value["order_ids"][0]
    token = sandbox.snapshot()
    for _ in range(2):
        assert sandbox.call("shop/get_order", {"order_id": order}).value["status"] == "placed"
        sandbox.call("shop/ship_order", {"order_id": order})
        assert sandbox.call("shop/get_order", {"order_id": order}).value["status"] == "shipped"
        assert sandbox.call("shop/ship_order", {"order_id": order}).code == "conflict"
        assert [fact.after for fact in sandbox.state_diff()] == ["shipped"]
        sandbox.restore(token)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "is empty"),
        (b"nonsense", "shop.jsonl:1: this is no line of a recording"),
        (b'{"line": "call"}', "the line `world` stands first"),
        (b'{"line": "world", "version": 9}', "a recording of version 9 cannot be read"),
        (b'{"line": "world", "version": 1}', "missing `kind`"),
        (b"[]", "shop.jsonl:1: this is no line of a recording"),
    ],
)
def test_a_damaged_recording_names_its_line(tmp_path: Path, line: bytes, said: str) -> None:
    with pytest.raises(SandboxError) as caught:
        opened(tmp_path, line)
    assert said in caught.value.message
    assert "--record" in caught.value.hint


def test_any_cut_of_a_recording_is_read_or_refused_and_never_a_crash(tmp_path: Path) -> None:
    content = recorded(tmp_path)
    hints = []
    for end in range(0, len(content), 37):
        try:
            opened(tmp_path, content[:end])
        except SandboxError as error:
            hints.append(error.hint)
    assert len(hints) > 20
    assert all(hints)


def test_a_row_depends_on_the_recordings_of_its_own_tools(tmp_path: Path) -> None:
    cassette = read(recorded(tmp_path), file="x")
    before = facts_of(write(cassette), source="shop")
    cassette.calls = {one: answer for one, answer in cassette.calls.items() if one.tool != "shop/get_customer"}
    after = facts_of(write(cassette), source="shop")
    assert {name for name in before if before[name] != after.get(name)} == {"recording shop/get_customer"}


def test_broken_calls_are_not_recorded(tmp_path: Path) -> None:
    class Broken:
        name, fixtures, sees_state = "shop", 1, False

        def __getattr__(self, name: str) -> object:
            from loopbuild.records import ToolResult

            lost = ToolResult(status="infra_error", value={}, code="timeout")
            return lambda *_: lost if name == "call" else ()

    recorder = Recorder(Broken(), CATALOG.by_id(), masks=Masks(CATALOG.tools, secrets=()), kind="http")  # type: ignore[arg-type]
    recorder.open(0)
    assert recorder.call("shop/list_orders", {}).status == "infra_error"
    assert recorder.cassette.calls == {}


# What is private


def test_people_leave_no_trace_and_chains_still_hold(tmp_path: Path) -> None:
    content = recorded(tmp_path)
    for private in (b"Ada Quirk", b"ada@corp.net", b"+49 30 1234567"):
        assert private not in content
    sandbox = opened(tmp_path, content)
    order = sandbox.call("shop/list_orders", {}).value["order_ids"][0]
    customer = sandbox.call("shop/get_order", {"order_id": order}).value["customer_id"]
    shown = sandbox.call("shop/get_customer", {"customer_id": customer}).value
    assert shown["email"] == "person1@masked.example"
    assert shown["phone"].startswith("+999 ")


PEOPLE = catalog(
    [
        {"name": "find_employee", "parameters": {"name": "string"},
         "returns": {"employee": {"name": "string", "email": "string"}, "note": "string"}},
        {"name": "login", "parameters": {"user": "string"}, "returns": {"access_token": "string"}},
    ],
    "hr",
)  # fmt: skip


def masks(*secrets: str, keeps_personal: bool = False) -> Masks:
    return Masks(PEOPLE.tools, secrets=secrets, keeps_personal=keeps_personal)


def test_a_pseudonym_goes_out_as_the_true_value() -> None:
    mask = masks()
    shown = mask.result(
        "hr/find_employee", {"employee": {"name": "Jo Doe", "email": "jo@corp.net"}, "note": "call Jo Doe"}
    )
    name = shown["employee"]["name"]
    assert name != "Jo Doe"
    assert shown["note"] == f"call {name}"
    assert mask.unmasked({"name": name, "text": f"to {shown['employee']['email']}"}) == {
        "name": "Jo Doe", "text": "to jo@corp.net",
    }  # fmt: skip
    assert mask.result("hr/find_employee", {"employee": {"name": "Jo Doe"}})["employee"]["name"] == name
    assert mask.pseudonyms.counts(json.dumps(shown).encode()) == {"person": 1, "email": 1}


def test_what_we_said_ourselves_is_nobodys_secret() -> None:
    mask = masks()
    mask.unmasked({"name": "Ann Made-Up", "email": "ann@made-up.net"})
    value = {"employee": {"name": "Ann Made-Up", "email": "ann@made-up.net"}}
    assert mask.result("hr/find_employee", value) == value


def test_a_name_that_is_known_too_late_is_noticed() -> None:
    mask = masks()
    early = mask.result("hr/find_employee", {"note": "Jo Doe called"})
    assert early["note"] == "Jo Doe called"
    mask.result("hr/find_employee", {"employee": {"name": "Jo Doe"}})
    assert mask.pseudonyms.leaks(json.dumps(early).encode())
    again = mask.result("hr/find_employee", {"note": "Jo Doe called"})
    assert not mask.pseudonyms.leaks(json.dumps(again).encode())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jo.doe+x@mail.corp.net today", "email"),
        ("ring +44 20 7946 0958 after six", "phone"),
        ("paid with 4111 1111 1111 1111.", "card"),
        ("IBAN DE89 3704 0044 0532 0130 00", "iban"),
        ("key sk-live-abcdefghij0123456789", "secret"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "secret"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ", "secret"),
    ],
)
def test_private_things_inside_texts_are_found(text: str, kind: str) -> None:
    mask = masks()
    masked = mask.plain(text)
    assert mask.pseudonyms.counts(masked.encode()) == {kind: 1}
    assert not mask.pseudonyms.leaks(masked.encode())
    assert mask.unmasked(masked) == text


@pytest.mark.parametrize(
    "text",
    [
        "ORD-1042", "2026-01-15T09:00:00Z", "jo@corp.example", "1234 5678 9012 3456", "page 12 of 4000", "R-68996",
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "next_page_token", "b3:0123456789abcdef0123456789abcdef",
        "+1", "12.50", "https://corp.example/x?page=2",
    ],
)  # fmt: skip
def test_what_is_nobodys_stays(text: str) -> None:
    mask = masks()
    assert mask.plain(text) == text
    assert mask.pseudonyms.made == {}


def test_secrets_go_by_their_field_and_by_the_variables_that_hold_them() -> None:
    mask = masks("the-token-of-tests")
    shown = mask.result(
        "hr/login", {"access_token": "abc123", "said": "you sent the-token-of-tests", "page_token": "p2"}
    )
    assert shown == {"access_token": "masked-secret-1", "said": "you sent ***", "page_token": "p2"}
    assert mask.unmasked({"token": "masked-secret-1"}) == {"token": "abc123"}
    kept = masks("the-token-of-tests", keeps_personal=True)
    assert kept.plain("jo@corp.net and the-token-of-tests") == "jo@corp.net and ***"
    settings = {"auth": {"kind": "basic", "user": "U", "password": "P"}, "env": {"KEY": "${K}"}}
    assert set(named_secrets(settings, {"U": "me", "P": "pw", "K": "key", "OTHER": "x"})) == {"me", "pw", "key"}


def test_keys_of_the_state_are_masked_like_the_fields(tmp_path: Path) -> None:
    with shop_sandbox("python", tmp_path) as inner:
        recorder = Recorder(inner, CATALOG.by_id(), masks=Masks(CATALOG.tools, secrets=()), kind="python")
        recorder.open(0)
        order = recorder.call("shop/list_orders", {}).value["order_ids"][0]
        recorder.call("shop/delete_order", {"order_id": order})
        played = replaying(recorder, CATALOG, tmp_path)
        played.open(0)
        played.call("shop/delete_order", {"order_id": order})
        assert played.state_diff() == recorder.state_diff() != ()
        assert read(write(recorder.cassette), file="x") == recorder.cassette
        assert Cassette() != recorder.cassette
