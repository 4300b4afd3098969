"""What is said about a result under its key, and when that is believed.

A result names its objects by blake3, SHA-256 and size, so contents need no trust. The claim "this key gives these
objects" does: it is believed when loop.lock or this store's own index vouches for it (`proof`), when it is signed with
the team's key, or when the server as a whole is trusted. Never is an object taken that neither the claim nor an object
of it names. Knows nothing of how bytes travel.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Collection, Mapping
from typing import Annotated, Literal

import msgspec

from loopbuild.digest import canonical
from loopbuild.engine.commit import Record, entry_of
from loopbuild.engine.proof import proof_of

Trust = Literal["lock", "hmac", "server"]
Name = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
MAX_CLAIM_BYTES = 16 * 1024 * 1024


class Blob(msgspec.Struct, frozen=True):
    """Where an object's bytes lie."""

    sha256: Name
    size: Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One result as it is shared; the manifest of a record stays at home, since whoever restores has its own."""

    format: Literal[1]
    key: Name
    target: str
    """Of paid results only: pure ones of the same key are the same whatever they are called."""
    needs: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    """The output, then of a table its trace, then what the action kept."""
    published: dict[str, Name]
    parent: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
    rows: Annotated[int, msgspec.Meta(ge=-1)]
    blobs: dict[Name, Blob]
    """Every object of the result, and objects its output names."""
    signature: str = ""

    @property
    def output(self) -> str:
        """Digest of the output."""
        return self.needs[0]

    @property
    def trace(self) -> str:
        """Digest of a table's trace, else empty."""
        return self.needs[1] if self.rows >= 0 and len(self.needs) > 1 else ""

    @property
    def proof(self) -> str:
        """What loop.lock says about this very result."""
        return proof_of(
            self.key,
            needs=self.needs,
            published=self.published,
            parent=self.parent,
            row_count=self.rows,
        )


def claim_of(record: Record, *, blobs: Mapping[str, tuple[str, int]], secret: bytes) -> Claim:
    """Return what is said about a stored result, signed when there is a key."""
    entry = entry_of(record, digest="")
    claim = Claim(
        format=1,
        key=record.key,
        target=record.target if record.nature != "pure" else "",
        needs=entry.needs,
        published=dict(record.published),
        parent=record.parent,
        rows=record.row_count,
        blobs={name: Blob(sha256=sha256, size=size) for name, (sha256, size) in blobs.items()},
    )
    return msgspec.structs.replace(claim, signature=_signature(claim, secret)) if secret else claim


def is_believed(claim: Claim, *, trust: Trust, vouched: Collection[str], secret: bytes) -> bool:
    """Return whether the claim may be acted upon; `vouched` are proofs from loop.lock and the local index."""
    if trust == "server" or claim.proof in vouched:
        return True
    return trust == "hmac" and bool(secret) and hmac.compare_digest(_signature(claim, secret), claim.signature)


def encode(claim: Claim) -> bytes:
    """Return the claim as an ActionResult in JSON: caches that look into entries find every blob listed there."""
    files = [
        {"path": name, "digest": {"hash": blob.sha256, "sizeBytes": str(blob.size)}}
        for name, blob in sorted(claim.blobs.items())
    ]
    inside = base64.b64encode(canonical(msgspec.to_builtins(claim))).decode("ascii")
    return canonical({"outputFiles": files, "stdoutRaw": inside})


def decode(content: bytes, *, name: str) -> Claim:
    """Return the claim in the entry `name`, a key or the digest of an output.

    Raises ValueError for anything that is not a whole claim about it.
    """
    try:
        outer = json.loads(content)
        inside = outer.get("stdoutRaw") or outer["stdout_raw"]
        claim = msgspec.json.decode(base64.b64decode(inside, validate=True), type=Claim)
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("the entry is not a result of loopbuild") from error
    if name not in (claim.key, claim.output):
        raise ValueError("the entry is about another result")
    if not set(claim.needs) <= claim.blobs.keys() or not set(claim.published.values()) <= set(claim.needs):
        raise ValueError("the entry does not say where its objects are")
    if claim.rows >= 0 and not claim.trace:
        raise ValueError("the entry of a table has no trace")
    for path in claim.published:
        parts = path.split("/")
        if not path or any(part in ("", ".", "..") for part in parts) or "\\" in path or "\0" in path:
            raise ValueError("the entry publishes outside of its folder")
    return claim


def _signature(claim: Claim, secret: bytes) -> str:
    content = canonical(msgspec.to_builtins(msgspec.structs.replace(claim, signature="")))
    return hmac.new(secret, b"loopbuild:result:1\0" + content, "sha256").hexdigest()
