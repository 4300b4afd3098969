"""The table of faults survived says of this engine what is so."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "benchmarks" / "engine" / "README.md"
faults = importlib.import_module("benchmarks.engine.faults")


def _cells() -> dict[str, str]:
    rows = [
        line.strip("| ").split(" | ") for line in TABLE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "
    ]
    return {row[0]: row[1] for row in rows if len(row) == 5 and row[0]}


def test_every_fault_of_the_script_stands_in_the_table() -> None:
    assert list(_cells()) == list(faults.FAULTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", faults.FAULTS)
def test_our_column_is_what_is_measured(tmp_path: Path, name: str) -> None:
    ours = faults.tools()[0]
    assert faults.FAULTS[name](faults.Trial(ours, tmp_path)) == _cells()[name]
