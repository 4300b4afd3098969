"""Which rows of a table are reused, proven again or run.

Pure: wanted rows, facts and stored rows in, a verdict for each row out. Rows are found by what they are, never by the
target or the build that made them, so that going back to an older state runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from loopbuild.digest import digest
from loopbuild.engine.generations import NEVER, Generation
from loopbuild.engine.journal import RowEntry
from loopbuild.engine.keys import row_fingerprint
from loopbuild.engine.staleness import StaleReason
from loopbuild.engine.target import Json, Recipe, WantedRow
from loopbuild.errors import BuildError

_PROVEN = "~"
"""Ends the fingerprint of a row that was proven good, not drawn: a fresh draw might have been another one."""

Trace = Mapping[str, tuple[str, Mapping[str, str], tuple[str, ...]]]
"""Row key -> (fingerprint, facts read, objects kept) of a target's last result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVerdict:
    """What happens to one wanted row; `stored` is the row reused, or the one to be proven again."""

    row: WantedRow
    fingerprint: str
    verdict: Literal["reuse", "revalidate", "run"]
    stored: RowEntry | None = None
    reasons: tuple[StaleReason, ...] = ()


def fingerprints(
    recipe: Recipe, params: Json, wanted: Iterable[WantedRow], *, generation: Generation = NEVER
) -> dict[str, tuple[WantedRow, str]]:
    """Return row key -> (row, fingerprint), in the order given; raises BuildError when a key appears twice."""
    params_digest = digest("params", {} if recipe.is_request_whole else params)
    found: dict[str, tuple[WantedRow, str]] = {}
    for row in wanted:
        if row.key in found:
            raise BuildError(f"row `{row.key}` is wanted twice")
        again = generation.of_row(row.key) if generation else 0
        fingerprint = row_fingerprint(recipe, params_digest, key=row.key, request=row.request, generation=again)
        found[row.key] = (row, fingerprint)
    return found


def proven(fingerprint: str) -> str:
    """Return the fingerprint under which a row is stored that was proven again under other facts."""
    return fingerprint.removesuffix(_PROVEN) + _PROVEN


def is_proven(fingerprint: str) -> bool:
    """Return whether a stored row was proven and not drawn."""
    return fingerprint.endswith(_PROVEN)


def choose(
    wanted: Mapping[str, tuple[WantedRow, str]],
    *,
    facts: Mapping[str, str],
    stored: Mapping[str, Sequence[RowEntry]],
    previous: Trace,
    can_revalidate: bool,
    formers: Mapping[str, RowEntry] | None = None,
) -> list[RowVerdict]:
    """Return a verdict for every wanted row, in order. `previous` is the target's last trace, for the reasons.

    `formers` are stored rows by the key of a wanted one that may be the same thing, asked for in another way.
    """
    return [
        _choose_row(
            row,
            fingerprint,
            facts,
            stored.get(fingerprint, ()),
            previous.get(row.key),
            can_revalidate,
            (formers or {}).get(row.key),
        )
        for row, fingerprint in wanted.values()
    ]


def _choose_row(
    row: WantedRow,
    fingerprint: str,
    facts: Mapping[str, str],
    candidates: Sequence[RowEntry],
    before: tuple[str, Mapping[str, str], tuple[str, ...]] | None,
    can_revalidate: bool,
    former: RowEntry | None,
) -> RowVerdict:
    for entry in candidates:
        if all(facts.get(name, "") == value for name, value in entry.reads.items()):
            return RowVerdict(row=row, fingerprint=fingerprint, verdict="reuse", stored=entry)
    chosen: RowEntry | None = None
    if before is not None and before[0].removesuffix(_PROVEN) == fingerprint:
        chosen = next((entry for entry in candidates if dict(entry.reads) == dict(before[1])), None)
    if chosen is None and candidates:
        chosen = candidates[0]
    reads = chosen.reads if chosen is not None else before[1] if before is not None else {}
    reasons = fact_reasons(reads, facts)
    if chosen is None and former is not None:
        reasons = fact_reasons(former.reads, facts)
        code: Literal["input_added", "input_changed", "output_missing"] = "input_changed"
        changed = StaleReason(code=code, subject=row.key, kind="row", old=former.fingerprint, new=fingerprint)
        return RowVerdict(
            row=row, fingerprint=fingerprint, verdict="revalidate", stored=former, reasons=(changed, *reasons)
        )
    if chosen is None:
        code = "input_added"
        if before is not None:
            code = "input_changed" if before[0].removesuffix(_PROVEN) != fingerprint else "output_missing"
        old = before[0] if before is not None else None
        reasons = (StaleReason(code=code, subject=row.key, kind="row", old=old, new=fingerprint), *reasons)
    verdict: Literal["revalidate", "run"] = "revalidate" if chosen is not None and can_revalidate else "run"
    return RowVerdict(row=row, fingerprint=fingerprint, verdict=verdict, stored=chosen, reasons=reasons)


def fact_reasons(reads: Mapping[str, str], facts: Mapping[str, str]) -> tuple[StaleReason, ...]:
    """Return one reason for each fact that is not what the row read."""
    return tuple(
        StaleReason(code="input_changed", subject=name, kind="fact", old=value or None, new=facts.get(name, "") or None)
        for name, value in sorted(reads.items())
        if facts.get(name, "") != value
    )
