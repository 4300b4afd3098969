"""The short name of one result and all that belongs to it: 16 digits in loop.lock that vouch for what a cache says.

An output's digest alone would not do: the same bytes could be claimed for another key, with another trace or other
published files. Pure; costs a microsecond, as there is one for each line of the lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from blake3 import blake3

_SHOWN = 16


def proof_of(key: str, *, needs: Sequence[str], published: Mapping[str, str], parent: str, row_count: int) -> str:
    """Return the proof of the result of `key` that consists of exactly these objects."""
    parts = ["loopbuild:proof:1", key, str(row_count), parent, *needs]
    if published:
        parts += [f"{name}\0{digest}" for name, digest in sorted(published.items())]
    return blake3("\n".join(parts).encode()).hexdigest()[:_SHOWN]
