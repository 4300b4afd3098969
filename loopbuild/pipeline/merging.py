"""Merging loop.lock in a project: which lines are wanted is what a plan of the merged files says."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from loopbuild.engine import lockfile
from loopbuild.engine.mergelock import Sides, has_markers, merge, split
from loopbuild.engine.plan import plan
from loopbuild.errors import SelectionError, SourceError
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.locking import lines_of
from loopbuild.pipeline.project import load
from loopbuild.pipeline.retiring import tools_in
from loopbuild.pipeline.tools import current_tools

_MOST_ROUNDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A lock that was merged."""

    lines: int
    dropped: tuple[str, ...]
    """Targets that some side has and the merged files no longer declare."""
    kept_heads: tuple[str, ...]
    """Histories with another head on the other side; ours was kept."""


def merge_conflict(opened: OpenProject) -> Merged | None:
    """Merge the loop.lock of a project in place; None when it has no conflict. Raises LockError for what is no lock."""
    path = opened.project.root / lockfile.NAME
    text = lockfile.text_of(opened.project.root)
    if not has_markers(text):
        lockfile.decode(text)
        return None
    sides = split(text)
    lines = _settled(opened, sides)
    _write(path, lines)
    return _told(sides, lines)


def merge_files(base: Path, ours: Path, theirs: Path) -> Merged:
    """Merge into `ours` as git asks for it, while other files are not merged yet: nobody knows what will be wanted."""
    sides = Sides(base=_decoded(base), ours=_decoded(ours), theirs=_decoded(theirs))
    lines = merge(sides)
    _write(ours, lines)
    return _told(sides, lines)


def _settled(opened: OpenProject, sides: Sides) -> dict[str, lockfile.Line]:
    """A line that is chosen decides which keys follow from it, so planning goes on until nothing changes any more."""
    loaded = load(opened.project, environment=os.environ)
    lines = merge(sides)
    for _ in range(_MOST_ROUNDS):
        found = plan(opened.workspace, loaded.targets, lock=lines)
        wanted = {name: entry.key for name, entry in found.entries.items()}
        if found.open_ended:
            wanted = {**{name: "" for name in (*sides.ours, *sides.theirs)}, **wanted}
        before, lines = lines, merge(sides, wanted=wanted)
        if lines == before:
            break
    try:
        extra = lines_of(current_tools(opened).catalog, loaded, locked=tools_in(lines))
    except SourceError:
        return lines
    return lockfile.update(lines, {}, extra, is_complete=False)


def _told(sides: Sides, lines: lockfile.Lines) -> Merged:
    names = sides.ours.keys() | sides.theirs.keys()
    return Merged(
        lines=len(lines),
        dropped=tuple(sorted(name for name in names if name not in lines)),
        kept_heads=tuple(
            name
            for name, line in sorted(lines.items())
            if "goal" in line[1] and name in sides.theirs and sides.theirs[name] != line == sides.ours.get(name)
        ),
    )


def _decoded(path: Path) -> dict[str, lockfile.Line]:
    if not path.exists():
        raise SelectionError(f"`{path}` does not exist", hint="git passes three files, as `%O %A %B`")
    return lockfile.read(path.parent, path.name)


def _write(path: Path, lines: lockfile.Lines) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(lockfile.encode(lines), encoding="utf-8", newline="\n")
    fresh.replace(path)
