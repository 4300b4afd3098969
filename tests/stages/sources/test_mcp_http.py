"""Live listings over streamable HTTP, against real servers on the loopback interface."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loopbuild.errors import SourceError
from loopbuild.stages.sources.listing import canonical_listing, read_listing
from loopbuild.stages.sources.mcp_live import MAX_PAGES, Listed, list_live

SERVER = Path(__file__).parent / "servers" / "over_http.py"


@contextmanager
def server(mode: str) -> Iterator[str]:
    command = [sys.executable, str(SERVER), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"
        finally:
            process.kill()


def listed(mode: str, *, seconds: float = 20, headers: dict[str, str] | None = None) -> Listed:
    with server(mode) as url:
        deadline = time.monotonic() + 20
        while True:  # the SDK's server prints its port before it listens
            try:
                return list_live(
                    "hr", url=url, headers=headers, start_timeout_seconds=seconds, call_timeout_seconds=seconds
                )
            except SourceError as error:
                if mode != "sdk" or "cannot be reached" not in error.message or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


def names(found: Listed) -> list[str]:
    return [entry["name"] for entry in found.entries]


def failure(mode: str, *, seconds: float = 20, headers: dict[str, str] | None = None) -> SourceError:
    with pytest.raises(SourceError) as caught:
        listed(mode, seconds=seconds, headers=headers)
    return caught.value


def test_a_server_on_the_official_sdk_is_listed() -> None:
    assert names(listed("sdk")) == ["get_role", "list_roles"]


def test_a_server_of_an_older_protocol_is_listed() -> None:
    assert names(listed("plain")) == ["get_role"]


def test_one_malformed_entry_costs_no_other_tool() -> None:
    content = canonical_listing(listed("one-bad").entries)
    listing = read_listing("hr", content, file="listings/hr.json", settings={})
    assert [tool.name for tool in listing.tools] == ["get_role"]
    assert [item.message for item in listing.diagnostics] == [
        "tool `broken` is skipped: `inputSchema` is a number, not an object"
    ]


def test_a_greeting_the_sdk_refuses_does_not_keep_the_tools_from_us() -> None:
    assert names(listed("odd-greeting")) == ["get_role"]


def test_pages_without_end_are_cut_and_that_is_said() -> None:
    found = listed("pages")
    assert len(found.entries) == MAX_PAGES
    assert found.notes == (f"the listing was ended after {MAX_PAGES} pages: it has no end",)


def test_headers_open_the_door_and_appear_in_no_message() -> None:
    assert names(listed("locked", headers={"Authorization": "Bearer s3cr3t-value"})) == ["get_role"]
    error = failure("locked", headers={"Authorization": "Bearer wrong-secret"})
    assert "HTTP 401" in error.message
    assert "wrong-secret" not in error.message + error.hint


def test_a_redirect_to_another_host_is_not_followed() -> None:
    assert "127.0.0.1" in failure("elsewhere").message


def test_a_hanging_server_is_given_up() -> None:
    started = time.monotonic()
    assert "has not answered within 1 s" in failure("hang", seconds=1).message
    assert time.monotonic() - started < 10


def test_a_response_too_long_or_compressed_is_refused() -> None:
    assert "more than 64 MiB" in failure("huge").message
    assert "compressed" in failure("gzip").message


def test_nobody_there_is_said_with_the_address_but_not_its_password() -> None:
    with pytest.raises(SourceError) as caught:
        list_live("hr", url="http://user:hunter22@127.0.0.1:1/mcp", start_timeout_seconds=5)
    assert "`http://127.0.0.1:1/mcp`" in caught.value.message
    assert "hunter22" not in caught.value.message + caught.value.hint
