"""Laws of the HTTP sandbox, against a real service on loopback."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loopbuild.errors import LoopfileError, SandboxError
from loopbuild.records import Json, ToolResult, ToolSchema
from loopbuild.sandbox import open_sandbox
from loopbuild.sandbox.http import HttpSandbox
from loopbuild.sandbox.http.requests import Request, Unplaceable, request_of
from loopbuild.sandbox.http.turn import Turn
from loopbuild.sandbox.patience import GivenUp, forget_losses
from tests.sandbox.kinds import http_settings, shop_catalog
from tests.sandbox.shop import Service, serving, slowly

SECRET = "s3cr3t-of-the-tests"


@contextmanager
def shop(service: Service, *, environment: dict[str, str] | None = None, **more: Json) -> Iterator[HttpSandbox]:
    """A sandbox over the service; what is given replaces the settings of one that may write."""
    settings = http_settings(service.url, **more)
    sandbox = open_sandbox(
        {key: item for key, item in settings.items() if item is not None},
        shop_catalog(),
        root=Path(),
        environment=environment or {},
        source="shop",
    )
    assert isinstance(sandbox, HttpSandbox)
    try:
        sandbox.open(0)
        service.seen.clear()
        yield sandbox
    finally:
        sandbox.close()


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as running:
        yield running


def first_order(sandbox: HttpSandbox) -> str:
    found: str = sandbox.call("shop/list_orders", {}).value["order_ids"][0]
    return found


def tool(places: dict[str, str], path: str = "/things", method: str = "get", **transport: Json) -> ToolSchema:
    made = shop_catalog().tools[0]
    return replace(made, transport={"method": method, "path": path, "in": places, **transport})


def test_every_argument_goes_where_the_document_says() -> None:
    places = {"id": "path", "q": "query", "tags": "query", "X-Trace": "header", "theme": "cookie", "note": "body",
              "count": "body"}  # fmt: skip
    arguments = {"id": "a/b ?", "q": "x&y=ü", "tags": ["one", "two"], "X-Trace": "7", "theme": "dark blue",
                 "note": "ü", "count": None}  # fmt: skip
    request = request_of(tool(places, "/things/{id}", "post"), arguments)
    assert request == Request(
        method="POST",
        path="/things/a%2Fb%20%3F",
        query="q=x%26y%3D%C3%BC&tags=one&tags=two",
        headers=(("X-Trace", "7"), ("Cookie", "theme=dark%20blue")),
        body='{"count": null, "note": "ü"}'.encode(),
        media="application/json",
    )
    whole = request_of(tool({"body": "body:*"}, method="put", media="application/merge-patch+json"), {"body": [1, 2]})
    assert (whole.body, whole.media) == (b"[1, 2]", "application/merge-patch+json")
    form = request_of(tool({"a": "body", "b": "body"}, method="post", media="form"), {"a": "x y", "b": [True, 2]})
    assert (form.body, form.media) == (b"a=x%20y&b=true&b=2", "application/x-www-form-urlencoded")
    parts = request_of(tool({"a": "body"}, method="post", media="multipart/form-data"), {"a": "x"})
    assert b'name="a"\r\n\r\nx\r\n' in (parts.body or b"")
    assert request_of(tool({"all": "querystring"}), {"all": "?a=1&b"}).query == "a=1&b"


@pytest.mark.parametrize(
    ("style", "value", "query"),
    [
        ({}, {"a": 1, "b": True}, "a=1&b=true"),
        ({"style": "deepObject"}, {"a": 1, "b": "x"}, "f%5Ba%5D=1&f%5Bb%5D=x"),
        ({"style": "form", "explode": False}, [1, 2], "f=1%2C2"),
        ({"style": "form", "explode": False}, {"a": 1}, "f=a%2C1"),
        ({"style": "pipeDelimited"}, ["a", "b"], "f=a%7Cb"),
        ({"style": "spaceDelimited"}, ["a", "b"], "f=a%20b"),
        ({}, [], ""),
        ({}, None, ""),
    ],
)
def test_lists_and_objects_in_a_query_are_spelled_as_declared(style: Json, value: Json, query: str) -> None:
    assert request_of(tool({"f": "query"}, style={"f": style}), {"f": value}).query == query


def test_two_parameters_of_one_name_keep_it_in_the_request() -> None:
    request = request_of(tool({"id": "path", "query_id": "query"}, "/x/{id}"), {"id": "1", "query_id": "2"})
    assert (request.path, request.query) == ("/x/1", "id=2")
    named = request_of(tool({"since": "query"}, names={"since": "created[gte]"}), {"since": 3})
    assert named.query == "created%5Bgte%5D=3"


@pytest.mark.parametrize(
    ("places", "path", "arguments"),
    [
        ({"id": "path"}, "/x/{id}", {}),
        ({"id": "path"}, "/x/{id}", {"id": ".."}),
        ({"id": "path"}, "/x/{id}", {"id": ""}),
        ({"host": "header"}, "/x", {"host": "evil.example"}),
        ({"Authorization": "header"}, "/x", {"Authorization": "Bearer mine"}),
        ({"x": "header"}, "/x", {"x": "a\r\nHost: evil.example"}),
        ({"c": "cookie"}, "/x", {"c": "a\nb"}),
        ({}, "/x", {"surplus": 1}),
    ],
)
def test_what_cannot_be_a_request_is_refused(places: dict[str, str], path: str, arguments: Json) -> None:
    with pytest.raises(Unplaceable):
        request_of(tool(places, path), arguments)


def test_without_leave_only_reads_reach_the_service(service: Service) -> None:
    with shop(service, allow_writes=None, allow_destructive=None) as sandbox:
        order = first_order(sandbox)
        service.seen.clear()
        for name, arguments in (("ship_order", {"order_id": order}), ("create_order", {"customer_id": "CUS-100"})):
            result = sandbox.call(f"shop/{name}", arguments)
            assert (result.status, result.code) == ("tool_error", "read_only")
            assert "`allow_writes`" in result.value["message"]
        refused = sandbox.call("shop/delete_order", {"order_id": order})
        assert "`allow_destructive`" in refused.value["message"]
        assert service.seen == []


def test_a_write_needs_a_reset_and_each_method_its_leave(service: Service) -> None:
    with shop(service, reset=None) as sandbox:
        result = sandbox.call("shop/ship_order", {"order_id": first_order(sandbox)})
        assert (result.code, "declares no `reset`" in result.value["message"]) == ("no_reset", True)
    with shop(service, allow_writes=False, allow_methods=["PUT"], allow_destructive=["get_*"]) as sandbox:
        order = first_order(sandbox)
        assert sandbox.call("shop/ship_order", {"order_id": order}).code == "read_only"
        assert sandbox.call("shop/delete_order", {"order_id": order}).code == "read_only"
    with shop(service, allow_writes=False, allow_methods=["POST"]) as sandbox:
        assert sandbox.call("shop/ship_order", {"order_id": first_order(sandbox)}).status == "ok"


AUTHS = [
    ({"kind": "bearer", "token": "SHOP_TOKEN"}, "Authorization", f"Bearer {SECRET}"),
    ({"kind": "header", "name": "X-Api-Key", "token": "SHOP_TOKEN"}, "X-Api-Key", SECRET),
    (
        {"kind": "basic", "user": "SHOP_USER", "password": "SHOP_TOKEN"},
        "Authorization",
        "Basic " + base64.b64encode(f"till:{SECRET}".encode()).decode(),
    ),
]


@pytest.mark.parametrize(("auth", "header", "sent"), AUTHS)
def test_credentials_come_from_variables_and_go_to_the_service_alone(
    service: Service, auth: Json, header: str, sent: str
) -> None:
    """The service even says them back, in answers and in errors; nobody else ever sees them."""
    with shop(service, auth=auth, environment={"SHOP_TOKEN": SECRET, "SHOP_USER": "till"}) as sandbox:
        results: list[ToolResult] = []
        for status in (200, 404, 500, 401):

            def echo(handler: Any, status: int = status) -> bool:
                handler.answer(status, {"you said": handler.headers[header]})
                return True

            service.trouble = echo
            results.append(sandbox.call("shop/list_orders", {}))
        assert {asked["headers"][header] for asked in service.seen} == {sent}
        told = json.dumps([result.value for result in results]) + repr(results)
        assert SECRET not in told
        assert sent.split()[-1] not in told
        assert [result.code for result in results] == ["", "not_found", "server_error", "unauthorized"]
        assert "***" in told


def test_a_variable_that_is_missing_or_no_header_is_named_without_its_value(service: Service) -> None:
    auth = {"kind": "bearer", "token": "SHOP_TOKEN"}
    with pytest.raises(LoopfileError, match="`SHOP_TOKEN` is not set"), shop(service, auth=auth):
        pass
    with pytest.raises(LoopfileError) as caught, shop(service, auth=auth, environment={"SHOP_TOKEN": "line\nbreak"}):
        pass
    assert "line" not in caught.value.message
    with pytest.raises(LoopfileError, match="more than scheme, host and path"):
        open_sandbox({"kind": "http", "url": "http://${U}@127.0.0.1:1/"}, shop_catalog(), root=Path(),
                     environment={"U": "me:pw"}, source="shop")  # fmt: skip


def test_a_tool_that_never_answers_is_not_waited_for_again(service: Service) -> None:
    """Twice its time limit is paid, then none; the next build tries again."""
    forget_losses()
    with shop(service, call_timeout_seconds=0.3, retries=0) as sandbox:
        service.trouble = slowly(1.0)
        for _ in range(2):
            assert sandbox.call("shop/list_orders", {}).code == "timeout"
        start = time.monotonic()
        assert sandbox.call("shop/list_orders", {}).code == "server_lost"
        assert time.monotonic() - start < 0.2
        assert sandbox.call("shop/get_order", {"order_id": "1"}).code == "timeout"
        with pytest.raises(GivenUp, match="3 times in a row"):
            sandbox.open(0)
    forget_losses()
    service.trouble = None
    with shop(service) as sandbox:
        assert sandbox.call("shop/list_orders", {}).status == "ok"


def test_a_late_a_dripping_and_an_absent_service_are_no_verdict(service: Service) -> None:
    def drip(handler: Any) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(40):
            try:
                handler.wfile.write(b" ")
                handler.wfile.flush()
            except OSError:
                break
            time.sleep(0.05)
        handler.close_connection = True
        return True

    with shop(service, call_timeout_seconds=0.3, retries=0) as sandbox:
        for trouble in (slowly(1.0), drip):
            service.trouble = trouble
            start = time.monotonic()
            result = sandbox.call("shop/list_orders", {})
            assert (result.status, result.code) == ("infra_error", "timeout")
            assert time.monotonic() - start < 1.5
    service.trouble = None
    forget_losses()  # the next build asks again
    with shop(service) as sandbox:
        assert sandbox.call("shop/list_orders", {}).status == "ok"
    away = replace_port(service.url)
    settings = {"kind": "http", "url": away, "retries": 0}
    absent = open_sandbox(settings, shop_catalog(), root=Path(), environment={}, source="shop")
    absent.open(0)
    assert absent.call("shop/list_orders", {}).code == "unreachable"
    absent.close()


def replace_port(url: str) -> str:
    """The address of nobody: a port that was just given back."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}{url[url.rindex('/') :]}"


def test_answers_that_are_too_large_packed_or_no_json_are_no_verdict(service: Service) -> None:
    with shop(service, max_response_bytes=2000, retries=0) as sandbox:
        bodies = {
            "too_large": (b"[" + b"1," * 2000 + b"1]", {}),
            "broken_off": (gzip.compress(b"0" * 10_000_000), {"Content_Encoding": "gzip"}),
            "bad_answer": (b'{"total": 1e999}', {}),
        }
        for code, (body, headers) in bodies.items():

            def answer(handler: Any, body: bytes = body, headers: dict[str, str] = headers) -> bool:
                handler.raw(200, body, Content_Type="application/json", **headers)
                return True

            service.trouble = answer
            result = sandbox.call("shop/list_orders", {})
            assert (result.status, result.code) == ("infra_error", code)


def test_reads_are_tried_again_and_writes_only_when_nothing_was_begun(service: Service) -> None:
    def failing(status: int, times: int) -> Any:
        left = [times]

        def trouble(handler: Any) -> bool:
            if left[0] <= 0:
                return False
            left[0] -= 1
            handler.answer(status, {"message": "busy"}, Retry_After="0")
            return True

        return trouble

    with shop(service, retries=2) as sandbox:
        order = first_order(sandbox)
        service.seen.clear()
        service.trouble = failing(503, 2)
        assert sandbox.call("shop/list_orders", {}).status == "ok"
        assert len(service.seen) == 3
        service.trouble = failing(429, 2)
        assert sandbox.call("shop/ship_order", {"order_id": order}).status == "ok"
        service.seen.clear()
        service.trouble = failing(503, 1)
        lost = sandbox.call("shop/ship_order", {"order_id": order})
        assert (lost.status, len(service.seen)) == ("infra_error", 1)


def test_after_a_write_without_an_answer_nothing_is_believed_until_the_state_is_known(service: Service) -> None:
    with shop(service, call_timeout_seconds=0.3, retries=0) as sandbox:
        order = first_order(sandbox)
        token = sandbox.snapshot()
        service.trouble = slowly(0.6)
        assert sandbox.call("shop/ship_order", {"order_id": order}).code == "timeout"
        service.trouble = None
        assert sandbox.call("shop/list_orders", {}).code == "state_lost"
        sandbox.restore(token)
        assert sandbox.call("shop/get_order", {"order_id": order}).value["status"] == "placed"


def test_what_5xx_means_is_said_in_the_settings(service: Service) -> None:
    def broken(handler: Any) -> bool:
        handler.answer(500, {"message": "no such order"})
        return True

    for policy, status in (("infra_error", "infra_error"), ("tool_error", "tool_error")):
        service.trouble = None
        with shop(service, server_errors=policy, retries=0) as sandbox:
            service.trouble = broken
            assert sandbox.call("shop/list_orders", {}).status == status


def test_calls_are_followed_on_their_host_and_to_no_other(service: Service) -> None:
    auth = {"kind": "bearer", "token": "SHOP_TOKEN"}
    with (
        serving() as other,
        shop(service, auth=auth, environment={"SHOP_TOKEN": SECRET}, retries=0) as sandbox,
    ):

        def send(target: str) -> Any:
            def trouble(handler: Any) -> bool:
                if "moved" in handler.path or handler.command != "GET":
                    return False
                handler.answer(302, None, Location=target)
                return True

            return trouble

        service.trouble = send(f"{other.url}/orders")
        result = sandbox.call("shop/list_orders", {})
        assert (result.status, result.code) == ("infra_error", "redirected")
        assert other.seen == []
        service.trouble = send("/v1/moved")
        assert sandbox.call("shop/list_orders", {}).code == "not_found"
        assert service.seen[-1]["path"] == "/v1/moved"


def test_surroundings_and_cookies_play_no_part(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", replace_port(service.url))
    monkeypatch.setenv("ALL_PROXY", replace_port(service.url))

    def biscuit(handler: Any) -> bool:
        handler.answer(200, {"order_ids": []}, Set_Cookie="session=1")
        return True

    with shop(service, retries=0) as sandbox:
        service.trouble = biscuit
        assert sandbox.call("shop/list_orders", {}).status == "ok"
        assert sandbox.call("shop/list_orders", {}).status == "ok"
        assert all("Cookie" not in asked["headers"] for asked in service.seen)


def test_a_reset_that_fails_or_lies_is_found_out(service: Service) -> None:
    lost = {"method": "POST", "path": "/nowhere"}
    with pytest.raises(SandboxError, match="`reset` of `shop` failed"), shop(service, reset=lost):
        pass
    with shop(service) as sandbox:
        order = first_order(sandbox)
        assert sandbox.call("shop/delete_order", {"order_id": order}).status == "ok"
        token = sandbox.snapshot()

        def says_it_did(handler: Any) -> bool:
            if handler.path.endswith("/reset"):
                handler.answer(204, None)
                return True
            return False

        service.trouble = says_it_did
        sandbox.call("shop/ship_order", {"order_id": first_order(sandbox)})
        with pytest.raises(SandboxError, match="was done before and is not done again"):
            sandbox.restore(token)
        sandbox.open(0)
        assert [fact.change for fact in sandbox.state_diff()] == ["removed"]


def test_one_sandbox_at_a_time_writes_to_a_service() -> None:
    first, second = (Turn("http://somewhere.test", patience_seconds=0.2) for _ in range(2))
    first.take()
    with pytest.raises(SandboxError, match="another sandbox has been writing"):
        second.take()
    first.give_back()
    second.take()
    second.give_back()
