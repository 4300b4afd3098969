"""`candidates:main`: which rows a judge is to see: those that every filter which costs nothing has kept."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.llm.hosted.judge import judge_request
from loopbuild.pipeline import shared
from loopbuild.pipeline.covered import shown_by
from loopbuild.pipeline.recipes.tasks import holds_secrets
from loopbuild.pipeline.selecting import free_verdicts, made_rows, planned_rows, trained
from loopbuild.records import Trajectory, from_json, to_json


def run(action: Action) -> Json:
    """Return the verdicts so far, what the judge is asked, and the rows it may not see for the secrets in them."""
    rows = made_rows(action)
    catalog = action.derived(shared.catalog, "contract")
    graph = action.derived(shared.graph, "graph")
    trajectories = planned_rows(action)
    shown = shown_by(trajectories, catalog, graph)
    shares, filters = action.params["categories"], action.params["filters"]
    verdicts = free_verdicts(rows, trajectories, shown, shares=shares, filters=filters)
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
