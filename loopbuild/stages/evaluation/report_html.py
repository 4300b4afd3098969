"""The report as one HTML file that opens from disk: no network, no scripts, light and dark.

Pure. Everything that came from people or models is escaped, and the content policy forbids scripts altogether, so
nothing in a prompt or an answer can run. The record itself rides along as inert JSON.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape

from loopbuild.records import METRICS, Json
from loopbuild.records.words import (
    ARM_WORDS,
    CLASS_WORDS,
    GROUP_WORDS,
    METRIC_WORDS,
    SPLIT_WORDS,
    code_words,
    metric_words,
)
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
from loopbuild.stages.evaluation.report_data import Table, dataset_tables, dropped_words
from loopbuild.stages.evaluation.report_style import STYLE

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_VERDICT_CLASS = {"pass": "good", "fail": "bad", "not enough tasks": "unsure", "no gates": "plain"}
_GREY_BELOW = 20


def render_html(report: Report) -> str:
    """Return the whole document; equal reports give equal bytes."""
    sections = [
        _front(report),
        _section("Held-out tasks", _splits(report)),
        _section("After the schema change", _increment(report)),
        _section("Tool graph", _graph(report["graph_svg"])),
        _section("Tools", _tools(report["tools"])),
        _section("Failures", _failures(report["failures"])),
        _section("Data", _data(report)),
        _section("Training", _training(report["training"])),
        _section("What these figures do not show", _list(report["limits"])),
        _section("What the figures mean", _meanings(report)),
    ]
    title = escape(f"{report['project']}: {report['verdict']}")
    return "".join(
        (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{title}</title><style>{STYLE}</style></head><body><main>\n",
            *sections,
            "</main>\n",
            f'<script type="application/json" id="report">{_inert(report)}</script>\n</body></html>\n',
        )
    )


def _front(report: Report) -> str:
    verdict = report["verdict"]
    gates = "".join(
        f'<li><span class="mark {_VERDICT_CLASS.get(gate["verdict"], "plain")}">{escape(gate["verdict"])}</span> '
        f"<b>{escape(metric_words(gate['metric']))}</b>, "
        f"{escape(SPLIT_WORDS.get(gate['split'], (gate['split'],))[0])}: {escape(gate['reason'])}</li>"
        for gate in report["gates"]
    )
    return (
        f'<header><p class="project">{escape(report["project"])}</p>'
        f'<h1><span class="verdict {_VERDICT_CLASS.get(verdict, "plain")}">{escape(verdict)}</span>'
        f"{escape(headline(report))}</h1>" + (f'<ul class="gates">{gates}</ul>' if gates else "") + "</header>\n"
    )


def _splits(report: Report) -> str:
    arms = columns(report)
    body = []
    for split in report["splits"]:
        name, meaning = split_words(report["data"], split)
        rows = [
            (METRIC_WORDS[metric][0], [report["arms"][arm]["splits"].get(split, {}).get(metric) for arm in arms])
            for metric in metrics_of(split)
        ]
        body.append(_rate_group(name, meaning, rows, len(arms)))
    tokens = [report["arms"][arm]["tokens"] for arm in arms]
    said = "".join(
        f"<td>{one['mean']:.1f} <small>median {one['median']}, p95 {one['p95']}</small></td>" for one in tokens
    )
    if any(one["n"] for one in tokens):
        body.append(
            '<tbody><tr class="split"><th scope="rowgroup" colspan="9">length</th></tr>'
            f'<tr><th scope="row">tokens per response</th>{said}</tr></tbody>'
        )
    return _rate_table([ARM_WORDS.get(arm, arm) for arm in arms], body) if body else ""


def _increment(report: Report) -> str:
    change = report["increment"]
    if change is None:
        return ""
    arms = [arm for arm in ("before", "stale", report["main"]) if arm in report["arms"]]
    titles = change_titles(report, arms)
    body = []
    for group in GROUPS:
        tables = [
            report["arms"][arm]["all"] if group == "all" else report["arms"][arm]["groups"].get(group, {})
            for arm in arms
        ]
        rows = [(METRIC_WORDS[metric][0], [table.get(metric) for table in tables]) for metric in CHANGE_METRICS]
        note = _comparison(change.get("comparisons", {}).get(group))
        body.append(_rate_group(GROUP_WORDS[group], note, rows, len(arms)))
    tools = change.get("tools", {})
    listed = "; ".join(
        f"{len(tools[kind])} {kind} ({', '.join(tools[kind][:12])}{', …' if len(tools[kind]) > 12 else ''})"
        for kind in ("added", "removed", "renamed", "changed")
        if tools.get(kind)
    )
    trained = escape(trained_on(change))
    return (f"<p>Tools: {escape(listed)}.</p>" if listed else "") + f"<p>{trained}</p>" + _rate_table(titles, body)


def _comparison(change: Json) -> str:
    if not change:
        return ""
    n = change["kept"] + change["lost"] + change["won"] + change["missed"]
    return (
        f"paired, {n} tasks: {change['lost']} lost, {change['won']} won, a loss of at most "
        f"{100 * change['upper']:.1f} points ({change['verdict']})"
    )


def _rate_table(titles: Sequence[str], body: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    return (
        f'<div class="wide"><table class="rates"><thead><tr><th></th>{head}</tr></thead>{"".join(body)}</table></div>'
    )


def _rate_group(name: str, meaning: str, rows: Sequence[tuple[str, Sequence[Json]]], width: int) -> str:
    cells = "".join(
        f'<tr><th scope="row">{escape(label)}</th>{"".join(map(_rate, rates))}</tr>'
        for label, rates in rows
        if any(rates)
    )
    if not cells:
        return ""
    note = f" <small>{escape(meaning)}</small>" if meaning else ""
    title = f'<tr class="split"><th scope="rowgroup" colspan="{width + 1}">{escape(name)}{note}</th></tr>'
    return f"<tbody>{title}{cells}</tbody>"


def _rate(rate: Json) -> str:
    """A share with its interval as a bar: the band is where the true share lies, the tick is the estimate."""
    if not rate or not rate["n"]:
        return '<td class="none">–</td>'
    share, low, high = rate["k"] / rate["n"], rate["low"], rate["high"]
    band = (
        f'<i style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"></i><b style="left:{100 * share:.1f}%"></b>'
    )
    grey = ' class="few"' if rate["n"] < _GREY_BELOW else ""
    words = f"<strong>{percent(rate)}</strong> <small>{counted(rate)}, {interval(rate)}</small>"
    return f'<td{grey}>{words}<span class="bar">{band}</span></td>'


def _graph(svg: str) -> str:
    """As an image: a drawing shown so can neither run anything nor reach out of its frame."""
    if not svg:
        return ""
    coded = base64.b64encode(svg.encode("utf-8")).decode("ascii")
    alt = "which tool's results feed which tool"
    return f'<div class="wide graph"><img alt="{alt}" src="data:image/svg+xml;base64,{coded}"></div>'


def _tools(rows: Sequence[Json]) -> str:
    if not rows:
        return ""
    body = "".join(
        f'<tr><th scope="row"><code>{escape(row["name"])}</code></th><td class="num">{row["tasks"]:,}</td>'
        f"{_rate(row['selected'])}{_rate(row['solved'])}<td>{_chip(row['top_code'])}</td></tr>"
        for row in rows
    )
    head = '<th>tool</th><th class="num">tasks</th><th>first decision</th><th>solved</th><th>usual first mistake</th>'
    return (
        "<p>Tasks whose gold calls use the tool; grey where fewer than "
        f'{_GREY_BELOW} tasks.</p><div class="wide"><table class="rates"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _chip(code: str) -> str:
    return f'<span class="chip" title="{escape(code)}">{escape(code_words(code))}</span>' if code else ""


def _failures(rows: Sequence[Json]) -> str:
    if not rows:
        return ""
    total = sum(row["count"] for row in rows)
    parts = [f"<p>{total:,} unsolved tasks by their first mistake.</p>"]
    for row in rows:
        examples = "".join(map(_example, row["examples"]))
        kind = escape(CLASS_WORDS.get(row["class"], row["class"]))
        parts.append(
            f'<details><summary><span class="mark {escape(row["class"])}">{kind}</span> '
            f'<span title="{escape(row["code"])}">{escape(code_words(row["code"]))}</span> '
            f"<b>{row['count']:,}</b> <small>{100 * row['share']:.1f}%</small>"
            f"</summary>{examples}</details>"
        )
    return "".join(parts)


def _example(example: Json) -> str:
    said = f"<dt>said</dt><dd>{escape(example['said'])}</dd>" if example["said"] else ""
    detail = f'<p class="detail">{escape(example["detail"])}</p>' if example["detail"] else ""
    asked = "<br>".join(escape(turn) for turn in example["prompt"])
    return (
        f"<article>{detail}<dl><dt>asked</dt><dd>{asked}</dd><dt>due</dt><dd>{_calls(example['gold'])}</dd>"
        f"<dt>made</dt><dd>{_calls(example['predicted'])}</dd>{said}</dl></article>"
    )


def _calls(calls: Sequence[Json]) -> str:
    if not calls:
        return "<em>no call</em>"
    return "".join(
        f"<code class=call>{escape(str(call.get('name')))}({escape(_arguments(call.get('arguments')))})</code>"
        for call in calls
    )


def _arguments(arguments: Json) -> str:
    if not isinstance(arguments, dict):
        return json.dumps(arguments, ensure_ascii=False)
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())


def _data(report: Report) -> str:
    """The funnel as bars, then the tables every form of the report shares."""
    tables = dataset_tables(report["data"], report["increment"])[1:]
    return _funnel(report["data"]) + "".join(map(_table, tables))


def _table(table: Table) -> str:
    head = "".join(f'<th class="num">{escape(name)}</th>' if place else f"<th>{escape(name)}</th>"
                   for place, name in enumerate(table.head))  # fmt: skip
    body = "".join(
        f'<tr><th scope="row">{_coded(first)}</th>{"".join(f"<td class=num>{escape(one)}</td>" for one in rest)}</tr>'
        for first, *rest in table.rows
    )
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    return (
        f'<details><summary><b>{escape(table.title)}</b></summary>{note}<div class="wide"><table class="plain">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def _coded(text: str) -> str:
    """Text with its backticks as code."""
    parts = text.split("`")
    return "".join(f"<code>{escape(part)}</code>" if place % 2 else escape(part) for place, part in enumerate(parts))


def _funnel(data: Json) -> str:
    total = data.get("generated")
    if not total:
        return ""
    rows = [("rows made", total, "")]
    dropped = sorted(data.get("dropped", ()), key=lambda one: (-one["count"], one["reason"]))
    rows += [(f"dropped, {dropped_words(one)}", one["count"], "drop") for one in dropped]
    rows.append(("kept", data.get("kept", 0), "keep"))
    titles = {"train": "for training", "eval": "for evaluation"}
    rows += [(titles.get(name, name), n, "part") for name, n in sorted(data.get("splits", {}).items(), reverse=True)]
    body = "".join(
        f'<tr class="{kind}"><th scope="row">{_coded(name)}</th><td class="num">{count:,}</td>'
        f'<td><span class="load"><i style="width:{100 * min(1, count / total):.1f}%"></i></span></td></tr>'
        for name, count, kind in rows
    )
    return f'<div class="wide"><table class="funnel"><tbody>{body}</tbody></table></div>'


def _training(rows: Sequence[Json]) -> str:
    if not rows:
        return ""
    names = ("phase", "mode", "rows", "held_back", "replayed", "steps", "tokens", "seconds", "loss", "validation_loss")
    shown = [name for name in names if any(row.get(name) not in (None, "") for row in rows)]
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in shown)
    body = "".join("<tr>" + "".join(_plain_cell(row.get(name)) for name in shown) + "</tr>" for row in rows)
    aside = held_back(rows)
    note = f"<p>{_coded(aside)}</p>" if aside else ""
    inside = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table class="plain">{inside}</table></div>{note}'


def _plain_cell(value: Json) -> str:
    if isinstance(value, float):
        return f'<td class="num">{value:,.1f}</td>' if abs(value) >= 100 else f'<td class="num">{value:.4g}</td>'
    if isinstance(value, int):
        return f'<td class="num">{value:,}</td>'
    return f"<td>{escape(str(value)) if value is not None else ''}</td>"


def _meanings(report: Report) -> str:
    told = [split_words(report["data"], split) for split in SPLIT_WORDS]
    splits = "".join(f"<dt>{escape(name)}</dt><dd>{escape(meaning)}</dd>" for name, meaning in told)
    known = [METRIC_WORDS[metric] for metric in METRICS]
    metrics = "".join(f"<dt>{escape(name)}</dt><dd>{escape(meaning)}</dd>" for name, meaning in known)
    note = (
        "Every share is k of n with its Wilson 95% interval, drawn as the band; the tick is the share itself. "
        "Tokens per response count all a model wrote for one task, over all turns."
    )
    return f"<p>{note}</p><dl class=meanings>{metrics}{splits}</dl>"


def _list(items: Iterable[str]) -> str:
    listed = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<ul>{listed}</ul>" if listed else ""


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>\n" if body else ""


def _inert(report: Report) -> str:
    """JSON that cannot end its script element, whatever texts it holds."""
    kept = {name: value for name, value in report.items() if name != "graph_svg"}
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False, allow_nan=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text
