"""A forecast as screens: `plan` as a table in the conditional, `status` as a paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loopbuild.cli.changes import change_lines
from loopbuild.cli.units import count, duration, table
from loopbuild.digest import short
from loopbuild.engine.plan import PlanEntry
from loopbuild.pipeline.forecast import Forecast, Training


def plan_text(forecast: Forecast) -> str:
    """Return the screen of `loopbuild plan`."""
    plan = forecast.plan
    lines = change_lines(forecast.changes)
    lines += [f"Would ask the server of source `{name}` for its tools first" for name in forecast.unlisted]
    expensive = [entry for entry in plan.would if not entry.is_cheap]
    cheap = len(plan.would) - len(expensive)
    if plan.is_nothing_to_do and not forecast.unlisted:
        return "\n".join([*lines, f"Nothing to do: {count(len(plan.fresh), 'target')} are up to date"])
    if expensive:
        rows = [["Would run", "new", "check", "of", "time", "why"], *(_row(entry) for entry in expensive)]
        lines += ([""] if lines else []) + [table(rows, right=frozenset({1, 2, 3, 4}))]
    if cheap:
        lines.append(f"Would read again, at once: {', '.join(entry.target for entry in plan.would if entry.is_cheap)}")
    errors = [entry for entry in plan.would if entry.error is not None]
    lines += [f"Would fail: {entry.target}: {entry.error.message}" for entry in errors if entry.error]
    if plan.may:
        lines.append("May run, if bytes change: " + _kinds(plan.may))
    if forecast.training:
        lines.append("Training: " + _training(forecast.training))
    kept = sum((entry.rows_total or 0) - (entry.rows_stale or 0) for entry in _tables(forecast, "trajectories"))
    total = sum(entry.rows_total or 0 for entry in _tables(forecast, "trajectories"))
    if kept:
        proven = sum(entry.rows_revalidate for entry in _tables(forecast, "trajectories"))
        checked = f", {proven:,} of them only if they still validate and replay to the same bytes" if proven else ""
        lines.append(f"Kept: {kept:,} of {total:,} trajectories{checked}")
    seconds = sum(entry.seconds or 0.0 for entry in (*plan.would, *plan.may))
    untimed = sum(1 for entry in (*plan.would, *plan.may) if not entry.seconds and not entry.is_cheap)
    about = f"Up to about {duration(seconds)}, going by earlier builds" if seconds else "No earlier build to go by"
    if seconds and untimed:
        about = f"About {duration(seconds)} and what {count(untimed, 'target')} will take that no build has timed yet"
    if forecast.has_remote and expensive:
        lines.append("The remote cache was not asked; a build restores what it holds instead of running it")
    lines.append(f"{about}; costs no money: all writers are offline. Run `loopbuild build` to do it")
    return "\n".join(lines)


def status_text(forecast: Forecast) -> str:
    """Return the paragraph of `loopbuild status`."""
    plan = forecast.plan
    fresh = len(plan.fresh)
    total = fresh + len(plan.would) + len(plan.may)
    changes = change_lines(forecast.changes)
    if plan.is_nothing_to_do and not forecast.unlisted:
        text = f"Up to date: {count(total, 'target')}"
        return "\n".join([text, *changes]) if changes else text
    if not fresh and not forecast.changes.changes:
        return f"Nothing is built yet: {count(total, 'target')} would run. Next: `loopbuild plan`, or `loopbuild build`"
    stale = sum(entry.rows_stale or 0 for entry in _tables(forecast, "trajectories"))
    rows = sum(entry.rows_total or 0 for entry in _tables(forecast, "trajectories"))
    text = f"{len(plan.would)} of {total} targets are stale, {len(plan.may)} more may follow"
    if rows:
        text += f"; {stale:,} of {rows:,} trajectories would be sampled anew"
    return "\n".join([text, *changes, "Next: `loopbuild plan`"])


def plan_json(forecast: Forecast) -> dict[str, Any]:
    """Return the same as data."""
    plan = forecast.plan

    def entry_json(entry: PlanEntry) -> dict[str, Any]:
        return {
            "target": entry.target,
            "rows": entry.rows_stale,
            "of": entry.rows_total,
            "revalidate": entry.rows_revalidate,
            "seconds": entry.seconds,
            "reasons": sorted({reason.code for reason in entry.reasons}),
            "is_cheap": entry.is_cheap,
        }

    training = forecast.training
    return {
        "would": [entry_json(entry) for entry in plan.would],
        "may": [entry_json(entry) for entry in plan.may],
        "fresh": len(plan.fresh),
        "changes": [
            {"tool": change.tool, "change": change.change, "level": change.level, "was": change.old_tool}
            for change in forecast.changes.changes
        ],
        "training": None
        if training is None
        else {"mode": training.mode, "parent": training.parent, "delta": training.delta, "replay": training.replay},
    }


def _row(entry: PlanEntry) -> list[str]:
    new = "-" if entry.rows_stale is None else f"{entry.rows_stale:,}"
    check = "-" if entry.rows_total is None else f"{entry.rows_revalidate:,}"
    total = "-" if entry.rows_total is None else f"{entry.rows_total:,}"
    seconds = duration(entry.seconds) if entry.seconds else "-"
    return [f"  {entry.target}", new, check, total, seconds, _why(entry)]


def _why(entry: PlanEntry) -> str:
    """The tools whose changed leaves its rows read, else that rows are new, else the reason codes."""
    facts = [reason.subject for row in entry.rows for reason in row.reasons if reason.kind == "fact"]
    tools = list(dict.fromkeys(subject.split(" ")[0] for subject in facts if "/" in subject.split(" ")[0]))
    words = []
    if tools:
        words.append("read " + ", ".join(tools[:3]) + (", ..." if len(tools) > 3 else ""))
    if any(reason.kind == "row" for row in entry.rows for reason in row.reasons):
        words.append("rows are new")
    return "; ".join(words) or ", ".join(dict.fromkeys(reason.code for reason in entry.reasons))


def _kinds(entries: Sequence[PlanEntry]) -> str:
    kinds: dict[str, int] = {}
    for entry in entries:
        kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
    return ", ".join(f"{kind}:" if number == 1 else f"{kind}: ({number})" for kind, number in kinds.items())


def _training(training: Training) -> str:
    if training.mode == "fresh":
        return "fresh, from the base"
    return (
        f"continue {short(training.parent)} with about {training.delta} new and {training.replay} replayed rows "
        f"({training.share:.0%} of the rows change)"
    )


def _tables(forecast: Forecast, kind: str) -> list[PlanEntry]:
    return [entry for entry in forecast.plan.entries.values() if entry.kind == kind]
