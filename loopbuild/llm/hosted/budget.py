"""What one build may spend on writers: reserved before a request is sent, settled when its answer is there.

Pure bookkeeping. What is reserved is the most a request can cost, so that the limit holds whatever comes back and
however many requests are under way.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """The most one request can cost."""

    usd: float
    tokens: int


class Budget:
    """Dollars and tokens; None is no limit."""

    def __init__(self, *, usd: float | None, tokens: int | None) -> None:
        self.usd = usd
        self.tokens = tokens
        self.spent_usd = 0.0
        self.spent_tokens = 0
        self._reserved_usd = 0.0
        self._reserved_tokens = 0
        self._under_way = 0

    def reserve(self, wanted: Reservation) -> bool:
        """Set aside what a request can cost; False when that is not left."""
        if self._is_over_usd(wanted) or self._is_over_tokens(wanted):
            return False
        self._reserved_usd += wanted.usd
        self._reserved_tokens += wanted.tokens
        self._under_way += 1
        return True

    def settle(self, reserved: Reservation, *, usd: float, tokens: int) -> None:
        """Replace a reservation by what was really spent."""
        self._under_way -= 1
        self._reserved_usd = self._reserved_usd - reserved.usd if self._under_way else 0.0
        self._reserved_tokens -= reserved.tokens
        self.spent_usd += usd
        self.spent_tokens += tokens

    def limit_text(self, wanted: Reservation) -> str:
        """Return which limit does not allow a request, in words."""
        if self._is_over_usd(wanted):
            return f"${self.spent_usd:,.4f} of `budget_usd` ${self.usd:,.2f} are spent"
        return f"{self.spent_tokens:,} of `budget_tokens` {self.tokens:,} are spent"

    def _is_over_usd(self, wanted: Reservation) -> bool:
        # A trillionth of a dollar is the rounding of a few thousand sums, not money.
        return self.usd is not None and self.spent_usd + self._reserved_usd + wanted.usd > self.usd + 1e-12

    def _is_over_tokens(self, wanted: Reservation) -> bool:
        return self.tokens is not None and self.spent_tokens + self._reserved_tokens + wanted.tokens > self.tokens
