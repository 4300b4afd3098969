"""A server that answers from a script: one bad entry, pages without end, or nothing useful at all."""

import json
import os
import subprocess
import sys
import time

MODE = sys.argv[1]
GOOD = {"name": "get_role", "inputSchema": {"type": "object", "properties": {"role_id": {"type": "string"}}}}


def answer(number, result):
    print(json.dumps({"jsonrpc": "2.0", "id": number, "result": result}), flush=True)


if MODE == "exit":
    print("the licence has run out, token " + os.environ.get("TOKEN", ""), file=sys.stderr)
    sys.exit(3)
if MODE == "hang":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(f"child {child.pid} {os.getpid()}", file=sys.stderr, flush=True)
    time.sleep(600)
if MODE == "garbage":
    while True:
        print("starting up ...", flush=True)
        time.sleep(0.01)
if MODE == "endless-line":
    while True:
        sys.stdout.write("x" * 1_000_000)
for line in sys.stdin:
    message = json.loads(line)
    if MODE == "fragile" and message.get("method") not in ("initialize", "notifications/initialized", "tools/list"):
        sys.exit(1)
    if message.get("method") == "initialize":
        answer(
            message["id"],
            {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "scripted", "version": "1"},
            },
        )
    elif message.get("method") == "tools/list":
        cursor = (message.get("params") or {}).get("cursor")
        if MODE == "one-bad":
            print("a line of logging on stdout", flush=True)
            answer(message["id"], {"tools": [GOOD, {"name": "broken", "inputSchema": "string"}, {"inputSchema": {}}]})
        elif MODE == "same-cursor":
            entry = {**GOOD, "name": "first" if cursor is None else "second"}
            answer(message["id"], {"tools": [entry], "nextCursor": "again"})
        elif MODE == "pages":
            page = int(cursor or 0)
            answer(message["id"], {"tools": [{**GOOD, "name": f"tool_{page}"}], "nextCursor": str(page + 1)})
        elif MODE == "nan":
            broken = '{"name": "broken", "inputSchema": {"type": "object", "default": NaN}}'
            page = f'{{"tools": [{json.dumps(GOOD)}, {broken}]}}'
            print(f'{{"jsonrpc": "2.0", "id": {json.dumps(message["id"])}, "result": {page}}}', flush=True)
        elif MODE == "half":
            if cursor:
                sys.exit(9)
            answer(message["id"], {"tools": [GOOD], "nextCursor": "more"})
        elif MODE == "storm":
            note = json.dumps({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
            print("\n".join([note] * 5000), flush=True)
            answer(message["id"], {"tools": [GOOD]})
        elif MODE == "crowd":
            page = int(cursor or 0)
            tools = [{**GOOD, "name": f"tool_{page}_{number}"} for number in range(4000)]
            answer(message["id"], {"tools": tools, "nextCursor": str(page + 1)})
        elif MODE == "fragile":
            answer(message["id"], {"tools": [GOOD]})
        elif MODE == "slow-list":
            time.sleep(600)
    elif "id" in message:
        error = {"code": -32601, "message": "method not found"}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}), flush=True)
