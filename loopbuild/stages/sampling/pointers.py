"""Schema pointers and concrete values: writing an argument where a pointer says, finding values a pointer names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loopbuild.pointers import unescaped
from loopbuild.records import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value at a concrete place: `/candidate_ids/0`."""

    path: str
    value: Json


def find(value: Json, pointer: str) -> tuple[Found, ...]:
    """Return all non-null values that the schema pointer names in a result, in the order they stand there."""
    return tuple(found for found in _find(value, pointer.split("/")[1:], "") if found.value is not None)


def at(value: Json, path: str) -> Json:
    """Return the value at a concrete path; None when there is nothing."""
    for part in path.split("/")[1:]:
        if isinstance(value, list):
            if not part.isdigit() or int(part) >= len(value):
                return None
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(_plain(part))
        else:
            return None
    return value


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
            name = _plain(part)
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


def _find(value: Json, parts: list[str], path: str) -> Iterator[Found]:
    if not parts or parts == [""]:
        yield Found(path=path, value=value)
    elif parts[0] == "[]":
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _find(item, parts[1:], f"{path}/{index}")
    elif parts[0].startswith("|"):
        yield from _find(value, parts[1:], path)
    elif isinstance(value, dict) and _plain(parts[0]) in value:
        yield from _find(value[_plain(parts[0])], parts[1:], f"{path}/{parts[0]}")


def _plain(part: str) -> str:
    return unescaped(part.replace("~2", "[]"))
