"""JSON Pointer (RFC 6901): what a name looks like inside one, and what one points at.

A schema pointer names a leaf of all values of a type: `[]` stands for any item, a part that opens with `|` for one of
several types. A concrete path has the places of items instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


def escaped(name: str | int) -> str:
    """Return a member's name, or an item's index, as one token of a pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def unescaped(token: str) -> str:
    """Return the name that a token of a pointer stands for."""
    return token.replace("~1", "/").replace("~0", "~")


def scalars(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every scalar of a JSON value with its pointer: members by name, items by place."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from scalars(value[name], f"{pointer}/{escaped(name)}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from scalars(item, f"{pointer}/{place}")
    else:
        yield pointer, value


def within(root: Any, fragment: str) -> Any:
    """Return what the pointer in a URI fragment (`/$defs/role`, without `#`) names in `root`; raises LookupError."""
    value = root
    for token in fragment.split("/")[1:]:
        name = unescaped(token.replace("%7E", "~").replace("%2F", "/"))
        if isinstance(value, dict):
            value = value[name]
        elif isinstance(value, list) and name.isascii() and name.isdecimal():
            value = value[int(name)]
        else:
            raise LookupError(fragment)
    return value


def alternatives(pointer: str) -> list[str]:
    """Return the pointers of the alternatives on the way to the leaf at a schema pointer, the outermost first."""
    if "/|" not in pointer:
        return []
    parts = pointer.split("/")
    return ["/".join(parts[: end + 1]) for end, part in enumerate(parts) if part.startswith("|")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value at a concrete place: `/candidate_ids/0`."""

    path: str
    value: Any


def find(value: Any, pointer: str) -> tuple[Found, ...]:
    """Return all non-null values that the schema pointer names in a result, in the order they stand there."""
    return tuple(found for found in _find(value, pointer.split("/")[1:], "") if found.value is not None)


def at(value: Any, path: str) -> Any:
    """Return the value at a concrete path; None when there is nothing."""
    for part in path.split("/")[1:]:
        if isinstance(value, list):
            if not part.isdigit() or int(part) >= len(value):
                return None
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(plain(part))
        else:
            return None
    return value


def _find(value: Any, parts: list[str], path: str) -> Iterator[Found]:
    if not parts or parts == [""]:
        yield Found(path=path, value=value)
    elif parts[0] == "[]":
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _find(item, parts[1:], f"{path}/{index}")
    elif parts[0].startswith("|"):
        yield from _find(value, parts[1:], path)
    elif isinstance(value, dict) and plain(parts[0]) in value:
        yield from _find(value[plain(parts[0])], parts[1:], f"{path}/{parts[0]}")


def plain(token: str) -> str:
    """Return the name that a token of a schema pointer stands for; a name `[]` is written `~2` there."""
    return unescaped(token.replace("~2", "[]"))
