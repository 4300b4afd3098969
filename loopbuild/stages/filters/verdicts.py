"""The filters that look at one row at a time, in cost order; a row is dropped by the first that finds something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from loopbuild.judging.validate import Validator
from loopbuild.records import Json, ToolCatalog, Verdict
from loopbuild.stages.filters.contract import check_contract
from loopbuild.stages.filters.execution import Replay, check_execution
from loopbuild.stages.filters.grounding import check_grounding
from loopbuild.stages.filters.provenance import check_provenance
from loopbuild.stages.filters.rows import Finding, Row
from loopbuild.stages.filters.schema import check_schema

ORDER = ("schema", "contract", "provenance", "execution")
"""Cheapest first, whatever the order in loop.yaml."""


def judge_rows(
    rows: Iterable[Row],
    *,
    catalog: ToolCatalog,
    filters: Sequence[Mapping[str, Json]],
    replay: Replay | None = None,
    validator: Validator | None = None,
) -> dict[str, Verdict]:
    """Return a verdict per row, sorted by key; `execution` applies where a `replay` is given.

    Each trajectory is replayed once per call of this function, however many rows tell of it.
    """
    chosen = {str(entry["kind"]) for entry in filters}
    checked = validator or Validator(catalog)
    executed: dict[str, Finding | None] = {}
    verdicts: dict[str, Verdict] = {}
    for row in rows:
        verdicts[row.example.key] = _judge(row, chosen, catalog, checked, replay, executed)
    return dict(sorted(verdicts.items()))


def _judge(
    row: Row,
    chosen: set[str],
    catalog: ToolCatalog,
    validator: Validator,
    replay: Replay | None,
    executed: dict[str, Finding | None],
) -> Verdict:
    for kind in ORDER:
        if kind not in chosen:
            continue
        finding: Finding | None = None
        if kind == "schema":
            finding = check_schema(row, validator=validator)
        elif kind == "contract":
            finding = check_contract(row, catalog=catalog)
        elif kind == "provenance":
            finding = check_provenance(row, catalog=catalog) or check_grounding(row)
        elif row.trajectory is not None and replay is not None:
            if row.trajectory.key not in executed:
                executed[row.trajectory.key] = check_execution(row, replay=replay)
            finding = executed[row.trajectory.key]
        if finding is not None:
            return Verdict(key=row.example.key, kept=False, filter=kind, reason=finding.reason, detail=finding.detail)
    return Verdict(key=row.example.key, kept=True)
