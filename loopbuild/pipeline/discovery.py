"""Finding files that hold tool declarations."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

MAX_BYTES = 4 * 1024 * 1024


def find_schema_files(root: Path, *, skipped: Set[str]) -> list[Path]:
    """Return JSON files under `root`, relative to it and sorted, that read as tool lists without an error."""
    from loopbuild.errors import SourceError
    from loopbuild.stages.sources.listing import read_listing

    found = []
    for path in sorted(root.rglob("*.json")):
        relative = path.relative_to(root)
        if skipped & frozenset(relative.parts) or any(part.startswith(".") for part in relative.parts):
            continue
        if path.stat().st_size > MAX_BYTES:
            continue
        try:
            listing = read_listing("x", path.read_bytes(), file=str(relative), settings={})
        except (SourceError, OSError):
            continue
        if listing.tools and not any(diagnostic.severity == "error" for diagnostic in listing.diagnostics):
            found.append(relative)
    return found
