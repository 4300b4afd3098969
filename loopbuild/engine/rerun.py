"""Running pure targets once more, to see whether the same inputs still give the same bytes.

Nothing is stored: what an action keeps stays in memory. A difference means that a recipe depends on something its key
does not hold.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from loopbuild.digest import canonical
from loopbuild.engine.action import Folders, StoredAction, Wiring, recipe_function
from loopbuild.engine.commit import Record, decode_record
from loopbuild.engine.execute import recipe_code
from loopbuild.engine.journal import Entry
from loopbuild.engine.objects import MemoryObjects, ObjectDamaged
from loopbuild.engine.tables import run_inline
from loopbuild.engine.target import Json, Target
from loopbuild.engine.walk import Walk
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import LoopbuildError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """One target run again."""

    target: str
    is_same: bool
    error: str = ""
    """It did not come to an end, though it once had."""


def rerun(ws: Workspace, targets: Iterable[Target], count: int, *, chance: random.Random) -> list[Rerun]:
    """Run up to `count` pure targets in force again, drawn by chance, and compare the bytes.

    Left out are targets that are stale, and tables that may keep rows a fresh draw would have chosen differently.
    """
    objects = MemoryObjects(ws.objects.folder)
    with ws.reading() as journal:
        current = journal.current()
    candidates = [
        (target, record)
        for target, entry in _in_force(objects, targets, current)
        if (record := _fit(ws, objects, target, entry)) is not None
    ]
    chosen = chance.sample(candidates, min(count, len(candidates)))
    return [_run(ws, objects, target, record, current) for target, record in sorted(chosen, key=lambda one: one[0].id)]


def _in_force(
    objects: MemoryObjects, targets: Iterable[Target], current: Mapping[str, Entry]
) -> list[tuple[Target, Entry]]:
    walk = Walk(targets)
    found = []
    while (target := walk.next()) is not None:
        entry = current.get(target.id)
        if entry is not None:
            found.append((target, entry))
            if target.expand:
                try:
                    output = json.loads(objects.get(entry.output))
                except ObjectDamaged:
                    output = None
                if output is not None:
                    with recipe_code(target.id):
                        walk.add(list(recipe_function(target.expand)(target, output)))
        walk.settle(target.id)
    return found


def _fit(ws: Workspace, objects: MemoryObjects, target: Target, entry: Entry) -> Record | None:
    """Return the record of a result that can be made again from what is here, None otherwise."""
    recipe = target.recipe
    if recipe.nature != "pure" or recipe.revalidate:
        return None
    try:
        record = decode_record(objects.get(entry.record))
    except ObjectDamaged:
        return None
    manifest = record.manifest
    if list(manifest["recipe"]) != [recipe.name, recipe.version] or canonical(manifest["params"]) != canonical(
        target.params
    ):
        return None
    for path, digest in manifest["files"].values():
        if not objects.has(digest):
            try:
                content = (ws.root / path).read_bytes()
            except OSError:
                return None
            if objects.put(content) != digest:
                return None
    return record if all(objects.has(digest) for _, digest in manifest["inputs"].values()) else None


def _run(ws: Workspace, objects: MemoryObjects, target: Target, record: Record, current: Mapping[str, Entry]) -> Rerun:
    inputs = {role: digest for role, (_, digest) in record.manifest["inputs"].items()}
    inputs |= {role: current[name].output for role, name in target.order_only if name in current}
    with tempfile.TemporaryDirectory(prefix="loopbuild-verify-") as folder:
        action = StoredAction(
            target,
            key=record.key,
            wiring=Wiring(
                inputs=inputs, files={role: digest for role, (_, digest) in record.manifest["files"].items()}
            ),
            objects=objects,
            root=ws.root,
            folders=Folders(work=Path(folder) / "work", partial=Path(folder) / "partial"),
        )
        try:
            output = _output(target, action)
        except LoopbuildError as error:
            return Rerun(target=target.id, is_same=False, error=error.message)
    return Rerun(target=target.id, is_same=blake3(canonical(output)).hexdigest() == record.output)


def _output(target: Target, action: StoredAction) -> Json:
    with recipe_code(target.id):
        if not target.recipe.is_rows:
            return recipe_function(target.recipe.run)(action)
        rows = list(recipe_function(target.recipe.wanted)(action))
    return {"rows": {result.key: result.output for result, _ in run_inline(target, action, rows)}}
