"""Filters: which rows are kept, and the reason code of every row that is not."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "contract": "loopbuild.stages.filters.contract:check_contract",
    "controls": "loopbuild.stages.filters.controls:check_controls",
    "danger": "loopbuild.stages.filters.danger:check_danger",
    "dedup": "loopbuild.stages.filters.dedup:find_duplicates",
    "diversity": "loopbuild.stages.filters.diversity:select_diverse",
    "execution": "loopbuild.stages.filters.execution:check_execution",
    "judge": "loopbuild.stages.filters.judged:judged",
    "near_duplicates": "loopbuild.stages.filters.near:find_near_duplicates",
    "provenance": "loopbuild.stages.filters.provenance:check_provenance",
    "quota": "loopbuild.stages.filters.quota:select_quota",
    "self_bleu": "loopbuild.stages.filters.alike:find_alike",
    "schema": "loopbuild.stages.filters.schema:check_schema",
}
"""Kind in loop.yaml -> `module:attribute`. `verdicts.judge_rows` applies those that look at one row,
`selection.select_rows` those that compare rows, `judged` what a model said of them."""

__all__ = ["KINDS"]
