"""What is said of sources: of each return how it is known, of each loss its name, of lesser things how many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from projects import loopbuild

GOOD = {
    "name": "get_role",
    "description": "Reads a role by its id.",
    "inputSchema": {"type": "object", "properties": {"role_id": {"type": "string"}}},
    "outputSchema": {"type": "object", "properties": {"title": {"type": "string"}}},
}
LONG = {**GOOD, "name": "get_long", "description": "word " * 4_000}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "loop.yaml").write_text("version: 1\nsources: {s: {kind: toolspec, path: t.json}}\n")
    return tmp_path


def write(project: Path, *tools: Any) -> None:
    (project / "t.json").write_text(json.dumps(tools, indent=1))


def test_a_tool_is_shown_before_anything_is_built(project: Path) -> None:
    write(project, GOOD)
    for name in ("get_role", "s/get_role"):
        found = loopbuild(project, "show", name)
        assert found.code == 0
        assert "output /title  string" in found.out
        assert " declared" in found.out
    assert not (project / ".loopbuild").exists()
    missed = loopbuild(project, "show", "nobody")
    assert missed.code == 2
    assert "no tool is called `nobody`" in missed.err


@pytest.mark.parametrize(
    ("returns", "known"),
    [
        ({"type": "object"}, "none"),
        ({"type": "object", "additionalProperties": True}, "none"),
        ({"type": "array", "items": {"type": "object"}}, "none"),
        ({"type": "string"}, "declared"),
        ({"type": "array", "items": {"type": "integer"}}, "declared"),
        ({"type": "object", "properties": {"id": {}}}, "declared"),
    ],
)
def test_a_return_of_which_no_leaf_is_known_is_not_declared(project: Path, returns: Any, known: str) -> None:
    write(project, {**GOOD, "outputSchema": returns})
    assert f"returns: 1 {known}" in loopbuild(project, "graph", "--format", "report").out


def test_notes_are_counted_and_can_be_read(project: Path) -> None:
    write(project, GOOD, LONG)
    counted = loopbuild(project, "check").out
    assert "note: 1 note on how a source was read; `loopbuild check --all` lists it" in counted
    assert "was cut" not in counted
    assert "its description of 20000 characters was cut" in loopbuild(project, "check", "--all").out
    told = json.loads(loopbuild(project, "check", "--json").out)["projects"][0]
    assert [note["code"] for note in told["notes"]] == ["cut"]
    built = loopbuild(project, "build", "catalog:main")
    assert "note: 1 note on how a source was read" in built.out + built.err
    write(project, GOOD)
    assert "note:" not in loopbuild(project, "check").out
