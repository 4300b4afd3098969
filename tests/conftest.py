"""Generated examples are the same in every run, so that a red build says something about the change.

HYPOTHESIS_PROFILE=random looks for new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# How fast a busy machine draws its inputs is no law of ours.
BUSY = (HealthCheck.too_slow,)
settings.register_profile("fixed", derandomize=True, suppress_health_check=BUSY)
settings.register_profile("random", derandomize=False, suppress_health_check=BUSY)
# Else importing litellm asks the network for prices.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
