"""Canonical form and domain-tagged digests: what "the same" means everywhere in the project.

Pure. Knows JSON values and nothing else: no dataclasses, no files, no meaning. Whatever has no single spelling
(NaN, infinities, lone surrogates, non-text keys, foreign types) is refused instead of guessed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

from blake3 import blake3

# Made once: `json.dumps` makes an encoder for every call that has options.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode

FINGERPRINT_VERSION = 1
"""Part of every digest; raising it makes every stored key unknown, so that an old scheme never reads as "equal"."""


def canonical(value: Any) -> bytes:
    """Return the one UTF-8 JSON spelling of `value`: sorted keys, no spaces, shortest round-trip floats.

    Integral floats are written as floats (`1.0`), so 1 and 1.0 differ; callers that want them equal normalise first.
    Raises TypeError for a value JSON does not have, ValueError for NaN, infinities and lone surrogates.
    """
    _check(value)
    return _encode(value).encode("utf-8")


quoted: Callable[[str], str] = json.encoder.encode_basestring
"""Return the canonical form of one text, not encoded yet; encoding it refuses lone surrogates."""


def digest(tag: str, value: Any) -> str:
    """Return the 64 hex digits naming `value` within the domain `tag`: two domains never collide."""
    return digest_bytes(tag, canonical(value))


def digest_bytes(tag: str, content: bytes) -> str:
    """Like `digest`, for bytes that are already canonical or opaque."""
    hasher = blake3(f"loopbuild:{tag}:{FINGERPRINT_VERSION}\0".encode())
    hasher.update(content)
    return hasher.hexdigest()


def unit_interval(tag: str, value: Any) -> float:
    """Return a number in [0, 1) that depends on nothing but `tag` and `value`; 53 bits of the digest."""
    return int(digest(tag, value)[:14], 16) % (1 << 53) / (1 << 53)


def seed(tag: str, value: Any) -> int:
    """Return a 63-bit seed for a local random generator, a function of content alone."""
    return int(digest(tag, value)[:16], 16) >> 1


def short(hexdigits: str) -> str:
    """Return the 8 digits shown on screens."""
    return hexdigits.removeprefix("b3:")[:8]


def _check(value: Any) -> None:
    # An explicit stack: canonical form must not depend on the recursion limit. Lone surrogates are refused when the
    # text is encoded.
    stack: list[Iterable[Any]] = [(value,)]
    while stack:
        for item in stack.pop():
            kind = type(item)
            if kind is str or kind is int or item is None or kind is bool:
                continue
            if kind is dict:
                for key in item:
                    if type(key) is not str:
                        raise TypeError(f"object key `{key!r}` is not text")
                stack.append(item.values())
            elif kind is list or kind is tuple:
                stack.append(item)
            elif kind is not float:
                raise TypeError(f"`{kind.__name__}` has no canonical form")
            elif not math.isfinite(item):
                raise ValueError(f"`{item}` has no canonical form")
