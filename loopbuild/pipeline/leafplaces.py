"""Where in its file a changed or remarked leaf stands: the key of the parameter, else the entry of its tool.

A tool's span names the entry by a pointer; what lies below is spelled differently by every dialect, so the name is
looked for. Reads JSON and YAML documents again, and only those something is said about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loopbuild.documents import Document, Unreadable, read_json, read_yaml
from loopbuild.engine.target import Json
from loopbuild.pointers import unescaped
from loopbuild.records import Span

_INPUTS = ("parameters", "inputSchema", "input_schema", "function", "requestBody")
_OUTPUTS = ("returns", "outputSchema", "output_schema", "responses", "output_parameters")
_MOST_NODES = 20_000


class LeafPlaces:
    """Finds leaves in the files of one project; a document is parsed when first asked for."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._documents: dict[str, Document | None] = {}

    def of(self, span: Span | None, side: str, pointer: str) -> Span | None:
        """Return the place of a leaf of the tool at `span`, the tool's own when the leaf is not found."""
        if span is None or (not pointer and span.line):
            return span
        document = self._document(span.file)
        if document is None or span.file.endswith(".jsonl"):
            return span
        path = _path_of(document.value, span.pointer)
        if path is None:
            return span
        if not pointer:
            return document.span(path, key=True)
        names = [unescaped(part) for part in pointer.split("/")[1:]]
        wanted = [name for name in names if name not in ("[]", "*") and not name.startswith("|")]
        entry = _at(document.value, path)
        found = _descend(entry, wanted, _INPUTS if side != "output" else _OUTPUTS) if wanted else None
        if found is None:
            return span if span.line else document.span(path, key=True)
        return document.span((*path, *found), key=True)

    def _document(self, file: str) -> Document | None:
        if file not in self._documents:
            try:
                read = read_yaml if file.endswith((".yaml", ".yml")) else read_json
                self._documents[file] = read(self._read(file), file=file) if not file.endswith(".py") else None
            except (OSError, Unreadable):
                self._documents[file] = None
        return self._documents[file]


def _path_of(value: Json, pointer: str) -> tuple[str | int, ...] | None:
    path: list[str | int] = []
    for part in pointer.split("/")[1:]:
        name = unescaped(part)
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            path.append(int(name))
        elif isinstance(value, dict) and name in value:
            path.append(name)
        else:
            return None
        value = value[path[-1]]
    return tuple(path)


def _at(value: Json, path: tuple[str | int, ...]) -> Json:
    for part in path:
        value = value[part]
    return value


def _descend(entry: Json, names: list[str], sides: tuple[str, ...]) -> tuple[str | int, ...] | None:
    """Return the path of the innermost of `names` that is found, each below the one before."""
    starts = [key for key in sides if isinstance(entry, dict) and key in entry]
    for start in starts:
        path: tuple[str | int, ...] = (start,)
        for name in names:
            below = _nearest(_at(entry, path), name)
            if below is None:
                break
            path = (*path, *below)
        else:
            return path
        if len(path) > 1:
            return path
    return None


def _nearest(value: Json, name: str) -> tuple[str | int, ...] | None:
    """Return the shortest path to a property called `name`, or to a list's entry whose `name` it is."""
    for path, item in _breadth_first(value):
        if isinstance(item, dict):
            is_named = bool(path) and path[-1] == "properties"
            # A shorthand maps names to types; a schema has them under `properties`, and `type` there is no parameter.
            is_shorthand = not path and "properties" not in item
            for key in (name, f"{name}?") if is_named or is_shorthand else ():
                if key in item:
                    return (*path, key)
        elif isinstance(item, list):
            for at, one in enumerate(item):
                if isinstance(one, dict) and one.get("name") == name:
                    return (*path, at)
    return None


def _breadth_first(value: Json) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    level: list[tuple[tuple[str | int, ...], Json]] = [((), value)]
    nodes = 0
    while level and nodes < _MOST_NODES:
        below: list[tuple[tuple[str | int, ...], Json]] = []
        for path, item in level:
            nodes += 1
            yield path, item
            if isinstance(item, dict):
                below += [((*path, key), inner) for key, inner in item.items() if isinstance(inner, dict | list)]
            elif isinstance(item, list):
                below += [((*path, at), inner) for at, inner in enumerate(item) if isinstance(inner, dict | list)]
        level = below
