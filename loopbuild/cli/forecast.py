"""A forecast as screens: `plan` as a table in the conditional, `status` as a paragraph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from loopbuild.cli.amounts import amounts_json, amounts_text, course_text, texts_text
from loopbuild.cli.changes import change_lines
from loopbuild.cli.comparison import comparison_json, comparison_lines, gone_lines
from loopbuild.cli.reasons import reason_words
from loopbuild.cli.units import count, duration, table
from loopbuild.digest import short
from loopbuild.engine.planned import PlanEntry
from loopbuild.pipeline.forecast import Forecast, Training
from loopbuild.pipeline.judging_costs import JUDGEMENTS
from loopbuild.pipeline.writing import ANSWERS, PROPOSALS, Writing, lines_of

KEPT = "What earlier builds made is kept."
MOST = 5
ROWS = ("trajectories", "tasks", "rows")
"""Tables whose time goes by how many trajectories a build makes at most."""


def plan_text(forecast: Forecast) -> str:
    """Return the screen of `loopbuild plan`."""
    plan = forecast.plan
    lines = change_lines(forecast.changes)
    lines += asking_lines(forecast)
    if plan.is_nothing_to_do and not forecast.asks_first:
        if forecast.is_about_gone:
            return "\n".join([*lines, *seen_lines(forecast)])
        lines.append(f"Nothing to do: {count(len(plan.fresh), 'target')} are up to date")
        return "\n".join([*lines, *seen_lines(forecast), *lock_lines(forecast)])
    rows = plan_rows(forecast)
    if len(rows) > 1:
        width = len(rows[0])
        lines += ([""] if lines else []) + [table(rows, right=frozenset(range(1, width - 1)))]
    cheap = [entry.target for entry in plan.would if entry.is_cheap]
    if cheap:
        lines.append(f"Would read again, at once: {', '.join(cheap)}")
    lines += [*tail_lines(forecast), closing(forecast)]
    return "\n".join(lines)


def asking_lines(forecast: Forecast) -> list[str]:
    """Say which servers a build would ask before anything else."""
    tools = [f"Would ask the server of source `{name}` for its tools first" for name in forecast.unlisted]
    seen = "Would call the reading tools of source `{}` first, to see what they return"
    return [*tools, *map(seen.format, forecast.unobserved)]


def plan_rows(forecast: Forecast) -> list[list[str]]:
    """Return the table of what would run, its head first; a column for calls only where a writer costs money."""
    is_priced = bool(forecast.writing.names)
    head = ["Would run", "new", "check", "of", *(["calls"] if is_priced else []), "time", "why"]
    return [head, *(_row(entry, is_priced=is_priced) for entry in forecast.plan.would if not entry.is_cheap)]


def tail_lines(forecast: Forecast) -> list[str]:
    """Return what stands below the table, all but its last line."""
    plan, amounts = forecast.plan, forecast.amounts
    lines = failing(forecast)
    unsure = [entry for entry in plan.may if not entry.is_locked]
    if unsure:
        lines.append("May run, if bytes change: " + _kinds(unsure))
    if plan.missing:
        lines.append("Named by loop.lock, bytes not here: " + _kinds(plan.missing))
        lines.append("  what a cache has is fetched; else it is made again")
        natures = {name: target.recipe.nature for name, target in plan.targets.items()}
        lost = [entry.target for entry in plan.missing if natures[entry.target] == "historical"]
        if lost:
            lines.append(f"  only a cache can bring back {', '.join(lost)}; `--from-scratch PHASE` would begin again")
    if lines and failing(forecast):
        return lines + seen_lines(forecast)  # nobody knows what rests on what cannot be read
    lines += writing_lines(forecast.writing)
    if forecast.training:
        lines.append("Training: " + _training(forecast.training))
    if amounts.most:
        lines.append(amounts_text(amounts))
        texts = texts_text(amounts, forecast.seconds)
        lines += [f"  {texts}"] if texts else []
    if forecast.unwatched:
        names = ", ".join(f"`{name}`" for name in forecast.unwatched)
        lines.append(f"Not watched: the program of {names} is no file of the project; after a change of it")
        lines.append("  `loopbuild build --force trajectories:`")
    if forecast.has_remote and any(not entry.is_cheap for entry in plan.would):
        lines.append("The remote cache was not asked; a build restores what it holds instead of running it")
    return lines + seen_lines(forecast)


def seen_lines(forecast: Forecast) -> list[str]:
    """Return how it all stands to another lock, and what is no more, where that was asked."""
    return gone_lines(forecast) + (comparison_lines(forecast.comparison) if forecast.comparison else [])


def lock_lines(forecast: Forecast) -> list[str]:
    """Return what is wrong with loop.lock where nothing would run; else it changes anyway."""
    if not forecast.lock_changes:
        return []
    shown = ", ".join(forecast.lock_changes[:MOST])
    more = f" and {len(forecast.lock_changes) - MOST:,} more" if len(forecast.lock_changes) > MOST else ""
    return [f"loop.lock is out of date: {shown}{more}. `loopbuild build` writes it"]


def closing(forecast: Forecast) -> str:
    """Return the last line: how long, how much, and the next command."""
    if failing(forecast):
        return f"{KEPT} Mend what would fail, then `loopbuild plan` again"
    waiting = [entry for entry in (*forecast.plan.would, *forecast.plan.may) if entry.kind not in ROWS]
    rows = forecast.seconds or 0.0
    seconds = rows + sum(entry.seconds or 0.0 for entry in waiting)
    high = rows + sum(entry.seconds_high or 0.0 for entry in waiting)
    untimed = sum(1 for entry in waiting if not entry.seconds and not entry.is_cheap)
    untimed += sum(1 for entry in forecast.plan.would if entry.kind in ROWS) if forecast.seconds is None else 0
    about = "No earlier build to go by"
    if seconds:
        most = f" (at most {duration(high)})" if high > seconds * 1.05 else ""
        about = f"Up to about {duration(seconds)}{most}, going by earlier builds"
        if untimed:
            others = f"what {count(untimed, 'target')} will take that no build has timed yet"
            about = f"About {duration(seconds)}{most} and {others}"
    return f"{about}; {_money(forecast)}. Run `loopbuild build` to do it"


def _money(forecast: Forecast) -> str:
    writing = forecast.writing
    if not writing.names:
        return "costs no money: all writers are offline"
    if not writing.writers:
        return "no call to " + ", ".join(f"`{name}`" for name in writing.names)
    if not writing.usd_most:
        return "costs no money: every writer asked is free"
    budget = f" of ${writing.budget_usd:,.2f}" if writing.budget_usd is not None else ""
    return f"about ${writing.usd:,.2f} (at most ${writing.usd_most:,.2f}){budget}"


def writing_lines(writing: Writing) -> list[str]:
    """Return what writers would be asked, and whether the budget allows it."""
    lines = [f"Would ask {line}" for line in lines_of(writing)]
    if writing.excess:
        lines.append(f"Over the budget, so a build would not begin: the {writing.what} would cost {writing.excess}")
    elif writing.budget_usd is not None and writing.usd_most > writing.budget_usd:
        limit = f"No more than ${writing.budget_usd:,.2f} is spent in one build"
        lines.append(f"{limit}, whatever {writing.what} turn out to cost")
    return lines


def failing(forecast: Forecast) -> list[str]:
    """Return what would fail, but for sources a build asks for their tools first."""
    asked = {f"source:{name}" for name in (*forecast.unlisted, *forecast.unobserved)}
    return [
        f"Would fail: {entry.target}: {entry.error.message}"
        for entry in forecast.plan.would
        if entry.error and entry.target not in asked
    ]


def status_text(forecast: Forecast) -> str:
    """Return the paragraph of `loopbuild status`."""
    plan = forecast.plan
    fresh = len(plan.fresh)
    total = fresh + len(plan.would) + len(plan.may)
    changes = change_lines(forecast.changes)
    if plan.is_nothing_to_do and not forecast.asks_first:
        if forecast.is_about_gone:
            return "\n".join([*changes, *seen_lines(forecast)])
        head = f"Up to date: {count(total, 'target')}"
        return "\n".join([head, *changes, *seen_lines(forecast), *lock_lines(forecast)])
    if broken := failing(forecast):
        return "\n".join([*broken, KEPT, *seen_lines(forecast), "Next: mend it, then `loopbuild plan`"])
    if not fresh and not forecast.changes.changes and not plan.missing:
        return f"Nothing is built yet: {count(total, 'target')} would run. Next: `loopbuild plan`, or `loopbuild build`"
    text = f"{len(plan.would)} of {total} targets are stale, {len(plan.may) - len(plan.missing)} more may follow"
    if plan.missing:
        text += f"; the bytes of {len(plan.missing)} that loop.lock names are not here"
    elif forecast.amounts.wanted:
        text += f"\n{amounts_text(forecast.amounts)}"
    other = [change.path for change in plan.leaf_changes] if not changes else []
    files = [f"changed: {', '.join(other[:MOST])}"] if other else []
    failed = [entry.target for entry in plan.would if any(one.code == "failed_last_time" for one in entry.reasons)]
    said = [f"Failed last time: {', '.join(failed[:MOST])}"] if failed else []
    return "\n".join([text, *changes, *files, *said, *seen_lines(forecast), "Next: `loopbuild plan`"])


def plan_json(forecast: Forecast) -> dict[str, Any]:
    """Return the same as data."""
    plan = forecast.plan
    training, writing = forecast.training, forecast.writing
    return {
        "would": [_entry_json(entry) for entry in plan.would],
        "may": [_entry_json(entry) for entry in plan.may],
        "fresh": len(plan.fresh),
        "lock_changes": list(forecast.lock_changes),
        "against": comparison_json(forecast.comparison) if forecast.comparison else None,
        "removed": list(forecast.gone),
        "trajectories": amounts_json(forecast.amounts),
        "changes": [
            {"tool": change.tool, "change": change.change, "level": change.level, "was": change.old_tool}
            for change in forecast.changes.changes
        ],
        "llm": {
            "calls": writing.calls,
            "tokens": writing.tokens,
            "usd": writing.usd,
            "usd_most": writing.usd_most,
            "budget_usd": writing.budget_usd,
            "budget_tokens": writing.budget_tokens,
            "over_budget": writing.excess,
            "writers": [asdict(one) for one in writing.writers],
        },
        "training": None
        if training is None
        else {
            "mode": training.course.mode,
            "parent": training.course.parent,
            "delta": training.course.delta,
            "replay": training.course.replay,
            "steps": training.effort.steps if training.effort else None,
            "tokens": training.effort.tokens if training.effort else None,
        },
    }


def _entry_json(entry: PlanEntry) -> dict[str, Any]:
    return {
        "target": entry.target,
        "rows": entry.rows_stale,
        "of": entry.rows_total,
        "revalidate": entry.rows_revalidate,
        "seconds": entry.seconds,
        "seconds_high": entry.seconds_high,
        "reasons": sorted({reason.code for reason in entry.reasons}),
        "is_cheap": entry.is_cheap,
        "is_locked": entry.is_locked,
        "error": entry.error.message if entry.error else "",
    }


def _row(entry: PlanEntry, *, is_priced: bool) -> list[str]:
    new = "-" if entry.rows_stale is None else f"{entry.rows_stale:,}"
    check = "-" if entry.rows_total is None else f"{entry.rows_revalidate:,}"
    total = "-" if entry.rows_total is None else f"{entry.rows_total:,}"
    seconds = duration(entry.seconds) if entry.seconds else "-"
    calls = [new if entry.kind in (ANSWERS, JUDGEMENTS, PROPOSALS) else "-"] if is_priced else []
    return [f"  {entry.target}", new, check, total, *calls, seconds, _why(entry)]


def _why(entry: PlanEntry) -> str:
    """The tools whose changed leaves its rows read, else that rows are new, else the reason codes."""
    facts = [reason.subject for row in entry.rows for reason in row.reasons if reason.kind == "fact"]
    tools = list(dict.fromkeys(subject.split(" ")[0] for subject in facts if "/" in subject.split(" ")[0]))
    words = []
    if tools:
        words.append("read " + ", ".join(tools[:3]) + (", ..." if len(tools) > 3 else ""))
    is_new = any(reason.kind == "row" for row in entry.rows for reason in row.reasons)
    if is_new and entry.rows_stale != 0:
        words.append("rows are new")
    return "; ".join(words) or reason_words(reason.code for reason in entry.reasons)


def _kinds(entries: Iterable[PlanEntry]) -> str:
    kinds: dict[str, int] = {}
    for entry in entries:
        kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
    return ", ".join(f"{kind}:" if number == 1 else f"{kind}: ({number})" for kind, number in kinds.items())


def _training(training: Training) -> str:
    effort, course = training.effort, training.course
    asked = ", as asked for" if training.is_asked else ""
    amount = f", about {effort.steps:,} steps on {effort.tokens:,} tokens" if effort else ""
    return f"{course_text(course, name=short(course.parent))}{asked}{amount}"
