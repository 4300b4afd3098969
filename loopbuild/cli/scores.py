"""A report as a screen of 80 columns: what was asked, how often it was right, beside the base and a silent agent."""

from __future__ import annotations

from typing import Any

from loopbuild.cli.datasets import data_text
from loopbuild.cli.units import count, duration, table
from loopbuild.records.words import AFTER, ARM_WORDS, CLASS_WORDS, GROUP_WORDS, SPLIT_WORDS, code_words, metric_words

COLUMNS = ("model", "base", "null")
METRICS = ("tool_selection", "schema_compliance", "exact_call", "execution", "chains_solved", "no_tool", "clarify")
"""What fits 80 columns; `report.html` has all."""
CHANGE_METRICS = ("tool_selection", "exact_call", "execution", "chains_solved")
ARMS = ("before", "stale", "model")


def report_text(report: dict[str, Any]) -> str:
    """Return the screen of `loopbuild report`."""
    arms = report["arms"]
    parts = [_splits(arms, words_of(report))]
    if report["increment"]:
        parts.append(_increment(report))
    parts += [_failures(report), data_text(report["data"]), _training(report["training"]), _gates(report["gates"])]
    return "\n\n".join(part for part in parts if part)


def words_of(report: dict[str, Any]) -> dict[str, str]:
    """Return what is unseen in each split; values a training row shows as well are not."""
    names = {split: words for split, (words, _) in SPLIT_WORDS.items()}
    known = (report["data"].get("known") or {}).get("values") or {"k": 0}
    if not known["k"]:
        return names
    return names | {"values": f"other requests (known ids: {known['k']:,} of {known['n']:,} tasks)"}


def _splits(arms: dict[str, Any], words_of_split: dict[str, str]) -> str:
    shown = [arm for arm in COLUMNS if arm in arms]
    rows = [["held-out tasks", *(ARM_WORDS[arm] for arm in shown), "95% interval"]]
    for split, words in words_of_split.items():
        rates = arms["model"]["splits"].get(split)
        if not rates:
            continue
        rows.append([words])
        for metric in METRICS:
            if metric in rates:
                cells = [_rate(arms[arm]["splits"].get(split, {}).get(metric)) for arm in shown]
                rows.append([f"  {metric_words(metric)}", *cells, _interval(rates[metric])])
    tokens = arms["model"]["tokens"]
    lines = table(rows, right=frozenset(range(1, len(shown) + 2)))
    if tokens["n"]:
        lines += f"\ntokens per response: mean {tokens['mean']:.0f}, p95 {tokens['p95']:.0f}"
    return lines


def _increment(report: dict[str, Any]) -> str:
    arms, increment = report["arms"], report["increment"]
    shown = [arm for arm in ARMS if arm in arms]
    rows = [["after the schema change", *(AFTER if arm == "model" else ARM_WORDS[arm] for arm in shown)]]
    for group, words in GROUP_WORDS.items():
        if group == "all" or not any(group in arms[arm]["groups"] for arm in shown):
            continue
        rows.append([words])
        for metric in CHANGE_METRICS:
            cells = [_rate(arms[arm]["groups"].get(group, {}).get(metric)) for arm in shown]
            if any(cell != "-" for cell in cells):
                rows.append([f"  {metric_words(metric)}", *cells])
    what = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in increment["tools"].items() if names)
    left_out = increment["changed"] - increment["delta"]
    head = f"{what}\ntrained on {count(increment['delta'], 'changed row')} and {increment['replay']} replayed"
    if left_out:
        head += f"; {left_out} more changed rows were left out (training.incremental.max_rows)"
    return head + "\n" + table(rows, right=frozenset(range(1, len(shown) + 1)))


def _failures(report: dict[str, Any]) -> str:
    failures = report["failures"]
    if not failures:
        return ""
    rows = [["failures of the trained model"]]
    for one in failures[:6]:
        kind = CLASS_WORDS.get(one["class"], one["class"])
        rows.append([f"  {kind}: {code_words(one['code'])}", str(one["count"])])
    return table(rows, right=frozenset({1}))


def _training(phases: list[dict[str, Any]]) -> str:
    rows = [["phase", "mode", "rows", "steps", "tokens", "loss", "time"]]
    for phase in phases:
        rows.append(
            [
                phase["phase"],
                phase["mode"],
                f"{phase.get('rows', 0):,}",
                f"{phase.get('steps', 0):,}",
                f"{phase.get('tokens', 0):,}",
                f"{phase['loss']:.3f}" if phase.get("loss") is not None else "-",
                duration(phase.get("seconds", 0.0)),
            ]
        )
    aside = [f"{phase['held_back']:,} in `{phase['phase']}`" for phase in phases if phase.get("held_back")]
    note = f"\nheld back to watch the loss, in no count of rows: {', '.join(aside)}" if aside else ""
    return table(rows, right=frozenset(range(2, 7))) + note


def _gates(gates: list[dict[str, Any]]) -> str:
    told = ((metric_words(gate["metric"]), gate) for gate in gates)
    return "\n".join(f"gate {name} {gate['wanted']}: {gate['verdict']} ({gate['reason']})" for name, gate in told)


def _rate(rate: dict[str, Any] | None) -> str:
    if not rate or not rate["n"]:
        return "-"
    return f"{rate['k'] / rate['n']:.2f} ({rate['k']}/{rate['n']})"


def _interval(rate: dict[str, Any]) -> str:
    return f"{rate['low']:.2f} to {rate['high']:.2f}"
