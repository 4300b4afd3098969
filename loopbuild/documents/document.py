"""A document that was read, and the builder that makes it from a flat run of opens, keys, scalars and closes.

Decides what any document may hold, whatever its format: unique keys, at most `MAX_DEPTH` levels and `MAX_NODES` values.
Mistakes that leave a readable rest are collected in `Document.diagnostics`; the others raise `Unreadable`. Opens no
files and knows nothing of what a document means.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from loopbuild.documents.places import Lines
from loopbuild.pointers import escaped, unescaped
from loopbuild.records import Diagnostic, Json, Span

MAX_DEPTH = 200
MAX_NODES = 2_000_000
MAX_DIGITS = 4_300
"""Digits of one integer: Python converts no longer one, because it takes quadratic time."""

Path = tuple[str | int, ...]


class Unreadable(Exception):
    """The bytes are no document; `diagnostics` ends with the reason and holds what was found before it."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics[-1].message)
        self.diagnostics = diagnostics


@dataclass(slots=True)
class Place:
    """Offsets of one value, and of its key where it has one."""

    start: int
    end: int = -1
    key_start: int = -1
    key_end: int = -1
    children: dict[str, Place] | list[Place] | None = None


@dataclass(kw_only=True)
class Document:
    """A value, and where each part of it stands; places are worked out only when `span` is asked."""

    file: str
    text: str
    """Decoded, without its byte order mark."""
    value: Json
    diagnostics: tuple[Diagnostic, ...] = ()
    """Mistakes that left the rest readable, in file order; the caller decides whether they are fatal."""
    find_places: Callable[[], Place] = field(repr=False)

    def span(self, path: Path | str, *, key: bool = False) -> Span:
        """Return the place of the value at `path` (a tuple or a JSON pointer), or of its key.

        A path that does not exist gives the key of the deepest part that does; what has no key gives its value.
        """
        place = self._root
        reached: list[str | int] = []
        for part in _parts(path) if isinstance(path, str) else path:
            child = _child(place, part)
            if child is None:
                key = True
                break
            place = child
            reached.append(part)
        has_key = place.key_start >= 0
        start, end = (place.key_start, place.key_end) if key and has_key else (place.start, place.end)
        return self._lines.span(start, end, pointer=pointer_of(tuple(reached)))

    def has(self, path: Path) -> bool:
        """Return whether the document holds a value at `path`, null included."""
        place: Place | None = self._root
        for part in path:
            place = _child(place, part) if place is not None else None
        return place is not None

    def source_text(self, path: Path) -> str:
        """Return the value at `path` as it is spelled in the file; the path must exist."""
        place = self._root
        for part in path:
            child = _child(place, part)
            if child is None:
                return ""
            place = child
        return self.text[place.start : place.end]

    @cached_property
    def _root(self) -> Place:
        return self.find_places()

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.file, self.text)


def pointer_of(path: Path) -> str:
    """Return a path as a JSON pointer (RFC 6901)."""
    return "".join("/" + escaped(part) for part in path)


_PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip"}
"""First bytes that begin no text."""


def decode(content: bytes, *, file: str, code: str) -> str:
    """Return the text of UTF-8 bytes without a byte order mark; raises `Unreadable` with `code`."""
    hint = "save the file as UTF-8"
    packed = next((name for start, name in _PACKED.items() if content.startswith(start)), "")
    if packed:
        span = Span(file=file, line=1, column=1)
        raise Unreadable(_error(code, f"`{file}` is packed ({packed}), not text", span, "unpack it first"))
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:4]:
        span = Span(file=file, line=1, column=1)
        raise Unreadable(_error(code, f"`{file}` is UTF-16 or UTF-32, not UTF-8", span, hint))
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as exc:
        before = content[: exc.start].decode("utf-8").removeprefix("\ufeff")
        span = Lines(file, before + "?").span(len(before), len(before) + 1)
        message = f"byte 0x{content[exc.start]:02X} at offset {exc.start} is not UTF-8"
        raise Unreadable(_error(code, message, span, hint)) from None


class Builder:
    """Builds a value and its places; never recurses, so depth costs no stack."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.root: Place | None = None
        self.value: Json = None
        self.found: list[Diagnostic] = []
        self.last: Json = None
        """The scalar added last."""
        self.closed: tuple[Json, int, int] = (None, 0, 0)
        """The mapping or list closed last: its value, the nodes in it and the levels below it."""
        self._nodes = 0
        self._opened: list[list[int]] = []
        """Of each open mapping or list: nodes before it, and the levels below it so far."""
        self._stack: list[tuple[Json, Place]] = []
        self._key: tuple[str, int, int] | None = None
        self._lines: Lines | None = None

    def document(self) -> Document:
        """Return what was built; something must have been."""
        root = self.root
        assert root is not None
        found = tuple(self.found)
        return Document(file=self.file, text=self.text, value=self.value, diagnostics=found, find_places=lambda: root)

    @property
    def wants_key(self) -> bool:
        """Whether the next scalar is a key."""
        return bool(self._stack) and type(self._stack[-1][0]) is dict and self._key is None

    @property
    def depth(self) -> int:
        """How many mappings and lists are open."""
        return len(self._stack)

    @property
    def has_key(self) -> bool:
        """Whether a key waits for its value."""
        return self._key is not None

    @property
    def innermost(self) -> int:
        """Where the innermost open mapping or list begins, -1 outside of all."""
        return self._stack[-1][1].start if self._stack else -1

    def key(self, name: str, start: int, end: int) -> None:
        """Take the key of the value that comes next."""
        children = self._stack[-1][1].children
        assert isinstance(children, dict)
        if name in children:
            first = self._span(children[name].key_start, children[name].key_end)
            hint = f"line {first.line} has `{self._line(children[name].key_start)}`; keep one of the two"
            self.mistake("duplicate-key", f"key `{name}` is given twice, first on line {first.line}", start, end, hint)
        self._key = (name, start, end)

    def open(self, kind: Literal["{", "["], start: int) -> None:
        """Begin a mapping or a list."""
        if self.wants_key:
            raise self.fatal("not-json", "a key is a mapping or a list, not text", start, start + 1)
        if len(self._stack) >= MAX_DEPTH:
            raise self.fatal("too-deep", f"nested deeper than {MAX_DEPTH} levels", start, start + 1)
        value: Json = {} if kind == "{" else []
        place = Place(start, children={} if kind == "{" else [])
        self._opened.append([self._nodes, 0])
        self._add(value, place)
        self._stack.append((value, place))
        self._key = None

    def close(self, end: int) -> None:
        """End the innermost mapping or list."""
        value, place = self._stack.pop()
        place.end = end
        before, levels = self._opened.pop()
        if self._opened:
            self._opened[-1][1] = max(self._opened[-1][1], levels + 1)
        self.closed = (value, self._nodes - before, levels + 1)
        self._key = None

    def shared(self, value: Json, nodes: int, levels: int, start: int, end: int) -> None:
        """Add a value that stands elsewhere too, with what it weighs; it has no places of its own."""
        if len(self._stack) + levels > MAX_DEPTH:
            raise self.fatal("too-deep", f"nested deeper than {MAX_DEPTH} levels", start, end)
        self._nodes += nodes - 1
        self._add(value, Place(start, end))
        if self._opened:
            self._opened[-1][1] = max(self._opened[-1][1], levels)
        self._key = None

    def merge(self, key: str) -> bool:
        """Bring the mapping, or each of the list, under `key` into the innermost mapping, which keeps its own keys."""
        around, place = self._stack[-1]
        value = around.pop(key, None)
        assert isinstance(place.children, dict)
        merged = place.children.pop(key, None)
        parts = value if isinstance(value, list) else [value]
        if merged is None or not all(isinstance(part, dict) for part in parts):
            return False
        for part in parts:
            for name, item in part.items():
                if name not in around:
                    around[name] = item
        return True

    def scalar(self, value: Json, start: int, end: int) -> None:
        """Add a value without parts."""
        self.last = value
        self._add(value, Place(start, end))
        self._key = None

    def mistake(self, code: str, message: str, start: int, end: int, hint: str = "") -> None:
        """Note a mistake that leaves the rest readable."""
        self.found.append(_error(code, message, self._span(start, end), hint))

    def fatal(self, code: str, message: str, start: int, end: int, hint: str = "") -> Unreadable:
        """Return the exception that ends the reading."""
        return Unreadable(*self.found, _error(code, message, self._span(start, end), hint))

    def _line(self, start: int) -> str:
        """Return what stands in a line from an offset on, cut to fit a hint."""
        rest = re.match(r"[^\r\n]*", self.text[start : start + 41])
        text = rest[0].rstrip() if rest else ""
        return text if len(text) <= 40 else text[:39] + "…"

    def _span(self, start: int, end: int) -> Span:
        if self._lines is None:
            self._lines = Lines(self.file, self.text)
        return self._lines.span(start, end)

    def _add(self, value: Json, place: Place) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self.fatal("too-many-nodes", f"more than {MAX_NODES:,} values", place.start, place.start + 1)
        if not self._stack:
            self.root, self.value = place, value
            return
        parent, around = self._stack[-1]
        if isinstance(around.children, list):
            around.children.append(place)
            parent.append(value)
        elif around.children is not None and self._key is not None:
            name, place.key_start, place.key_end = self._key
            # Of a key given twice the first value stays.
            if name not in around.children:
                around.children[name] = place
                parent[name] = value


def _error(code: str, message: str, span: Span, hint: str = "") -> Diagnostic:
    return Diagnostic(severity="error", code=code, message=message, span=span, hint=hint)


def _parts(pointer: str) -> Path:
    return tuple(unescaped(part) for part in pointer.split("/")[1:])


def _child(place: Place, part: str | int) -> Place | None:
    if isinstance(place.children, dict):
        return place.children.get(str(part))
    if isinstance(place.children, list):
        index = int(part) if isinstance(part, int) or part.isdecimal() else -1
        return place.children[index] if 0 <= index < len(place.children) else None
    return None
