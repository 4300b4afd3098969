"""What became of the training rows since the dataset that was in force before: kept, rewritten, new, gone."""

from __future__ import annotations

import json
from dataclasses import dataclass

from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.query import output
from loopbuild.engine.target import Json
from loopbuild.pipeline.builds import OpenProject

_DATASET = "dataset:main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """Numbers of training rows."""

    kept: int
    rewritten: int
    """The same row in other words or with other calls."""
    new: int
    gone: int


def rows_since(opened: OpenProject) -> Since | None:
    """Return what changed since the last dataset with other rows that the store still has; None where there is none."""
    now = (output(opened.workspace, _DATASET) or {}).get("train")
    if now is None:
        return None
    with opened.workspace.reading() as journal:
        entries = [one for one in journal.entries() if one.target == _DATASET]
    for entry in reversed(entries):
        try:
            before: Json = json.loads(opened.workspace.objects.get(entry.output)).get("train")
        except ObjectDamaged:
            continue
        if before is not None and before != now:
            both = before.keys() & now.keys()
            same = sum(before[key] == now[key] for key in both)
            return Since(
                kept=same, rewritten=len(both) - same, new=len(now.keys() - both), gone=len(before.keys() - both)
            )
    return None
