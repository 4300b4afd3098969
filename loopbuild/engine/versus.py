"""Two results of one target: what their keys cover differently, which rows differ, and why, down to files and facts.

Compares what was built with what was built; whether it is still what would be built now is not asked. Writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loopbuild.engine.commit import Record, decode_record, decode_trace
from loopbuild.engine.history import history
from loopbuild.engine.journal import Entry, Journal
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.staleness import StaleReason, compare
from loopbuild.engine.target import Json
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import SelectionError


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """How the rows of two tables differ; `changed` are those with other content, `total` those of the newer one."""

    added: int
    gone: int
    changed: int
    total: int
    reasons: tuple[StaleReason, ...]
    """The facts that rows of both read and that were not the same, each once."""
    unread: tuple[str, ...]
    """Facts that changed rows read before and no row of the newer table reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One target on the way from a cause to the target asked about."""

    target: str
    reasons: tuple[StaleReason, ...]
    """What its key covers differently."""
    rows: RowChanges | None
    is_same_output: bool
    is_lost: bool = False
    """One of the two records is not here any more, so nothing is known beyond other bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """Two results of one target."""

    target: str
    old: Record
    new: Record
    path: tuple[Step, ...]
    """The way that tells most, from the cause to the target; empty when both have the same key."""
    others: int
    """Further targets by way of which it differs."""


def versus(ws: Workspace, target: str, old_output: str) -> Versus:
    """Return how the result in force of `target` differs from an earlier one with this output.

    Raises SelectionError when one of the two is not here.
    """
    with ws.reading() as journal:
        now, before = journal.current_of(target), journal.with_output(target, old_output)
        if now is None:
            raise SelectionError(f"`{target}` was never built here", hint="`loopbuild build` makes it")
        new, old = _record(ws, now), _record(ws, before)
        if new is None or old is None:
            raise SelectionError(
                f"that result of `{target}`, {old_output[:8]}, is not here any more",
                hint="`loopbuild cache gc` removes what nothing holds; a cache may still have it",
            )
        steps: dict[str, tuple[Step, tuple[str, ...]]] = {}
        if old.key != new.key:
            _descend(ws, journal, target, old, new, steps)
    path = _path(target, steps)
    return Versus(target=target, old=old, new=new, path=path, others=len(steps) - len(path))


def output_at(ws: Workspace, target: str, number: int) -> str:
    """Return the first digits of the output a target had after a build.

    Raises SelectionError when there was no such build, or the target had no result then.
    """
    runs = history(ws, 1_000_000)
    if not any(run.number == number for run in runs):
        newest = f"; the newest is {runs[0].number}" if runs else ""
        raise SelectionError(f"there is no build {number}", hint=f"`loopbuild log` lists them{newest}")
    for run in runs:
        for one in run.targets:
            if run.number <= number and one.target == target and one.output:
                return one.output
    raise SelectionError(f"build {number} had no result of `{target}` yet", hint="`loopbuild log` lists later builds")


def result_like(ws: Workspace, target: str, start: str) -> str:
    """Return the output of the newest result of a target whose key or output begins like this, else empty."""
    with ws.reading() as journal:
        found = journal.with_line(target, start) or journal.with_output(target, start)
    return found.output if found is not None else ""


def outputs_of(ws: Workspace, target: str) -> tuple[str, ...]:
    """Return the outputs of all results of a target that are known, the newest first."""
    with ws.reading() as journal:
        return tuple(entry.output for entry in reversed(journal.entries()) if entry.target == target)


def _descend(
    ws: Workspace,
    journal: Journal,
    target: str,
    old: Record,
    new: Record,
    steps: dict[str, tuple[Step, tuple[str, ...]]],
) -> None:
    reasons = compare(old.manifest, new.manifest, is_goal=new.nature == "historical")
    causes = tuple(reason for reason in reasons if reason.kind == "target" and reason.code == "upstream_stale")
    step = Step(
        target=target, reasons=reasons, rows=_rows(ws, old, new), is_same_output=old.output == new.output
    )  # fmt: skip
    steps[target] = (step, tuple(dict.fromkeys(reason.subject for reason in causes)))
    for reason in causes:
        if reason.subject in steps:
            continue
        sides = [_record(ws, journal.with_output(reason.subject, str(side))) for side in (reason.old, reason.new)]
        if sides[0] is None or sides[1] is None:
            lost = Step(target=reason.subject, reasons=(), rows=None, is_same_output=False, is_lost=True)
            steps[reason.subject] = (lost, ())
        else:
            _descend(ws, journal, reason.subject, sides[0], sides[1], steps)


def _path(target: str, steps: Mapping[str, tuple[Step, tuple[str, ...]]]) -> tuple[Step, ...]:
    if target not in steps:
        return ()
    path, seen, name = [steps[target][0]], {target}, target
    while onward := [steps[other][0] for other in steps[name][1] if other not in seen]:
        step = max(
            onward,
            key=lambda one: (bool(one.rows and (one.rows.reasons or one.rows.unread)), bool(_own(one)), bool(one.rows)),
        )
        path.append(step)
        seen.add(step.target)
        name = step.target
    return tuple(reversed(path))


def _own(step: Step) -> list[StaleReason]:
    return [reason for reason in step.reasons if reason.kind != "target"]


def _rows(ws: Workspace, old: Record, new: Record) -> RowChanges | None:
    if not (old.trace and new.trace):
        return None
    try:
        traces = [decode_trace(ws.objects.get(record.trace)) for record in (old, new)]
        outputs: list[Mapping[str, Json]] = [json.loads(ws.objects.get(one.output))["rows"] for one in (old, new)]
    except ObjectDamaged:
        return None
    before, after = traces
    both = before.keys() & after.keys()
    facts: dict[str, StaleReason] = {}
    changed = {key for key in both if outputs[0].get(key) != outputs[1].get(key)}
    for key in sorted(both):
        facts |= {reason.subject: reason for reason in _facts(before[key][1], after[key][1])}
    read = {name for _, reads, _ in after.values() for name in reads}
    return RowChanges(
        added=len(after.keys() - before.keys()),
        gone=len(before.keys() - after.keys()),
        changed=len(changed),
        total=len(after),
        reasons=tuple(facts[name] for name in sorted(facts)),
        unread=tuple(sorted({name for key in changed for name in before[key][1]} - read)),
    )


def _facts(old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[StaleReason]:
    """Facts that only one of two draws read tell of the draws, not of a cause."""
    for name in old.keys() & new.keys():
        if old[name] != new[name]:
            yield StaleReason(
                code="input_changed", subject=name, kind="fact", old=old[name] or None, new=new[name] or None
            )


def _record(ws: Workspace, entry: Entry | None) -> Record | None:
    try:
        return decode_record(ws.objects.get(entry.record)) if entry is not None else None
    except ObjectDamaged:
        return None
