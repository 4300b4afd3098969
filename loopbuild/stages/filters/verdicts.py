"""The filters that look at one row at a time, in cost order; a row is dropped by the first that finds something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from loopbuild.judging.validate import Validator
from loopbuild.records import Json, ToolCatalog, Verdict
from loopbuild.stages.filters.contract import check_contract
from loopbuild.stages.filters.controls import Attempt, check_controls
from loopbuild.stages.filters.danger import check_danger
from loopbuild.stages.filters.execution import Replay, check_execution
from loopbuild.stages.filters.grounding import check_grounding
from loopbuild.stages.filters.provenance import check_provenance
from loopbuild.stages.filters.rows import Finding, Row
from loopbuild.stages.filters.schema import check_schema

ORDER = ("schema", "contract", "danger", "provenance", "execution", "controls")
"""Cheapest first, whatever the order in loop.yaml."""


def judge_rows(
    rows: Iterable[Row],
    *,
    catalog: ToolCatalog,
    filters: Sequence[Mapping[str, Json]],
    replay: Replay | None = None,
    attempt: Attempt | None = None,
    validator: Validator | None = None,
) -> dict[str, Verdict]:
    """Return a verdict per row, sorted by key; `execution` applies where a `replay` is given, `controls` an `attempt`.

    Each trajectory is executed once per filter and call of this function, however many rows tell of it.
    """
    chosen = {str(entry["kind"]): entry for entry in filters}
    judge = _Judge(chosen, catalog, validator or Validator(catalog), replay, attempt)
    return dict(sorted((row.example.key, judge.verdict(row)) for row in rows))


class _Judge:
    """The filters chosen, and what executions of this call came to."""

    def __init__(
        self,
        chosen: Mapping[str, Mapping[str, Json]],
        catalog: ToolCatalog,
        validator: Validator,
        replay: Replay | None,
        attempt: Attempt | None,
    ) -> None:
        self._chosen, self._catalog, self._validator = chosen, catalog, validator
        self._replay, self._attempt = replay, attempt
        self._executed: dict[tuple[str, str], Finding | None] = {}

    def verdict(self, row: Row) -> Verdict:
        """Return what the first filter that finds something says."""
        for kind in ORDER:
            finding = self._finding(kind, row) if kind in self._chosen else None
            if finding is not None:
                return Verdict(
                    key=row.example.key, kept=False, filter=kind, reason=finding.reason, detail=finding.detail
                )
        return Verdict(key=row.example.key, kept=True)

    def _finding(self, kind: str, row: Row) -> Finding | None:
        if kind == "schema":
            return check_schema(row, validator=self._validator)
        if kind == "contract":
            return check_contract(row, catalog=self._catalog)
        if kind == "danger":
            return check_danger(row, allow=self._chosen[kind].get("allow", ()))
        if kind == "provenance":
            return check_provenance(row, catalog=self._catalog) or check_grounding(row)
        return self._execution(kind, row)

    def _execution(self, kind: str, row: Row) -> Finding | None:
        if row.trajectory is None:
            return None
        place = (kind, row.trajectory.key)
        if place not in self._executed:
            found: Finding | None = None
            if kind == "execution" and self._replay is not None:
                found = check_execution(row, replay=self._replay)
            elif kind == "controls" and self._attempt is not None:
                found = check_controls(row, catalog=self._catalog, attempt=self._attempt)
            self._executed[place] = found
        return self._executed[place]
