"""Generated examples are the same in every run, so that a red build says something about the change.

HYPOTHESIS_PROFILE=random looks for new ones.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How fast a busy machine draws its inputs is no law of ours.
BUSY = (HealthCheck.too_slow,)
settings.register_profile("fixed", derandomize=True, suppress_health_check=BUSY)
settings.register_profile("random", derandomize=False, suppress_health_check=BUSY)
# Else importing litellm asks the network for prices.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

# Files of minutes. Begun last, one of them would run alone while the other process has nothing left to do.
LONGEST = (
    "test_end_to_end.py",
    "test_readme.py",
    "test_engine_laws.py",
    "test_run.py",
    "test_train.py",
    "test_affected.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest files first; all others stay in their order."""
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(Path(item.path).name, len(LONGEST)))
