"""Projects with every kind of source: which files a build depends on, what is asked once, and what `init` finds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from projects import Screen, loopbuild

ORDER = {"type": "object", "properties": {"id": {"type": "string"}, "count": {"type": "integer"}}}


def shop(*, title: str = "shop", ref: str = "#/components/schemas/Order") -> dict[str, Any]:
    answer = {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": ref}}}}}
    order_id = {"name": "orderId", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/orders": {"post": {"operationId": "add_order", "responses": answer}},
        "/orders/{orderId}": {"get": {"operationId": "get_order", "parameters": [order_id], "responses": answer}},
    }
    components = {"schemas": {"Order": ORDER}}
    return {"openapi": "3.1.0", "info": {"title": title, "version": "1"}, "paths": paths, "components": components}


def project(root: Path, sources: str, **files: Any) -> Path:
    (root / "loop.yaml").write_text("version: 1\nsources:\n" + sources)
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_json", ".json").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return root


def tools(root: Path) -> list[str]:
    """The tools of a project, asked of the built catalog."""
    done = loopbuild(root, "build", "catalog:")
    assert done.code == 0, done.err
    lines = (root / "loop.lock").read_text().splitlines() if (root / "loop.lock").exists() else []
    return sorted(line.split()[0].removeprefix("tool:") for line in lines if line.startswith("tool:"))


def stale(root: Path) -> str:
    return loopbuild(root, "plan", "graph:").out


def test_operations_are_tools_and_their_ids_feed_each_other(tmp_path: Path) -> None:
    root = project(tmp_path, "  shop: {kind: openapi, path: shop.json}\n", shop_json=shop())
    assert tools(root) == ["shop/add_order", "shop/get_order"]
    assert "/orderId <- shop/add_order /id" in loopbuild(root, "graph").out


def test_a_file_that_a_document_refers_to_is_part_of_it(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        "  shop: {kind: openapi, path: specs/shop.json}\n",
        specs__shop_json=shop(ref="order.json"),
        specs__order_json=ORDER,
    )
    tools(root)
    assert "Nothing to do" in stale(root)
    (root / "specs" / "order.json").write_text(
        json.dumps({"type": "object", "properties": {"total": {"type": "number"}}})
    )
    assert "source:shop" in stale(root)
    tools(root)
    assert "output /total" in loopbuild(root, "show", "shop/get_order").out


def test_a_file_that_comes_under_a_glob_is_noticed_by_a_build_with_nothing_to_do(tmp_path: Path) -> None:
    role = [{"name": "get_role", "parameters": {"role_id": "string"}}]
    root = project(tmp_path, "  hr: {kind: toolspec, path: tools/*.json}\n", tools__a_json=role)
    assert tools(root) == ["hr/get_role"]
    assert tools(root) == ["hr/get_role"]
    (root / "tools" / "b.json").write_text(json.dumps([{"name": "list_roles", "parameters": {}}]))
    assert tools(root) == ["hr/get_role", "hr/list_roles"]
    (root / "tools" / "c.json").write_text("[{")
    assert tools(root) == ["hr/get_role", "hr/list_roles"]
    (root / "tools" / "a.json").unlink()
    assert tools(root) == ["hr/list_roles"]


def test_of_one_name_in_two_files_neither_is_taken_and_both_are_named(tmp_path: Path) -> None:
    entry = [{"name": "get_role", "parameters": {}}, {"name": "x", "parameters": {}}]
    root = project(tmp_path, "  hr: {kind: toolspec, path: '*.json'}\n", a_json=entry, b_json=entry[:1])
    assert "declared 2 times and skipped (at a.json:1:2, b.json:1:2)" in loopbuild(root, "build", "catalog:").err


def test_the_body_of_a_function_is_no_schema(tmp_path: Path) -> None:
    code = "def get_role(role_id: str) -> dict[str, str]:\n    return {}\n"
    root = project(tmp_path, "  hr: {kind: python, module: my.tools}\n", my__tools_py=code)
    assert tools(root) == ["hr/get_role"]
    (root / "my" / "tools.py").write_text(code.replace("return {}", "return {'a': role_id}"))
    done = loopbuild(root, "build", "graph:")
    assert "graph:main" not in done.err
    (root / "my" / "tools.py").write_text(code.replace("role_id: str", "role_id: int"))
    assert "graph:main" in loopbuild(root, "build", "graph:").err


def test_a_module_is_run_once_and_again_only_when_asked(tmp_path: Path) -> None:
    code = "open('ran', 'a').write('x')\ndef get_role(role_id: str) -> dict[str, str]: ...\n".replace(
        "'ran'", repr(str(tmp_path / "ran"))
    )
    root = project(tmp_path, "  hr: {kind: python, module: tools, import: true}\n", tools_py=code)
    assert loopbuild(root, "plan").code == 0
    assert not (tmp_path / "ran").exists()
    assert tools(root) == ["hr/get_role"]
    (root / "tools.py").write_text(code + "def list_roles() -> list[str]: ...\n")
    done = loopbuild(root, "build", "catalog:")
    assert "`tools.py` has changed since it was imported" in done.err
    assert (tmp_path / "ran").read_text() == "x"
    assert loopbuild(root, "build", "catalog:", "--refresh", "source:hr").code == 0
    assert tools(root) == ["hr/get_role", "hr/list_roles"]


class Site(BaseHTTPRequestHandler):
    """Serves one document to those who know the token."""

    document = b""
    requests: list[str] = []

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        Site.requests.append(self.path)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://localhost.invalid/shop.json")
        elif self.headers.get("Authorization") != "Bearer s3cr3t-value":
            self.send_response(401)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(Site.document)))
            self.end_headers()
            self.wfile.write(Site.document)
            return
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("SHOP_TOKEN", "s3cr3t-value")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Site.requests = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def build_from(site: str, root: Path, path: str = "/shop.json", *more: str, token: str = "${SHOP_TOKEN}") -> Screen:
    headers = f"{{Authorization: 'Bearer {token}'}}"
    project(root, f"  shop: {{kind: openapi, url: '{site}{path}', headers: {headers}}}\n")
    return loopbuild(root, "build", "catalog:", *more)


def test_an_address_is_asked_once_and_nothing_it_refers_to(tmp_path: Path, site: str) -> None:
    Site.document = json.dumps(shop(ref=f"{site}/other.json")).encode()
    done = build_from(site, tmp_path)
    assert done.code == 0
    assert "is not fetched" in done.err
    assert loopbuild(tmp_path, "build", "catalog:").code == 0
    assert Site.requests == ["/shop.json"]
    listing = (tmp_path / "listings" / "shop.json").read_text()
    Site.document = json.dumps(shop(title="the new shop")).encode()
    assert build_from(site, tmp_path, "/shop.json", "--refresh", "source:shop").code == 0
    assert (tmp_path / "listings" / "shop.json").read_text() != listing
    assert "s3cr3t" not in (tmp_path / "listings" / "shop.json").read_text() + (tmp_path / "loop.lock").read_text()


@pytest.mark.parametrize(
    ("path", "token", "message"),
    [
        ("/shop.json", "wrong-secret", "401"),
        ("/moved", "${SHOP_TOKEN}", "leads on to another host, `localhost.invalid`"),
        ("/shop.json", "${SHOP_TOKEN}", "no OpenAPI document"),
    ],
)
def test_what_cannot_be_had_is_said_without_the_secret(
    tmp_path: Path, site: str, path: str, token: str, message: str
) -> None:
    Site.document = b"{}"
    done = build_from(site, tmp_path, path, token=token)
    assert done.code == 1
    assert message in done.err
    assert "s3cr3t-value" not in done.err
    assert "error: " in done.err
    assert not (tmp_path / "listings").exists()


def test_init_finds_what_can_be_a_source(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "shop.yaml").write_text("openapi: 3.0.0\npaths: {/a: {get: {operationId: a}}}\n")
    (tmp_path / "old.json").write_text(json.dumps(shop()))
    (tmp_path / "hr.json").write_text(json.dumps([{"name": "get_role", "parameters": {"role_id": "string"}}]))
    (tmp_path / "other.yaml").write_text("a: 1\n")
    (tmp_path / "package.json").write_text('{"name": "x", "dependencies": {"openapi": "3.0"}}')
    assert loopbuild(tmp_path, "init").out.splitlines()[3:] == [
        "  hr: {kind: toolspec, path: hr.json}",
        "  old: {kind: openapi, path: old.json}",
        "  shop: {kind: openapi, path: specs/shop.yaml}",
    ]
    (tmp_path / "loop.yaml").unlink()
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "tools.py").write_text("def f(): ...\n")
    assert loopbuild(tmp_path, "init", "my/tools.py").out.splitlines()[3:] == [
        "  tools: {kind: python, module: my.tools}"
    ]
