"""`negatives:main`: rows in which no call is due."""

from __future__ import annotations

from typing import Any

from loopbuild.engine.target import Action, Json
from loopbuild.records import EvalTask, Example, Task, ToolCatalog, from_json, to_json


def run(action: Action) -> Json:
    """Write them for training and for evaluation; their number follows that of the rows that call tools."""
    from loopbuild.stages.filters.contract import check_contract
    from loopbuild.stages.filters.rows import Row
    from loopbuild.stages.synthesis.negatives import negative_rows

    params = action.params
    catalog = from_json(ToolCatalog, action.input("contract"))
    calls = {
        "train": params.get("rows") or params["per_tool"] * len(catalog.tools) * params["levels"],
        "eval": params["per_tool_eval"] * len(catalog.tools) * 2,
    }
    rows: dict[str, Any] = {}
    for purpose, number in calls.items():
        made = negative_rows(
            catalog,
            shares=params["negatives"],
            count=number,
            seed=params["seed"],
            purpose=purpose,  # type: ignore[arg-type]
        )
        for task, example in made:
            fault = check_contract(Row(example=example, task=task), catalog=catalog)
            verdict = {
                "key": example.key,
                "kept": fault is None,
                "filter": "contract" if fault else "",
                "reason": fault.reason if fault else "",
                "detail": fault.detail if fault else "",
            }
            rows[example.key] = {"example": to_json(example), "verdict": verdict}
            if purpose == "eval":
                rows[example.key]["task"] = to_json(_asked(task, example))
    return {"rows": dict(sorted(rows.items()))}


def _asked(task: Task, example: Example) -> EvalTask:
    return EvalTask(
        key=task.key,
        trajectory="",
        split="negative",
        category=task.category,
        level=task.level,
        topology="single",
        system="",
        user_turns=task.user_turns,
        sandbox="",
        fixture=1000,
        gold=(),
        digest=example.digest,
    )
