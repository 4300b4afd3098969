"""`generations:<arm>`: a model's closed-loop runs over held-out tasks, one row per task.

A row depends on the weights, on what the model is shown, and on the tools it really called; on all schemas where they
steered its decoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from loopbuild.digest import digest
from loopbuild.engine.target import Action, RowResult, WantedRow
from loopbuild.pipeline.arms import Arm, arm_of
from loopbuild.pipeline.sandboxes import server_facts, server_reads, spelling
from loopbuild.pipeline.shared import call_names
from loopbuild.records import Transcript, fact_name, to_json


def wanted(action: Action) -> Iterable[WantedRow]:
    """One row per task; what is right does not matter here, so changed gold generates nothing."""
    arm = arm_of(action)
    for key, task in arm.tasks.items():
        shown = [task.user_turns, task.fixture, task.category == "clarify"]
        spelled = spelling(action, arm.catalog, task.world or task.tools)
        shown += [spelled] if spelled else []
        yield WantedRow(key=key, request={"model": arm.model, "shown": digest("shown", shown)})


def facts(action: Action) -> Mapping[str, str]:
    """Every leaf of the arm's own contract, names and schemas calls may have, and the project's server programs."""
    from loopbuild.stages.catalog.facts import facts as catalog_facts
    from loopbuild.stages.training.render import function_schemas

    arm = arm_of(action)
    names = sorted(tool.call_name for tool in arm.catalog.tools)
    known = {**catalog_facts(arm.catalog), **call_names(arm.catalog), **server_facts(action, arm.catalog)}
    schemas = digest("call schemas", function_schemas(arm.catalog)) if action.params["constrained"] else ""
    return known | {"call names": digest("call names", names), "call schemas": schemas}


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Run the model in a process of its own over the tasks of `rows`."""
    from loopbuild.pipeline.generating import generate

    arm = arm_of(action)
    servers = server_facts(action, arm.catalog)
    tasks = [arm.tasks[row.key] for row in rows]
    for task, transcript in generate(action, arm, tasks):
        if transcript.status == "environment":
            yield RowResult(key=task.key, error="the sandbox failed while the model was using it")
        else:
            yield RowResult(key=task.key, output=to_json(transcript), reads=_reads(arm, transcript, servers))


def _reads(arm: Arm, transcript: Transcript, servers: Mapping[str, str]) -> tuple[str, ...]:
    known = arm.catalog.by_call_name()
    reads: set[str] = set()
    tools: set[str] = set()
    if transcript.decoding == "steered":
        reads.add("call schemas")
    for message in transcript.messages:
        for call in message.get("tool_calls") or ():
            tool = known.get(call["function"]["name"])
            if tool is None:
                reads.add("call names")
                continue
            tools.add(tool.id)
            reads |= {fact_name(tool.id, "gate"), f"{tool.id} call name"}
            reads |= {fact_name(tool.id, leaf.side, leaf.pointer) for leaf in (*tool.inputs, *tool.outputs)}
    return tuple(sorted({*reads, *server_reads(servers, tools)}))
