"""loop.yaml.example with anything broken in it ends in diagnostics that can be shown, never in a traceback."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from test_loop_example import EXAMPLE, uncommented

from loopbuild.documents import Unreadable, read_yaml
from loopbuild.loopfile.diagnostics import render
from loopbuild.loopfile.load import read

PIECES = ("", " ", "  ", "\n", "\t", ":", "- ", "#", "{", "}", "[", "]", "'", '"', "&a ", "*a", "!t ", "null", "1e400")
PIECES += ("é", "x", "${X}", "---\n", "kind: mcp\n", "<<: ")


@pytest.mark.parametrize("seed", range(8))
def test_broken_files_end_in_diagnostics(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        text = chance.choice((EXAMPLE.read_text(), uncommented()))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice(PIECES) + text[at + chance.randint(0, 12) :]
        try:
            _, found = read(read_yaml(text.encode(), file="loop.yaml"), folder=tmp_path, environment={})
        except Unreadable as exc:
            found = list(exc.diagnostics)
        for one in found:
            assert one.span is not None
            assert 0 < one.span.line <= text.count("\n") + 1
            assert one.span.column > 0
            assert "^" in render(one, text)
