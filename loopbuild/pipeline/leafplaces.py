"""Where in its file a changed or remarked leaf stands: the key of the parameter, else the entry of its tool.

A tool's span names the entry by a pointer; what lies below is spelled differently by every dialect, so the name is
looked for, through references too. Reads documents and modules again, and only those something is said about.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator
from urllib.parse import unquote

from loopbuild.documents import Document, Unreadable, read_json, read_yaml
from loopbuild.engine.target import Json
from loopbuild.pipeline.argumentplaces import place_in_module
from loopbuild.pointers import unescaped
from loopbuild.records import Span

_INPUTS = ("parameters", "inputSchema", "input_schema", "function", "requestBody")
_OUTPUTS = ("returns", "outputSchema", "output_schema", "responses", "output_parameters")
_MOST_NODES = 4_000
_NO_SCHEMAS = frozenset({"example", "examples", "headers", "links", "callbacks", "enum", "const", "default"})

Path = tuple[str | int, ...]
Node = tuple[str, Path]
"""A value by the file it stands in and the way to it."""


class LeafPlaces:
    """Finds leaves in the files of one project; a file is parsed when first asked for."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._documents: dict[str, Document | None] = {}
        self._known: dict[tuple[Node, str], Node | None] = {}

    def of(self, span: Span | None, side: str, pointer: str) -> Span | None:
        """Return the place of a leaf of the tool at `span`, the tool's own when the leaf is not found."""
        if span is None or (not pointer and span.line):
            return span
        names = [unescaped(part) for part in pointer.split("/")[1:]]
        wanted = [name for name in names if name not in ("[]", "*") and not name.startswith("|")]
        if span.file.endswith(".py"):
            return place_in_module(self._text(span.file), span, side, wanted) or span
        document = self._document(span.file)
        if document is None or span.file.endswith(".jsonl"):
            return span
        path = _path_of(document.value, span.pointer)
        if path is None:
            return span
        if not pointer:
            return document.span(path, key=True)
        found = self._descend((span.file, path), wanted, side) if wanted else None
        if found is None:
            return span if span.line else document.span(path, key=True)
        holder = self._document(found[0])
        return holder.span(found[1], key=True) if holder is not None else span

    def _text(self, file: str) -> str:
        try:
            return self._read(file).decode("utf-8", errors="replace")
        except OSError:
            return ""

    def _document(self, file: str) -> Document | None:
        if file not in self._documents:
            try:
                read = read_yaml if file.endswith((".yaml", ".yml")) else read_json
                self._documents[file] = read(self._read(file), file=file)
            except (OSError, Unreadable):
                self._documents[file] = None
        return self._documents[file]

    def _at(self, node: Node) -> Json:
        document = self._document(node[0])
        value: Json = document.value if document is not None else None
        for part in node[1]:
            value = value[part]
        return value

    def _keys(self, node: Node) -> Collection[str]:
        """Return the keys of what stands somewhere: a file may have changed since its tool was read."""
        item = self._at(node)
        return item.keys() if isinstance(item, dict) else ()

    def _descend(self, entry: Node, names: list[str], side: str) -> Node | None:
        """Return the innermost of `names` that is found, each below the one before."""
        file, path = entry
        keys = _INPUTS if side != "output" else _OUTPUTS
        starts = [(file, (*path, key)) for key in keys if key in self._keys(entry)]
        if path[:1] == ("paths",) and side != "output" and "parameters" in self._keys((file, path[:-1])):
            starts.append((file, (*path[:-1], "parameters")))  # those of all operations of a path
        for start in starts:
            for wanted in (names, names[1:]) if names[0] == "body" else (names,):
                found, here = 0, start
                for name in wanted:
                    if (here, name) not in self._known:
                        self._known[here, name] = self._nearest(here, name)
                    below = self._known[here, name]
                    if below is None:
                        break
                    found, here = found + 1, below
                if found:
                    return here
        return None

    def _nearest(self, node: Node, name: str) -> Node | None:
        """Return the nearest property called `name`, or the entry of a list whose `name` it is."""
        for (file, path), item in self._breadth_first(node):
            if isinstance(item, dict):
                is_named = bool(path) and path[-1] == "properties"
                # A shorthand maps names to types; a schema has them under `properties`, `type` there is no parameter.
                is_shorthand = (file, path) == node and "properties" not in item and "$ref" not in item
                for key in (name, f"{name}?") if is_named or is_shorthand else ():
                    if key in item:
                        return (file, (*path, key))
            elif isinstance(item, list):
                for at, one in enumerate(item):
                    target = self._followed((file, (*path, at)), one)
                    named = self._at(target) if target is not None else one
                    if isinstance(named, dict) and named.get("name") == name and "in" in (named or ()):
                        return target or (file, (*path, at))
                    if isinstance(one, dict) and one.get("name") == name:
                        return (file, (*path, at))
        return None

    def _breadth_first(self, start: Node) -> Iterator[tuple[Node, Json]]:
        level, seen = [start], {start}
        nodes = 0
        while level and nodes < _MOST_NODES:
            below: list[Node] = []
            for node in level:
                nodes += 1
                item = self._at(node)
                yield node, item
                target = self._followed(node, item)
                if target is not None and target not in seen:
                    seen.add(target)
                    below.append(target)
                file, path = node
                pairs = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
                is_map = bool(path) and path[-1] == "properties"
                below += [
                    (file, (*path, key))
                    for key, inner in pairs
                    if isinstance(inner, dict | list) and (is_map or key not in _NO_SCHEMAS)
                ]
            level = below

    def _followed(self, node: Node, item: Json) -> Node | None:
        """Return where a reference leads, within its document or to a file below its folder; None for any other."""
        ref = item.get("$ref") if isinstance(item, dict) else None
        if not isinstance(ref, str) or ":" in ref.partition("#")[0]:
            return None
        name, _, fragment = ref.partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(node[0]), unquote(name))) if name else node[0]
        document = None if file.startswith(("..", "/")) and file != node[0] else self._document(file)
        path = _path_of(document.value, unquote(fragment)) if document is not None else None
        return (file, path) if path is not None else None


def _path_of(value: Json, pointer: str) -> Path | None:
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
