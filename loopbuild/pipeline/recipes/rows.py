"""`rows:<subgraph>`: a trajectory and its words -> the row a trainer or an evaluator reads, with its verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loopbuild.digest import digest
from loopbuild.engine.target import Action, Json, RowResult, WantedRow
from loopbuild.errors import SandboxError
from loopbuild.pipeline import shared
from loopbuild.pipeline.recipes.tasks import trajectories
from loopbuild.pipeline.sandboxes import opened, server_facts, server_reads, settings_of, twice
from loopbuild.records import (
    Split,
    Task,
    ToolCatalog,
    Trajectory,
    Verdict,
    fact_name,
    from_json,
    opening_tools,
    paths_of,
    to_json,
)

if TYPE_CHECKING:
    from loopbuild.judging.validate import Validator
    from loopbuild.sandbox.protocol import Sandbox
    from loopbuild.stages.filters.rows import Row


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
    alike = action.derived(shared.alike_facts, "contract")
    return {**leaves, **names, **alike, **server_facts(action, action.derived(shared.catalog, "contract"))}


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Make and judge each row."""
    from loopbuild.judging.validate import Validator
    from loopbuild.stages.filters.verdicts import judge_rows
    from loopbuild.stages.sampling.attempt import attempt
    from loopbuild.stages.sampling.replay import replay

    catalog = action.derived(shared.catalog, "contract")
    validator = Validator(catalog)
    with opened(settings_of(action), catalog, root=action.root) as sandbox:
        composed = [_composed(action, row, sandbox, validator) for row in rows]
        made = [one for one in composed if not isinstance(one, RowResult)]
        verdicts = judge_rows(
            made,
            catalog=catalog,
            filters=action.params["filters"],
            replay=lambda one: replay(one, catalog=catalog, sandbox=sandbox),
            attempt=lambda one: attempt(one, sandbox=sandbox),
            validator=validator,
        )
    yield from (one for one in composed if isinstance(one, RowResult))
    servers = server_facts(action, catalog)
    for one in made:
        yield _result(one, verdicts[one.example.key], catalog, servers)


def _composed(action: Action, wanted: WantedRow, sandbox: Sandbox, validator: Validator) -> Row | RowResult:
    """Return a row with what had to be run for it, or why the sandbox could not."""
    from loopbuild.stages.filters.rows import Row
    from loopbuild.stages.synthesis.categories import compose, prove

    catalog = action.derived(shared.catalog, "contract")
    task = from_json(Task, action.input("tasks")["rows"][wanted.key])
    trajectory = action.derived(_by_key, "trajectories")[task.trajectory]
    elsewhere = bool(action.params.get("elsewhere"))
    proof = twice(lambda: prove(trajectory, task, catalog, sandbox=sandbox, validator=validator, elsewhere=elsewhere))
    if isinstance(proof, SandboxError):
        return RowResult(key=wanted.key, error="; ".join(filter(None, [proof.message, proof.hint])))
    is_spared = bool(wanted.request.get("is_spared"))
    split = split_of(trajectory, task, action.params["held_out"], is_spared=is_spared)
    example = compose(trajectory, task, catalog, proof, split=split)
    return Row(example=example, task=task, trajectory=trajectory, proof=proof)


def _result(row: Row, verdict: Verdict, catalog: ToolCatalog, servers: Mapping[str, str]) -> RowResult:
    from loopbuild.stages.evaluation.tasks import to_task
    from loopbuild.stages.filters.figures import origins
    from loopbuild.stages.synthesis.categories import shown_part

    key, trajectory = row.example.key, row.trajectory
    assert trajectory is not None
    if verdict.reason == "deferred":
        return RowResult(key=key, error=f"the sandbox failed while replaying: {verdict.detail}")
    output: dict[str, Any] = {"example": to_json(row.example), "verdict": to_json(verdict)}
    shown = shown_part(trajectory, row.task, catalog, row.proof)
    output |= origins(shown)
    if row.proof.other is not None:
        output["nearly_right"] = {"call": to_json(row.proof.other), "outcome": row.proof.outcome}
    if trajectory.cell.purpose == "eval":
        output["task"] = to_json(to_task(shown, row.task, split=row.example.split, world=opening_tools(trajectory)))
    elif row.example.split != "train" and verdict.kept:
        output["verdict"] |= {"kept": False, "filter": "split", "reason": "held_out_path"}
    reads = {*trajectory.reads, *_further_reads(row, catalog)}
    tools = {step.call.tool for step in trajectory.steps}
    if row.proof.other is not None:
        tools.add(row.proof.other.tool)
    reads |= {*(f"{tool} call name" for tool in tools), *server_reads(servers, tools.union(opening_tools(trajectory)))}
    return RowResult(key=key, output=output, reads=tuple(sorted(reads)))


def _further_reads(row: Row, catalog: ToolCatalog) -> set[str]:
    """Return what a row depends on beyond its trajectory: the tools it was held against."""
    if row.task.category not in ("missing_tool", "near_miss") or row.trajectory is None:
        return set()
    reads = {f"{step.call.tool} alike" for step in row.trajectory.steps}
    reads |= {f"{tool} call name" for tool in row.example.withheld}
    if row.proof.other is not None:
        other = catalog.by_id()[row.proof.other.tool]
        leaves = (*other.inputs, *other.outputs)
        reads |= {fact_name(other.id, "gate"), *(fact_name(other.id, one.side, one.pointer) for one in leaves)}
    return reads


def _by_key(table: Json) -> Mapping[str, Trajectory]:
    return {one.key: one for one in trajectories(table)}


def split_of(trajectory: Trajectory, task: Task, held_out: float, *, is_spared: bool) -> Split:
    """Return where a row belongs: a held-out call path never trains, the reserved voice is asked for its wordings.

    `is_spared` is the path of the trajectory itself, not those that later turns of a dialogue take.
    """
    from loopbuild.llm.offline.choices import HELD_OUT_VOICE
    from loopbuild.llm.protocol import RESERVED
    from loopbuild.stages.evaluation.tasks import is_held_out

    taken = paths_of(trajectory)[1:] if is_spared else paths_of(trajectory)
    is_path = any(is_held_out(path, held_out, length=length) for path, length in taken)
    if trajectory.cell.purpose == "train":
        return "paths" if is_path else "train"
    if is_path:
        return "paths"
    return "wordings" if task.voice == HELD_OUT_VOICE or task.voice.startswith(RESERVED) else "values"
