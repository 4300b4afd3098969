"""Offsets of a text to lines and columns, counted from 1 and in code points.

Knows no file format.
"""

from __future__ import annotations

import bisect
import re

from loopbuild.records import Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class Lines:
    """The line starts of one text; only the line ends that an editor counts are counted."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def span(self, start: int, end: int, *, pointer: str = "") -> Span:
        """Return the place between two offsets, cut at the end of its first line and at least one column wide."""
        line = bisect.bisect_right(self._starts, start)
        # Not searched for: many places in one line of a whole document would cost its length each.
        last = min(end, self._starts[line] if line < len(self._starts) else len(self.text))
        width = len(self.text[start:last].rstrip())
        column = start - self._starts[line - 1] + 1
        return Span(file=self.file, line=line, column=column, width=max(1, width), pointer=pointer)
