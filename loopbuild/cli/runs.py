"""Earlier builds as screens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from loopbuild.cli.reasons import outcome_words, reason_words
from loopbuild.cli.units import count, duration, spent_in, spent_text, table
from loopbuild.engine.history import Run, TargetRun
from loopbuild.engine.runs import Difference

MOST = 8
ABSENT = "-"


def runs_text(runs: Sequence[Run]) -> str:
    """Return the newest builds, the slowest targets of each."""
    if not runs:
        return "Nothing was built here yet"
    return "\n".join(_with_slowest(run, MOST) for run in runs)


def what_ran_text(run: Run) -> str:
    """Return every target of a build that was not up to date, in the order of the graph."""
    return "\n".join([_head(run), *_table(run.targets)])


def slowest_text(run: Run, most: int) -> str:
    """Return the targets of a build that took longest."""
    return _with_slowest(run, most)


def failed_text(run: Run) -> str:
    """Return what failed, and what was skipped for it."""
    failed = [target for target in run.targets if target.outcome == "failed"]
    skipped = [target for target in run.targets if target.outcome == "skipped"]
    if not failed:
        return f"{_head(run)}\n  nothing failed"
    lines = [f"  {target.target}  {target.message}" for target in failed]
    tail = [f"  {count(len(skipped), 'target')} skipped behind them"] if skipped else []
    return "\n".join([_head(run), *lines, *tail, "Next: `loopbuild build state:failed+`"])


def path_text(run: Run, path: Sequence[TargetRun]) -> str:
    """Return the critical path of a build and its share."""
    whole = sum(target.seconds for target in run.targets)
    own = sum(target.seconds for target in path)
    rows = [[target.target, duration(target.seconds), _rows(target)] for target in path]
    body = table(rows, right=frozenset({1, 2}), indent="  ").splitlines()
    share = f", {own / whole:.0%} of {duration(whole)} of work" if whole else ""
    return "\n".join([_head(run), *body, f"Together {duration(own)}{share}: the least any number of jobs could take"])


def difference_text(old: Run, new: Run, found: Sequence[Difference]) -> str:
    """Return where two builds differ; targets with the same outcome and bytes are only counted."""
    rows = []
    for one in found:
        sides = [one.old, one.new]
        outcomes = [side.outcome if side else ABSENT for side in sides]
        if one.is_same_output and outcomes[0] == outcomes[1]:
            continue
        seconds = [duration(side.seconds) if side else ABSENT for side in sides]
        reasons = reason_words(one.new.reasons if one.new else one.old.reasons if one.old else ())
        is_known = bool(one.old and one.new and one.old.output and one.new.output)
        output = "same bytes" if one.is_same_output else "other bytes" if is_known else ""
        rows.append([one.target, *map(outcome_words, outcomes), *seconds, output, reasons])
    head = [["", f"build {old.number}", f"build {new.number}", *[""] * 4]]
    same = len(found) - len(rows)
    lines = table([*head, *rows], right=frozenset({3, 4}), indent="  ").splitlines() if rows else []
    tail = [f"  {count(same, 'target')} with the same outcome and bytes"] if same else []
    return "\n".join([_head(old), _head(new), *lines, *tail])


def run_json(run: Run) -> dict[str, Any]:
    """Return a build as data."""
    return asdict(run)


def _with_slowest(run: Run, most: int) -> str:
    slowest = sorted(run.targets, key=lambda target: -target.seconds)[:most]
    more = [f"  and {len(run.targets) - len(slowest)} quicker ones"] if len(run.targets) > len(slowest) else []
    return "\n".join([_head(run), *_table(slowest), *more])


def _table(targets: Sequence[TargetRun]) -> list[str]:
    rows = [
        [
            target.target,
            outcome_words(target.outcome),
            _rows(target),
            duration(target.seconds),
            "; ".join(filter(None, [target.message or reason_words(target.reasons), spent_text(target.spent)])),
        ]
        for target in targets
    ]
    return table(rows, right=frozenset({2, 3}), indent="  ").splitlines()


def _rows(target: TargetRun) -> str:
    return f"{target.rows_run:,} of {target.rows_total:,}" if target.rows_total else ""


def _head(run: Run) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started))
    spent = spent_text(spent_in(target.spent for target in run.targets))
    head = f"build {run.number}  {when}  {run.outcome} in {duration(run.seconds)}, {count(len(run.targets), 'target')}"
    return f"{head}, {spent}" if spent else head
