"""`plan --json`, `status --json` and `build --json` where nothing changed: the keys they have otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def unchanged_json(targets: int) -> dict[str, Any]:
    """Return the forecast of a build that has nothing to do; how many trajectories there are was not looked up."""
    return {
        "would": [],
        "may": [],
        "fresh": targets,
        "lock_changes": [],
        "against": None,
        "removed": [],
        "trajectories": None,
        "changes": [],
        "llm": {
            "calls": 0,
            "tokens": 0,
            "usd": 0,
            "usd_most": 0,
            "budget_usd": None,
            "budget_tokens": None,
            "over_budget": "",
            "writers": [],
        },
        "training": None,
    }


def unchanged_outcome_json(targets: int, missed_gates: Sequence[str]) -> dict[str, Any]:
    """Return the outcome of a build that had nothing to do, which targets there are was not looked up."""
    return {
        "result": "up to date",
        "up_to_date": targets,
        "seconds": 0.0,
        "counts": {"fresh": targets},
        "targets": {},
        "errors": [],
        "unreached": None,
        "missed_gates": list(missed_gates),
        "lock_changes": [],
        "gaps": None,
    }
