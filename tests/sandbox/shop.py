"""One small shop in three forms for the laws of sandboxes: a plain object, a service on loopback, an MCP server.

`Shop` is also what misbehaves: each bad habit is a method of its own. Standard library only, since it runs in children.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


class Shop:
    """Orders of customers; `fixture` gives other ids."""

    def __init__(self, fixture: int = 0) -> None:
        base = 100 + 1000 * (fixture % 7)
        names = ["Ada Quirk", "Bo Lin", "Cy Nash"]
        self.customers = {
            f"CUS-{base + n}": {"name": name, "email": f"{name.split()[0].lower()}@corp.net", "phone": "+49 30 1234567"}
            for n, name in enumerate(names)
        }
        customers = list(self.customers)
        self.orders: dict[str, dict[str, Any]] = {
            f"ORD-{base + n}": {"customer_id": customers[n % 3], "status": "placed", "total": 10 * n + 5}
            for n in range(5)
        }

    def list_orders(self, status: str = "") -> dict[str, Any]:
        """Show all orders."""
        return {"order_ids": [key for key, row in self.orders.items() if status in ("", row["status"])]}

    def get_order(self, order_id: str) -> dict[str, Any]:
        """Show one."""
        return {"order_id": order_id, **self._order(order_id)}

    def get_customer(self, customer_id: str) -> dict[str, Any]:
        """Show a customer."""
        if customer_id not in self.customers:
            raise LookupError(f"no such customer {customer_id}")
        return {"customer_id": customer_id, **self.customers[customer_id]}

    def create_order(self, customer_id: str, total: int = 1) -> dict[str, Any]:
        """Make one; its number follows from what is there."""
        if customer_id not in self.customers:
            raise LookupError(f"no such customer {customer_id}")
        if total < 1:
            raise ValueError("total must be 1 or more")
        order_id = f"ORD-{max(int(key[4:]) for key in self.orders) + 1 if self.orders else 1}"
        self.orders[order_id] = {"customer_id": customer_id, "status": "placed", "total": total}
        return {"order_id": order_id}

    def ship_order(self, order_id: str) -> dict[str, Any]:
        """Send it off, once."""
        row = self._order(order_id)
        if row["status"] != "placed":
            raise RuntimeError(f"conflict: order {order_id} is already {row['status']}")
        row["status"] = "shipped"
        return {"status": "shipped"}

    def delete_order(self, order_id: str) -> dict[str, Any]:
        """Forget it."""
        self._order(order_id)
        del self.orders[order_id]
        return {"deleted": True}

    def break_down(self) -> dict[str, Any]:
        """End the process."""
        print("the drawer is stuck", file=sys.stderr, flush=True)
        os._exit(3)

    def _order(self, order_id: str) -> dict[str, Any]:
        if order_id not in self.orders:
            raise LookupError(f"no such order {order_id}")
        return self.orders[order_id]


OPERATIONS = {
    "list_orders": ("GET", "/orders"),
    "get_order": ("GET", "/orders/{order_id}"),
    "get_customer": ("GET", "/customers/{customer_id}"),
    "create_order": ("POST", "/orders"),
    "ship_order": ("POST", "/orders/{order_id}/ship"),
    "delete_order": ("DELETE", "/orders/{order_id}"),
    "break_down": ("GET", "/break"),
}
STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (LookupError, 404), (ValueError, 422), (TypeError, 400), (RuntimeError, 409),
)  # fmt: skip


@dataclass
class Service:
    """A running service: what it was asked, and how it shall misbehave."""

    url: str = ""
    shop: Shop = field(default_factory=Shop)
    seen: list[dict[str, Any]] = field(default_factory=list)
    trouble: Callable[[Any], bool] | None = None
    """Given the handler before anything is done; True when it has answered in its own way."""
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[Service]:
    """A service on loopback until the block is left."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def answer(self, status: int, value: Any, **headers: str) -> None:
            body = b"" if value is None else json.dumps(value).encode()
            self.raw(status, body, **{"Content-Type": "application/json", **headers})

        def raw(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name.replace("_", "-"), text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def handle_one(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            with service.lock:
                asked = {"method": self.command, "path": parts.path, "query": parse_qsl(parts.query),
                         "headers": dict(self.headers), "body": body}  # fmt: skip
                service.seen.append(asked)
            if service.trouble is not None and service.trouble(self):
                return None
            if parts.path.endswith("/reset"):
                service.shop = Shop(int(json.loads(body or "{}").get("world", 0)))
                return self.answer(204, None)
            for name, (method, template) in OPERATIONS.items():
                found = matched(template, parts.path.removeprefix("/v1"))
                if method == self.command and found is not None:
                    given = {**dict(parse_qsl(parts.query)), **(json.loads(body) if body else {}), **found}
                    return self.run(name, given)
            return self.answer(404, {"message": "no such path"})

        def run(self, name: str, given: dict[str, Any]) -> None:
            if name == "break_down":
                self.close_connection = True
                return
            try:
                self.answer(200, getattr(service.shop, name)(**given))
            except Exception as exc:
                status = next(status for kind, status in STATUSES if isinstance(exc, kind))
                self.answer(status, {"message": str(exc)})

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_one

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    service.url = f"http://{host}:{server.server_address[1]}/v1"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def matched(template: str, path: str) -> dict[str, str] | None:
    """What a path gives the slots of a template; None when it is another path."""
    wanted, given = template.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    found = {}
    for one, text in zip(wanted, given, strict=True):
        if one.startswith("{"):
            found[one[1:-1]] = unquote(text)
        elif one != text:
            return None
    return found


def serve_mcp(shop: Shop) -> None:
    """Speak MCP over standard input and output, in plain JSON-RPC so that it starts at once."""

    def load() -> None:
        if os.path.exists("shop.jsonl"):  # noqa: PTH110
            shop.orders.clear()
            with open("shop.jsonl", encoding="utf-8") as file:  # noqa: PTH123
                for row in map(json.loads, file):
                    shop.orders[row.pop("id")] = {name: item for name, item in row.items() if name != "type"}

    def save() -> None:
        lines = [json.dumps({"type": "order", "id": key, **row}) + "\n" for key, row in sorted(shop.orders.items())]
        with open("shop.jsonl", "w", encoding="utf-8") as file:  # noqa: PTH123
            file.writelines(lines)

    save()
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        params = request.get("params", {})
        if request["method"] == "initialize":
            reply["result"] = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                               "serverInfo": {"name": "shop", "version": "1"}}  # fmt: skip
        elif request["method"] == "tools/list":
            reply["result"] = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in OPERATIONS]}
        elif request["method"] == "tools/call":
            load()
            try:
                value = getattr(shop, params["name"])(**params.get("arguments", {}))
                save()
                text = json.dumps(value)
                reply["result"] = {"content": [{"type": "text", "text": text}], "structuredContent": value}
            except Exception as exc:
                reply["result"] = {"content": [{"type": "text", "text": str(exc)}], "isError": True}
        else:
            reply["error"] = {"code": -32601, "message": "method not found"}
        print(json.dumps(reply), flush=True)


def slowly(seconds: float) -> Callable[[Any], bool]:
    """Trouble that answers late."""

    def trouble(handler: Any) -> bool:
        time.sleep(seconds)
        handler.close_connection = True
        return True

    return trouble


if __name__ == "__main__":
    serve_mcp(Shop(int(os.environ.get("LOOPBUILD_FIXTURE", "0"))))
