"""What a file is, by the keys at its top, wherever in the file they stand."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from loopbuild.pipeline.discovery import kind_of

FILLER: dict[str, Any] = {
    f"schema_{number}": {"description": 'a "{quoted\\" [text', "n": [1, 2]} for number in range(9_000)
}


def kind(path: Path, text: str) -> str:
    path.write_text(text)
    return kind_of(path, root=path.parent)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("version", [{"openapi": "3.1.0"}, {"swagger": "2.0"}])
def test_a_document_sorted_by_key_is_one(version: dict[str, str], indent: int | None, tmp_path: Path) -> None:
    for before, after in ((FILLER, FILLER), ({}, FILLER), (FILLER, {}), ({}, {})):
        text = json.dumps({"components": before, **version, "paths": after}, indent=indent)
        began = time.process_time()
        assert kind(tmp_path / "a.json", text) == "openapi"
        assert time.process_time() - began < 2


def test_a_version_deeper_inside_makes_no_document(tmp_path: Path) -> None:
    inner = {"openapi": "3.0.0", "paths": {}}
    for value in (
        [inner],
        {"tools": FILLER, "example": inner},
        {"text": '{"openapi": "3.0.0"}'},
        {"openapi": {"a": "3."}},
    ):
        assert kind(tmp_path / "a.json", json.dumps(value)) == "toolspec"
        assert kind(tmp_path / "a.json", json.dumps(value, indent=2)) == "toolspec"


def test_yaml_has_its_version_at_the_margin(tmp_path: Path) -> None:
    assert kind(tmp_path / "a.yaml", "components:\n  x: 1\n" * 5_000 + "openapi: 3.0.1\n") == "openapi"
    assert kind(tmp_path / "a.yaml", '"swagger": "2.0"\n') == "openapi"
    assert kind(tmp_path / "a.yaml", "example:\n  openapi: 3.0.1\n") == ""


def test_what_is_no_text_is_a_list_by_its_name_alone(tmp_path: Path) -> None:
    for content in (b"", b"\xff\xfe{}", b'"' * 100_000, b"\0" * 1_000):
        (tmp_path / "a.json").write_bytes(content)
        assert kind_of(tmp_path / "a.json", root=tmp_path) == "toolspec"
    assert kind(tmp_path / "a.json", '{"openapi": "3.0.0"') == "openapi", "one that was cut is told as what it was"
    assert kind_of(tmp_path / "gone.json", root=tmp_path) == ""
