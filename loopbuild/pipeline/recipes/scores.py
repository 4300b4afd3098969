"""`scores:<arm>`: transcripts against gold. Pure, so a better scorer costs no generation."""

from __future__ import annotations

import json

from loopbuild.engine.target import Action, Json
from loopbuild.pipeline.arms import arm_of
from loopbuild.records import ToolCatalog, Transcript, from_json, to_json


def run(action: Action) -> Json:
    """Score every task of the arm; an arm without tasks has no scores."""
    from loopbuild.judging.validate import Validator
    from loopbuild.stages.evaluation.score import score
    from loopbuild.stages.evaluation.stale import Previous

    arm = arm_of(action)
    rows = action.input("generations")["rows"]
    validator = Validator(arm.catalog)
    previous = None
    if arm.old_contract:
        previous = Previous(from_json(ToolCatalog, json.loads(action.fetch(arm.old_contract))))
    scores = {}
    for key, task in sorted(arm.tasks.items()):
        transcript = from_json(Transcript, rows[key])
        scores[key] = to_json(score(task, transcript, arm.catalog, validator, previous=previous))
    return {"scores": scores}
