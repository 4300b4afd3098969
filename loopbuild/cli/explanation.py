"""An explanation as a screen: from the target down to what changed, then the table of cues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopbuild.cli.changes import change_lines
from loopbuild.cli.units import count, table
from loopbuild.digest import short
from loopbuild.engine.staleness import StaleReason
from loopbuild.engine.why import Cause, Explanation
from loopbuild.records import CatalogDiff

if TYPE_CHECKING:
    from loopbuild.pipeline.lineage import Ancestor

STATES = {
    "run": "is stale",
    "maybe": "may be stale: it depends on bytes that are not made yet",
    "reuse": "is up to date",
}
MOST = 6


def explanation_text(found: Explanation, changes: CatalogDiff, lineage: Ancestor | None) -> str:
    """Return the screen of `loopbuild why`."""
    lines = [f"{found.target} {STATES[found.will]}"]
    if found.error is not None:
        lines.append(f"  it would fail: {found.error.message}")
    if found.will == "reuse":
        lines.append(f"  nothing it depends on changed ({found.upstream_count} targets upstream)")
        lines += [f"  {cause.target} would run again, to the same bytes" for cause in found.absorbed]
    else:
        for cause in found.chain:
            lines += _cause_lines(cause)
    known = change_lines(changes)
    if known:
        lines += ["changed since the last build:", *(f"  {line}" for line in known)]
    if found.will != "reuse":
        marks = {cue: "x" if is_set else "." for cue, is_set in found.cues.items()}
        lines.append(table([list(marks), list(marks.values())]))
    if lineage is not None:
        lines.append(_lineage_line(lineage))
    if found.record is not None and found.last_run:
        lines.append(f"last time: {found.last_run}")
    return "\n".join(lines)


def _cause_lines(cause: Cause) -> list[str]:
    indent = "  " * (cause.depth + 1)
    rows = ""
    if cause.rows_total:
        rows = f"  {cause.rows_stale or 0:,} of {cause.rows_total:,} rows"
    own = [reason for reason in cause.reasons if reason.kind != "target"]
    lines = [f"{indent}{cause.target}{rows}"] if cause.depth or rows else []
    shown = [*own, *cause.row_reasons]
    lines += [f"{indent}  {_reason(reason)}" for reason in shown[:MOST]]
    if len(shown) > MOST:
        lines.append(f"{indent}  and {len(shown) - MOST} more")
    return lines


def _reason(reason: StaleReason) -> str:
    subject = f" {reason.subject}" if reason.subject else ""
    if reason.kind == "file":
        return f"{reason.code}: file{subject} {_side(reason.old)} -> {_side(reason.new)}"
    if reason.kind == "fact":
        state = "is gone" if reason.new is None else "is new" if reason.old is None else "changed"
        return f"read{subject}, which {state}"
    if reason.kind in ("params", "recipe"):
        return f"{reason.code}:{subject} {reason.old!r} -> {reason.new!r}"
    return f"{reason.code}{subject and ':' + subject}"


def _side(digest: object) -> str:
    return short(str(digest)) if digest else "absent"


def _lineage_line(one: Ancestor) -> str:
    trained = f"{one.rows:,} rows" + (f", {one.replayed:,} of them replayed" if one.replayed else "")
    return (
        f"weights {one.name}: {one.mode} from {one.parent} on {trained}, {one.tokens:,} tokens; "
        f"{count(one.increments, 'increment')} since its fresh start ({one.reason})"
    )
