"""The table of what may go wrong with one decision, and how often: by the failure classes of small tool-calling models.

Weights are those inside a class. A start, not a measurement: where a project's own failures are known, they come first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from loopbuild.digest import unit_interval
from loopbuild.records import PairClass

FAULTS: dict[PairClass, dict[str, float]] = {
    "parameter": {
        "type": 0.15,
        "missing": 0.15,
        "enum": 0.10,
        "extra": 0.10,
        "sibling": 0.20,
        "stale": 0.10,
        "amount": 0.10,
        "swap": 0.10,
    },
    "domain": {"elsewhere": 0.40, "same_verb": 0.30, "needless": 0.15, "answer": 0.15},
    "decomposition": {"stops": 0.40, "skips": 0.30, "loops": 0.15, "order": 0.15},
    "context": {"other_turn": 0.40, "ignores_correction": 0.30, "asks_again": 0.20, "contradicts": 0.10},
}
"""Class -> fault -> weight inside the class."""


def weights_of(kind: PairClass, changed: Mapping[str, float]) -> dict[str, float]:
    """Return the weights inside a class, with those that loop.yaml changes, adding up to one."""
    found = {fault: changed.get(fault, weight) for fault, weight in FAULTS[kind].items()}
    total = sum(found.values())
    return {fault: weight / total for fault, weight in found.items() if weight > 0}


def ranked(weights: Mapping[str, float], key: str) -> list[str]:
    """Return the faults in the order one decision tries them: weighted hashing, so that each row decides for itself."""

    def place(fault: str) -> float:
        u = unit_interval("fault", [key, fault])
        return -math.log(max(u, 1e-300)) / weights[fault]

    return sorted(weights, key=place)
