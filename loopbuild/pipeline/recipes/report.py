"""`report:main`: scores, checkpoints and the data funnel -> one report in three forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from loopbuild.engine.target import Action, Json
from loopbuild.pipeline.coverage import said
from loopbuild.records import REGRESSION, EvalTask, Score, ToolCatalog, ToolGraph, Transcript, from_json, to_json

if TYPE_CHECKING:
    from loopbuild.stages.evaluation.statistics import PairedChange

TRAINING_FIGURES = (
    "phase",
    "mode",
    "rows",
    "held_back",
    "replayed",
    "steps",
    "tokens",
    "supervised_tokens",
    "seconds",
    "loss",
    "validation_loss",
    "parent",
    "increments",
    "notes",
)


def run(action: Action) -> Json:
    """Assemble the report, publish it as JSON, Markdown and HTML, return it."""
    from loopbuild.stages.evaluation.gates import check_gates
    from loopbuild.stages.evaluation.report import assemble
    from loopbuild.stages.evaluation.report_html import render_html
    from loopbuild.stages.evaluation.report_json import render_json
    from loopbuild.stages.evaluation.report_markdown import render_markdown
    from loopbuild.stages.toolgraph.svg import to_svg

    catalog = from_json(ToolCatalog, action.input("contract"))
    graph = from_json(ToolGraph, action.input("graph"))
    checkpoints = [action.input(f"checkpoint/{phase}") for phase in action.params["phases"]]
    increment, change, groups, old_groups = _increment(action, checkpoints[-1], catalog)
    arms = _arms(action, catalog, checkpoints[-1], groups, old_groups)
    report = assemble(
        project=action.context["project"],
        arms=arms,
        gates=check_gates(
            arms["model"], action.params["gate"], change=change, has_predecessor=checkpoints[-1]["has_predecessor"]
        ),
        increment=increment,
        graph_svg=to_svg(graph, catalog),
        data=_data(action.input("dataset")),
        gaps=[f"{line}." for line in said(action.input("dataset")["gaps"])],
        training=[
            {name: checkpoint[name] for name in TRAINING_FIGURES if checkpoint.get(name) is not None}
            for checkpoint in checkpoints
        ],
        is_constrained=any(
            run.get("decoding", "free") != "free" for run in action.input("generations/model")["rows"].values()
        ),
    )
    for name, render in (("json", render_json), ("md", render_markdown), ("html", render_html)):
        action.publish(f"report/report.{name}", action.keep_bytes(render(report).encode("utf-8")))
    return dict(report)


def _arms(
    action: Action, catalog: ToolCatalog, checkpoint: Json, groups: Mapping[str, str], old_groups: Mapping[str, str]
) -> dict[str, Json]:
    from loopbuild.judging.validate import Validator
    from loopbuild.stages.evaluation.score import score
    from loopbuild.stages.evaluation.summary import summarise

    tasks = _tasks(action.input("eval"), groups)
    arms = {}
    for arm in action.params["arms"]:
        stored = action.input(f"scores/{arm}")["scores"]
        scores = {key: from_json(Score, value) for key, value in stored.items()}
        rows = action.input(f"generations/{arm}")["rows"]
        transcripts = {key: from_json(Transcript, value) for key, value in rows.items()}
        if arm == "before":
            if not checkpoint["parent_contract"]:
                continue
            old = from_json(ToolCatalog, json.loads(action.fetch(checkpoint["parent_contract"])))
            old_tasks = _tasks(json.loads(action.fetch(checkpoint["parent_eval"])), old_groups)
            arms[arm] = summarise(scores, old_tasks, transcripts=transcripts, catalog=old)
        elif arm != "stale" or checkpoint["mode"] == "continue":
            arms[arm] = summarise(scores, tasks, transcripts=transcripts, catalog=catalog)
    validator = Validator(catalog)
    silent = {task.key: Transcript(key=task.key, messages=()) for task in tasks}
    nothing = {task.key: score(task, silent[task.key], catalog, validator) for task in tasks}
    arms["null"] = summarise(nothing, tasks, catalog=catalog)
    return arms


def _tasks(output: Json, groups: Mapping[str, str]) -> list[EvalTask]:
    tasks = [from_json(EvalTask, value) for _, value in sorted(output["tasks"].items())]
    return [replace(task, group=groups.get(task.key, "all")) for task in tasks]  # type: ignore[arg-type]


def _increment(
    action: Action, checkpoint: Json, catalog: ToolCatalog
) -> tuple[Json, PairedChange | None, dict[str, str], dict[str, str]]:
    """What the last increment was about, and the group of every task of today and of then.

    A model that replaces another, continued or trained afresh, is compared with it: a gate on losses applies to both.
    """
    if not checkpoint["parent_contract"]:
        return None, None, {}, {}
    from loopbuild.stages.catalog.diff import diff_catalogs
    from loopbuild.stages.evaluation.comparison import compare_runs

    old = from_json(ToolCatalog, json.loads(action.fetch(checkpoint["parent_contract"])))
    difference = diff_catalogs(old, catalog, renames=action.params["renames"])
    tools: dict[str, list[str]] = {"added": [], "removed": [], "renamed": [], "changed": []}
    for one in difference.changes:
        tools[one.change].append(one.tool.partition("/")[2] or one.tool)
    added = {one.tool for one in difference.changes if one.change == "added"}
    touched = {name for one in difference.changes for name in (one.tool, one.old_tool)} - added
    groups = {key: _group(task, added, touched) for key, task in action.input("eval")["tasks"].items()}
    old_tasks = json.loads(action.fetch(checkpoint["parent_eval"]))
    old_groups = {key: _group(task, added, touched) for key, task in old_tasks["tasks"].items()}
    after = {key: from_json(Score, value) for key, value in action.input("scores/model")["scores"].items()}
    before = {key: from_json(Score, value) for key, value in action.input("scores/before")["scores"].items()}
    tasks = _tasks(action.input("eval"), groups)
    unchanged = [task for task in tasks if task.group == "unchanged"]
    margin = action.params["gate"].get(REGRESSION, 0.05)
    change = compare_runs(before, after, unchanged, margin=margin) if unchanged else None
    if checkpoint["mode"] != "continue":
        return None, change, groups, old_groups
    increment = {
        "tools": tools,
        "comparisons": {"unchanged": to_json(change)} if change else {},
        "reason": checkpoint["course"]["reason"],
        "changed": checkpoint["course"]["changed"],
        "delta": len(checkpoint["course"]["delta"]),
        "replay": len(checkpoint["course"]["replay"]),
        "removed": checkpoint["course"]["removed"],
    }
    return increment, change, groups, old_groups


def _group(task: Json, added: set[str], touched: set[str]) -> str:
    if any(tool in added for tool in task["tools"]):
        return "new"
    return "changed" if any(tool in touched for tool in task["tools"]) else "unchanged"


def _data(dataset: Json) -> Json:
    funnel = dataset["funnel"]
    dropped = [
        {"filter": reason.partition(": ")[0], "reason": f"{reason} ({split})", "count": count}
        for split, counts in funnel["dropped"].items()
        for reason, count in counts.items()
    ]
    unwritten = funnel.get("unwritten", {})
    dropped += [{"filter": "writer", "reason": f"not written, {why}", "count": n} for why, n in unwritten.items()]
    return {
        "generated": sum(funnel["made"].values()) + sum(unwritten.values()),
        "kept": sum(funnel["kept"].values()),
        "dropped": dropped,
        "splits": funnel["kept"],
        "categories": funnel["categories"],
        "topologies": funnel["topologies"],
        "figures": dataset["figures"],
        "unreachable": sum(one["cells"] for one in dataset["gaps"]["unreachable"]),
        "known": dataset["known"],
        **({"judged": funnel["judged"]} if "judged" in funnel else {}),
    }
