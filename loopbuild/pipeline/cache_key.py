"""The name under which a CI system keeps `.loopbuild`. Reads one file and parses nothing."""

from __future__ import annotations

from blake3 import blake3

from loopbuild.pipeline.builds import OpenProject


def cache_key(opened: OpenProject, *, system: str) -> str:
    """Return the name under which a CI system keeps `.loopbuild`: the same for the same loop.lock."""
    try:
        digest = blake3((opened.project.root / "loop.lock").read_bytes()).hexdigest()[:16]
    except FileNotFoundError:
        digest = "none"
    return f"loopbuild-{system}-{digest}"
