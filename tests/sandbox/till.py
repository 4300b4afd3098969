"""A tiny MCP server for the tests, in plain JSON-RPC so that it starts at once: a till that can also misbehave.

Its state is a SQLite file, a file of JSON lines, or memory, by its first argument.
"""

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

KIND = sys.argv[1]
START = {f"A-{number}": number * 10 for number in range(1, 6)}
held: dict[str, int] = dict(START)


def load() -> dict[str, int]:
    if KIND == "sqlite":
        with closing(sqlite3.connect("till.db", isolation_level=None)) as db:
            db.execute("create table if not exists accounts (id text primary key, balance integer)")
            if not db.execute("select count(*) from accounts").fetchone()[0]:
                db.executemany("insert into accounts values (?, ?)", START.items())
            return dict(db.execute("select id, balance from accounts"))
    if KIND == "jsonl":
        path = Path("till.jsonl")
        if not path.exists():
            return dict(START)
        return {row["id"]: row["balance"] for row in map(json.loads, path.read_text().splitlines())}
    return held


def save(account: str, balance: int) -> None:
    if KIND == "sqlite":
        with closing(sqlite3.connect("till.db", isolation_level=None)) as db:
            db.execute("replace into accounts values (?, ?)", (account, balance))
    elif KIND == "jsonl":
        rows = {**load(), account: balance}
        lines = [json.dumps({"id": key, "balance": rows[key]}) + "\n" for key in sorted(rows)]
        Path("till.jsonl").write_text("".join(lines))
    else:
        held[account] = balance


def get_balance(account_id: str) -> dict[str, Any]:
    if account_id not in load():
        raise ValueError(f"not_found: no account {account_id}")
    return {"balance": load()[account_id]}


def update_balance(account_id: str, balance: int) -> dict[str, Any]:
    if account_id not in load():
        raise ValueError(f"no such account {account_id}")
    if not isinstance(balance, int):
        raise ValueError("balance must be an integer")
    save(account_id, balance)
    return {"balance": balance}


def crash_now() -> str:
    print("the drawer is stuck", file=sys.stderr, flush=True)
    os._exit(3)


def hang_now() -> str:
    time.sleep(60)
    return "late"


def misbehave(tool: str) -> None:
    """Do what the file named by TILL_TROUBLE says about a tool: `NAME exit` or `NAME hang`, `* ...`, `... once`."""
    path = Path(os.environ.get("TILL_TROUBLE", "/nowhere"))
    name, _, what = (path.read_text() if path.exists() else "").partition(" ")
    if name not in ("*", tool):
        return
    if what.endswith(" once"):
        path.write_text("")
    (crash_now if what.startswith("exit") else hang_now)()


ACCOUNT = {"type": "object", "properties": {"account_id": {"type": "string"}}, "required": ["account_id"]}
INPUTS = {"get_balance": ACCOUNT}
TOOLS: dict[str, Callable[..., Any]] = {
    "list_accounts": lambda: {"account_ids": sorted(load())},
    "get_balance": get_balance,
    "update_balance": update_balance,
    "get_environment": lambda: json.dumps(dict(os.environ) | {"cwd": str(Path.cwd())}),
    "get_note": lambda: Path("note.txt").read_text(),
    "get_nothing": lambda: '{"share": NaN}',
    "get_half": lambda: '{"name": "Ada \\ud83d"}',
    "get_depth": lambda: "[" * 900 + "]" * 900,
    "get_endless_depth": lambda: "[" * 90_000 + "]" * 90_000,
    "crash_now": crash_now,
    "hang_now": hang_now,
}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """The result of a request; None for a method this server does not know."""
    if method == "initialize":
        version = params["protocolVersion"]
        return {
            "protocolVersion": version,
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "till", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": [{"name": name, "inputSchema": INPUTS.get(name, {"type": "object"})} for name in TOOLS]}
    if method != "tools/call":
        return None
    misbehave(params["name"])
    try:
        value = TOOLS[params["name"]](**params.get("arguments", {}))
    except Exception as exc:
        return {"content": [{"type": "text", "text": str(exc)}], "isError": True}
    if isinstance(value, str):
        return {"content": [{"type": "text", "text": value}]}
    return {"content": [{"type": "text", "text": json.dumps(value)}], "structuredContent": value}


if __name__ == "__main__":
    if "TILL_STARTS" in os.environ:
        with Path(os.environ["TILL_STARTS"]).open("a") as stream:
            stream.write(f"{os.getpid()}\n")
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        result = answer(request["method"], request.get("params", {}))
        if result is None:
            reply["error"] = {"code": -32601, "message": "method not found"}
        else:
            reply["result"] = result
        print(json.dumps(reply), flush=True)
