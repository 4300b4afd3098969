"""Aliases and merge keys of YAML that others wrote: shared values, counted as often as they are used.

Decides that an alias inside what it names is no document, and that a value of a few lines which unfolds to millions is
none either. Values are shared, never copied, so reading a bomb costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loopbuild.documents.document import Builder
from loopbuild.records import Json


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: Json
    nodes: int
    depth: int


class Aliases:
    """Sees the events of one document before the builder does."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._known: dict[str, _Anchored] = {}
        self._open: list[str] = []
        """The anchor of each open mapping or list, empty for one that has none."""
        self._merging: list[int] = []
        """Depths at which the next value is merged into its mapping."""
        self._anchor = ""

    def take(self, event: Any) -> bool:
        """Handle an alias or a merge key and return True; strip the anchor of anything else and return False."""
        builder = self._builder
        name = type(event).__name__
        start, end = event.start_mark.index, event.end_mark.index
        if name == "AliasEvent":
            self._alias(str(event.anchor), start, end)
            return True
        is_merge = name == "ScalarEvent" and builder.wants_key and event.implicit[0] and event.value == "<<"
        self._anchor = str(getattr(event, "anchor", None) or "")
        if self._anchor:
            event.anchor = None
        if is_merge:
            self._merging.append(builder.depth)
            builder.key("<<", start, end)
            return True
        return False

    def note(self, event: Any) -> None:
        """Remember what an anchor names once it is complete; call after the builder took the event."""
        name = type(event).__name__
        if name in ("MappingStartEvent", "SequenceStartEvent"):
            self._open.append(self._anchor)
        elif name == "ScalarEvent" and self._anchor:
            self._known[self._anchor] = _Anchored(self._builder.last, 1, 0)
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            anchor = self._open.pop()
            if anchor:
                value, nodes, depth = self._builder.closed
                self._known[anchor] = _Anchored(value, nodes, depth)
        if name in ("MappingEndEvent", "SequenceEndEvent", "ScalarEvent"):
            self._merge(event.start_mark.index)

    def _alias(self, anchor: str, start: int, end: int) -> None:
        builder = self._builder
        if anchor in self._open:
            raise builder.fatal("alias-cycle", f"alias `*{anchor}` lies within what it names", start, end)
        known = self._known.get(anchor)
        if known is None:
            raise builder.fatal("alias", f"alias `*{anchor}` names nothing above it", start, end)
        if builder.wants_key:
            if not isinstance(known.value, str):
                raise builder.fatal("not-json", "a key is a mapping or a list, not text", start, end)
            builder.key(known.value, start, end)
            return
        builder.shared(known.value, known.nodes, known.depth, start, end)
        self._merge(start)

    def _merge(self, start: int) -> None:
        """Bring the keys of a value under `<<` into the mapping around it, which keeps its own."""
        if self._merging and self._merging[-1] == self._builder.depth and not self._builder.has_key:
            self._merging.pop()
            if not self._builder.merge("<<"):
                raise self._builder.fatal("not-json", "`<<` takes a mapping or a list of them", start, start + 2)
