"""`candidates:main`: which rows a judge is to see: those that every filter which costs nothing has kept."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.llm.hosted.judge import judge_request
from loopbuild.pipeline import shared
from loopbuild.pipeline.recipes.tasks import holds_secrets
from loopbuild.pipeline.selecting import free_verdicts, made_rows, table_rows, trained
from loopbuild.records import Trajectory, from_json, to_json


def run(action: Action) -> Json:
    """Return the verdicts so far, what the judge is asked, and the rows it may not see for the secrets in them."""
    rows = made_rows(action)
    verdicts = free_verdicts(action, rows, shares=action.params["categories"], filters=action.params["filters"])
    catalog = action.derived(shared.catalog, "contract")
    trajectories = {row.get("key", key): row for key, row in table_rows(action, "trajectories")}
    asked, secret = {}, []
    for example in trained(rows, verdicts):
        found = trajectories.get(example.trajectory)
        if found is not None and holds_secrets(from_json(Trajectory, found), catalog):
            secret.append(example.key)
        else:
            asked[example.key] = to_json(judge_request(example.key, example.category, example.messages))
    return {
        "verdicts": {key: to_json(verdict) for key, verdict in sorted(verdicts.items())},
        "asked": asked,
        "secret": sorted(secret),
    }
