"""loop.yaml.example: every key, with its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loopbuild.digest import canonical
from loopbuild.documents import read_yaml
from loopbuild.loopfile.load import load, read
from loopbuild.loopfile.model import Loopfile
from loopbuild.loopfile.shape import homes

EXAMPLE = Path(__file__).parents[2] / "loop.yaml.example"


def test_example_is_the_defaults() -> None:
    """Byte for byte in canonical form: writing a default out changes no digest."""
    given = load(EXAMPLE, environment={})
    source = {"kind": "toolspec", "path": "examples/hr/tools/hr.json"}
    default = Loopfile.model_validate({"version": 1, "sources": {"hr": source}})
    assert given.warnings == ()
    assert canonical(given.loopfile.model_dump(mode="json")) == canonical(default.model_dump(mode="json"))


def uncommented() -> str:
    """The example with its commented sources switched on."""
    return re.sub(r"(?m)^  # ", "  ", EXAMPLE.read_text())


def test_commented_sources_are_valid(tmp_path: Path) -> None:
    for file in ("specs/shop.yaml", "mypkg/tools.py", "examples/hr/tools/hr.json"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("{}")
    (tmp_path / "cassettes").mkdir()
    (tmp_path / "cassettes" / "shop.jsonl").write_text("")
    document = read_yaml(uncommented().encode(), file="loop.yaml")
    loopfile, found = read(document, folder=tmp_path, environment={"GIT_TOKEN": "x"})
    assert found == []
    assert loopfile is not None
    assert list(loopfile.sources) == ["hr", "files", "git", "shop", "local"]


@pytest.mark.parametrize("key", sorted(homes()))
def test_every_key_is_shown(key: str) -> None:
    assert re.search(rf"(?m)(?:^[ #-]*|[{{,] ?){key}:", EXAMPLE.read_text())


def test_every_section_shows_all_its_keys() -> None:
    document = read_yaml(uncommented().encode(), file="loop.yaml")
    default = Loopfile.model_validate({"version": 1, "sources": {"hr": {"kind": "toolspec", "path": "x"}}})
    settings = default.model_dump(mode="json")
    for section in ("check", "graph", "sampling", "synthesis", "training", "evaluation", "engine", "sandbox"):
        assert set(document.value[section]) == set(settings[section])
    assert set(document.value["training"]["phases"]["teach"]) == set(settings["training"]["phases"]["teach"])
    assert set(document.value["sources"]["hr"]) == set(settings["sources"]["hr"])


def test_it_opens_with_how_to_run_it_and_comments_sparingly() -> None:
    first = EXAMPLE.read_text().splitlines()[0]
    assert first.startswith("# ")
    assert "`cp loop.yaml.example loop.yaml && loopbuild build`" in first
    for line in EXAMPLE.read_text().splitlines()[2:]:
        assert re.match(r"  # ", line) or not line.startswith("#"), "one trailing comment per key, no blocks"
        assert len(line) <= 110
