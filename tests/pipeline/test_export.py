"""An exported folder is the dataset, always the same bytes, and never written over anybody's files."""

from __future__ import annotations

import json
from pathlib import Path

import projects
import pytest


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = projects.hr_project(tmp_path_factory.mktemp("export"))
    assert projects.loopbuild(folder, "build", "dataset:").code == 0
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("form", ["openai", "trl-sft", "trl-grpo"])
def test_every_row_is_exported_twice_the_same(root: Path, tmp_path: Path, form: str) -> None:
    trained = lines(root / ".loopbuild" / "out" / "dataset" / "train.jsonl")
    asked = lines(root / ".loopbuild" / "out" / "dataset" / "eval.jsonl")
    for name in ("one", "two", "two"):
        done = projects.loopbuild(root, "export", "--format", form, str(tmp_path / name))
        assert done.code == 0, done.err
    assert len(lines(tmp_path / "one" / "train.jsonl")) == len(trained)
    assert len(lines(tmp_path / "one" / "test.jsonl")) == len(asked)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"], "nothing is left beside the folder"


def test_the_parquet_file_says_what_the_chat_lines_say(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    from datasets import load_dataset

    for form in ("hf", "openai"):
        assert projects.loopbuild(root, "export", "--format", form, str(tmp_path / form)).code == 0
    held = load_dataset("parquet", data_dir=str(tmp_path / "hf" / "data"), cache_dir=str(tmp_path / "cache"))
    told = lines(tmp_path / "openai" / "train.jsonl")
    assert len(held["train"]) == len(told)
    for row, line in zip(held["train"], told, strict=True):
        assert [m["content"] for m in row["messages"]] == [m["content"] for m in line["messages"]]
        assert [m["tool_calls"] for m in row["messages"]] == [m.get("tool_calls", []) for m in line["messages"]]
        assert json.loads(row["tools"]) == line.get("tools", [])


def test_a_folder_with_anybodys_files_is_refused_untouched(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert projects.loopbuild(root, "export", "--format", "openai", str(folder)).code == 0
    (folder / "README.md").write_text("edited")
    before = contents(folder)
    done = projects.loopbuild(root, "export", "--format", "trl-sft", str(folder))
    assert done.code == 1
    assert "`README.md`" in done.err
    assert contents(folder) == before
    (tmp_path / "file").write_text("x")
    assert projects.loopbuild(root, "export", "--format", "openai", str(tmp_path / "file")).code == 1


def test_pairs_are_not_made_up(root: Path, tmp_path: Path) -> None:
    done = projects.loopbuild(root, "export", "--format", "trl-dpo", str(tmp_path / "pairs"))
    assert done.code == 2
    assert "no preference pairs were made" in done.err
    assert not (tmp_path / "pairs").exists()


def test_the_card_names_writers_lineage_and_where_calls_ran(root: Path, tmp_path: Path) -> None:
    assert projects.loopbuild(root, "export", "--format", "openai", str(tmp_path / "x")).code == 0
    card = (tmp_path / "x" / "README.md").read_text(encoding="utf-8")
    for words in ("| `offline` |", "dataset:train", "Every call ran in a simulated sandbox", "variety: low"):
        assert words in card


def test_the_dataset_on_a_screen(root: Path) -> None:
    shown = projects.loopbuild(root, "show", "dataset:main").out
    for words in ("rows made", "kept for training", "values from", "Self-BLEU@20", "rows per tool, fewest first"):
        assert words in shown
