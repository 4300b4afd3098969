"""JSON Pointer (RFC 6901): what a name looks like inside one, and what the fragment of a `$ref` points at."""

from __future__ import annotations

from typing import Any


def escaped(name: str | int) -> str:
    """Return a member's name, or an item's index, as one token of a pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def unescaped(token: str) -> str:
    """Return the name that a token of a pointer stands for."""
    return token.replace("~1", "/").replace("~0", "~")


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
