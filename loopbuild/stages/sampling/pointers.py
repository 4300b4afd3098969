"""Schema pointers and concrete paths: writing an argument where a path says, which pointer a path falls under."""

from __future__ import annotations

from loopbuild.pointers import plain
from loopbuild.records import Json


def place(root: dict[str, Json], path: str, value: Json) -> None:
    """Write `value` at a concrete path of `root`, making the objects and arrays on the way; arrays grow by one."""
    parts = path.split("/")[1:]
    node: Json = root
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        last = following == ""
        fresh: Json = value if last else ([] if following.isdigit() else {})
        if isinstance(node, list):
            index = int(part)
            if index >= len(node):
                node.append(fresh)
            elif last:
                node[index] = value
            node = node[min(index, len(node) - 1)]
        else:
            name = plain(part)
            if last or name not in node:
                node[name] = fresh
            node = node[name]


def concrete(pointer: str, indices: tuple[int, ...]) -> str:
    """Return a schema pointer with its `[]` replaced by `indices`, left to right; missing ones are 0."""
    given = iter(indices)
    return "/".join(str(next(given, 0)) if part == "[]" else part for part in pointer.split("/"))


def schematic(path: str) -> str:
    """Return the schema pointer of a concrete path: digits become `[]`."""
    return "/".join("[]" if part.isdigit() else part for part in path.split("/"))


def shared_item(one: str, other: str) -> str:
    """Return the innermost array item both schema pointers lie in, `/relations/[]`; empty when there is none."""
    shared = ""
    path = ""
    parts = list(zip(one.split("/")[1:], other.split("/")[1:], strict=False))
    for part, same in parts:
        if part != same:
            break
        path += f"/{part}"
        if part == "[]" and one != path and other != path:
            shared = path
    return shared
