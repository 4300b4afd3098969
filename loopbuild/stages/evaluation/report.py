"""The report record: everything one report shows, as plain JSON, and the words its renderers share.

Pure. Decides what stands in a report and in which order; the renderers decide how it looks. Without clocks and paths,
so that equal results give equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from loopbuild.records import METRICS, SPLITS, Json, to_json
from loopbuild.records.words import AFTER, ARM_WORDS, SPLIT_WORDS
from loopbuild.stages.evaluation.gates import GateResult, worst

REPORT_VERSION = 2

CHANGE_METRICS = ("solved", "tool_selection", "schema_compliance", "exact_call", "chains_solved", "no_tool")
"""What is shown of each group after a schema change."""
GROUPS = ("all", "unchanged", "changed", "new")
"""Relative to a schema change; `all` is every task."""


class Report(TypedDict):
    """What the renderers read; every value is plain JSON."""

    version: int
    project: str
    verdict: str
    """`pass`, `fail`, `not enough tasks`, or `no gates` when none are declared."""
    main: str
    """The arm the verdict speaks of."""
    splits: list[str]
    arms: dict[str, Json]
    """Arm -> summary."""
    increment: Json
    """None, or {tools: {added, removed, changed}, comparisons: {group: paired change}}."""
    graph_svg: str
    data: Json
    """{generated, kept, dropped: [{reason, count}], splits: {name: kept}, categories: {...}, topologies: {...}, known:
    {split: {k, n, such}}}; `known` are tasks with ids or names that a training row shows as well."""
    training: list[Json]
    """{phase, mode, rows, held_back, replayed, steps, tokens, seconds, loss, validation_loss} per phase."""
    tools: list[Json]
    failures: list[Json]
    gates: list[Json]
    limits: list[str]


def assemble(
    *,
    project: str,
    arms: Mapping[str, Json],
    gates: Sequence[GateResult] = (),
    increment: Json = None,
    graph_svg: str = "",
    data: Json = None,
    training: Sequence[Json] = (),
    is_constrained: bool = False,
    gaps: Sequence[str] = (),
) -> Report:
    """Return the report of the arm `model` (or `recall`) beside the others; arms without tasks are left out.

    `gaps` are sentences on what there are no rows for: they open the limits.
    """
    shown = {name: arms[name] for name in sorted(arms, key=_column) if arms[name] and arms[name]["tasks"]}
    main = next((name for name in ("model", "recall") if name in shown), next(iter(shown), ""))
    summary = shown.get(main, {})
    return Report(
        version=REPORT_VERSION,
        project=project,
        verdict=worst(gates) if gates else "no gates",
        main=main,
        splits=[split for split in SPLITS if any(split in one["splits"] for one in shown.values())],
        arms=shown,
        increment=increment,
        graph_svg=graph_svg,
        data=data or {},
        training=list(training),
        tools=summary.get("tools", []),
        failures=summary.get("failures", []),
        gates=[to_json(result) for result in gates],
        limits=[
            *gaps,
            *known_text((data or {}).get("known") or {}),
            *limits(summary, has_increment=increment is not None, is_constrained=is_constrained, data=data),
        ],
    )


def split_words(data: Json, split: str) -> tuple[str, str]:
    """Return the name of a split and what is unseen in it, going by the `data` of a report."""
    known = ((data or {}).get("known") or {}).get(split)
    if split != "values" or not known or not known["k"]:
        return SPLIT_WORDS[split]
    share = f"{known['k']:,} of {known['n']:,} tasks"
    return ("other requests", f"known call paths and voices; ids or names of {share} stand in training rows too")


def known_text(known: Json) -> list[str]:
    """Return the sentence on ids and names that are not unseen; none where all are."""
    k, n = (sum(one[name] for one in known.values()) for name in ("k", "n"))
    if not k:
        return []
    found = sorted({value for one in known.values() for value in one["such"]})[:3]
    such = ", ".join(f"`{value.replace('`', chr(39))}`" for value in found)
    return [
        f"{k:,} of {n:,} held-out tasks that call hold ids or names a training row shows as well, such as {such}: "
        "in these the request is unseen, not every value."
    ]


def change_titles(report: Report, arms: Sequence[str]) -> list[str]:
    """Return the titles of the arms beside one another after a schema change."""
    return [AFTER if arm == report["main"] else ARM_WORDS[arm] for arm in arms]


def held_back(phases: Sequence[Json]) -> str:
    """Return the sentence on rows kept aside in training; empty where none was, or nobody counted."""
    told = [f"{one['held_back']:,} in phase `{one['phase']}`" for one in phases if one.get("held_back")]
    if not told:
        return ""
    return f"Held back to watch the loss (`training.validation`), in no count of rows: {', '.join(told)}."


def columns(report: Report) -> list[str]:
    """Return the arms of the first table; those that only belong to a schema change stand in their own."""
    return [name for name in report["arms"] if name not in ("before", "stale")]


def metrics_of(split: str) -> list[str]:
    """Return the metrics worth a row; where no call is due, the general ones only repeat `no_tool`."""
    return ["no_tool", "clarify"] if split == "negative" else list(METRICS)


def headline(report: Report) -> str:
    """Return the one sentence that says what was found."""
    summary = report["arms"].get(report["main"])
    if not summary or "solved" not in summary["all"]:
        return "nothing was evaluated"
    return f"solved {counted(summary['all']['solved'])} held-out tasks, {percent(summary['all']['solved'])}"


def counted(rate: Json) -> str:
    """Return `186 of 200`."""
    return f"{rate['k']:,} of {rate['n']:,}"


def percent(rate: Json) -> str:
    """Return `93.0%`; a dash where there is no denominator."""
    return f"{100 * rate['k'] / rate['n']:.1f}%" if rate["n"] else "–"


def interval(rate: Json) -> str:
    """Return `88.6–95.8%`, the 95% interval."""
    return f"{100 * rate['low']:.1f}–{100 * rate['high']:.1f}%"


def trained_on(increment: Json) -> str:
    """Return the sentence that says on how much of a change an increment was trained, and what it left out."""
    said = f"Trained on {increment['delta']:,} changed or added rows and {increment['replay']:,} replayed ones"
    left_out = increment["changed"] - increment["delta"]
    more = f"; {left_out:,} more changed rows were left out (`training.incremental.max_rows`)" if left_out > 0 else ""
    return f"{said}{more}."


def limits(summary: Json, *, has_increment: bool, is_constrained: bool = False, data: Json = None) -> list[str]:
    """Return what the figures do not show, in whole sentences."""
    if not summary:
        return ["Nothing was evaluated."]
    said = []
    if is_constrained:
        said.append(
            "Calls were decoded under the tools' schemas, where a model writes them as `<tool_call>` JSON: a wrong "
            "name is one of those that exist, and schema compliance is not what the model remembers "
            "(`evaluation.constrained_decoding: false` shows that)."
        )
    for split, table in summary["splits"].items():
        n = max((rate["n"] for rate in table.values()), default=0)
        if n < 100:
            widest = max((rate["high"] - rate["low"] for rate in table.values() if rate["n"] == n), default=1.0)
            said.append(
                f"The split “{split_words(data, split)[0]}” has {n} tasks: its intervals are up to "
                f"{100 * widest:.0f} points wide."
            )
    said += [
        "Tasks of one call path or wording family are alike; the intervals take them as independent: too narrow.",
        "Requests were written by the same writer as the training texts (the wordings split by a voice kept apart), "
        "not by people.",
        "Calls ran in a sandbox: what a live service would answer, and how fast, is not measured.",
        "The words of the final answer are not judged, only calls, results and state.",
        "One training run: the spread over training seeds is not shown.",
    ]
    if has_increment:
        said.append("“Unchanged” and “changed” go by what a task's gold calls use, not by what else the tools gained.")
    if summary["environment"]:
        said.append(f"{summary['environment']} tasks were left out because the sandbox failed.")
    if summary["unscorable"]:
        said.append(f"{summary['unscorable']} transcripts held no readable call and count as wrong.")
    if summary["missing"]:
        said.append(f"{len(summary['missing'])} tasks have no score and count as wrong.")
    return said


def _column(name: str) -> tuple[int, str]:
    order = list(ARM_WORDS)
    return (order.index(name) if name in order else len(order), name)
