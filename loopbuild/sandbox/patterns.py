"""Makes a text that matches a simple regular expression: what id patterns in schemas look like.

Reads literals, classes, `\\d \\w \\s .`, groups, alternatives and repetitions; anchors are ignored. Anything richer
(look-around, back references) yields the part understood so far: the caller validates what comes out.
"""

from __future__ import annotations

import string
from collections.abc import Callable

_CLASSES = {"d": string.digits, "w": string.ascii_lowercase + string.digits, "s": " "}
_MORE = 4


def from_pattern(pattern: str, below: Callable[[int], int]) -> str:
    """Return a text for `pattern`; `below(n)` gives the next choice in [0, n)."""
    return _Reader(pattern, below).alternatives()


class _Reader:
    def __init__(self, pattern: str, below: Callable[[int], int]) -> None:
        self._text = pattern
        self._at = 0
        self._below = below

    def alternatives(self) -> str:
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        return branches[self._below(len(branches))]

    def _sequence(self) -> str:
        parts: list[str] = []
        while self._peek() not in ("", "|", ")"):
            start = self._at
            first = self._atom()
            low, high = self._repetition()
            times = low + (self._below(high - low + 1) if high > low else 0)
            if times == 0:
                continue
            after = self._at
            parts.append(first)
            for _ in range(times - 1):
                # Read the atom again: each repetition makes its own choices.
                self._at = start
                parts.append(self._atom())
            self._at = after
        return "".join(parts)

    def _atom(self) -> str:
        char = self._take()
        if char == "[":
            return self._choose(self._char_class())
        if char == "(":
            if self._text.startswith("?", self._at):
                self._at += 1
                while self._peek() not in (":", "=", "!", ">", ""):
                    self._at += 1
                self._at += 1
            inner = self.alternatives()
            self._at += 1
            return inner
        if char == "\\":
            escaped = self._take()
            return self._choose(_CLASSES.get(escaped, "" if escaped in "bBAZ" else escaped))
        if char in "^$":
            return ""
        return self._choose(string.ascii_lowercase) if char == "." else char

    def _char_class(self) -> str:
        is_negated = self._peek() == "^"
        self._at += is_negated
        members: list[str] = []
        while self._peek() not in ("]", ""):
            char = self._take()
            if char == "\\":
                escaped = self._take()
                members.extend(_CLASSES.get(escaped, escaped))
            elif self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                members.extend(chr(code) for code in range(ord(char), ord(self._take()) + 1))
            else:
                members.append(char)
        self._at += 1
        if is_negated:
            return "".join(char for char in string.ascii_lowercase + string.digits if char not in members)
        return "".join(members)

    def _repetition(self) -> tuple[int, int]:
        char = self._peek()
        if char in ("?", "*", "+"):
            self._at += 1
            low, high = {"?": (0, 1), "*": (0, _MORE), "+": (1, _MORE)}[char]
        elif char == "{" and "}" in self._text[self._at :]:
            end = self._text.index("}", self._at)
            first, _, second = self._text[self._at + 1 : end].partition(",")
            low = int(first or 0)
            high = int(second) if second else low + (_MORE if "," in self._text[self._at : end] else 0)
            self._at = end + 1
        else:
            return 1, 1
        if self._peek() == "?":
            self._at += 1
        return low, high

    def _choose(self, options: str) -> str:
        return options[self._below(len(options))] if options else ""

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        self._at += 1
        return char
