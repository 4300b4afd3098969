"""The name under which a CI system keeps `.loopbuild`: the text of loop.lock, once it is seen to be one."""

from __future__ import annotations

from blake3 import blake3

from loopbuild.engine import lockfile
from loopbuild.pipeline.builds import OpenProject


def cache_key(opened: OpenProject, *, system: str) -> str:
    """Return the name under which a CI system keeps `.loopbuild`: the same for the same loop.lock.

    Raises LockError for a lock no build would take: a store kept under its name would be found by nobody again.
    """
    text = lockfile.text_of(opened.project.root)
    lockfile.parse(text)
    digest = blake3(text.encode()).hexdigest()[:16] if text else "none"
    return f"loopbuild-{system}-{digest}"
