"""`plan --json` and `status --json` where nothing changed: the keys of a forecast, without making one."""

from __future__ import annotations

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
