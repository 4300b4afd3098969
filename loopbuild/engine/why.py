"""`why`: the chain of causes behind a target's state, from the target down to files, facts and params.

Reads what `plan` decided; it never decides anew, so it can not tell another story.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from loopbuild.digest import short
from loopbuild.engine.commit import Record
from loopbuild.engine.history import last_outcome
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.plan import plan
from loopbuild.engine.planned import PlanEntry, Will
from loopbuild.engine.query import record
from loopbuild.engine.selection import Selection, parse
from loopbuild.engine.staleness import ReasonCode, StaleReason
from loopbuild.engine.target import Target
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import LoopbuildError, SelectionError

CUES: dict[str, tuple[ReasonCode, ...]] = {
    "never_built": ("never_built",),
    "recipe": ("recipe_changed",),
    "params": ("params_changed",),
    "input": ("input_changed", "input_added", "input_removed"),
    "upstream": ("upstream_stale",),
    "output": ("output_missing", "output_damaged"),
    "failed": ("failed_last_time",),
    "forced": ("forced", "from_scratch", "refreshed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One step of the chain: a target, its state, and why; `depth` 0 is the target asked about."""

    target: str
    depth: int
    will: Will
    reasons: tuple[StaleReason, ...]
    row_reasons: tuple[StaleReason, ...] = ()
    """What differs for its stale rows, each once."""
    rows_stale: int | None = None
    rows_revalidate: int = 0
    rows_total: int | None = None
    is_cheap: bool = False
    is_same_output: bool = False
    """It would run, and was seen in memory to give the bytes it gave before."""
    error: str = ""
    """Why it would fail, if it would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a target is stale, or why it is not."""

    target: str
    will: Will
    chain: tuple[Cause, ...]
    """Depth first; a target appears once, where it is first met."""
    path: tuple[Cause, ...]
    """The one way through the chain that tells most, from the leaf to the target."""
    cues: dict[str, bool]
    """Which kinds of cause hold for the target itself."""
    upstream_count: int
    """Targets it rests on, directly or not."""
    absorbed: tuple[Cause, ...]
    """Upstream targets that are stale and whose new output is known, while nothing follows from them here: it equals
    the old one, or what reads it comes out as before."""
    record: Record | None
    """The result in force."""
    last_run: str
    """How it was last made, such as `built`; empty when the journal does not tell."""
    error: LoopbuildError | None = None


def explain(ws: Workspace, targets: Iterable[Target], target_id: str | Selection, *, stamp: str = "") -> Explanation:
    """Return the causes behind one target's state. Raises SelectionError for what does not name one."""
    known = list(targets)
    select = target_id if isinstance(target_id, Selection) else parse([target_id])
    try:
        found = plan(ws, known, select=select, stamp=stamp)
    except SelectionError:
        _refuse_gone(ws, {atom.core for term in select.terms for atom in term})
        raise
    entries = found.entries
    named = sorted(select.chosen(found.targets))
    if not named:
        _refuse_gone(ws, select.gone(found.targets))
        raise _unnamed(found.open_ended)
    if len(named) != 1:
        raise SelectionError(f"that names {len(named)} targets, such as `{named[0]}`", hint="ask about one of them")
    entry = entries[named[0]]
    chain: list[Cause] = []
    _descend(entry, entries, 0, chain, set())
    on_chain = {cause.target for cause in chain}
    codes = {reason.code for reason in (*entry.reasons, *(r for row in entry.rows for r in row.reasons))}
    return Explanation(
        target=entry.target,
        will=entry.will,
        chain=tuple(chain),
        path=_path(entry, entries),
        cues={cue: bool(codes.intersection(members)) for cue, members in CUES.items()},
        upstream_count=len(entries) - 1,
        absorbed=_absorbed(ws, [one for one in found.would if one.target not in on_chain and one.output]),
        record=_surviving_record(ws, entry.target),
        last_run=last_outcome(ws, entry.target, limit=50),
        error=entry.error,
    )


def _absorbed(ws: Workspace, entries: Sequence[PlanEntry]) -> tuple[Cause, ...]:
    with ws.reading() as journal:
        now = {one.target: journal.current_of(one.target) for one in entries}
    return tuple(
        _cause(one, 1, is_same_output=(known := now[one.target]) is not None and one.output == known.output)
        for one in entries
    )


def _unnamed(makers: Sequence[str]) -> SelectionError:
    if not makers:
        return SelectionError("that names no target", hint="ask about one of those that `loopbuild status` tells of")
    names = ", ".join(f"`{name}`" for name in makers)
    return SelectionError(f"whether there is such a target is known once {names} is made", hint="run `loopbuild build`")


def _refuse_gone(ws: Workspace, names: Collection[str]) -> None:
    """Raise SelectionError for a name that was built once and is declared no more."""
    for name in sorted(names):
        last = _surviving_record(ws, name)
        if last is not None:
            rows = f", {last.row_count:,} rows" if last.row_count >= 0 else ""
            raise SelectionError(
                f"`{name}` is no more: nothing declares it",
                intact=f"its last result {short(last.output)}{rows}, stays until `loopbuild cache gc`",
                hint="`loopbuild plan --state REF` says what else changed since a revision",
            )


def _surviving_record(ws: Workspace, name: str) -> Record | None:
    """Return the record in force, None also where its bytes are gone: what is stale is told without it."""
    try:
        return record(ws, name)
    except ObjectDamaged:
        return None


def _descend(entry: PlanEntry, entries: dict[str, PlanEntry], depth: int, chain: list[Cause], seen: set[str]) -> None:
    seen.add(entry.target)
    chain.append(_cause(entry, depth))
    for upstream in _stale_upstreams(entry, entries):
        if upstream.target not in seen:
            _descend(upstream, entries, depth + 1, chain, seen)


def _path(entry: PlanEntry, entries: Mapping[str, PlanEntry]) -> tuple[Cause, ...]:
    """Go to the upstream with rows that say what they read, else to one that costs something, else to the first."""
    path = [_cause(entry, 0)]
    seen = {entry.target}
    while True:
        onward = [one for one in _stale_upstreams(entry, entries) if one.target not in seen]
        if not onward:
            return tuple(reversed(path))
        entry = max(onward, key=lambda one: (any(row.reasons for row in one.rows), not one.is_cheap))
        seen.add(entry.target)
        path.append(_cause(entry, len(path)))


def _stale_upstreams(entry: PlanEntry, entries: Mapping[str, PlanEntry]) -> list[PlanEntry]:
    found = (entries.get(reason.subject) for reason in entry.reasons if reason.kind == "target")
    return [upstream for upstream in found if upstream is not None]


def _cause(entry: PlanEntry, depth: int, *, is_same_output: bool = False) -> Cause:
    return Cause(
        target=entry.target,
        depth=depth,
        will=entry.will,
        reasons=entry.reasons,
        row_reasons=tuple(_each_once(reason for row in entry.rows for reason in row.reasons if reason.kind == "fact")),
        rows_stale=entry.rows_stale,
        rows_revalidate=entry.rows_revalidate,
        rows_total=entry.rows_total,
        is_cheap=entry.is_cheap,
        is_same_output=is_same_output,
        error=entry.error.message if entry.error else "",
    )


def _each_once(reasons: Iterable[StaleReason]) -> list[StaleReason]:
    return list({(reason.subject, str(reason.old), str(reason.new)): reason for reason in reasons}.values())
