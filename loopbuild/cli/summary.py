"""What a build did, in three lines."""

from __future__ import annotations

from collections import Counter
from typing import Any

from loopbuild.cli.scores import words_of
from loopbuild.cli.units import count, duration, percent, spent_in, spent_text
from loopbuild.digest import short
from loopbuild.engine.outcome import What
from loopbuild.pipeline.builds import Build
from loopbuild.pipeline.coverage import said
from loopbuild.pipeline.unreached import Unreached
from loopbuild.records.words import metric_words

_RAN: tuple[What, ...] = ("built", "cut_off", "revalidated")
ROWS = {"trajectories": ("trajectory", "trajectories"), "tasks": ("text", ""), "generations": ("held-out run", "")}


def outcome_text(build: Build) -> str:
    """Return the closing words of a build."""
    outcome = build.outcome
    ran, restored, adopted = (outcome.of(*some) for some in (_RAN, ("restored",), ("adopted",)))
    fresh, borrowed = len(outcome.of("fresh")), len(outcome.of("borrowed"))
    failed, skipped, deferred = outcome.of("failed"), outcome.of("skipped"), outcome.of("deferred")
    lines = []
    if not any((ran, restored, adopted, failed, skipped, deferred, outcome.is_interrupted)):
        also = f", {borrowed} taken from elsewhere" if borrowed else ""
        return f"Nothing to do: {count(fresh, 'target is', 'targets are')} up to date{also}"
    details = ", ".join(_details(build))
    lines.append(
        f"{_done(len(ran), len(restored), len(adopted))} of {len(outcome.results)} targets"
        f" in {duration(outcome.seconds)}" + (f": {details}" if details else "")
    )
    if deferred and not outcome.is_interrupted:
        left = f"{count(len(deferred), 'target')} left to another build"
        lines.append(left + (f", {len(skipped)} behind them" if skipped and not failed else ""))
    if failed or (skipped and not deferred and not outcome.is_interrupted):
        lines.append(f"{count(len(failed), 'target')} failed, {count(len(skipped), 'target')} behind them skipped")
    if outcome.is_interrupted:
        lines.append("Interrupted; the next `loopbuild build` goes on from here")
        return "\n".join(lines)
    if build.gaps is not None:
        lines += said(build.gaps)
    elif build.unreached:
        lines.append(_unreached_text(build.unreached))
    tail = f"{count(fresh, 'target was', 'targets were')} up to date. " if fresh else ""
    tail += f"{count(borrowed, 'target was', 'targets were')} taken from elsewhere. " if borrowed else ""
    if outcome.is_success and build.report:
        lines.append(f"{tail}See `loopbuild report`{_headline(build.report)}")
    elif tail:
        lines.append(tail.strip())
    if build.missed_gates and outcome.is_success:
        lines.append(gates_text(build.missed_gates))
    return "\n".join(lines)


def gates_text(missed: tuple[str, ...]) -> str:
    """Return the gates that were not passed, with their verdicts."""
    told = (f"{metric_words(name)}: {verdict}" for name, _, verdict in (one.partition(": ") for one in missed))
    return "Gates missed: " + ", ".join(told)


def frozen_text(changes: tuple[str, ...]) -> str:
    """Return the error of a frozen build that would change loop.lock."""
    shown = "; ".join(changes[:5]) + (f"; and {len(changes) - 5:,} more" if len(changes) > 5 else "")
    return (
        f"error: `loop.lock` would change, but `--frozen` was given: {shown}\n"
        "  the file and every stored result are as they were\n"
        "hint: `loopbuild build` where it may run, then commit `loop.lock`"
    )


def outcome_json(build: Build) -> dict[str, Any]:
    """Return the same as data."""
    outcome = build.outcome
    return {
        "result": outcome.word,
        "seconds": round(outcome.seconds, 3),
        "counts": dict(outcome.counts),
        "targets": {
            name: {"outcome": result.outcome, "rows_run": result.rows_run, "rows_total": result.rows_total}
            | ({"spent": dict(result.spent)} if result.spent else {})
            for name, result in outcome.results.items()
        },
        "errors": [{"target": getattr(error, "target", ""), "message": error.message} for error in outcome.errors],
        "unreached": {
            "planned": build.unreached.planned,
            "missing": build.unreached.missing,
            "without_rows": list(build.unreached.without),
        }
        if build.unreached
        else None,
        "missed_gates": list(build.missed_gates),
        "lock_changes": list(build.lock_changes),
        "gaps": build.gaps,
    }


def _done(ran: int, restored: int, adopted: int) -> str:
    """Return `Built 3, restored 2 and took 1 from another build`, of which what is nothing is left out."""
    done = [f"restored {restored}"] * bool(restored) + [f"took {adopted} from another build"] * bool(adopted)
    parts = ([f"built {ran}"] if ran or not done else []) + done
    text = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
    return text[0].upper() + text[1:]


def _details(build: Build) -> list[str]:
    rows: Counter[str] = Counter()
    parts = []
    is_vague = False
    for result in build.outcome.results.values():
        kind = result.target.partition(":")[0]
        if kind in ROWS:
            # A cell without a trajectory ran too; how many of them ran is known only where all cells did.
            is_whole = result.rows_run == result.rows_total
            pathless = build.pathless.get(result.target, 0)
            rows[kind] += result.rows_run - result.rows_failed - (pathless if is_whole else 0)
            is_vague |= bool(pathless) and not is_whole
    for kind, (singular, plural) in ROWS.items():
        if rows[kind]:
            some = count(rows[kind], singular, plural)
            parts.append(f"up to {some}" if kind == "trajectories" and is_vague else some)
    proven = sum(
        one.rows_revalidated for one in build.outcome.results.values() if one.target.startswith("trajectories:")
    )
    if proven:
        parts.append(f"{count(proven, 'trajectory', 'trajectories')} checked and kept")
    spent = spent_in(result.spent for result in build.outcome.results.values())
    if spent:
        parts.append(f"{spent_text(spent)} spent on {_asked(build)}")
    phases = {phase["phase"]: phase for phase in (build.report or {}).get("training", [])}
    for result in build.outcome.of("built", "cut_off"):
        kind, _, phase = result.target.partition(":")
        if kind == "checkpoint" and phase in phases:
            parts.append(f"{result.target} {_mode(phases[phase])}")
    return parts


def _asked(build: Build) -> str:
    """Return whom money went to."""
    kinds = {name.partition(":")[0] for name, one in build.outcome.results.items() if one.spent}
    known = {"answers": "writers", "judgements": "the judge", "proposals": "the proposer"}
    return " and ".join(words for kind, words in known.items() if kind in kinds) or "writers"


def _unreached_text(found: Unreached) -> str:
    """Return `73 of 2,128 planned trajectories were not reached; ...` with where to look."""
    text = f"{found.missing:,} of {found.planned:,} planned trajectories were not reached"
    if found.without:
        more = f" and {len(found.without) - 3:,} more" if len(found.without) > 3 else ""
        text += f"; none ends with {', '.join(found.without[:3])}{more}"
    return f"{text}. `loopbuild show {found.most}` says why"


def _mode(phase: dict[str, Any]) -> str:
    if phase["mode"] == "continue":
        return f"continued from {short(phase['parent'])}"
    return "trained fresh"


def _headline(report: dict[str, Any]) -> str:
    splits = report["arms"].get("model", {}).get("splits", {})
    rate = splits.get("values", {}).get("tool_selection")
    what = words_of(report)["values"].partition(" (")[0]
    return f" (tool selection {percent(rate['k'], rate['n'])} on {what})" if rate else ""
