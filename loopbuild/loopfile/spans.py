"""loop.yaml brought to the form its records read, and the way back from a setting to its place in the file.

A filter may be written `schema`, `{dedup: {...}}` or `{kind: dedup, ...}`; all become the last form before anything is
validated, because a union of the three would report one mistake three times.
"""

from __future__ import annotations

from loopbuild.documents import Document, Path
from loopbuild.loopfile.sections.base import Json
from loopbuild.records import Span


class Settings:
    """The settings of one document in normal form; `span` answers where a setting stands."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._moved: dict[Path, Path] = {}
        self._kinds: dict[Path, Path] = {}
        self.value: Json = self._normal(document.value)

    def span(self, path: Path, *, key: bool = False) -> Span:
        """Return the place of a setting's value or key, of the deepest part that is written when it is not."""
        return self.document.span(self.written(path), key=key or path in self._kinds)

    def written(self, path: Path) -> Path:
        """Return the path in the file of a path in the settings."""
        if path in self._kinds:
            return self._kinds[path]
        for length in range(len(path), 0, -1):
            moved = self._moved.get(path[:length])
            if moved is not None and len(path) > length:
                return (*moved, *path[length:])
        return path

    def spelled(self, path: Path) -> str:
        """Return a setting as the file spells it."""
        return self.document.source_text(self.written(path))

    def _normal(self, value: Json) -> Json:
        if not isinstance(value, dict) or not isinstance(value.get("filters"), list):
            return value
        return {**value, "filters": [self._filter(index, item) for index, item in enumerate(value["filters"])]}

    def _filter(self, index: int, item: Json) -> Json:
        path: Path = ("filters", index)
        if isinstance(item, str):
            self._kinds[(*path, "kind")] = path
            return {"kind": item}
        if isinstance(item, dict) and len(item) == 1 and "kind" not in item:
            ((kind, options),) = item.items()
            if options is None or (isinstance(options, dict) and "kind" not in options):
                self._kinds[(*path, "kind")] = (*path, kind)
                self._moved[path] = (*path, kind)
                return {"kind": kind, **(options or {})}
        return item
