"""What changed tools make stale, from the recorded traces: which rows read what changed, and what that would cost.

Builds nothing and starts nothing. A row is looked at when a fact it read has another digest now; whether it has to be
made anew only replaying tells. Stored calls are validated here already, that costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from loopbuild.digest import canonical
from loopbuild.engine.history import costs
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.query import TracedTable, surviving, traced
from loopbuild.engine.target import Json
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import LoopbuildError
from loopbuild.judging.validate import Validator
from loopbuild.pipeline.amounts import Amounts, Course, Row, course_of, seconds_of
from loopbuild.pipeline.renaming import renames_of
from loopbuild.pipeline.sampling_settings import CHOICES
from loopbuild.pipeline.sandbox_settings import MADE_UP, entities_said, sandbox_settings
from loopbuild.records import CatalogDiff, LeafChange, ToolCatalog, ToolChange, ToolSchema, fact_name

OFFLINE = "offline"
_MOVING = frozenset({"added", "removed", "renamed"})


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
    """That there are now."""
    read: int = 0
    """Of these, that read a leaf, gate, effect or made-up table that changed."""
    replayed: int = 0
    """That read nothing that changed, but call a tool whose return did, or are dialogues that could go on otherwise."""
    whole: int = 0
    """Trajectories that call a changed tool at all: what a hash of whole tools would make stale."""
    amounts: Amounts = field(default_factory=Amounts)
    """`new` goes by the number of new tools: what an unknown edge changes in the plan is not in it."""
    invalid: frozenset[Row] = frozenset()
    """Rows of trajectories with a call that no longer validates."""
    training: int = 0
    lost: int = 0
    """Trajectories whose traces are not here: they are in no other number but the total."""
    tables: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    course: Course | None = None
    """None when no row of the training set may change, or nothing was trained."""
    seconds: float | None = None
    """Of sampling, writing and judging; None when no earlier build tells."""
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
    moved = {change.tool.partition("/")[0] for change in difference.changes if change.change in _MOVING}
    looked = _look(tables, asked, _known(new, tables, sources, settings), sources, moved)
    stored = _Stored(ws, tables)
    faults = _invalid(stored, looked, difference, new, sources)
    users = {
        place: Users(
            trajectories=len(rows),
            invalid=sum(1 for row in rows if _tool_of(difference.changes[place[0]]) in faults.get(row, ())),
        )
        for place, rows in looked.users.items()
    }
    read = looked.stale | looked.replayed
    ended = {_tool_of(change) for change in difference.changes if change.change == "removed"}
    gone = {row for row in looked.stale if stored.goal(row) in ended} if ended else set()
    total = sum(table.row_count for table in tables)
    new_rows = _wanted(ws, difference.changes, settings)
    amounts = Amounts(
        wanted=total - len(gone) + new_rows,
        new=new_rows,
        check=len(read - gone),
        invalid=len(faults.keys() - gone),
        gone=len(gone),
        texts_each=texts_each(ws),
        is_about=bool(new_rows or gone or (read and _moves(settings))),
        moves=_moves(settings),
    )
    found = Impact(
        is_known=True,
        users=users,
        trajectories=total,
        read=len(looked.stale),
        replayed=len(looked.replayed - looked.stale),
        whole=_callers(tables, {_tool_of(change) for change in difference.changes if change.change != "added"}),
        amounts=amounts,
        invalid=frozenset(faults),
        lost=sum(table.row_count for table in tables if table.is_lost),
        tables=tuple(sorted({target for target, _ in read})),
    )
    return _priced(ws, _trained(ws, found, settings), settings)


@dataclass(slots=True)
class _Looked:
    stale: set[Row] = field(default_factory=set)
    replayed: set[Row] = field(default_factory=set)
    users: dict[tuple[int, int], set[Row]] = field(default_factory=dict)


def _tool_of(change: ToolChange) -> str:
    return change.old_tool or change.tool


def _known(catalog: ToolCatalog, tables: Sequence[TracedTable], sources: Set[str], settings: Json) -> dict[str, str]:
    """Return what the facts about the tools of some sources are now."""
    from loopbuild.stages.catalog.facts import facts

    catalog = replace(catalog, tools=tuple(tool for tool in catalog.tools if tool.source in sources))
    found = facts(catalog) | {fact_name(tool.id, "returns"): tool.returns for tool in catalog.tools}
    # What made-up tables hold may follow from the schema of another tool of the source.
    if any(name.startswith(MADE_UP) for table in tables for reads in table.reads.values() for name in reads):
        from loopbuild.sandbox.simulated.meaning import meanings

        stored = tuple(_as_stored(tool) for tool in catalog.tools)
        # A quick reading of loop.yaml has no sandboxes, and there is none where entities are spoken of.
        chosen = {name: sandbox_settings(settings, name)[name] for name in settings["sources"] if "sandbox" in settings}
        meant = meanings(replace(catalog, tools=stored), entities_said(chosen))
        found |= {MADE_UP + tool: one for tool, one in meant.items()}
    return found


def _as_stored(tool: ToolSchema) -> ToolSchema:
    """Return a tool with its schemas in the order of their bytes, which is the order that tables are made in."""
    schemas = [json.loads(canonical(schema)) for schema in (tool.input_schema, tool.output_schema)]
    return replace(tool, input_schema=schemas[0], output_schema=schemas[1])


def _look(
    tables: Sequence[TracedTable],
    asked: Mapping[str, Sequence[tuple[int, int]]],
    known: Mapping[str, str],
    sources: set[str],
    moved: set[str],
) -> _Looked:
    found = _Looked()
    # Rows read the same facts again and again: each (fact, digest) is judged once.
    judged: dict[tuple[str, str], bool] = {}
    for table in tables:
        for key, reads in table.reads.items():
            row: Row = (table.target, key)
            for fact in reads.items():
                differs = judged.get(fact)
                if differs is None:
                    differs = judged[fact] = _differs(*fact, known, sources) or _is_open(fact[0], moved)
                if not differs:
                    continue
                is_replayed = fact[0].endswith(" returns") or fact[0].startswith(CHOICES)
                (found.replayed if is_replayed else found.stale).add(row)
                for place in asked.get(fact[0], ()):
                    found.users.setdefault(place, set()).add(row)
    return found


def _differs(name: str, digest: str, known: Mapping[str, str], sources: set[str]) -> bool:
    tool, _, what = name.removeprefix(MADE_UP).partition(" ")
    is_of_tool = tool.partition("/")[0] in sources and "/" in tool
    return is_of_tool and what != "call name" and known.get(name, "") != digest


def _is_open(name: str, moved: set[str]) -> bool:
    """Return whether a fact is about what dialogues could go on with, in a source that has other tools now."""
    return name.startswith(CHOICES) and name.removeprefix(CHOICES).partition("/")[0] in moved


def _callers(tables: Iterable[TracedTable], tools: set[str]) -> int:
    gates = {fact_name(tool, "gate") for tool in tools}
    return sum(not gates.isdisjoint(reads) for table in tables for reads in table.reads.values())


def _invalid(
    stored: _Stored, looked: _Looked, difference: CatalogDiff, new: ToolCatalog, sources: set[str]
) -> dict[Row, set[str]]:
    """Return stale row -> tools of which it holds a call that does not validate, also not under its new names."""
    from loopbuild.stages.sampling.renaming import renamed_call

    if not any(_may_refuse(change) for change in difference.changes):
        return {}
    validator = Validator(new)
    renames = renames_of(difference)
    verdicts: dict[str, bool] = {}
    found: dict[Row, set[str]] = {}
    for row in looked.stale:
        for step in stored.steps(row):
            call = step.call
            tool, arguments = call.tool, call.arguments
            if renames is not None:
                tool, arguments = renamed_call(tool, arguments, renames)
            if tool.partition("/")[0] in sources and not _is_valid(validator, tool, arguments, verdicts):
                found.setdefault(row, set()).add(call.tool)
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
class _Cell:
    goal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    steps: tuple[_Step, ...] = ()
    """None in a row that says why its cell cannot be reached."""
    cell: _Cell = _Cell()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    rows: dict[str, _Row]


class _Stored:
    """The calls and goals of trajectories; a table is read once, and only if one of its rows is asked for."""

    def __init__(self, ws: Workspace, tables: Sequence[TracedTable]) -> None:
        self._ws = ws
        self._outputs = {table.target: table.output for table in tables}
        self._read: dict[str, Mapping[str, _Row]] = {}

    def steps(self, row: Row) -> tuple[_Step, ...]:
        """Return the steps of a row; none of a row whose bytes are gone."""
        return self._row(row).steps

    def goal(self, row: Row) -> str:
        """Return the tool a row ends with."""
        return self._row(row).cell.goal

    def _row(self, row: Row) -> _Row:
        target, key = row
        if target not in self._read:
            self._read[target] = _rows(self._ws, self._outputs[target])
        return self._read[target].get(key, _Row())


def _rows(ws: Workspace, digest: str) -> Mapping[str, _Row]:
    """Return the calls of a table's trajectories: results and provenance, most of the bytes, are passed over."""
    import msgspec

    try:
        return msgspec.json.decode(ws.objects.get(digest), type=_Table).rows
    except (ObjectDamaged, msgspec.MsgspecError):
        return {}


def texts_each(ws: Workspace) -> float:
    """Return how many texts a trajectory in force has."""
    rows = {"trajectories": 0, "tasks": 0}
    with ws.reading() as journal:
        for name, entry in journal.current().items():
            kind = name.partition(":")[0]
            if kind in rows:
                rows[kind] += max(0, entry.row_count)
    return rows["tasks"] / rows["trajectories"] if rows["trajectories"] else 0.0


def _wanted(ws: Workspace, changes: Iterable[ToolChange], settings: Json) -> int:
    """Return how many rows new tools are given: as many as each has now, where that is more than loop.yaml names."""
    new_goals = sum(change.change == "added" for change in changes)
    each = float(settings["sampling"]["per_tool"] + settings["evaluation"]["per_tool"])
    if new_goals and _moves(settings):
        cells = (surviving(ws, "cells:main") or {}).get("cells", {})
        goals = {cell["goal"] for rows in cells.values() for cell in rows}
        with ws.reading() as journal:
            total = sum(e.row_count for name, e in journal.current().items() if name.startswith("trajectories:"))
        each = max(each, total / len(goals)) if goals else each
    return round(new_goals * each)


def _moves(settings: Json) -> bool:
    """Say whether some rows are planned by what the others are like: a change anywhere may add and remove a few."""
    sampling = settings["sampling"]
    return bool(sampling["coverage"] or sampling["derived"] or settings["synthesis"]["categories"]["dialogue"])


def _trained(ws: Workspace, found: Impact, settings: Json) -> Impact:
    """Add what becomes of training, as far as something was trained."""
    from loopbuild.stages.training.taking_part import runs_on_increment

    training = settings["training"]
    phases = list(training["phases"])
    head = surviving(ws, f"checkpoint:{phases[-1]}") if phases and found.amounts.most else None
    if head is None:
        return found
    rows = len((surviving(ws, "dataset:train") or {"rows": {}})["rows"])
    course = course_of(found.amounts, head=head, training_rows=rows, incremental=training["incremental"])
    runs = tuple(name for name in phases if course.mode == "fresh" or runs_on_increment(training, name))
    return replace(found, training=rows, course=course, phases=runs)


def _priced(ws: Workspace, found: Impact, settings: Json) -> Impact:
    models = [writer["model"] for writer in settings["synthesis"]["writers"]]
    priced = tuple(model for model in models if model != OFFLINE)
    with ws.reading() as journal:
        known = costs(journal)
    return replace(
        found,
        seconds=seconds_of(found.amounts, known),
        calls=round(found.amounts.texts * len(priced) / len(models)) if models else 0,
        priced_writers=priced,
    )
