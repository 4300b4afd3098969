"""Makes a text that matches a simple regular expression: what id patterns in schemas look like.

Reads literals, classes, `\\d \\w \\s .`, groups, alternatives and repetitions; anchors are ignored. Anything richer
(look-around, back references) yields the part understood so far: the caller validates what comes out. Schemas come
from strangers: whatever a pattern asks for, work and length are bounded.
"""

from __future__ import annotations

import string
from collections.abc import Callable

_CLASSES = {"d": string.digits, "w": string.ascii_lowercase + string.digits, "s": " "}
_MORE = 4
MAX_LENGTH = 4096
"""Characters of a text; no id or code a person has seen is longer."""
_MAX_EXTRA = 256
"""Repetitions chosen beyond those a pattern demands."""
_MAX_ATOMS = 20_000
_MAX_MEMBERS = 256
"""Of one character class; `[\\x00-\\U0010ffff]` has a million."""
_MAX_DEPTH = 64


def from_pattern(pattern: str, below: Callable[[int], int]) -> str:
    """Return a text for `pattern`, cut at MAX_LENGTH; `below(n)` gives the next choice in [0, n)."""
    return _Reader(pattern, below).alternatives()[:MAX_LENGTH]


def is_too_much(pattern: str) -> bool:
    """Say whether even the shortest text `pattern` allows is longer, or harder to make, than anything we make."""
    reader = _Reader(pattern, lambda _: 0)
    return len(reader.alternatives()) > MAX_LENGTH or reader.is_spent


class _Reader:
    def __init__(self, pattern: str, below: Callable[[int], int]) -> None:
        self._text = pattern
        self._at = 0
        self._below = below
        self._atoms = 0
        self._depth = 0

    @property
    def is_spent(self) -> bool:
        """Whether the pattern asked for more than is made."""
        return self._atoms >= _MAX_ATOMS or self._depth >= _MAX_DEPTH

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
            length = len(first)
            for _ in range(times - 1):
                if self.is_spent or length > MAX_LENGTH:
                    break
                # Read the atom again: each repetition makes its own choices.
                self._at = start
                parts.append(self._atom())
                length += len(parts[-1])
            self._at = after
        return "".join(parts)[: MAX_LENGTH + 1]

    def _atom(self) -> str:
        self._atoms += 1
        char = self._take()
        if char == "[":
            return self._choose(self._char_class())
        if char == "(":
            if self._text.startswith("?", self._at):
                self._at += 1
                while self._peek() not in (":", "=", "!", ">", ""):
                    self._at += 1
                self._at += 1
            if self._depth >= _MAX_DEPTH:  # it stays so: what is left is not worth reading
                self._at = len(self._text)
                return ""
            self._depth += 1
            inner = self.alternatives()
            self._depth -= not self.is_spent
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
                codes = range(ord(char), ord(self._take()[:1] or char) + 1)[:_MAX_MEMBERS]
                members.extend(chr(code) for code in codes if not 0xD800 <= code < 0xE000)
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
            if not (first + second).isdecimal():
                return 1, 1  # `a{b}` is no repetition: the brace stands for itself
            low = int(first[:9] or 0)
            high = int(second[:9]) if second else low + (_MORE if "," in self._text[self._at : end] else 0)
            high = min(high, max(low, _MAX_EXTRA))
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
