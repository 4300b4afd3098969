"""The shortcut of a build with nothing to do: recognise that nothing it depends on has changed, in milliseconds.

Decides by what the last complete build saw: leaf files, stored objects, published files. Imports nothing heavy and
never answers "unchanged" when in doubt; the full walk then finds out what it is.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from loopbuild.engine.journal import COMPLETE_BUILD, SELECTED_BUILD, Journal, Stat
from loopbuild.engine.leaves import Leaves, is_settled, own_stat, stat_of
from loopbuild.engine.workspace import Workspace

if TYPE_CHECKING:
    from loopbuild.engine.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class UpToDate:
    """Nothing to do."""

    target_count: int
    built_at: float
    """When the last complete build ended, in seconds since the epoch."""
    targets: frozenset[str] | None = None
    """Those of a selection; None for everything."""

    def covers(self, target: str) -> bool:
        """Return whether a target was a part of that build."""
        return self.targets is None or target in self.targets


def is_unchanged(ws: Workspace, leaves: Mapping[str, str], stamp: str, *, name: str = "") -> UpToDate | None:
    """Return the last complete build if all it depended on is as it was, else None.

    `name`: the one a build of a selection was remembered by; empty for a build of everything.

    `stamp` must be the one given to that build. `leaves`: role -> path relative to the project of files the caller
    knows of; those the build saw are checked anyway, one it did not see means "changed".
    """
    path = ws.folder / "state.db"
    if not stamp or not path.is_file():
        return None
    try:
        with ws.reading() as journal:
            seen = journal.meta(SELECTED_BUILD + name if name else COMPLETE_BUILD)
    except sqlite3.Error:
        return None
    if seen is None or seen["stamp"] != stamp or seen["code_version"] != ws.code_version:
        return None
    if any(file not in seen["leaves"] for file in leaves.values()):
        return None
    root = f"{ws.root}{os.sep}"
    try:
        for file, (stat, recorded, digest) in seen["leaves"].items():
            if not _is_same_file(root + file, tuple(stat), recorded, digest):
                return None
        if _objects_as_seen(ws, seen) is None or not _is_rest_as_seen(ws, seen):
            return None
    except OSError:
        return None
    targets = frozenset(seen["targets"].split("\n")) if name else None
    return UpToDate(target_count=seen["target_count"], built_at=seen["built_at"], targets=targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """What has not moved since the last complete build, while the content of some leaf file has."""

    leaves: Mapping[str, tuple[Stat, float, str]]
    """Files with the content they had: stat tuple, when it was noted, digest."""
    objects: Mapping[str, Stat]
    """Every object the results in force need, all as they were."""
    declared: frozenset[str]
    """Targets declared as they were that every complete build covers: neither secondary nor made by an expansion."""
    kept: frozenset[str]
    """Those of them that rest on nothing but each other and unmoved files, and that nobody has to ask anything."""

    def keeps(self, target: Target, fresh: Collection[str]) -> bool:
        """Return whether a target has the key of its result in force; `fresh` are targets of which that is known."""
        if target.id not in self.declared:
            return False
        for _, path in target.files:
            if path not in self.leaves:
                return False
        for _, name in target.inputs:  # noqa: SIM110 - a generator doubles what this costs
            if name not in fresh:
                return False
        return True


def still(ws: Workspace, journal: Journal, stamp: str, targets: Iterable[Target], definitions: str) -> Still | None:
    """Return what a walk need not look at again, None when more than the content of some files has changed.

    Nothing is taken on trust but what `is_unchanged` trusts as well, and `definitions`, those of the declared targets,
    must be the same to the letter.
    """
    seen = journal.meta(COMPLETE_BUILD) if stamp else None
    if seen is None or seen["stamp"] != stamp or seen["code_version"] != ws.code_version:
        return None
    if not definitions or seen.get("definitions") != definitions:
        return None
    root = f"{ws.root}{os.sep}"
    leaves: dict[str, tuple[Stat, float, str]] = {}
    try:
        objects = _objects_as_seen(ws, seen)
        if objects is None or not _is_rest_as_seen(ws, seen):
            return None
        for name, (values, recorded, digest) in seen["leaves"].items():
            stat = tuple(values)
            if is_settled(stat, recorded) and stat_of(root + name) == stat:
                leaves[name] = (stat, recorded, digest)
    except OSError:
        return None
    found = [target for target in targets if not target.is_secondary]
    declared = frozenset([target.id for target in found])
    return Still(leaves=leaves, objects=objects, declared=declared, kept=_kept(found, leaves))


def _kept(targets: Iterable[Target], leaves: Collection[str]) -> frozenset[str]:
    """Return what can be kept unseen: one pass, so whatever is declared before what it rests on is looked at."""
    kept: set[str] = set()
    for target in targets:
        if target.expand or target.order_only:
            continue
        for _, path in target.files:
            if path not in leaves:
                break
        else:
            for _, name in target.inputs:
                if name not in kept:
                    break
            else:
                kept.add(target.id)
    return frozenset(kept)


def definitions_of(targets: Iterable[Target]) -> str:
    """Return one name for everything in the declarations that a key covers, empty where that can not be spelt."""
    recipes: dict[int, tuple[str, int]] = {}
    found = []
    for target in targets:
        recipe = recipes.get(id(target.recipe))
        if recipe is None:
            recipe = recipes[id(target.recipe)] = (target.recipe.name, target.recipe.version)
        found.append((target.id, recipe, target.params, target.inputs, target.files, target.is_secondary))
    try:
        return blake3(marshal.dumps(found, 2)).hexdigest()
    except ValueError:
        return ""


def _objects_as_seen(ws: Workspace, seen: Mapping[str, Any]) -> dict[str, Stat] | None:
    path = ws.objects.path
    stats = {name: stat_of(path(name)) for name in seen["objects"].split()}
    return stats if _gathered(list(stats.values())) == seen["object_stats"] else None


def _is_rest_as_seen(ws: Workspace, seen: Mapping[str, Any]) -> bool:
    if any(list(own_stat(ws.folder / "out" / name)) != stat for name, stat in seen["out"].items()):
        return False
    return bool(list(own_stat(ws.root / "loop.lock")) == seen["lock"])


def remember(
    journal: Journal,
    ws: Workspace,
    *,
    stamp: str,
    leaves: Leaves,
    files: Iterable[str],
    needs: Iterable[str],
    published: Iterable[str],
    targets: Collection[str],
    definitions: str = "",
    name: str = "",
) -> None:
    """Note a complete build, of a selection under its `name`; without a stamp, forget all. Call inside a transaction.

    `files` are the leaf files, `needs` the objects that must be there, `published` paths below `out`. What is
    noted of a file is what was seen when it was read: one edited since then does not pass for the one that was built.
    """
    if not stamp:
        remember_nothing(journal)
        return
    now = ws.clock()
    objects = list(dict.fromkeys(needs))
    out = {name: leaves.written_stat(f"out:{name}") for name in published}
    stats = {name: _settled(ws, name, *leaves.as_seen(name), now=now) for name in files}
    value = {
        "stamp": stamp,
        "code_version": ws.code_version,
        "leaves": stats,
        "objects": " ".join(objects),
        "object_stats": _gathered([leaves.object_stat(name) for name in objects]),
        "out": out,
        "definitions": definitions,
        "lock": own_stat(ws.root / "loop.lock"),
        "target_count": len(targets),
        "built_at": now,
    }
    if name:
        journal.note_selected_build(name, {**value, "targets": "\n".join(targets)})
    else:
        journal.set_meta(COMPLETE_BUILD, value)


def remember_nothing(journal: Journal) -> None:
    """Let the next build look at everything; call inside a transaction."""
    journal.forget_builds()


def _gathered(stats: list[Stat]) -> str:
    """Return one digest of many stat tuples: tens of thousands of them take longer to parse than to ask for.

    Spelt by marshal, as `definitions_of` is: ten times as fast as any text. A spelling of another Python's only makes
    the next build look.
    """
    return blake3(marshal.dumps(stats, 2)).hexdigest()


def _settled(ws: Workspace, name: str, stat: Stat, recorded: float, digest: str, *, now: float) -> list[Any]:
    """Read a file that was too young to trust once more if it is old enough by now, so that no later look has to."""
    if not is_settled(stat, recorded) and is_settled(stat, now):
        with contextlib.suppress(OSError):
            path = ws.root / name
            if stat_of(path) == stat and blake3(path.read_bytes()).hexdigest() == digest:
                recorded = now
    return [stat, recorded, digest]


def _is_same_file(path: str, stat: Stat, recorded: float, digest: str) -> bool:
    if stat_of(path) == stat and is_settled(stat, recorded):
        return True
    with open(path, "rb") as stream:  # noqa: PTH123
        return blake3(stream.read()).hexdigest() == digest
