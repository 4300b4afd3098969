"""A document from an address: what a service may answer, and what of the address is said."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from specs import document, operation

from loopbuild.errors import SourceError
from loopbuild.pipeline.listings import LiveSource, write_listing

SECRET = "hunter2 &secret/x"
GOOD = json.dumps(document({"/a": {"get": operation("get_a")}})).encode()
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "good": (200, {}, GOOD),
    "missing": (404, {}, b"hunter2"),
    "unmodified": (304, {}, b""),
    "nowhere": (302, {}, b""),
    "lost": (302, {"Location": "http://[::bad"}, b""),
    "round": (302, {"Location": "/round"}, b""),
    "away": (302, {"Location": "http://127.0.0.2:1/x"}, b""),
    "page": (200, {}, b"<html>sign in</html>"),
    "empty": (200, {}, b""),
    "partial": (206, {}, GOOD[:40]),
}

SAID = {
    "missing": "cannot be fetched: it answered 404 Not Found",
    "unmodified": "cannot be fetched: it answered 304 Not Modified",
    "nowhere": "cannot be fetched: it answered 302 Found",
    "lost": "cannot be fetched: Invalid URL in location header",
    "round": "source `s`: more than 5 redirects",
    "away": "source `s`: `127.0.0.1` leads on to another host, `127.0.0.2`",
    "page": "source `s` holds no OpenAPI document: it names no `openapi` or `swagger` version",
    "empty": "is empty",
    "partial": "cannot be fetched: it answered 206 Partial Content",
}


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        code, headers, content = ANSWERS[self.path.partition("?")[0].strip("/").partition("/")[0]]
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def asked(url: str, root: Path) -> Path:
    settings = {"kind": "openapi", "path": "", "url": url, "headers": {"Authorization": "Bearer ${SECRET}"}}
    source = LiveSource(name="s", settings=settings, path=root / "listings" / "s.json", is_listed=False)
    write_listing(source, root=root, environment={"SECRET": SECRET})
    return source.path


@pytest.mark.parametrize("place", ["{}/{}?token=${{SECRET}}", "{}/{}/${{SECRET}}/openapi.json", "{}/{}#${{SECRET}}"])
@pytest.mark.parametrize("answer", SAID)
def test_what_is_no_document_is_an_error_that_names_the_host_and_no_secret(
    address: str, answer: str, place: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as caught:
        asked(place.format(address, answer), tmp_path)
    said = f"{caught.value.message} {caught.value.hint} {caught.value.intact}"
    assert "source `s`" in caught.value.message
    assert SAID[answer] in caught.value.message
    assert ("127.0.0.1" in caught.value.message) is (answer != "round")
    assert "hunter2" not in said


def test_every_answer_that_is_no_document_was_tried() -> None:
    assert {*SAID, "good"} == set(ANSWERS)


def test_a_document_is_written_down(address: str, tmp_path: Path) -> None:
    assert "get_a" in asked(f"{address}/good?token=${{SECRET}}", tmp_path).read_text()
