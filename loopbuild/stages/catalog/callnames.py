"""Tool ids -> the names a model writes: a small alphabet, at most 64 characters, unique in the catalog. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from loopbuild.digest import digest

LIMIT = 64
_HEAD = 57


def call_names(ids: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return id -> call name for (source, name) pairs.

    Names that clash between sources get their source as prefix, all of them, so that none depends on the order of
    sources; what still clashes or is too long ends in six digits of the id's digest.
    """
    pairs = sorted(ids)
    plain = {pair: _clean(pair[1]) for pair in pairs}
    counts = Counter(plain.values())
    chosen = {pair: name if counts[name] == 1 else _clean(f"{pair[0]}_{pair[1]}") for pair, name in plain.items()}
    counts = Counter(chosen.values())
    out: dict[str, str] = {}
    for pair, name in chosen.items():
        tool = f"{pair[0]}/{pair[1]}"
        is_fine = counts[name] == 1 and len(name) <= LIMIT
        out[tool] = name if is_fine else f"{name[:_HEAD]}_{digest('call-name', tool)[:6]}"
    return out


def _clean(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name) or "_"
