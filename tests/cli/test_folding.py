"""A difference of a large API fits a few screens, hides nothing grave, and adds up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from projects import loopbuild


def tool(name: str, returns: dict[str, Any], description: str = "Reads it.") -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"id": {"type": "string"}}}
    return {"name": name, "description": description, "parameters": parameters, "returns": returns}


def of(*names: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"item": {"type": "object", "properties": {n: {"type": "string"} for n in names}}},
    }


def diff(root: Path, old: list[Any], new: list[Any], *flags: str) -> str:
    for name, tools in (("old.json", old), ("new.json", new)):
        (root / name).write_text(json.dumps(tools))
    (root / "loop.yaml").write_text("version: 1\nsources: {s: {kind: toolspec, path: new.json}}\n")
    found = loopbuild(root, "diff", "old.json", "new.json", *flags)
    assert found.code == 0, found.err
    return found.out


def test_what_happened_alike_is_one_line_and_the_rest_is_listed(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    old = [tool(f"get_{n}", of("a", "gone")) for n in range(300)]
    new = [tool(f"get_{n}", of("a", "b", "c", "d")) for n in range(300)]
    new[7] = tool("get_7", of("b", "c", "d"), "Other words.")
    lines = diff(tmp_path, old, new).splitlines()
    assert re.match(r"1,20\d changes in 300 of 300 tools: \d+ breaking, 900 compatible, 1 doc", lines[0])
    assert len(lines) < 12
    assert any("300 tools" in line and "and 2 more like it" in line for line in lines)
    assert sum("get_7" in line for line in lines) == 1


def test_what_is_shown_and_what_is_left_out_are_all(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    old = [tool(f"get_{n}", of("a", f"gone{n}")) for n in range(200)]
    new = [tool(f"get_{n}", of("a", *(f"n{n}x{m}" for m in range(3)))) for n in range(250)]
    shown = diff(tmp_path, old, new).splitlines()
    (more,) = [line for line in shown if "more changes (" in line]
    total = int(shown[0].split()[0].replace(",", ""))
    left_out = int(more.split()[0].replace(",", ""))
    assert len(shown) < 150
    assert (
        sum(line.endswith(("breaking", "compatible")) or "new.json:" in line for line in shown[1:]) + left_out == total
    )
    everything = diff(tmp_path, old, new, "--all").splitlines()
    assert len(everything) > total
    assert everything[0] == shown[0]


def test_of_one_tool_with_hundreds_of_changes_the_gravest_are_listed(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    small = tool("get_small", of("a"))
    names = [f"n{n}" for n in range(300)]
    old = [tool("get_big", of(*names)), small]
    new = [tool("get_big", of(*names[150:], "new")), {**small, "returns": {}}]
    lines = diff(tmp_path, old, new).splitlines()
    assert len(lines) < 130
    assert any("get_big" in line for line in lines)
    assert any("get_small" in line for line in lines)
    total = int(re.sub(r"\D", "", lines[0].partition(" ")[0]))
    shown = sum("output /" in line for line in lines)
    more = next(int(line.partition(" ")[0]) for line in lines if "more changes" in line)
    assert (shown + more, len(diff(tmp_path, old, new, "--all").splitlines()) > total) == (total, True)
