"""Demands: what a person wants run although nothing made it stale.

Decides which demand fits which kind of recipe. A pinned result is only ever replaced by asking anew, a history only
ever begun again by saying so; neither happens silently, and no other word does it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from loopbuild.engine.selection import Selection
from loopbuild.engine.staleness import StaleReason
from loopbuild.engine.target import Target
from loopbuild.errors import SelectionError

Demand = Literal["", "force", "refresh", "from_scratch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """Three selections; None asks for nothing."""

    force: Selection | None = None
    """Run again under the same key."""
    refresh: Selection | None = None
    """Pinned targets: ask anew, under the next generation."""
    from_scratch: Selection | None = None
    """Historical targets: begin without a parent."""
    refresh_rows: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Pinned tables -> keys of single rows to ask for anew."""

    def __bool__(self) -> bool:
        return bool(self.refresh_rows) or any(
            chosen is not None for chosen in (self.force, self.refresh, self.from_scratch)
        )

    def of(self, target: Target, targets: Mapping[str, Target]) -> Demand:
        """Return what is demanded of one of `targets`. Raises SelectionError when its nature forbids it."""
        for demand, chosen in (
            ("from_scratch", self.from_scratch),
            ("refresh", self.refresh),
            ("force", self.force),
        ):
            if chosen is not None and _is_in(chosen, target, targets):
                return _allowed(demand, target)  # type: ignore[arg-type]
        return ""

    def rows_of(self, target: Target) -> Collection[str]:
        """Return the rows of a target to ask for anew. Raises SelectionError when it is not pinned."""
        rows = self.refresh_rows.get(target.id, frozenset()) if self.refresh_rows else ()
        if rows:
            _allowed("refresh", target)
        return rows

    def check(self, targets: Mapping[str, Target]) -> None:
        """Raise SelectionError for a word that means nothing, or a demand that some target can not meet."""
        for chosen in (self.force, self.refresh, self.from_scratch):
            if chosen is not None:
                chosen.check(targets)
        for target in targets.values():
            self.of(target, targets)
            self.rows_of(target)


NOTHING = Demands()


def reason_for(demand: Demand) -> StaleReason:
    """Return what is said of a target that runs because somebody asked for it."""
    return StaleReason(code="from_scratch" if demand == "from_scratch" else "forced")


def _is_in(chosen: Selection, target: Target, targets: Mapping[str, Target]) -> bool:
    return chosen.is_plain_match(target) if chosen.is_plain else target.id in chosen.chosen(targets)


def _allowed(demand: Demand, target: Target) -> Demand:
    nature = target.recipe.nature
    if demand == "refresh" and nature != "pinned":
        raise SelectionError(
            f"`{target.id}` is not pinned, so there is nothing to refresh",
            hint=f"`loopbuild build --force {target.id}` runs it again",
        )
    if demand == "from_scratch" and nature != "historical":
        raise SelectionError(
            f"`{target.id}` has no history that could begin again",
            hint=f"`loopbuild build --force {target.id}` runs it again",
        )
    if demand == "force" and nature == "pinned":
        raise SelectionError(
            f"`{target.id}` is pinned: its first result is its value",
            intact="that result is kept",
            hint=f"`loopbuild build --refresh {target.id}` asks for a new one",
        )
    return demand
