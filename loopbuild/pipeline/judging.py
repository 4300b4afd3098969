"""The judge among the filters: whether there is one, and which filters cost nothing."""

from __future__ import annotations

from loopbuild.engine.target import Json
from loopbuild.stages.filters.judged import DEFERRED, JUDGE

__all__ = ["DEFERRED", "JUDGE", "free_filters", "judge_of"]


def judge_of(settings: Json) -> Json | None:
    """Return the settings of the judge, None where rows are not judged."""
    return next((one for one in settings["filters"] if one["kind"] == JUDGE), None)


def free_filters(settings: Json) -> list[Json]:
    """Return the filters that ask nobody: what decides who is judged, and all that rows depend on."""
    return [one for one in settings["filters"] if one["kind"] != JUDGE]
