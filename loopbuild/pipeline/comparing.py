"""Two states of the declared tools side by side: what changed, where it stands, and what that makes stale."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loopbuild.engine.target import Json, Target
from loopbuild.errors import LoopbuildError, SelectionError, SourceError
from loopbuild.pipeline.bases import Base, at_revision, declared_at, digest_changes, locked
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.declared import Declared, Reader, catalog_of, declared, listing_of, of_files, source_targets
from loopbuild.pipeline.impact import Impact, impact_of
from loopbuild.pipeline.leafplaces import LeafPlaces
from loopbuild.records import CatalogDiff, LeafChange, Listing, Span, ToolCatalog, ToolChange
from loopbuild.visible import named

MOST_BYTES = 64 << 20
"""A larger file is no list of tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changed between a base and the declared tools."""

    base: str
    """For a screen; empty when there was nothing to compare with."""
    difference: CatalogDiff
    impact: Impact
    tools: int
    notes: tuple[str, ...] = ()
    errors: tuple[LoopbuildError, ...] = ()
    """Sources that cannot be read; the others are compared all the same."""
    finder: LeafPlaces | None = None

    def span(self, at: int, leaf_at: int) -> Span | None:
        """Return where a change stands: that of the tool at `at`, or of its leaf; of what is gone only the file.

        Asks for the file's places, which takes a second on ten megabytes: not for what is not shown.
        """
        change = self.difference.changes[at]
        if change.span is None or self.finder is None:
            return change.span
        if change.change == "removed":
            return replace(change.span, line=0, column=0)
        if leaf_at < 0 or change.leaves[leaf_at].change in ("parameter_removed", "return_removed"):
            return self.finder.of(change.span, "", "")
        leaf = change.leaves[leaf_at]
        return self.finder.of(change.span, leaf.side, leaf.pointer)


def settings_of(opened: OpenProject) -> Json:
    """Return what loop.yaml says about tools; raises LoopfileError with every mistake where there is one."""
    from loopbuild.pipeline.quick import quick_settings

    loopfile = opened.project.loopfile
    quick = quick_settings(loopfile.read_bytes(), file=loopfile.name)
    if quick is not None:
        return quick
    from loopbuild.pipeline.project import load

    return load(opened.project, environment=os.environ).settings


def file_reader(root: Path) -> Reader:
    """Return a reader of the project's files that refuses what is too large to be one of its schemas."""

    def read(path: str) -> bytes:
        place = root / path
        size = place.stat().st_size
        if size > MOST_BYTES:
            raise SourceError(f"`{path}` has {size / 1e6:,.0f} MB, a file of tools may have {MOST_BYTES / 1e6:,.0f}")
        return place.read_bytes()

    return read


def compare(
    opened: OpenProject, settings: Json, *, against: str = "", names: Sequence[str] | None = None
) -> Comparison:
    """Compare the sources (or those in `names`) with loop.lock, or with a revision or a file called `against`."""
    targets = source_targets(settings, opened.workspace.root, names)
    now = declared(targets, settings, file_reader(opened.workspace.root))
    return compared(opened, settings, now, targets=targets, against=against, names=names)


def compare_two(opened: OpenProject, settings: Json, old: str, new: str) -> Comparison:
    """Compare two revisions or files, whatever the project declares now.

    What that makes stale is what adopting `new` would. Raises SelectionError for a file that may stand for any source.
    """
    root = opened.workspace.root
    targets = source_targets(settings, root)
    if os.path.isfile(new):  # noqa: PTH113
        today = declared(targets, settings, file_reader(root))
        target = _target_of(new, targets)
        name = target.params["name"]
        listing = listing_of(of_files(target, [os.path.relpath(new, root)]), file_reader(root))
        listings = {**today.listings, name: listing}
        errors = {one: error for one, error in today.errors.items() if one != name}
        now = Declared(catalog=catalog_of(listings.values(), settings), listings=listings, errors=errors)
        return compared(opened, settings, now, targets=targets, against=old)
    now, read, notes = declared_at(opened, new, None, settings)
    found = compared(opened, settings, now, targets=targets, against=old)
    return replace(found, finder=LeafPlaces(read), notes=(*found.notes, *notes))


def compare_files(old: str, new: str) -> Comparison:
    """Compare two files that belong to no project: OpenAPI documents, or lists of tools in any form."""
    settings: Json = {"graph": {"entities": {}, "renames": {}}}
    before, after = (catalog_of([_alone(path)], settings) for path in (old, new))
    return Comparison(
        base=old,
        difference=differences(before, after, settings),
        impact=Impact(is_known=False),
        tools=len(after.tools),
        finder=LeafPlaces(file_reader(Path())),
    )


_DOCUMENT = re.compile(rb"""^\s{0,2}(openapi|swagger)\s*:|"(openapi|swagger)"\s*:\s*"[23]\.""", re.MULTILINE)
"""The version of an OpenAPI document, which may stand at its end."""


def _alone(path: str) -> Listing:
    from loopbuild.pipeline.source_files import read_source

    try:
        content = file_reader(Path())(path)
    except OSError as error:
        raise SourceError(f"cannot read `{path}`: {(error.strerror or str(error)).lower()}") from error
    name, kind = ("api", "openapi") if _DOCUMENT.search(content) else ("tools", "toolspec")
    plain: Json = {"include": [], "exclude": [], "effects": {}, "returns": {}, "refs": {}, "allow_empty": True}
    return read_source({**plain, "name": name, "kind": kind, "path": path}, content)


def compared(
    opened: OpenProject,
    settings: Json,
    now: Declared,
    *,
    targets: Sequence[Target],
    against: str = "",
    names: Sequence[str] | None = None,
) -> Comparison:
    """Compare what was read already; sources that could not be read are left out on both sides."""
    readable = [target for target in targets if target.params["name"] not in now.errors]
    if not against:
        base = locked(opened, readable, settings, is_whole=names is None)
    elif os.path.isfile(against):  # noqa: PTH113
        base = of_file(against, readable, now, settings)
    else:
        kept = None if names is None and not now.errors else [target.params["name"] for target in readable]
        base = at_revision(opened, against, kept, settings)
    difference = CatalogDiff()
    if not base.is_empty:
        difference = digest_changes(base, now.catalog, differences(base.catalog, now.catalog, settings))
        difference = _without_skipped(difference, now)
    return Comparison(
        base="" if base.is_empty else base.label,
        difference=difference,
        impact=impact_of(opened.workspace, difference, now.catalog, settings),
        tools=len(now.catalog.tools),
        notes=base.notes,
        errors=tuple(now.errors.values()),
        finder=LeafPlaces(file_reader(opened.workspace.root)),
    )


def _without_skipped(difference: CatalogDiff, now: Declared) -> CatalogDiff:
    """Leave out tools that are gone only because they cannot be read: that is an error of its own, no change."""
    said = [one.message for listing in now.listings.values() for one in listing.diagnostics if one.severity == "error"]
    said += [one.message for one in now.catalog.diagnostics if one.severity == "error"]
    if not said:
        return difference
    gone = {
        change.tool
        for change in difference.changes
        if change.change == "removed"
        and any(f"`{named(name)}`" in text for text in said for name in (change.tool, change.tool.split("/", 1)[1]))
    }
    return replace(difference, changes=tuple(change for change in difference.changes if change.tool not in gone))


def differences(old: ToolCatalog, new: ToolCatalog, settings: Json) -> CatalogDiff:
    """Return what changed between two catalogs under the renames of loop.yaml."""
    from loopbuild.stages.catalog.diff import diff_catalogs

    return diff_catalogs(old, new, renames=settings["graph"]["renames"])


def _target_of(path: str, targets: Sequence[Target]) -> Target:
    alike = [target for target in targets if Path(target.params["path"]).name == Path(path).name]
    chosen = targets if len(targets) == 1 else alike
    if len(chosen) != 1:
        raise SelectionError(
            f"`{path}` could stand for any of {len(targets)} sources", hint="compare with a git revision instead"
        )
    return chosen[0]


def of_file(path: str, targets: Sequence[Target], now: Declared, settings: Json) -> Base:
    """Return another version of the project's only source, or of the one whose file has the same name."""
    target = _target_of(path, targets)
    listing = listing_of(of_files(target, [path]), lambda _: file_reader(Path())(path))
    others = [listing for name, listing in now.listings.items() if name != target.params["name"]]
    return Base(label=path, catalog=catalog_of([listing, *others], settings), digests={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What the class of a change stands for."""

    name: str
    level: str
    stale: tuple[str, ...]
    action: str


def meaning_of(change: ToolChange, leaf: LeafChange | None) -> Meaning:
    """Return the class of a change to a leaf, or of a change to a tool as a whole."""
    from loopbuild.stages.catalog.classes import class_of, tool_class

    name, level = (leaf.change, leaf.level) if leaf is not None else (tool_class(change), change.level)
    known = class_of(name, level)
    return Meaning(name=name, level=level, stale=known.stale, action=known.action)


def has_at_least(difference: CatalogDiff, level: str) -> bool:
    """Say whether some change is at least as grave as `level`: breaking, behavioural, compatible or doc."""
    from loopbuild.stages.catalog.classes import at_or_above

    return bool(at_or_above(difference, level))
