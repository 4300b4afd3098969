"""A forecast as a comment on a pull request: what changed, what it makes stale, at what price."""

from __future__ import annotations

from loopbuild.cli.changes import change_lines
from loopbuild.cli.forecast import asking_lines, closing, lock_lines, plan_rows, tail_lines
from loopbuild.cli.units import count
from loopbuild.pipeline.forecast import Forecast

MOST_CHARACTERS = 65_536
"""What code hosts take as one comment."""
MOST_ROWS = 60
MOST_CHANGES = 120


def plan_markdown(forecast: Forecast) -> str:
    """Return the comment, never longer than a comment may be."""
    plan = forecast.plan
    blocks = ["### loopbuild plan", _headline(forecast)]
    changes = change_lines(forecast.changes)
    if changes:
        blocks.append("```text\n" + "\n".join(_cut(changes, MOST_CHANGES, "changed leaves")) + "\n```")
    rows = plan_rows(forecast)
    if len(rows) > 1:
        head, *body = [[_cell(cell) for cell in row] for row in rows]
        marks = ["---", *["---:"] * (len(head) - 2), "---"]
        lines = [f"| {' | '.join(row)} |" for row in (head, marks, *body[:MOST_ROWS])]
        blocks.append("\n".join(lines))
        if len(body) > MOST_ROWS:
            blocks.append(f"and {count(len(body) - MOST_ROWS, 'more target')}")
    tail = asking_lines(forecast)
    tail += [line.strip() for line in tail_lines(forecast)]
    tail += lock_lines(forecast) if plan.is_nothing_to_do else []
    if tail:
        blocks.append("\n".join(f"- {line}" for line in tail))
    if not (plan.is_nothing_to_do and not forecast.asks_first):
        blocks.append(closing(forecast))
    text = "\n\n".join(blocks)
    return text if len(text) < MOST_CHARACTERS else text[: MOST_CHARACTERS - 32].rpartition("\n")[0] + "\n\n(cut here)"


def _headline(forecast: Forecast) -> str:
    plan = forecast.plan
    total = len(plan.entries)
    if not forecast.is_work_left:
        if plan.missing:
            return f"`loop.lock` names the results of all {count(total, 'target')}."
        return f"Nothing to do: {count(total, 'target')} are up to date."
    if plan.is_nothing_to_do:
        return f"{count(total, 'target')} are up to date, but `loop.lock` does not say so."
    waiting = [entry for entry in (*plan.would, *plan.may) if not entry.is_locked]
    return f"**{len(waiting)} of {count(total, 'target')}** would or may run."


def _cell(text: str) -> str:
    return text.strip().replace("|", "\\|")


def _cut(lines: list[str], most: int, what: str) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], f"and {len(lines) - most:,} more {what}"]
