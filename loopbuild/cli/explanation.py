"""An explanation as a screen: from the changed leaf to the target, then the table of cues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopbuild.cli.amounts import rows_text
from loopbuild.cli.changes import change_lines
from loopbuild.cli.reasons import reason_words
from loopbuild.cli.units import count, table
from loopbuild.digest import short
from loopbuild.engine.rowwhy import RowExplanation
from loopbuild.engine.staleness import StaleReason
from loopbuild.engine.why import Cause, Explanation
from loopbuild.records import CatalogDiff

if TYPE_CHECKING:
    from loopbuild.pipeline.lineage import Ancestor, Seen

STATES = {
    "run": "is stale",
    "maybe": "may be stale: it depends on bytes that are not made yet",
    "reuse": "is up to date",
}
ROW_STATES = {
    "kept": "is kept: nothing it read changed",
    "run": "would run",
    "revalidate": "is to check: validated and replayed, made anew only if it holds no longer",
    "kept or gone": "is kept, or is wanted no more: its table would have fewer rows",
    "unknown": "may be stale: its table depends on bytes that are not made yet",
}
MOST = 6


def explanation_text(
    found: Explanation, changes: CatalogDiff, lineage: Ancestor | None, seen: Seen | None = None
) -> str:
    """Return the screen of `loopbuild why`."""
    codes = reason_words(reason.code for reason in found.path[-1].reasons)
    lines = [f"{found.target} {STATES[found.will]}" + (f" ({codes})" if found.will == "maybe" and codes else "")]
    if found.will == "run" and codes:
        lines[0] += f": {codes}"
    if found.error is not None:
        lines.append(f"  it would fail: {found.error.message}")
    failing = {cause.target: cause.error for cause in found.chain if cause.error and cause.target != found.target}
    lines += [f"  it waits for `{name}`, which would fail: {message}" for name, message in failing.items()]
    if found.will == "reuse":
        lines += _fresh_lines(found)
        if changes.changes:
            lines += ["changed since the last build, elsewhere:", *indented(change_lines(changes), 1)]
    else:
        lines += _chain_lines(found, changes)
        lines += _cue_lines(found)
    if lineage is not None:
        lines.append(_lineage_line(lineage))
    if seen is not None:
        lines.append(_seen_line(seen))
    if found.will == "reuse" and found.last_run:
        lines.append(f"last time: {found.last_run}")
    return "\n".join(lines)


def row_text(found: RowExplanation) -> str:
    """Return the screen of `loopbuild why TARGET#ROW`."""
    lines = [f"{found.target}#{found.key[:12]} {ROW_STATES[found.state]}"]
    own = [reason_text(reason) for reason in found.reasons if reason.kind != "row"]
    lines += indented(own[:MOST] + ([f"and {len(own) - MOST} more"] if len(own) > MOST else []), 1)
    if found.is_new:
        lines.append("  no such row was made before")
        return "\n".join(lines)
    names = list(found.reads)
    more = f" and {count(len(names) - MOST, 'other')}" if len(names) > MOST else ""
    lines.append(
        f"  it read {count(len(names), 'fact')}: {', '.join(names[:MOST])}{more}" if names else "  it read no fact"
    )
    return "\n".join(lines)


def _fresh_lines(found: Explanation) -> list[str]:
    lines = [f"  nothing it depends on changed ({count(found.upstream_count, 'target')} upstream)"]
    if found.record is not None:
        manifest = found.record.manifest
        recipe = " ".join(map(str, manifest["recipe"]))
        parts = [count(len(manifest[name]), name[:-1]) for name in ("files", "inputs")]
        covers = f"recipe `{recipe}`, {count(len(manifest['params']), 'param')}, {', '.join(parts)}"
        lines.append(f"  its key {short(found.record.key)} covers {covers}")
    return lines + [
        f"  {cause.target} would run again, to {_outcome_of(cause)}"
        for cause in sorted(found.absorbed, key=lambda one: one.is_same_output)
    ]


def _outcome_of(cause: Cause) -> str:
    return "the same bytes" if cause.is_same_output else "other bytes, of which nothing comes through to here"


def _chain_lines(found: Explanation, changes: CatalogDiff) -> list[str]:
    """One step a line, the leaf first; what is only read again stands together."""
    lines: list[str] = []
    depth = 1
    cheap = [cause for cause in found.path[:-1] if cause.is_cheap and not cause.row_reasons]
    own = [reason for cause in cheap for reason in cause.reasons if reason.kind != "target"]
    lines += indented([reason_text(reason) for reason in own[:MOST]], depth)
    depth += bool(own)
    if cheap:
        lines += indented([f"{', '.join(cause.target for cause in cheap)}  read again, at once"], depth)
        depth += 1
    steps = [cause for cause in found.path if cause not in cheap]
    told = change_lines(_about(changes, steps)) if len(found.path) > 1 else []
    lines += indented(told[:MOST] + ([f"and {len(told) - MOST} more"] if len(told) > MOST else []), depth)
    depth += bool(told)
    for cause in steps:
        lines += indented(_step(cause), depth)
        depth += 1
    others = len({cause.target for cause in found.chain} - {cause.target for cause in found.path})
    if others:
        lines.append(f"  and by way of {count(others, 'other target')}")
    return lines


def _about(changes: CatalogDiff, steps: list[Cause]) -> CatalogDiff:
    """The tools the rows on the way have read; all of them when no row says what it read."""
    facts = [reason.subject for cause in steps for reason in cause.row_reasons]
    read = [one for one in changes.changes if any(one.tool in fact or (one.old_tool or "-") in fact for fact in facts)]
    return CatalogDiff(changes=tuple(read) if read else changes.changes, notes=changes.notes)


def _step(cause: Cause) -> list[str]:
    rows = ""
    if cause.rows_total and cause.will == "maybe" and cause.depth == 0:
        rows = f"  some of {count(cause.rows_total, 'row')}"
    elif cause.rows_total:
        rows = f"  {rows_text(cause.rows_stale or 0, cause.rows_revalidate, cause.rows_total)}"
    own = [reason_text(reason) for reason in (*cause.reasons, *cause.row_reasons) if reason.kind != "target"]
    more = [f"  and {len(own) - MOST} more"] if len(own) > MOST else []
    return [f"{cause.target}{rows}", *(f"  {line}" for line in own[:MOST]), *more]


def _cue_lines(found: Explanation) -> list[str]:
    marks = {cue: "x" if is_set else "." for cue, is_set in found.cues.items()}
    last = "the record of its last build is not here" if found.cues["output"] else "never built"
    if found.record is not None:
        rows = f", {count(found.record.row_count, 'row')}" if found.record.row_count >= 0 else ""
        last = f"last built as {short(found.record.key)}{rows}" + (f", {found.last_run}" if found.last_run else "")
    return table([[*marks, ""], [*(mark.center(len(cue)) for cue, mark in marks.items()), last]]).splitlines()


def indented(lines: list[str], depth: int) -> list[str]:
    """Return lines so many steps to the right."""
    return [f"{'  ' * depth}{line}" for line in lines]


def reason_text(reason: StaleReason) -> str:
    """Return one cause as a line."""
    subject = f" {reason.subject}" if reason.subject else ""
    if reason.kind == "file":
        return f"file{subject} changed: {_side(reason.old)} -> {_side(reason.new)}"
    if reason.kind == "fact":
        state = "is gone" if reason.new is None else "is new" if reason.old is None else "changed"
        return f"read{subject}, which {state}"
    if reason.kind in ("params", "recipe"):
        return f"{reason_words([reason.code])}:{subject} {reason.old!r} -> {reason.new!r}"
    if reason.code == "failed_last_time":
        return f"{reason_words([reason.code])}: {reason.old}"
    return f"{reason_words([reason.code])}{subject and ':' + subject}"


def _side(digest: object) -> str:
    return short(str(digest)) if digest else "absent"


def _lineage_line(one: Ancestor) -> str:
    trained = f"{one.rows:,} rows" + (f", {one.replayed:,} of them replayed" if one.replayed else "")
    trained += f" ({one.held_back:,} more held back to watch the loss)" if one.held_back else ""
    return (
        f"weights {one.name}: {one.mode} from {one.parent} on {trained}, {one.tokens:,} tokens; "
        f"{count(one.increments, 'increment')} since its fresh start ({one.reason})"
    )


def _seen_line(seen: Seen) -> str:
    gone = f"; {count(seen.gone, 'row')} it has seen are in no dataset any more" if seen.gone else ""
    former = f", and {seen.former:,} that are not there any more as they were" if seen.former else ""
    return f"has seen {seen.rows:,} of the {count(seen.wanted, 'training row')} that call {seen.tool}{former}{gone}"
