"""A server on the official SDK over streamable HTTP, or a raw one that misbehaves; prints its port first."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODE = sys.argv[1]
GOOD = {"name": "get_role", "inputSchema": {"type": "object", "properties": {"role_id": {"type": "string"}}}}


class Raw(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(405)

    def do_DELETE(self):
        self.answer(405)

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method, number = message.get("method"), message.get("id")
        if MODE == "locked" and self.headers.get("Authorization") != "Bearer s3cr3t-value":
            return self.answer(401)
        if MODE == "elsewhere":
            return self.answer(307, Location="http://127.0.0.2:1/mcp")
        if MODE == "hang":
            time.sleep(600)
        if number is None:
            return self.answer(202)
        if method == "initialize":
            if MODE == "odd-greeting":
                result = {"capabilities": [], "protocolVersion": 7}
            else:
                server = {"name": "raw", "version": "1"}
                result = {"protocolVersion": "2025-03-26", "capabilities": {"tools": {}}, "serverInfo": server}
        elif method == "tools/list":
            cursor = (message.get("params") or {}).get("cursor")
            result = {"tools": [GOOD]}
            if MODE == "one-bad":
                result = {"tools": [GOOD, {"name": "broken", "inputSchema": 5}]}
            if MODE == "pages":
                page = int(cursor or 0)
                result = {"tools": [{**GOOD, "name": f"tool_{page}"}], "nextCursor": str(page + 1)}
            if MODE == "huge":
                result = {"tools": [{**GOOD, "description": "x" * 80_000_000}]}
        else:
            error = {"jsonrpc": "2.0", "id": number, "error": {"code": -32601, "message": "method not found"}}
            return self.answer(200, json.dumps(error).encode(), Content_Type="application/json")
        body = json.dumps({"jsonrpc": "2.0", "id": number, "result": result}).encode()
        if MODE == "gzip":
            import gzip

            return self.answer(200, gzip.compress(body), Content_Type="application/json", Content_Encoding="gzip")
        return self.answer(200, body, Content_Type="application/json")


if MODE == "sdk":
    import socket

    from mcp.server.mcpserver import MCPServer

    app = MCPServer("sound")

    @app.tool()
    def list_roles() -> dict[str, list[str]]:
        """List the roles."""
        return {"role_ids": ["R1"]}

    @app.tool()
    def get_role(role_id: str) -> dict[str, str]:
        """Read a role."""
        return {"role_id": role_id}

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    print(port, flush=True)
    app.run("streamable-http", host="127.0.0.1", port=port)
else:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Raw)
    print(server.server_port, flush=True)
    server.serve_forever()
