"""JSON Pointer (RFC 6901): what a name looks like inside one, and what the fragment of a `$ref` points at."""

from __future__ import annotations

from collections.abc import Iterator
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
