"""From the scores of one model to its figures: every metric as k of n with its interval, and what went wrong how often.

Pure: the output is plain JSON, sorted, without clocks; equal scores give equal bytes. Refuses to compare models.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from loopbuild.records import FROM_RESULT, METRICS, SPLITS, EvalTask, Json, Score, ToolCatalog, Transcript, to_json
from loopbuild.stages.evaluation.failure import CLASS_OF
from loopbuild.stages.evaluation.score import SCORER_VERSION, is_call_due
from loopbuild.stages.evaluation.statistics import wilson

EXAMPLES = 3
"""Worst examples kept per failure code."""


def summarise(
    scores: Mapping[str, Score],
    tasks: Sequence[EvalTask],
    *,
    transcripts: Mapping[str, Transcript] | None = None,
    catalog: ToolCatalog | None = None,
) -> Json:
    """Return the figures of one model over `tasks`.

    `scores` and `transcripts` are by task key; a task without a score counts as wrong and is listed as missing, because
    a gap must not read as a success. Transcripts, when given, supply the examples of failures.
    """
    missing = sorted(task.key for task in tasks if task.key not in scores)
    counted = [(task, scores[task.key]) for task in tasks if task.key in scores]
    judged = [(task, score) for task, score in counted if score.status != "environment"]
    judged += [(task, _absent(task)) for task in tasks if task.key not in scores]
    names = {tool.id: tool.call_name for tool in catalog.tools} if catalog else {}
    groups = sorted({task.group for task, _ in judged} - {"all"})
    return {
        "scorer": SCORER_VERSION,
        "tasks": len(tasks),
        "environment": sum(score.status == "environment" for _, score in counted),
        "unscorable": sum(score.status == "unscorable" for _, score in counted),
        "missing": missing,
        "all": rates(judged),
        "splits": {
            split: rates(pairs) for split in SPLITS if (pairs := [one for one in judged if one[0].split == split])
        },
        "topologies": {
            name: rates(pairs)
            for name in sorted({task.topology for task, _ in judged if task.gold})
            if (pairs := [one for one in judged if one[0].gold and one[0].topology == name])
        },
        "groups": {group: rates([one for one in judged if one[0].group == group]) for group in groups},
        "tools": _tools(judged, names),
        "tokens": _tokens([score.response_tokens for _, score in judged]),
        "failures": _failures(judged, transcripts or {}, names),
    }


def rates(judged: Sequence[tuple[EvalTask, Score]]) -> dict[str, Json]:
    """Return metric -> {k, n, low, high} over the given tasks; metrics without a denominator are absent."""
    table: dict[str, Json] = {}
    for metric in METRICS:
        verdicts = [verdict for task, score in judged if (verdict := verdict_of(metric, task, score)) is not None]
        if verdicts:
            table[metric] = to_json(wilson(sum(verdicts), len(verdicts)))
    return table


def verdict_of(metric: str, task: EvalTask, score: Score) -> bool | None:
    """Return whether the task counts as right in `metric`; None where the metric does not apply.

    `exact_call` is the unconditional form of `argument_exact` on tasks of one call: right tool, all arguments, nothing
    else. `chains_solved` is `solved` on tasks of several calls.
    """
    is_chain = len(task.gold) > 1
    values: dict[str, bool | None] = {
        "solved": score.solved,
        "tool_selection": score.tool_selection,
        "schema_compliance": score.schema_compliance if is_call_due(task) else None,
        "argument_exact": score.argument_exact if len(task.gold) == 1 else None,
        "exact_call": score.calls_exact == 1 and not score.surplus if len(task.gold) == 1 else None,
        "execution": score.execution if is_call_due(task) else None,
        "chaining": score.chaining if is_chain else None,
        "chains_solved": score.solved if is_chain else None,
        "no_tool": score.no_tool if not is_call_due(task) else None,
        "clarify": score.no_tool if task.category == "clarify" else None,
        "confirm": score.no_tool if task.category == "confirm" else None,
    }
    return values[metric]


def _absent(task: EvalTask) -> Score:
    """A task nobody scored: wrong in every metric that applies to it."""
    is_due = is_call_due(task)
    has_link = any(origin.kind in FROM_RESULT for step in task.gold for origin in step.call.provenance.values())
    return Score(
        key=task.key,
        status="unscorable",
        solved=False,
        tool_selection=False,
        execution=False if is_due else None,
        chaining=False if has_link else None,
        no_tool=None if task.category in ("call", "error_recovery") else False,
    )


def _tools(judged: Sequence[tuple[EvalTask, Score]], names: Mapping[str, str]) -> list[Json]:
    rows = []
    for tool in sorted({tool for task, _ in judged for tool in task.tools}):
        asked = [(task, score) for task, score in judged if tool in task.tools]
        codes = _counted(score.codes[0] for _, score in asked if not score.solved and score.codes)
        rows.append(
            {
                "tool": tool,
                "name": names.get(tool, tool),
                "tasks": len(asked),
                "solved": to_json(wilson(sum(score.solved for _, score in asked), len(asked))),
                "selected": to_json(wilson(sum(score.tool_selection for _, score in asked), len(asked))),
                "top_code": codes[0][0] if codes else "",
            }
        )
    return rows


def _tokens(values: Sequence[int]) -> Json:
    """Mean, median and 95th percentile (nearest rank) of what the model wrote per task."""
    ordered = sorted(values)
    if not ordered:
        return {"n": 0, "mean": 0.0, "median": 0, "p95": 0}
    n = len(ordered)
    median, p95 = (ordered[max(0, math.ceil(share * n) - 1)] for share in (0.5, 0.95))
    return {"n": n, "mean": round(sum(ordered) / n, 2), "median": median, "p95": p95}


def _failures(
    judged: Sequence[tuple[EvalTask, Score]], transcripts: Mapping[str, Transcript], names: Mapping[str, str]
) -> list[Json]:
    failed = [(task, score) for task, score in judged if not score.solved and score.codes]
    rows = []
    for code, count in _counted(score.codes[0] for _, score in failed):
        # The shortest tasks are the worst failures: there was least to get wrong.
        worst = sorted(
            (one for one in failed if one[1].codes[0] == code), key=lambda one: (len(one[0].gold), one[0].key)
        )
        rows.append(
            {
                "class": CLASS_OF[code],
                "code": code,
                "count": count,
                "share": round(count / len(failed), 4),
                "examples": [
                    _example(task, score, transcripts.get(task.key), names) for task, score in worst[:EXAMPLES]
                ],
            }
        )
    return rows


def _example(task: EvalTask, score: Score, transcript: Transcript | None, names: Mapping[str, str]) -> Json:
    messages = transcript.messages if transcript else ()
    said = [message for message in messages if message.get("role") == "assistant"]
    gold = [{"name": names.get(step.call.tool, step.call.tool), "arguments": step.call.arguments} for step in task.gold]
    return {
        "key": task.key,
        "split": task.split,
        "category": task.category,
        "prompt": list(task.user_turns),
        "gold": gold,
        "predicted": [call.get("function", {}) for message in said for call in message.get("tool_calls") or ()],
        "said": _cut(said[-1].get("raw") or said[-1].get("content")) if said else "",
        "codes": list(score.codes),
        "detail": score.detail,
    }


def _cut(text: Json) -> str:
    words = text if isinstance(text, str) else ""
    return words if len(words) <= 400 else words[:400] + " …"


def _counted(values: Iterable[str]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
