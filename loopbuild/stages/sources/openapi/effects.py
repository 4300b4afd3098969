"""What calling an operation does, by its HTTP method and its path. Pure."""

from __future__ import annotations

import re

from loopbuild.records import Effect, Json

EXTENSION = "x-loopbuild-effect"
"""An operation's own word on what it does, where its method misleads."""
_EFFECTS = ("read", "create", "update", "delete", "unknown")
_BY_METHOD: dict[str, Effect] = {
    "get": "read",
    "head": "read",
    "query": "read",
    "post": "create",
    "put": "update",
    "patch": "update",
    "delete": "delete",
}
_ASKING = frozenset({"search", "query", "list", "find"})


def said_by(value: dict[str, Json]) -> dict[str, Json]:
    """Return the hint for an operation's own word on its effect, none without one."""
    own = value.get(EXTENSION)
    return {"effect": own} if own in _EFFECTS else {}


def effect_of(method: str, path: str, name: str) -> Effect:
    """Return the effect by method; a POST whose path or name ends in a word of asking only reads."""
    if method == "post" and (_last_word(re.sub(r"\{[^}]*\}", "", path)) in _ASKING or _last_word(name) in _ASKING):
        return "read"
    return _BY_METHOD.get(method, "unknown")


def _last_word(text: str) -> str:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)
    return words[-1].lower() if words else ""
