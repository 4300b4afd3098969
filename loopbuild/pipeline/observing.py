"""Sources with `observe: true`: their reading tools are called where calls run anyway, and what came back is a file.

`listings/<source>.observed.json`, written when it is missing and by `--refresh source:NAME`, committed beside loop.yaml
like a listing: builds read the file and call nobody. A server that is listed live is observed with its listing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from loopbuild.engine.target import Json
from loopbuild.errors import SandboxError, SourceError
from loopbuild.pipeline.declared import listing_of, source_targets
from loopbuild.pipeline.listings import put
from loopbuild.pipeline.sandbox_settings import live_settings
from loopbuild.pipeline.source_files import observed_file

__all__ = ["ObservedSource", "observed_file", "observed_sources", "write_observed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSource:
    """A source whose tools are to be called."""

    name: str
    path: Path
    is_seen: bool


def observed_sources(settings: Json, *, root: Path) -> list[ObservedSource]:
    """Return the sources that say `observe: true`, and whether each was observed before."""
    found = []
    for name, source in sorted(settings["sources"].items()):
        if source["observe"]:
            path = root / observed_file(name)
            found.append(ObservedSource(name=name, path=path, is_seen=path.is_file()))
    return found


def write_observed(source: ObservedSource, settings: Json, *, root: Path, environment: Mapping[str, str]) -> bool:
    """Call the reading tools of a source and write what they returned; returns whether the file changed.

    On SourceError, where its sandbox cannot be opened, the file stays as it was.
    """
    content = _observed(source, settings, root, environment)
    if source.is_seen and source.path.read_bytes() == content:
        return False
    put(source.path, content)
    return True


def _observed(source: ObservedSource, settings: Json, root: Path, environment: Mapping[str, str]) -> bytes:
    from loopbuild.sandbox import open_sandbox
    from loopbuild.stages.catalog.canonical import build_catalog
    from loopbuild.stages.sources.observing import observe

    (target,) = source_targets(settings, root, [source.name])

    def declared(path: str) -> bytes:
        if path == observed_file(source.name):
            raise FileNotFoundError(path)  # what was seen before is no declaration
        return (root / path).read_bytes()

    catalog = build_catalog([listing_of(target, declared)], entities=settings["graph"]["entities"])
    chosen = live_settings(settings, source.name)
    kept = f"`{observed_file(source.name)}`, as it was" if source.is_seen else ""
    try:
        with closing(open_sandbox(chosen, catalog, root=root, environment=environment, source=source.name)) as sandbox:
            seen = observe(catalog.tools, sandbox)
    except SandboxError as error:
        raise SourceError(
            f"source `{source.name}`: nothing could be observed: {error.message}",
            source=source.name,
            intact=kept,
            hint="without `observe: true` the source is read as it is declared",
        ) from error
    return (json.dumps({"observed": seen}, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
