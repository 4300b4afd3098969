"""Source kind `toolspec`: JSON files of OpenAI, Anthropic, MCP or plain entries, mixed at will."""

from __future__ import annotations

from loopbuild.records import Json, Listing
from loopbuild.stages.sources.listing import read_listing


def read(source: str, content: bytes, *, file: str, settings: Json) -> Listing:
    """Return the tools in `content`; `file` is the name shown in places, `settings` the source's section of loop.yaml.

    Raises SourceError when nothing at all can be read; everything smaller becomes a diagnostic of the listing.
    """
    return read_listing(source, content, file=file, settings=settings)
