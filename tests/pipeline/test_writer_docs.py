"""docs/writers.md: its settings are valid, as a reader would copy them."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from loopbuild.documents import read_yaml
from loopbuild.loopfile.load import read

PAGE = Path(__file__).parents[2] / "docs" / "writers.md"


def test_the_settings_shown_are_valid(tmp_path: Path) -> None:
    (shown,) = re.findall(r"(?s)```yaml\n(.*?)```", PAGE.read_text())
    (tmp_path / "hr.json").write_text("[]")
    head = "version: 1\nsources: {hr: {kind: toolspec, path: hr.json}}\n"
    document = read_yaml((head + shown).encode(), file="loop.yaml")
    loopfile, found = read(document, folder=tmp_path, environment={})
    assert found == []
    assert loopfile is not None
    assert [writer.model for writer in loopfile.synthesis.writers] == [
        writer["model"] for writer in yaml.safe_load(shown)["synthesis"]["writers"]
    ]
