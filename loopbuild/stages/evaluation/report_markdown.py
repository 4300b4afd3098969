"""The report as Markdown for a step summary or a comment: the verdict, the tables, the first failures.

Pure. Text of models and people is put into code spans or escaped, so that none of it becomes markup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from loopbuild.records import Json
from loopbuild.records.words import ARM_WORDS, CLASS_WORDS, GROUP_WORDS, METRIC_WORDS, code_words, metric_words
from loopbuild.stages.evaluation.report import (
    CHANGE_METRICS,
    GROUPS,
    Report,
    change_titles,
    columns,
    counted,
    headline,
    held_back,
    interval,
    metrics_of,
    percent,
    split_words,
    trained_on,
)
from loopbuild.stages.evaluation.report_data import dataset_tables

LIMIT = 60_000
"""Bytes; comments on pull requests are refused above 65,536 characters."""


def render_markdown(report: Report) -> str:
    """Return at most 60,000 bytes; tool rows and examples are dropped first, and the text says so."""
    for tools, examples in ((200, 3), (60, 1), (20, 0), (0, 0)):
        text = _render(report, tools=tools, examples=examples)
        if len(text.encode("utf-8")) <= LIMIT:
            return text
    return text.encode("utf-8")[: LIMIT - 100].decode("utf-8", "ignore").rsplit("\n", 1)[0] + "\n\n(cut here)\n"


def _render(report: Report, *, tools: int, examples: int) -> str:
    lines = [f"# {_plain(report['project'])}: {report['verdict']}", "", f"{headline(report)}.", ""]
    lines += [
        f"- {gate['verdict']}: {_plain(metric_words(gate['split'] + '.' + gate['metric']))}: {_plain(gate['reason'])}"
        for gate in report["gates"]
    ]
    arms = columns(report)
    lines += ["", "## Held-out tasks", ""]
    lines += _head(["split", "metric", *(ARM_WORDS.get(arm, arm) for arm in arms)])
    for split in report["splits"]:
        for metric in metrics_of(split):
            name = METRIC_WORDS[metric][0]
            cells = [report["arms"][arm]["splits"].get(split, {}).get(metric) for arm in arms]
            if any(cells):
                lines.append(_row([split_words(report["data"], split)[0], name, *map(_rate, cells)]))
    lines += _increment(report)
    lines += _tools(report["tools"], tools)
    lines += _failures(report["failures"], examples)
    lines += _dataset(report)
    lines += _training(report["training"])
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in report["limits"]), ""]
    return "\n".join(lines)


def _increment(report: Report) -> Iterable[str]:
    if report["increment"] is None:
        return
    arms = [arm for arm in ("before", "stale", report["main"]) if arm in report["arms"]]
    yield from ("", "## After the schema change", "", trained_on(report["increment"]), "")
    yield from _head(["tasks", "metric", *change_titles(report, arms)])
    for group in GROUPS:
        for metric in CHANGE_METRICS:
            tables = [report["arms"][arm]["all"] if group == "all" else report["arms"][arm]["groups"].get(group, {})
                      for arm in arms]  # fmt: skip
            cells = [table.get(metric) for table in tables]
            if any(cells):
                yield _row([GROUP_WORDS[group], METRIC_WORDS[metric][0], *map(_rate, cells)])


def _tools(rows: Sequence[Json], most: int) -> Iterable[str]:
    if not rows or not most:
        return
    yield from ("", "## Tools", "")
    yield from _head(["tool", "tasks", "first decision", "solved", "first mistake"])
    for row in rows[:most]:
        yield _row([_code(row["name"]), str(row["tasks"]), _rate(row["selected"]), _rate(row["solved"]),
                    code_words(row["top_code"])])  # fmt: skip
    if len(rows) > most:
        yield f"\nand {len(rows) - most} more tools"


def _failures(rows: Sequence[Json], examples: int) -> Iterable[str]:
    if not rows:
        return
    yield from ("", "## Failures", "")
    yield from _head(["kind", "first mistake", "tasks", "share"])
    for row in rows:
        kind, mistake = CLASS_WORDS.get(row["class"], row["class"]), code_words(row["code"])
        yield _row([kind, mistake, str(row["count"]), f"{100 * row['share']:.1f}%"])
    for row in rows if examples else ():
        for example in row["examples"][:examples]:
            yield from ("", f"{code_words(row['code'])}: {_code(' / '.join(example['prompt']))}")
            yield f"- due: {_calls(example['gold'])}"
            yield f"- made: {_calls(example['predicted'])}"


def _dataset(report: Report) -> Iterable[str]:
    tables = dataset_tables(report["data"], report["increment"])
    if tables:
        yield from ("", "## Data")
    for table in tables:
        yield from ("", f"### {table.title}", "", *_head(list(table.head)))
        yield from (_row(map(_kept, row)) for row in table.rows)
        if table.note:
            yield from ("", _kept(table.note))


def _training(rows: Sequence[Json]) -> Iterable[str]:
    if not rows:
        return
    yield from ("", "## Training", "")
    yield from _head(["phase", "mode", "rows", "steps", "tokens", "seconds", "loss"])
    for row in rows:
        cells = [row.get(name, "") for name in ("phase", "mode", "rows", "steps", "tokens", "seconds", "loss")]
        yield _row([_plain(f"{cell:,.4g}" if isinstance(cell, float) else str(cell)) for cell in cells])
    aside = held_back(rows)
    if aside:
        yield from ("", aside)


def _head(cells: Sequence[str]) -> list[str]:
    return [_row(cells), "|" + " --- |" * len(cells)]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _rate(rate: Json) -> str:
    return f"**{percent(rate)}** {counted(rate)} ({interval(rate)})" if rate else "–"


def _calls(calls: Sequence[Json]) -> str:
    if not calls:
        return "no call"
    return "; ".join(
        _code(f"{call.get('name')}({json.dumps(call.get('arguments'), ensure_ascii=False)})") for call in calls
    )


def _code(text: str) -> str:
    """A code span that nothing inside can end, on one line, without cell borders."""
    flat = " ".join(text.replace("|", "¦").replace("`", "'").split())
    return f"`{flat if len(flat) <= 400 else flat[:400] + ' …'}`"


def _kept(text: str) -> str:
    """Words of ours with names in code spans, which stay such."""
    parts = text.split("`")
    return "".join(_code(part) if place % 2 else _plain(part) for place, part in enumerate(parts))


def _plain(text: str) -> str:
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.split())
