"""Objects over a remote: a download is hashed before it gets its name in the store, an upload before it is sent."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from loopbuild.engine.objects import VERIFIED_BYTES, Objects
from loopbuild.engine.remote.patience import Pace
from loopbuild.engine.remote.protocol import Remote, RemoteError, TooLong
from loopbuild.engine.remote.results import Blob, Claim

_STEP = 1 << 20
_CHECKED_FIRST = 1 << 16
"""Objects from this size on are asked for before they are sent."""
_NAMES = re.compile(rb"[0-9a-f]{64}")


class Absent(RemoteError):
    """A content the cache once had is gone: a miss, not a failure."""


class Wrong(RemoteError):
    """A content is not what its name promises."""


class _Hashing(io.RawIOBase):
    """A sink that hashes on the way."""

    def __init__(self, stream: BinaryIO, pace: Pace) -> None:
        self.blake3 = blake3()
        self.sha256 = hashlib.sha256()
        self.size = 0
        self._stream = stream
        self._pace = pace

    def write(self, part: bytes) -> int:  # type: ignore[override]
        self.blake3.update(part)
        self.sha256.update(part)
        self.size += len(part)
        self._pace.received(len(part))
        if self._pace.is_too_slow:
            raise RemoteError("the remote cache is too slow")
        return self._stream.write(part)


def download(remote: Remote, name: str, blob: Blob, *, objects: Objects, is_durable: bool, pace: Pace) -> None:
    """Bring one object into the store. Raises Absent, Wrong and RemoteError."""
    pace.step()
    with objects.arriving() as temporary:
        with Path(temporary).open("wb") as stream:
            sink = _Hashing(stream, pace)
            try:
                is_there = remote.get("cas", blob.sha256, sink, limit=blob.size)  # type: ignore[arg-type]
            except TooLong as error:
                raise Wrong(error.message) from error
        if not is_there:
            raise Absent(f"`{remote.address}` no longer holds a content it lists")
        if (sink.blake3.hexdigest(), sink.sha256.hexdigest(), sink.size) != (name, blob.sha256, blob.size):
            raise Wrong(f"`{remote.address}` sent other bytes than the name promises")
        objects.accept(temporary, name, is_durable=is_durable)


def read_entry(remote: Remote, key: str, *, limit: int, pace: Pace) -> bytes | None:
    """Return what the cache says about `key`, None when it says nothing."""
    pace.step()
    held = io.BytesIO()
    sink = _Hashing(held, pace)
    return held.getvalue() if remote.get("ac", key, sink, limit=limit) else None  # type: ignore[arg-type]


def holds(remote: Remote, blob: Blob, *, pace: Pace) -> bool:
    """Return whether the cache has a content, byte for byte: reads all of it."""
    pace.step()
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        sink = _Hashing(nowhere, pace)
        try:
            is_there = remote.get("cas", blob.sha256, sink, limit=blob.size)  # type: ignore[arg-type]
        except TooLong:
            return False
    return is_there and (sink.sha256.hexdigest(), sink.size) == (blob.sha256, blob.size)


def upload(remote: Remote, name: str, *, objects: Objects, is_there: Callable[[Blob], bool]) -> tuple[str, int]:
    """Send one object, a large one unless it is there; return its SHA-256 and size.

    Raises RemoteError, OSError when it is gone.
    """
    with open(objects.path(name), "rb") as stream:  # noqa: PTH123
        sha256, own = hashlib.sha256(), blake3()
        while part := stream.read(_STEP):
            sha256.update(part)
            own.update(part)
        size = stream.tell()
        if own.hexdigest() != name:
            raise Wrong("a damaged object is not uploaded")
        if size < _CHECKED_FIRST or not is_there(Blob(sha256=sha256.hexdigest(), size=size)):
            stream.seek(0)
            remote.put("cas", sha256.hexdigest(), stream, size=size)
    return sha256.hexdigest(), size


def named_in(names: Iterable[str], objects: Objects) -> set[str]:
    """Return the names of objects that stand in the texts of `names`, and in theirs."""
    found: set[str] = set()
    open_names = list(names)
    while open_names:
        for name in _mentioned(open_names.pop(), objects) - found:
            if objects.has(name):
                found.add(name)
                open_names.append(name)
    return found


def missing_of(claim: Claim, objects: Objects) -> list[str]:
    """Return the objects of a claim that are not here and may be fetched now: those of the result, and those named in
    texts that are here."""
    allowed = [*claim.needs, *([claim.parent] if claim.parent in claim.blobs else [])]
    seen: set[str] = set()
    missing: list[str] = []
    while allowed:
        name = allowed.pop()
        if name in seen:
            continue
        seen.add(name)
        if objects.is_sound(name):
            if len(claim.blobs) > len(claim.needs):
                allowed += _mentioned(name, objects) & claim.blobs.keys()
        else:
            missing.append(name)
    return missing


def _mentioned(name: str, objects: Objects) -> set[str]:
    try:
        with open(objects.path(name), "rb") as stream:  # noqa: PTH123
            if stream.read(1) != b"{" or os.fstat(stream.fileno()).st_size > VERIFIED_BYTES:
                return set()
            return {found.decode("ascii") for found in _NAMES.findall(stream.read())}
    except OSError:
        return set()
