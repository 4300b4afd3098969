"""How a checkpoint came about, from its own record back to the base."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loopbuild.digest import digest, short
from loopbuild.documents import json_lines
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.query import surviving
from loopbuild.errors import SelectionError
from loopbuild.pipeline.builds import OpenProject


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """One link of a chain of checkpoints."""

    phase: str
    mode: str
    name: str
    """Eight digits naming the weights."""
    parent: str
    reason: str
    rows: int
    held_back: int
    """Besides, to watch the loss."""
    replayed: int
    tokens: int
    increments: int


def lineage_of(opened: OpenProject, target: str) -> Ancestor | None:
    """Return how the checkpoint `target` came about; None for anything else or one never trained."""
    if not target.startswith("checkpoint:"):
        return None
    found = surviving(opened.workspace, target)
    if found is None:
        return None
    return Ancestor(
        phase=found["phase"],
        mode=found["mode"],
        name=short(digest("model", found["files"])),
        parent=short(found["parent"]) if found["parent"] else found["base"],
        reason=found["course"]["reason"],
        rows=found.get("rows", 0),
        held_back=found.get("held_back", 0),
        replayed=found.get("replayed", 0),
        tokens=found.get("tokens", 0),
        increments=found["increments"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """How the rows differ that two checkpoints of a phase have seen in the course of their histories."""

    more: int
    other: int
    """The same row with another content."""
    fewer: int


def learnt_between(opened: OpenProject, target: str, old: str, new: str) -> Learnt | None:
    """Return how two results of a checkpoint differ in what they have seen; None for anything else."""
    if not target.startswith("checkpoint:"):
        return None
    objects = opened.workspace.objects
    before, after = (json.loads(objects.get(json.loads(objects.get(name))["seen"])) for name in (old, new))
    return Learnt(
        more=len(after.keys() - before.keys()),
        other=sum(before[key] != after[key] for key in before.keys() & after.keys()),
        fewer=len(before.keys() - after.keys()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a chain of checkpoints has learnt of one tool."""

    tool: str
    rows: int
    wanted: int
    """Training rows of today's dataset that call it."""
    gone: int
    """Rows the chain has seen, of whatever tool, that are in no dataset any more: weights do not unlearn them."""
    former: int = 0
    """Rows it has seen that call the tool and are in no dataset any more as they were."""


_ROWS = ("rows", "negatives", "retirement")


def seen_of(opened: OpenProject, target: str, word: str) -> Seen:
    """Return what `target` has seen of `tool:NAME`. Raises SelectionError when it is no trained checkpoint."""
    tool = word.removeprefix("tool:")
    found = surviving(opened.workspace, target) if target.startswith("checkpoint:") else None
    dataset = surviving(opened.workspace, "dataset:train")
    if found is None or dataset is None:
        raise SelectionError(f"`{target}` has learnt nothing yet", hint="`--seen` asks about a trained checkpoint")
    objects = opened.workspace.objects
    seen = json.loads(objects.get(found["seen"]))
    lines = json_lines(objects.get(dataset["file"]))
    rows = {row["key"] for row in map(json.loads, lines) if any(fnmatch.fnmatchcase(one, tool) for one in row["tools"])}
    former = former_rows(opened, {key: text for key, text in seen.items() if dataset["rows"].get(key) != text})
    return Seen(
        tool=tool,
        rows=sum(seen.get(key) == dataset["rows"][key] for key in rows),
        wanted=len(rows),
        gone=len(seen.keys() - dataset["rows"].keys()),
        former=sum(any(fnmatch.fnmatchcase(one, tool) for one in tools) for tools in former),
    )


def former_rows(opened: OpenProject, seen: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield what rows call that are in no dataset as they were (row -> digest), where the store has them."""
    missing = dict(seen)
    with opened.workspace.reading() as journal:
        entries = [one for one in journal.entries() if one.target.partition(":")[0] in _ROWS] if missing else []
    for entry in reversed(entries):
        try:
            rows = json.loads(opened.workspace.objects.get(entry.output))["rows"]
        except ObjectDamaged:
            continue
        for key in missing.keys() & rows.keys():
            if rows[key]["example"]["digest"] == missing[key]:
                del missing[key]
                yield rows[key]["example"]["tools"]
