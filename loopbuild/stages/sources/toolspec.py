"""Source kind `toolspec`: JSON files of OpenAI, Anthropic, MCP or plain entries, mixed at will."""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.records import Json, Listing
from loopbuild.stages.sources.listing import read_listing


def read(
    source: str, content: bytes, *, file: str, settings: Json, beside: Mapping[str, bytes] | None = None
) -> Listing:
    """Return the tools in `content`; `file` is the name shown in places, `settings` the source's section of
    loop.yaml, `beside` the other files of a glob.

    Raises SourceError when nothing at all can be read; everything smaller becomes a diagnostic of the listing.
    """
    return read_listing(source, content, file=file, settings=settings, beside=beside)
