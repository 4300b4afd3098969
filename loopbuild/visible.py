"""Foreign text made visible: a name or a text from elsewhere must not move a cursor, hide or reverse a line.

Decides which characters are shown as they are. Knows no screen and no format; escaping for HTML or XML comes after.
"""

from __future__ import annotations

import re
import unicodedata

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_OTHER = re.compile(r"[^ -~]")


def visible(text: str, *, keep: str = "", limit: int = 0) -> str:
    r"""Return `text` with control, format, unassigned and bidirectional characters as `\u202e`; those of `keep` stay.

    Longer than `limit` characters it is cut, and ends in `…`.
    """
    cut = text[:limit] if limit else text
    shown = _OTHER.sub(lambda found: found[0] if found[0] in keep or is_shown(found[0]) else _escaped(found[0]), cut)
    return shown if len(cut) == len(text) else shown + "…"


def named(name: str, *, limit: int = 120) -> str:
    """Return a foreign name for a message: on one line, cut where it is longer than any name should be."""
    return visible(name, limit=limit)


def is_shown(character: str) -> bool:
    """Return whether a character has a look of its own and leaves its neighbours where they are."""
    return character.isprintable() and unicodedata.category(character)[0] != "C" and character not in _BIDI


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
