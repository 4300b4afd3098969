"""Foreign names on our screens: what a tool calls itself must not move a cursor or reverse a line."""

from __future__ import annotations

import unicodedata


def shown(name: str, *, limit: int = 80) -> str:
    """Return `name` with control, format and unassigned characters escaped, and cut at `limit` characters."""
    out = "".join(
        char if char.isprintable() and unicodedata.category(char)[0] != "C" else _escaped(char) for char in name[:limit]
    )
    return out if len(name) <= limit else out + "…"


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
