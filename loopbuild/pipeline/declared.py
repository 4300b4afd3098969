"""The declared tools of some sources, from whatever version of their files is asked for.

A source that cannot be read costs no other: its error stands beside what the others declare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loopbuild.engine.target import Json, Target
from loopbuild.errors import LoopbuildError, LoopfileError, SourceError
from loopbuild.pipeline.source_files import read_source
from loopbuild.pipeline.targets import source_target
from loopbuild.records import Listing, ToolCatalog

Reader = Callable[[str], bytes]
"""Path relative to the project -> content; raises OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What some sources declare."""

    catalog: ToolCatalog
    listings: Mapping[str, Listing]
    errors: Mapping[str, LoopbuildError]
    """Source -> why nothing of it could be read."""


def source_targets(settings: Json, root: Path, names: Iterable[str] | None = None) -> list[Target]:
    """Return the targets of the sources, or of those in `names`, by name."""
    wanted = None if names is None else set(names)
    return [
        source_target(name, source, root)
        for name, source in sorted(settings["sources"].items())
        if wanted is None or name in wanted
    ]


def paths_of(target: Target) -> list[str]:
    """Return the files of a source, the one its tools stand in first."""
    return [target.params["path"], *target.params["beside"]]


def of_files(target: Target, paths: Sequence[str]) -> Target:
    """Return the target of the same source in other files."""
    roles = [("listing", paths[0]), *((f"beside/{number:04d}", path) for number, path in enumerate(paths[1:]))]
    params = {**target.params, "path": paths[0], "beside": list(paths[1:])}
    return replace(target, params=params, files=tuple(sorted(roles)))


def declared(targets: Sequence[Target], settings: Json, read: Reader) -> Declared:
    """Read the sources; a file that is not there is an error of its source."""
    listings: dict[str, Listing] = {}
    errors: dict[str, LoopbuildError] = {}
    for target in targets:
        name = target.params["name"]
        try:
            listings[name] = listing_of(target, read)
        except LoopbuildError as error:
            if not target.params["is_live"]:
                # A file that cannot be read is a mistake; a server may only be out of reach.
                error.exit_code = LoopfileError.exit_code
            errors[name] = error
    return Declared(catalog=catalog_of(listings.values(), settings), listings=listings, errors=errors)


def listing_of(target: Target, read: Reader) -> Listing:
    """Read one source; raises SourceError."""
    params, contents = target.params, {}
    for path in paths_of(target):
        try:
            contents[path] = read(path)
        except OSError as error:
            if path == params.get("observed"):
                continue  # not yet, or not in that revision: read as it is declared
            hint = f"`loopbuild build --refresh {target.id}` asks the server" if params["is_live"] else ""
            message = f"source `{params['name']}`: cannot read `{path}`"
            raise SourceError(message, source=params["name"], hint=hint) from error
    return read_source(params, contents.pop(params["path"]), contents)


def catalog_of(listings: Iterable[Listing], settings: Json) -> ToolCatalog:
    """Canonicalise listings under the project's synonyms."""
    from loopbuild.stages.catalog.canonical import build_catalog

    return build_catalog(list(listings), entities=settings["graph"]["entities"])
