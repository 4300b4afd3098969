"""`why` for one row of a table: what would happen to it, for which facts, and what it read when it was made.

Reads what `plan` decided for the table; it never decides anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from loopbuild.engine.plan import plan
from loopbuild.engine.query import rows_of
from loopbuild.engine.selection import parse
from loopbuild.engine.staleness import StaleReason
from loopbuild.engine.target import Target
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import SelectionError

RowState = Literal["kept", "run", "revalidate", "unknown", "kept or gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowExplanation:
    """What would become of one row; `unknown` while something the table rests on is not made yet.

    `kept or gone`: it would not run, and the table would have fewer rows than now.
    """

    target: str
    key: str
    state: RowState
    reasons: tuple[StaleReason, ...]
    reads: Mapping[str, str]
    """The facts it read when it was made, empty for one that is new."""
    is_new: bool


def explain_row(ws: Workspace, targets: Iterable[Target], target: str, start: str) -> RowExplanation:
    """Return what would happen to the row of `target` whose key begins with `start`.

    Raises SelectionError when no row or several of them do.
    """
    entry = plan(ws, list(targets), select=parse([target])).entries.get(target)
    stored = rows_of(ws, target)
    planned = {row.key: row for row in entry.rows} if entry is not None else {}
    keys = sorted({key for key in (*stored, *planned) if key.startswith(start)})
    if start in keys:
        keys = [start]
    if len(keys) != 1:
        what = f"`{start}` is the beginning of {len(keys)} row keys" if keys else f"no row key begins with `{start}`"
        hint = "give more digits" if keys else f"`loopbuild show {target}` lists its rows"
        raise SelectionError(f"{what} of `{target}`", hint=hint)
    (key,) = keys
    row = planned.get(key)
    state: RowState = "kept"
    if row is not None:
        state = row.verdict
    elif entry is None or entry.error is not None or (entry.will != "reuse" and not entry.rows):
        state = "unknown"
    elif entry.will != "reuse" and entry.rows_total is not None and entry.rows_total < len(stored.keys() | planned):
        # A plan names only the rows that would run; of the others fewer are wanted than there are.
        state = "kept or gone"
    return RowExplanation(
        target=target,
        key=key,
        state=state,
        reasons=row.reasons if row is not None else (),
        reads=stored[key].reads if key in stored else {},
        is_new=key not in stored,
    )
