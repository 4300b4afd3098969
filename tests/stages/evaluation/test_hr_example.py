"""The HR example from its schema file to scores: gold is right, and gold with one mistake is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from loopbuild.judging.validate import Validator
from loopbuild.loopfile.model import Loopfile
from loopbuild.records import EvalTask, Score, Step, Task, ToolCatalog
from loopbuild.sandbox import open_sandboxes
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.evaluation.score import score
from loopbuild.stages.evaluation.stand_ins import gold_turns, play, replay_gold
from loopbuild.stages.evaluation.tasks import to_task
from loopbuild.stages.sampling.cells import plan_cells
from loopbuild.stages.sampling.walk import sample
from loopbuild.stages.sources.toolspec import read
from loopbuild.stages.toolgraph.build import build_graph

ROOT = Path(__file__).parents[3]
FILE = "examples/hr/tools/hr.json"
SETTINGS = Loopfile.model_validate({"version": 1, "sources": {"hr": {"kind": "toolspec", "path": FILE}}}).model_dump(
    mode="json"
)


@cache
def catalog() -> ToolCatalog:
    listing = read("hr", (ROOT / FILE).read_bytes(), file=FILE, settings=SETTINGS["sources"]["hr"] | {"name": "hr"})
    return build_catalog([listing], entities={})


def opened(_: object = None) -> Sandbox:
    return open_sandboxes({"hr": SETTINGS["sandbox"]}, catalog(), root=ROOT, environment={})


@cache
def tasks() -> list[EvalTask]:
    graph = build_graph(catalog(), SETTINGS["graph"])
    subgraphs = {one.name: one for one in graph.subgraphs}
    cells = plan_cells(catalog(), graph, settings=SETTINGS["sampling"], evaluation={"per_tool": 4})
    sandbox, made = opened(), []
    for name, rows in sorted(cells.items()):
        for cell in rows:
            if cell.purpose != "eval":
                continue
            trajectory = sample(
                cell, seed=1, catalog=catalog(), graph=graph, subgraph=subgraphs[name], sandbox=sandbox,
                settings=SETTINGS["sampling"],
            )  # fmt: skip
            if hasattr(trajectory, "steps"):
                words = Task(key=trajectory.key, trajectory=trajectory.key, level="low", writer="w", voice="v",
                             user_turns=("Please.",))  # fmt: skip
                made.append(to_task(trajectory, words, split="values"))
    return made


def judged(task: EvalTask, steps: tuple[Step, ...]) -> Score:
    """What the scorer says of an agent that makes the calls of `steps` instead of the gold ones."""
    turns = gold_turns(replace(task, gold=steps), catalog())
    (transcript,) = play(task, turns, catalog=catalog(), open_sandbox=opened)
    return score(task, transcript, catalog(), Validator(catalog()))


def test_there_are_single_calls_and_chains() -> None:
    assert len(tasks()) >= 30
    assert {len(task.gold) for task in tasks()} >= {1, 2, 3}


def test_gold_solves_every_task_exactly() -> None:
    validator = Validator(catalog())
    for task, transcript in zip(tasks(), replay_gold(tasks(), catalog=catalog(), open_sandbox=opened), strict=True):
        result = score(task, transcript, catalog(), validator)
        assert (result.solved, result.codes, result.execution) == (True, (), True), task.key
        assert result.calls_exact == len(task.gold)
        assert result.chaining is not False


def changed(step: Step, **arguments: Any) -> Step:
    kept = {name: value for name, value in (step.call.arguments | arguments).items() if value is not None}
    return replace(step, call=replace(step.call, arguments=kept))


def linked(step: Step) -> str:
    """The last argument that came from a result, by name; empty when there is none."""
    names = [pointer[1:] for pointer, origin in step.call.provenance.items() if origin.kind == "tool"]
    return next((name for name in reversed(names) if isinstance(step.call.arguments.get(name), str)), "")


def wrong_tool(task: EvalTask) -> tuple[Step, ...] | None:
    last = task.gold[-1]
    name, arguments = (
        ("find_employee", {"name": "Ann Bell"}) if "hr/get_open_roles" in task.tools else ("get_open_roles", {})
    )
    return (*task.gold[:-1], replace(last, call=replace(last.call, tool=f"hr/{name}", arguments=arguments)))


def missing_required(task: EvalTask) -> tuple[Step, ...] | None:
    last = task.gold[-1]
    tool = catalog().by_id()[last.call.tool]
    required = tool.input_schema.get("required", [])
    return (*task.gold[:-1], changed(last, **{required[0]: None})) if required else None


def extra_argument(task: EvalTask) -> tuple[Step, ...] | None:
    return (*task.gold[:-1], changed(task.gold[-1], verbosity="high"))


def missing_last_step(task: EvalTask) -> tuple[Step, ...] | None:
    return task.gold[:-1] if len(task.gold) > 1 else None


def invented_id(task: EvalTask) -> tuple[Step, ...] | None:
    name = linked(task.gold[-1])
    return (*task.gold[:-1], changed(task.gold[-1], **{name: "Q-99999"})) if name else None


def id_of_another_row(task: EvalTask) -> tuple[Step, ...] | None:
    """Another id of the same list than the one asked for."""
    last = task.gold[-1]
    name = linked(last)
    origin = last.call.provenance.get(f"/{name}")
    if origin is None or not origin.path.rpartition("/")[2].isdigit():
        return None
    siblings = task.gold[origin.step].result.value
    for part in origin.path.split("/")[1:-1]:
        siblings = siblings[int(part)] if part.isdigit() else siblings[part]
    used = {value for step in task.gold for value in step.call.arguments.values() if isinstance(value, str)}
    others = [one for one in siblings if isinstance(one, str) and one not in used]
    return (*task.gold[:-1], changed(last, **{name: others[0]})) if others else None


@pytest.mark.parametrize(
    ("mutate", "codes"),
    [
        (wrong_tool, {"wrong_tool_same_domain", "extra_step", "repeats_completed_call"}),
        (missing_required, {"missing_required"}),
        (extra_argument, {"unknown_param"}),
        (missing_last_step, {"stopped_early"}),
        (invented_id, {"invented_value"}),
        (id_of_another_row, {"wrong_source"}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_gold_with_one_mistake_is_never_solved(
    mutate: Callable[[EvalTask], tuple[Step, ...] | None], codes: set[str]
) -> None:
    mutated = [(task, steps) for task in tasks() if (steps := mutate(task)) is not None]
    assert len(mutated) >= 8
    for task, steps in mutated:
        result = judged(task, steps)
        assert not result.solved, task.key
        assert result.codes[0] in codes, (task.key, result.codes)
