"""A server asked again: what is worse than the listing there is does not take its place."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from loopbuild.errors import SourceError
from loopbuild.pipeline.listings import LiveSource, write_listing

SERVER = """
import json, sys
tools = json.load(open("tools.json"))
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    about = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}
    about["serverInfo"] = {"name": "s", "version": "1"}
    result = {"initialize": about, "tools/list": {"tools": tools}}.get(asked["method"])
    answer = {"result": result} if result else {"error": {"code": -32601, "message": "unknown"}}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer}), flush=True)
"""


def tool(name: str) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object", "properties": {"a": {"type": "string"}}}}


def asked(root: Path, tools: list[Any], **settings: Any) -> bool:
    (root / "server.py").write_text(SERVER)
    (root / "tools.json").write_text(json.dumps(tools))
    path = root / "listings" / "s.json"
    chosen = {"kind": "mcp", "command": [sys.executable, "server.py"], "env": {}, "url": "", "headers": {}}
    chosen |= {"start_timeout_seconds": 20, "call_timeout_seconds": 20, **settings}
    source = LiveSource(name="s", settings=chosen, path=path, is_listed=path.is_file(), sandbox={"kind": "simulated"})
    return write_listing(source, root=root, environment={})


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        ([], "there are no tools in source `s`"),
        ([tool("a"), tool("a")], "no readable tool is left in source `s`: tool `a` is declared 2 times and skipped"),
        ([tool("a"), tool("b"), tool("b")], "source `s`: tool `b` is declared 2 times and skipped"),
        ([{"name": "broken", "inputSchema": 7}], "tool `broken` is skipped: `inputSchema` is a number, not an object"),
    ],
)
def test_a_worse_answer_leaves_the_listing_as_it_was(tools: list[Any], said: str, tmp_path: Path) -> None:
    assert asked(tmp_path, [tool("a"), tool("b")])
    before = (tmp_path / "listings/s.json").read_bytes()
    with pytest.raises(SourceError) as caught:
        asked(tmp_path, tools)
    assert (tmp_path / "listings/s.json").read_bytes() == before
    assert said in caught.value.message
    assert caught.value.intact == "`listings/s.json`, as it was"


def test_fewer_tools_are_an_answer_and_none_is_where_that_is_allowed(tmp_path: Path) -> None:
    def names() -> list[str]:
        return [one["name"] for one in json.loads((tmp_path / "listings/s.json").read_text())["tools"]]

    assert asked(tmp_path, [tool("a"), tool("b")])
    assert names() == ["a", "b"]
    assert asked(tmp_path, [tool("a")])
    assert names() == ["a"]
    assert not asked(tmp_path, [tool("a")]), "the same answer is no other listing"
    assert asked(tmp_path, [], allow_empty=True)
    assert names() == []
