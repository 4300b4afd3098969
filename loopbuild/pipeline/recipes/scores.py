"""`scores:<arm>`: transcripts against gold. Pure, so a better scorer costs no generation."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.pipeline.arms import arm_of
from loopbuild.records import Transcript, from_json, to_json


def run(action: Action) -> Json:
    """Score every task of the arm; an arm without tasks has no scores."""
    from loopbuild.judging.validate import Validator
    from loopbuild.stages.evaluation.score import score

    arm = arm_of(action)
    rows = action.input("generations")["rows"]
    validator = Validator(arm.catalog)
    scores = {}
    for key, task in sorted(arm.tasks.items()):
        scores[key] = to_json(score(task, from_json(Transcript, rows[key]), arm.catalog, validator))
    return {"scores": scores}
