"""Why a target is stale or how it came out, in words. JSON and the cue table of `why` keep the codes."""

from __future__ import annotations

from collections.abc import Iterable

_REASONS = {
    "never_built": "never built",
    "recipe_changed": "its recipe changed",
    "params_changed": "its settings changed",
    "input_changed": "a file changed",
    "input_added": "an input is new",
    "input_removed": "an input is gone",
    "upstream_stale": "an input is stale",
    "output_missing": "its bytes are not here",
    "output_damaged": "its bytes are damaged",
    "goal_changed": "its goal changed",
    "failed_last_time": "it failed last time",
    "refreshed": "asked to refresh",
    "forced": "asked to run again",
    "from_scratch": "asked to begin again",
}
_OUTCOMES = {
    "cut_off": "same bytes",
    "revalidated": "checked, kept",
    "fresh": "up to date",
    "adopted": "made by another build",
    "deferred": "left to another build",
}


def reason_words(codes: Iterable[str]) -> str:
    """Return the reasons, each once, in their order."""
    return ", ".join(dict.fromkeys(_REASONS.get(code, code.replace("_", " ")) for code in codes))


def outcome_words(outcome: str) -> str:
    """Return how a target came out."""
    return _OUTCOMES.get(outcome, outcome.replace("_", " "))
