"""What changed tools make stale, from the recorded traces: which rows read what changed, and what that would cost.

Builds nothing and starts nothing. A row is looked at when a fact it read has another digest now; whether it has to be
made anew only replaying tells. Stored calls are validated here already, under today's names, that costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from loopbuild.engine.history import costs
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.query import TracedTable, output, traced
from loopbuild.engine.target import Json
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import LoopbuildError
from loopbuild.judging.validate import Validator
from loopbuild.pipeline.renaming import renames_of
from loopbuild.records import CatalogDiff, LeafChange, ToolCatalog, ToolChange, fact_name

OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """The rows that one change concerns."""

    trajectories: int = 0
    invalid: int = 0
    """Of these, with a stored call of the tool that no longer validates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a catalog difference means for what was built."""

    is_known: bool
    """There are traces here; in a clone without results there are none."""
    users: Mapping[tuple[int, int], Users] = field(default_factory=dict)
    """(place of the tool's change, place of the leaf's or -1) -> rows."""
    trajectories: int = 0
    stale: int = 0
    """Trajectories that read a leaf, gate or effect that changed: validated and replayed."""
    whole: int = 0
    """Trajectories that call a changed tool at all: what a hash of whole tools would make stale."""
    invalid: int = 0
    """Of the stale ones, with a call that no longer validates: they are made anew."""
    replayed: int = 0
    """Trajectories that read nothing that changed, but call a tool whose return did: replayed, mostly kept."""
    wanted: int = 0
    """Trajectories that new tools ask for."""
    texts: int = 0
    stale_texts: int = 0
    """At most so many texts are written anew."""
    wanted_texts: int = 0
    training: int = 0
    stale_training: int = 0
    lost: int = 0
    """Trajectories whose traces are not here: they are in no other number but the total."""
    tables: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    mode: str = ""
    """`fresh`, `continue`, or empty when no row of the training set may change."""
    seconds: float | None = None
    """None when no earlier build tells."""
    calls: int = 0
    """To writers that cost money."""
    priced_writers: tuple[str, ...] = ()


def impact_of(ws: Workspace, difference: CatalogDiff, new: ToolCatalog, settings: Json) -> Impact:
    """Return what the difference makes stale; `new` holds whole sources, rows of others are not looked at."""
    from loopbuild.stages.catalog.classes import touched

    if not difference.changes:
        return Impact(is_known=True)
    sources = {change.tool.partition("/")[0] for change in difference.changes}
    mentioned = sorted(f'"{source}/' for source in sources)
    tables = traced(ws, "trajectories", mentioned)
    if not any(table.row_count for table in tables):
        return Impact(is_known=False)
    asked: dict[str, list[tuple[int, int]]] = {}
    for at, change in enumerate(difference.changes):
        places: list[LeafChange | None] = [None, *change.leaves]
        for leaf_at, leaf in enumerate(places, -1):
            for name in touched(change, leaf):
                asked.setdefault(name, []).append((at, leaf_at))
    looked = _look(tables, asked, _known(new), sources)
    faults = _invalid(ws, tables, looked, difference, new, sources)
    users = {
        place: Users(
            trajectories=len(rows),
            invalid=sum(1 for row in rows if _tool_of(difference.changes[place[0]]) in faults.get(row, ())),
        )
        for place, rows in looked.users.items()
    }
    found = Impact(
        is_known=True,
        users=users,
        trajectories=sum(table.row_count for table in tables),
        stale=len(looked.stale),
        whole=_callers(tables, {_tool_of(change) for change in difference.changes if change.change != "added"}),
        invalid=len(faults),
        replayed=len(looked.replayed - looked.stale),
        wanted=_wanted(difference.changes, settings),
        lost=sum(table.row_count for table in tables if table.is_lost),
        tables=tuple(sorted({target for target, _ in looked.stale | looked.replayed})),
    )
    return _priced(ws, _texts(ws, found, mentioned, new, sources, settings), settings)


@dataclass(slots=True)
class _Looked:
    stale: set[tuple[str, str]] = field(default_factory=set)
    replayed: set[tuple[str, str]] = field(default_factory=set)
    users: dict[tuple[int, int], set[tuple[str, str]]] = field(default_factory=dict)


def _tool_of(change: ToolChange) -> str:
    return change.old_tool or change.tool


def _known(catalog: ToolCatalog) -> dict[str, str]:
    from loopbuild.stages.catalog.facts import facts

    return facts(catalog) | {fact_name(tool.id, "returns"): tool.returns for tool in catalog.tools}


def _look(
    tables: Sequence[TracedTable],
    asked: Mapping[str, Sequence[tuple[int, int]]],
    known: Mapping[str, str],
    sources: set[str],
) -> _Looked:
    found = _Looked()
    # Rows read the same facts again and again: each (fact, digest) is judged once.
    judged: dict[tuple[str, str], bool] = {}
    for table in tables:
        for key, reads in table.reads.items():
            row = (table.target, key)
            for fact in reads.items():
                differs = judged.get(fact)
                if differs is None:
                    differs = judged[fact] = _differs(*fact, known, sources)
                if not differs:
                    continue
                (found.replayed if fact[0].endswith(" returns") else found.stale).add(row)
                for place in asked.get(fact[0], ()):
                    found.users.setdefault(place, set()).add(row)
    return found


def _differs(name: str, digest: str, known: Mapping[str, str], sources: set[str]) -> bool:
    tool, _, what = name.partition(" ")
    is_of_tool = tool.partition("/")[0] in sources and "/" in tool
    return is_of_tool and what != "call name" and known.get(name, "") != digest


def _callers(tables: Iterable[TracedTable], tools: set[str]) -> int:
    gates = {fact_name(tool, "gate") for tool in tools}
    return sum(not gates.isdisjoint(reads) for table in tables for reads in table.reads.values())


def _invalid(
    ws: Workspace,
    tables: Sequence[TracedTable],
    looked: _Looked,
    difference: CatalogDiff,
    new: ToolCatalog,
    sources: set[str],
) -> dict[tuple[str, str], set[str]]:
    """Return stale row -> tools of which it holds a call that does not validate, also under its new names."""
    from loopbuild.stages.sampling.renaming import renamed_call

    if not any(_may_refuse(change) for change in difference.changes):
        return {}
    validator = Validator(new)
    renames = renames_of(difference)
    verdicts: dict[str, bool] = {}
    found: dict[tuple[str, str], set[str]] = {}
    for table in tables:
        keys = [key for target, key in looked.stale if target == table.target]
        rows = _rows(ws, table.output) if keys else {}
        for key in keys:
            for step in rows[key].steps if key in rows else ():
                call = step.call
                if call.tool.partition("/")[0] not in sources:
                    continue
                now = renamed_call(call.tool, call.arguments, renames) if renames else (call.tool, call.arguments)
                if not _is_valid(validator, *now, verdicts):
                    found.setdefault((table.target, key), set()).add(call.tool)
    return found


def _may_refuse(change: ToolChange) -> bool:
    if change.change in ("removed", "renamed"):
        return True
    return any(leaf.level == "breaking" and leaf.side == "input" for leaf in change.leaves)


def _is_valid(validator: Validator, tool: str, arguments: Json, verdicts: dict[str, bool]) -> bool:
    name = f"{tool} {json.dumps(arguments, sort_keys=True)}"
    if name not in verdicts:
        try:
            verdicts[name] = not validator.check(tool, arguments)
        except LoopbuildError:
            verdicts[name] = True  # a schema no validator can be made from is told elsewhere
    return verdicts[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    tool: str
    arguments: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    call: _Call


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    steps: tuple[_Step, ...] = ()
    """None in a row that says why its cell cannot be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    rows: dict[str, _Row]


def _rows(ws: Workspace, digest: str) -> Mapping[str, _Row]:
    """Return the calls of a table's trajectories: results and provenance, most of the bytes, are passed over."""
    import msgspec

    try:
        return msgspec.json.decode(ws.objects.get(digest), type=_Table).rows
    except (ObjectDamaged, msgspec.MsgspecError):
        return {}


def _wanted(changes: Iterable[ToolChange], settings: Json) -> int:
    new_goals = sum(change.change == "added" for change in changes)
    return int(new_goals * (settings["sampling"]["per_tool"] + settings["evaluation"]["per_tool"]))


def _texts(
    ws: Workspace, found: Impact, mentioned: Sequence[str], new: ToolCatalog, sources: set[str], settings: Json
) -> Impact:
    """Rows of `rows:` are texts; they read what their trajectory reads."""
    from loopbuild.stages.training.taking_part import runs_on_increment

    tables = traced(ws, "rows", mentioned)
    looked = _look(tables, {}, _known(new), sources)
    total = sum(table.row_count for table in tables)
    per_trajectory = total / found.trajectories if found.trajectories else 0.0
    dataset = output(ws, "dataset:train") if looked.stale or found.wanted else None
    training = (dataset or {}).get("rows") or {}
    stale_training = sum(key in training for _, key in looked.stale)
    added = round(found.wanted * per_trajectory)
    share = (stale_training + added) / (len(training) + added) if len(training) + added else 0.0
    mode = ""
    if training and (stale_training or added):
        mode = "fresh" if share > settings["training"]["incremental"]["full_rebuild_above"] else "continue"
    phases = settings["training"]["phases"] if mode else {}
    return replace(
        found,
        texts=total,
        stale_texts=len(looked.stale),
        wanted_texts=added,
        training=len(training),
        stale_training=stale_training,
        mode=mode,
        phases=tuple(name for name in phases if mode == "fresh" or runs_on_increment(settings["training"], name)),
    )


def _priced(ws: Workspace, found: Impact, settings: Json) -> Impact:
    models = [writer["model"] for writer in settings["synthesis"]["writers"]]
    priced = tuple(model for model in models if model != OFFLINE)
    texts = found.stale_texts + found.wanted_texts
    with ws.reading() as journal:
        known = costs(journal)
    amounts = {
        "trajectories": found.stale + found.replayed + found.wanted,
        "tasks": texts,
        "rows": texts,
        "checkpoint": len(found.phases),
    }
    timed = [known[recipe].seconds * amount for recipe, amount in amounts.items() if amount and recipe in known]
    return replace(
        found,
        seconds=sum(timed) if timed else None,
        calls=round(texts * len(priced) / len(models)) if models else 0,
        priced_writers=priced,
    )
