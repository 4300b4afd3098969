"""The table of faults survived says of this engine what is so."""

from __future__ import annotations

import importlib
from itertools import takewhile
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "benchmarks" / "engine" / "README.md"
faults = importlib.import_module("benchmarks.engine.faults")


def _cells() -> dict[str, str]:
    """Fault -> our cell, of the table whose head names the tools; the page has other tables too."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("|  | loopbuild "))
    table = takewhile(lambda line: line.startswith("|"), lines[first + 2 :])
    rows = [line.strip("| ").split(" | ") for line in table]
    return {row[0]: row[1] for row in rows}


def test_every_fault_of_the_script_stands_in_the_table() -> None:
    assert list(_cells()) == list(faults.FAULTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", faults.FAULTS)
def test_our_column_is_what_is_measured(tmp_path: Path, name: str) -> None:
    ours = faults.tools()[0]
    assert faults.FAULTS[name](faults.Trial(ours, tmp_path)) == _cells()[name]
