"""`rows:<subgraph>`: a trajectory and its words -> the row a trainer or an evaluator reads, with its verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from loopbuild.digest import digest
from loopbuild.engine.target import Action, RowResult, WantedRow
from loopbuild.pipeline import shared
from loopbuild.pipeline.recipes.tasks import trajectories
from loopbuild.pipeline.sandboxes import opened, server_facts, server_reads, settings_of
from loopbuild.records import Split, Task, Trajectory, from_json, to_json


def wanted(action: Action) -> Iterable[WantedRow]:
    """One row per text; it says so where its path trains although it would be held out."""
    from loopbuild.stages.evaluation.tasks import spared

    walked = {one.key: one for one in trajectories(action.input("trajectories"))}
    whole = {key: digest("calls", to_json(one.steps)) for key, one in walked.items()}
    trained = spared(walked.values(), action.params["held_out"])
    for key, task in sorted(action.input("tasks")["rows"].items()):
        name = task["trajectory"]
        told = {"is_spared": True} if walked[name].signature in trained else {}
        yield WantedRow(key=key, request={"calls": whole[name], "task": task["digest"], **told})


def facts(action: Action) -> Mapping[str, str]:
    """The catalog's leaves: a call is validated against them; and the servers calls are replayed on."""
    leaves = action.derived(shared.leaf_facts, "contract")
    names = action.derived(shared.name_facts, "contract")
    return {**leaves, **names, **server_facts(action, action.derived(shared.catalog, "contract"))}


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Make and judge each row."""
    from loopbuild.stages.evaluation.tasks import to_task
    from loopbuild.stages.filters.figures import origins
    from loopbuild.stages.filters.rows import Row
    from loopbuild.stages.filters.verdicts import judge_rows
    from loopbuild.stages.sampling.attempt import attempt
    from loopbuild.stages.sampling.replay import replay
    from loopbuild.stages.synthesis.dialogues import to_example

    catalog = action.derived(shared.catalog, "contract")
    known = {one.key: one for one in trajectories(action.input("trajectories"))}
    texts = action.input("tasks")["rows"]
    servers = server_facts(action, catalog)
    made: list[Row] = []
    for row in rows:
        task = from_json(Task, texts[row.key])
        trajectory = known[task.trajectory]
        held_out = 0.0 if row.request.get("is_spared") else action.params["held_out"]
        split = split_of(trajectory, task, held_out)
        example = to_example(trajectory, task, catalog, split=split)
        made.append(Row(example=example, task=task, trajectory=trajectory))
    with opened(settings_of(action), catalog, root=action.root) as sandbox:
        verdicts = judge_rows(
            made,
            catalog=catalog,
            filters=action.params["filters"],
            replay=lambda one: replay(one, catalog=catalog, sandbox=sandbox),
            attempt=lambda one: attempt(one, sandbox=sandbox),
        )
    for one in made:
        key, trajectory = one.example.key, known[one.task.trajectory]
        verdict = verdicts[key]
        if verdict.reason == "deferred":
            yield RowResult(key=key, error=f"the sandbox failed while replaying: {verdict.detail}")
            continue
        output: dict[str, Any] = {"example": to_json(one.example), "verdict": to_json(verdict)}
        output |= origins(trajectory)
        if trajectory.cell.purpose == "eval":
            output["task"] = to_json(to_task(trajectory, one.task, split=one.example.split))
        elif one.example.split != "train" and verdict.kept:
            output["verdict"] |= {"kept": False, "filter": "split", "reason": "held_out_path"}
        tools = {step.call.tool for step in trajectory.steps}
        reads = {*trajectory.reads, *(f"{tool} call name" for tool in tools), *server_reads(servers, tools)}
        yield RowResult(key=key, output=output, reads=tuple(sorted(reads)))


def split_of(trajectory: Trajectory, task: Task, held_out: float) -> Split:
    """Return where a row belongs: a held-out call path never trains, the reserved voice is asked for its wordings."""
    from loopbuild.llm.offline.choices import HELD_OUT_VOICE
    from loopbuild.llm.protocol import RESERVED
    from loopbuild.stages.evaluation.tasks import is_held_out

    is_path = is_held_out(trajectory.signature, held_out, length=len(trajectory.steps))
    if trajectory.cell.purpose == "train":
        return "paths" if is_path else "train"
    if is_path:
        return "paths"
    return "wordings" if task.voice == HELD_OUT_VOICE or task.voice.startswith(RESERVED) else "values"
