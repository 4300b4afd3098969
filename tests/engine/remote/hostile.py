"""A loopback server that misbehaves on demand; it speaks the protocol when asked to behave."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

Bodies = dict[str, bytes]


class Server(ThreadingTCPServer):
    """`bodies` by path; `misbehave(handler, method)` may answer instead and return True.

    No HTTPServer, since that one asks the network for the name of this host.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: Bodies = {}
        self.misbehave: Callable[[Handler, str], bool] = lambda handler, method: False
        self.seen: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/cache"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients leave early; that is what is tested."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        self._do("GET")

    def do_HEAD(self) -> None:
        self._do("HEAD")

    def do_PUT(self) -> None:
        self._do("PUT")

    def _do(self, method: str) -> None:
        self.server.seen.append((method, self.path))
        self.server.headers.append(dict(self.headers))
        self.content = self.rfile.read(int(self.headers.get("Content-Length", 0))) if method == "PUT" else b""
        if self.server.misbehave(self, method):
            return
        if method == "PUT":
            self.server.bodies[self.path] = self.content
            self.answer(201)
        elif self.path in self.server.bodies:
            body = self.server.bodies[self.path]
            self.answer(200, body if method == "GET" else b"", **{"Content-Length": str(len(body))})
        else:
            self.answer(404)

    def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def hang(self) -> None:
        self.server.closing.wait(20)
        self.close_connection = True

    def trickle(self, body: bytes) -> None:
        """A byte now and then, faster than any limit on single reads."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body:
            if self.server.closing.is_set():
                break
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.1)
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@contextlib.contextmanager
def running() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
