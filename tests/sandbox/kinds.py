"""The same shop behind every kind of sandbox, for laws that hold for all of them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from loopbuild.records import Json, ToolCatalog
from loopbuild.sandbox import open_sandbox
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.sandbox.recorded.cassette import write
from loopbuild.sandbox.recorded.masking import Masks
from loopbuild.sandbox.recorded.recorder import Recorder
from tests.sandbox.shop import OPERATIONS, serving
from tests.sandbox.tools import catalog

SHOP = Path(__file__).with_name("shop.py")
KINDS = ("simulated", "python", "mcp", "http", "recorded:python", "recorded:http", "recorded:simulated")
ENTRIES: list[dict[str, Json]] = [
    {"name": "list_orders", "parameters": {"status?": "string"}, "returns": {"order_ids": ["string"]}},
    {"name": "get_order", "parameters": {"order_id": "string"},
     "returns": {"order_id": "string", "customer_id": "string", "status": "string", "total": "integer"}},
    {"name": "get_customer", "parameters": {"customer_id": "string"},
     "returns": {"customer_id": "string", "name": "string", "email": {"type": "string", "format": "email"},
                 "phone": "string"}},
    {"name": "create_order", "parameters": {"customer_id": "string", "total?": "integer"},
     "returns": {"order_id": "string"}},
    {"name": "ship_order", "parameters": {"order_id": "string"}, "returns": {"status": "string"}},
    {"name": "delete_order", "parameters": {"order_id": "string"}, "returns": {"deleted": "boolean"}},
]  # fmt: skip
BREAK: dict[str, Json] = {"name": "break_down", "parameters": {}, "returns": {"ok": "boolean"}}


def shop_catalog(*more: dict[str, Json]) -> ToolCatalog:
    """The shop's tools, each with where it goes over HTTP, as an OpenAPI source says it."""
    made = catalog([*ENTRIES, *more], "shop")
    return ToolCatalog(tools=tuple(replace(tool, transport=transport(tool.name)) for tool in made.tools))


def transport(name: str) -> dict[str, Json]:
    """Method, path and places of one operation."""
    method, path = OPERATIONS[name]
    places = {part[1:-1]: "path" for part in path.split("/") if part.startswith("{")}
    body = {"customer_id": "body", "total": "body"} if name == "create_order" else {}
    return {"method": method.lower(), "path": path, "media": "application/json",
            "in": {"status": "query", **body, **places}}  # fmt: skip


def http_settings(url: str, **more: Json) -> dict[str, Json]:
    """A service that may be written to and is put back."""
    return {
        "kind": "http", "url": url, "allow_writes": True, "allow_destructive": ["delete_*"], "retries": 1,
        "reset": {"method": "POST", "path": "/reset", "body": {"world": "{fixture}"}}, "fixtures": 7,
        "state": ["list_orders"], "call_timeout_seconds": 5.0, **more,
    }  # fmt: skip


@contextmanager
def shop_sandbox(kind: str, root: Path, *more: dict[str, Json]) -> Iterator[Sandbox]:
    """A sandbox of this kind over the shop, not yet open."""
    tools = shop_catalog(*more)
    if kind.startswith("recorded"):
        with shop_sandbox(kind.partition(":")[2], root, *more) as inner:
            recorder = Recorder(inner, tools.by_id(), masks=Masks(tools.tools, secrets=()), kind=kind)
            yield recorder
        return
    shutil.copy(SHOP, root / "shop.py")
    with serving() as service:
        settings: dict[str, Json] = {
            "simulated": {"kind": "simulated"},
            "python": {"kind": "python", "module": "shop:Shop", "call_timeout_seconds": 5.0},
            "mcp": {"kind": "mcp", "command": [sys.executable, "shop.py"],
                    "state": {"kind": "jsonl", "path": "shop.jsonl"}},
            "http": http_settings(service.url),
        }[kind]  # fmt: skip
        sandbox = open_sandbox(settings, tools, root=root, environment=dict(os.environ), source="shop")
        try:
            yield sandbox
        finally:
            sandbox.close()


def replaying(recorder: Recorder, tools: ToolCatalog, root: Path) -> Sandbox:
    """What was recorded, from its file."""
    (root / "shop.jsonl").write_bytes(write(recorder.cassette))
    settings = {"kind": "recorded", "path": "shop.jsonl"}
    return open_sandbox(settings, tools, root=root, environment={}, source="shop")
