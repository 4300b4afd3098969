"""A model that learned from rows with several calls in a turn writes them, in the closed loop with the sandbox."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tiny_training import SETTINGS, run_here

from loopbuild.judging.validate import Validator
from loopbuild.llm.local import LocalModel
from loopbuild.llm.offline.writer import OfflineWriter
from loopbuild.records import to_json
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.evaluation.rollout import roll_out
from loopbuild.stages.evaluation.score import score
from loopbuild.stages.evaluation.tasks import to_task as to_eval
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.requests import make_requests
from loopbuild.stages.training.presets import NANO_PROMPT, locate
from loopbuild.stages.training.render import function_schemas
from tests.stages.sampling.world import hr, sampled, settings

pytestmark = [pytest.mark.train, pytest.mark.slow, pytest.mark.timeout(1200)]
LEARNS = replace(SETTINGS, epochs=4.0, learning_rate=1.5e-3, batch_size=8, max_length=1024, system_prompt=NANO_PROMPT)


def test_several_calls_in_a_turn_are_learned_decoded_and_scored(make_job, tmp_path) -> None:
    catalog, graph = hr()
    chosen = settings(topologies={"parallel": 1.0}, per_tool=30, user_known=["*_id"], max_steps=2)
    trained, tasks = [], []
    for cell, row in sampled(catalog, graph, chosen).items():
        if cell.topology != "parallel":
            continue
        asked = make_requests(row, catalog, levels=["high"], wordings=["seen"])
        for request, answer in zip(asked, OfflineWriter().write_many(asked), strict=True):
            task = to_task(row, request, answer, writer="offline")
            if cell.purpose == "train":
                trained.append(to_example(row, task, catalog))
            else:
                tasks.append(to_eval(row, task, split="values", system=NANO_PROMPT))
    schemas = function_schemas(catalog)
    tools = tmp_path / "schemas.json"
    tools.write_text(json.dumps(schemas))
    job = make_job(examples=trained, settings=LEARNS, base=str(locate("nano")), tools=str(tools))
    run_here(job)
    model = LocalModel.load(job.output)
    assert model.constrain(list(schemas.values()))
    played = roll_out(
        tasks, model=model, catalog=catalog, open_sandbox=lambda _: SimulatedSandbox(catalog, source="hr")
    )
    validator = Validator(catalog)
    scores = [score(task, one, catalog, validator) for task, one in zip(tasks, played, strict=True)]
    first = [next(m for m in one.messages if m["role"] == "assistant") for one in played]
    together = sum(len(message.get("tool_calls", ())) > 1 for message in first)
    solved = sum(one.solved for one in scores)
    print(f"{len(trained)} rows, {len(tasks)} tasks: {together} with several calls at once, {solved} solved")
    assert len(tasks) > 20
    assert together > 0.8 * len(tasks)
    assert solved > 0.3 * len(tasks)
    assert to_json(played)
