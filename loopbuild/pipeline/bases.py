"""What a project is compared with: the tools that loop.lock names, those of a git revision, or those of a file.

loop.lock holds digests alone. Their bytes are looked for in the store, then in git: at HEAD, and where the lock was
last written. What is found counts only when its digests are those of the lock; else tools are compared by digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loopbuild.engine import lockfile
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.target import Json, Target
from loopbuild.errors import LoopbuildError, SelectionError
from loopbuild.pipeline import revisions
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.declared import (
    Declared,
    Reader,
    catalog_of,
    declared,
    listing_of,
    of_files,
    paths_of,
    source_targets,
)
from loopbuild.pipeline.quick import quick_settings
from loopbuild.records import CatalogDiff, LeafChange, Listing, ToolCatalog, ToolChange, from_json

_DIGITS = 16
_ROLLUPS = (
    ("params", "rules_changed", "breaking", "input"),
    ("returns", "return_changed", "breaking", "output"),
    ("docs", "wording_changed", "doc", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The other side of a comparison."""

    label: str
    """For a screen: `loop.lock`, `origin/main`, `old.json`."""
    catalog: ToolCatalog
    digests: dict[str, dict[str, str]]
    """Tools known by digests alone: id -> roll-ups."""
    notes: tuple[str, ...] = ()
    is_empty: bool = False
    """There is nothing to compare with."""


def locked(opened: OpenProject, targets: Sequence[Target], settings: Json, *, is_whole: bool = False) -> Base:
    """Return the tools of some sources as loop.lock names them; without a lock, as HEAD has them.

    `is_whole` adds the sources that loop.lock names and loop.yaml does not any more.
    """
    root = opened.workspace.root
    lines = lockfile.read(root)
    if not any(name.startswith("tool:") for name in lines):
        return _unlocked(root, targets, settings)
    found: list[Listing] = []
    digests: dict[str, dict[str, str]] = {}
    guesses = _Guesses(root, targets, settings)
    for target in targets:
        name = target.params["name"]
        wanted = {
            line.removeprefix("tool:"): dict(fields)
            for line, (_, fields) in lines.items()
            if line.startswith(f"tool:{name}/")
        }
        listing = _stored(opened, lines.get(target.id)) or _in_git(target, guesses, wanted, settings)
        if listing is not None:
            found.append(listing)
        else:
            digests |= wanted
    for name in sorted(_sources(lines) - settings["sources"].keys()) if is_whole else ():
        listing = _stored(opened, lines.get(f"source:{name}"))
        if listing is not None:
            found.append(listing)
        else:
            digests |= {tool: {} for tool in _tools(lines) if tool.startswith(f"{name}/")}
    notes: tuple[str, ...] = ()
    if digests:
        notes = (f"of {len(digests)} tools loop.lock has digests alone: the bytes are neither here nor in git",)
    return Base(label="loop.lock", catalog=catalog_of(found, settings), digests=digests, notes=notes)


def _tools(lines: Mapping[str, lockfile.Line]) -> list[str]:
    return [name.removeprefix("tool:") for name in lines if name.startswith("tool:")]


def _sources(lines: Mapping[str, lockfile.Line]) -> set[str]:
    return {tool.partition("/")[0] for tool in _tools(lines)}


def at_revision(opened: OpenProject, revision: str, names: Sequence[str] | None, settings: Json) -> Base:
    """Return the tools at a git revision, under the loop.yaml of that revision where it can be read."""
    found, _, notes = declared_at(opened, revision, names, settings)
    return Base(label=revision, catalog=found.catalog, digests={}, notes=notes)


def declared_at(
    opened: OpenProject, revision: str, names: Sequence[str] | None, settings: Json
) -> tuple[Declared, Reader, tuple[str, ...]]:
    """Return what the sources declare at a git revision, a reader of its files, and what is to be known about it."""
    root = opened.workspace.root
    commit = revisions.resolve(root, revision)
    loopfile = opened.project.loopfile
    then = revisions.read(root, commit, [loopfile.name]).get(loopfile.name)
    old = quick_settings(then, file=loopfile.name) if then is not None else None
    notes: tuple[str, ...] = ()
    if old is None:
        notes = (f"`{loopfile.name}` of `{revision}` is not there or unusual; its sources are read as declared today",)
        old = settings
    targets, contents = _as_of(root, commit, source_targets(old, root, names), old)
    found = declared(targets, settings, _reader(contents))
    notes += tuple(f"`{revision}`: {error.message}" for error in found.errors.values())
    return found, _reader(contents), notes


def digest_changes(base: Base, new: ToolCatalog, difference: CatalogDiff) -> CatalogDiff:
    """Add what is known of tools by digest alone: which are new or gone, and which side of the others differs."""
    if not base.digests:
        return difference
    changes = {change.tool: change for change in difference.changes}
    after = new.by_id()
    for tool_id, fields in base.digests.items():
        tool = after.get(tool_id)
        if tool is None:
            source = tool_id.partition("/")[0]
            if not fields or any(name.startswith(f"{source}/") for name in after):  # its source is gone, or it alone
                changes[tool_id] = ToolChange(tool=tool_id, change="removed", level="breaking")
            continue
        leaves = tuple(
            LeafChange(change=change, level=level, side=side, detail=f"its {rollup} differ from those in loop.lock")  # type: ignore[arg-type]
            for rollup, change, level, side in _ROLLUPS
            if fields.get(rollup, "")[:_DIGITS] != getattr(tool, rollup)[:_DIGITS]
        )
        changes.pop(tool_id, None)
        if leaves:
            level = "doc" if all(leaf.level == "doc" for leaf in leaves) else "breaking"
            changes[tool_id] = ToolChange(
                tool=tool_id,
                change="changed",
                level=level,  # type: ignore[arg-type]
                leaves=leaves,
                span=tool.span,
            )
    return replace(difference, changes=tuple(changes[name] for name in sorted(changes)))


def _stored(opened: OpenProject, line: lockfile.Line | None) -> Listing | None:
    if line is None or not line[0]:
        return None
    try:
        return from_json(Listing, json.loads(opened.workspace.objects.get(line[0].removeprefix("b3:"))))
    except (ObjectDamaged, ValueError):
        return None


class _Guesses:
    """The sources as git has them, the likelier version first; read when first asked for."""

    def __init__(self, root: Path, targets: Sequence[Target], settings: Json) -> None:
        self._root, self._targets, self._settings = root, targets, settings
        self._found: list[tuple[dict[str, Target], dict[str, bytes]]] | None = None

    def __iter__(self) -> Iterator[tuple[dict[str, Target], dict[str, bytes]]]:
        if self._found is None:
            self._found = list(self._read())
        return iter(self._found)

    def _read(self) -> Iterator[tuple[dict[str, Target], dict[str, bytes]]]:
        if not any((folder / ".git").exists() for folder in (self._root, *self._root.parents)):
            return
        try:
            commits = [revisions.resolve(self._root, "HEAD"), revisions.last_change(self._root, lockfile.NAME)]
        except SelectionError:
            return  # a repository without a commit, or no git
        for commit in dict.fromkeys(filter(None, commits)):
            targets, contents = _as_of(self._root, commit, self._targets, self._settings)
            yield {target.id: target for target in targets}, contents


def _as_of(root: Path, commit: str, targets: Sequence[Target], settings: Json) -> tuple[list[Target], dict[str, bytes]]:
    """Return the sources with the files they had at a commit, and the contents; sources without any are left out."""
    wanted = {target.id: paths_of(target) for target in targets}
    patterns = {target.id: settings["sources"].get(target.params["name"], {}).get("path", "") for target in targets}
    globs = {name: pattern for name, pattern in patterns.items() if any(mark in pattern for mark in "*?[")}
    if globs:
        names = revisions.names(root, commit)
        for name, pattern in globs.items():
            wanted[name] = sorted(path for path in names if _matches(path, pattern))
    contents = revisions.read(root, commit, [path for paths in wanted.values() for path in paths])
    found = []
    for target in targets:
        paths = [path for path in wanted[target.id] if path in contents]
        # Files beside the first one may come and go; without the first there is no document.
        if paths and (target.id in globs or paths[0] == target.params["path"]):
            found.append(of_files(target, paths))
    return found, contents


def _matches(path: str, pattern: str) -> bool:
    """Whether a glob of loop.yaml takes a path: `*` stays in its folder, `**` does not."""
    from pathlib import PurePosixPath

    if "**" in pattern:
        from fnmatch import fnmatchcase

        return fnmatchcase(path, pattern.replace("**/", "*"))
    return len(PurePosixPath(path).parts) == len(PurePosixPath(pattern).parts) and PurePosixPath(path).match(pattern)


def _in_git(target: Target, guesses: _Guesses, wanted: dict[str, dict[str, str]], settings: Json) -> Listing | None:
    for targets, contents in guesses:
        if target.id not in targets:
            continue
        try:
            listing = listing_of(targets[target.id], _reader(contents))
        except LoopbuildError:
            continue
        tools = {tool.id: tool for tool in catalog_of([listing], settings).tools}
        if tools.keys() == wanted.keys() and all(
            fields.get(rollup, "")[:_DIGITS] == getattr(tools[name], rollup)[:_DIGITS]
            for name, fields in wanted.items()
            for rollup, *_ in _ROLLUPS
        ):
            return listing
    return None


def _unlocked(root: Path, targets: Sequence[Target], settings: Json) -> Base:
    then = next(iter(_Guesses(root, targets, settings)), None)
    if then is None:
        return Base(label="", catalog=ToolCatalog(), digests={}, is_empty=True)
    found = declared(list(then[0].values()), settings, _reader(then[1]))
    notes = ("nothing was built yet: compared with the last commit",)
    return Base(label="HEAD", catalog=found.catalog, digests={}, notes=notes, is_empty=not then[0])


def _reader(contents: dict[str, bytes]) -> Reader:
    def read(path: str) -> bytes:
        if path not in contents:
            raise FileNotFoundError(path)
        return contents[path]

    return read
