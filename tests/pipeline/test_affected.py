"""Which rows a change of the tools touches: those that read what changed, and no others.

Any change of one tool is tried: a row that the facts call untouched still holds when replayed, a touched one calls the
changed tool or walks an edge into or out of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from projects import EXAMPLES

from loopbuild.engine.target import RowResult
from loopbuild.pipeline.recipes import trajectories
from loopbuild.records import ToolCatalog, ToolGraph, Trajectory, from_json, to_json
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sampling.cells import plan_cells
from loopbuild.stages.sampling.replay import ReplayFault, replay
from loopbuild.stages.sources.toolspec import read
from loopbuild.stages.toolgraph.build import build_graph

Tools = list[dict[str, Any]]
Change = Callable[[dict[str, Any]], None]
HR: Tools = json.loads((EXAMPLES / "hr" / "tools" / "hr.json").read_text())
SHARES = {"single": 0.35, "chain": 0.3, "fan_out": 0.1, "join": 0.1, "map": 0.15}
SAMPLING = {"seed": 0, "optional": 0.3, "user_known": ["employee_id"], "max_steps": 4}
SANDBOX = {"hr": {"kind": "simulated", "fixtures": 4}}


def world(tools: Tools) -> tuple[ToolCatalog, ToolGraph]:
    catalog = build_catalog([read("hr", json.dumps(tools).encode(), file="hr.json", settings={})])
    return catalog, build_graph(catalog, {})


def action(catalog: ToolCatalog, graph: ToolGraph, subgraph: str) -> Any:
    """What a recipe is handed, as far as the recipe of trajectories looks at it."""
    planned = plan_cells(
        catalog, graph, settings={**SAMPLING, "per_tool": 6, "topologies": SHARES}, evaluation={"per_tool": 2}
    )
    inputs = {
        "contract": to_json(catalog),
        "graph": to_json(graph),
        "cells": {"cells": {name: [to_json(cell) for cell in cells] for name, cells in planned.items()}},
    }
    params = {"subgraph": subgraph, "sandbox": SANDBOX, "sampling": SAMPLING}

    def derived(make: Callable[..., Any], *roles: str) -> Any:
        return make(*(inputs[role] for role in roles))

    return SimpleNamespace(
        context=None,
        input=inputs.__getitem__,
        derived=derived,
        since=lambda *_, **__: None,
        params=params,
        root=EXAMPLES / "hr",
    )


@lru_cache(maxsize=1)
def rows() -> tuple[tuple[str, RowResult], ...]:
    catalog, graph = world(HR)
    found = []
    for group in graph.subgraphs:
        one = action(catalog, graph, group.name)
        found += [(group.name, row) for row in trajectories.run(one, list(trajectories.wanted(one)))]
    return tuple(found)


def facts(tools: Tools) -> dict[str, Mapping[str, str]]:
    catalog, graph = world(tools)
    return {group.name: trajectories.facts(action(catalog, graph, group.name)) for group in graph.subgraphs}


def touched(before: Mapping[str, str], after: Mapping[str, str], row: RowResult) -> list[str]:
    """What the engine compares: every fact the row read."""
    return [name for name in row.reads if before.get(name) != after.get(name)]


def add_optional(tool: dict[str, Any]) -> None:
    tool["parameters"]["note?"] = "string"


def add_required(tool: dict[str, Any]) -> None:
    tool["parameters"]["reason_code"] = {"type": "string", "enum": ["a", "b"]}


def add_return(tool: dict[str, Any]) -> None:
    tool["returns"]["remark"] = "string"


def drop_return(tool: dict[str, Any]) -> None:
    tool["returns"].pop(sorted(tool["returns"])[-1])


def retype_return(tool: dict[str, Any]) -> None:
    for name in sorted(tool["returns"]):
        if not name.endswith(("_id", "_ids")):
            tool["returns"][name] = "integer" if tool["returns"][name] == "string" else "string"


def rename_parameter(tool: dict[str, Any]) -> None:
    for name in sorted(tool["parameters"])[:1]:
        tool["parameters"][f"the_{name}"] = tool["parameters"].pop(name)


def reword(tool: dict[str, Any]) -> None:
    tool["description"] = "Other words."


CHANGES = (add_optional, add_required, add_return, drop_return, retype_return, rename_parameter, reword)


def replayed(tools: Tools) -> Iterator[tuple[list[str], Trajectory, Trajectory | ReplayFault | None]]:
    """Of every row made before: what touches it under other tools, how it went, and if nothing does how it goes now."""
    before, after = facts(HR), facts(tools)
    catalog, _ = world(tools)
    reached = [(group, row) for group, row in rows() if "unreachable" not in row.output]
    assert len(reached) > 50
    with trajectories.opened(SANDBOX, catalog, root=EXAMPLES) as sandbox:
        for group, row in reached:
            old = from_json(Trajectory, row.output)
            names = touched(before[group], after.get(group, {}), row)
            yield names, old, None if names else replay(old, catalog=catalog, sandbox=sandbox)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(HR) - 1), st.sampled_from(CHANGES))
def test_a_row_is_touched_by_what_it_read_and_by_nothing_else(
    place: int, change: Callable[[dict[str, Any]], None]
) -> None:
    tools: Tools = json.loads(json.dumps(HR))
    change(tools[place])
    changed = f"hr/{tools[place]['name']}"
    for names, old, again in replayed(tools):
        if names:
            assert changed in {step.call.tool for step in old.steps} | {part for name in names for part in ends(name)}
        else:
            assert isinstance(again, Trajectory)
            assert again.digest == old.digest
    if change is reword:
        assert facts(HR) == facts(tools)


SPELLINGS: tuple[dict[str, Any], ...] = (
    {"type": "integer"},
    {"type": "string", "format": "uuid"},
    {"type": "string", "pattern": "^X[0-9]{6}$"},
    {"type": "string", "examples": ["ID/4711"]},
    {"type": "string"},
)
ENTITIES = sorted({leaf.entity for tool in world(HR)[0].tools for leaf in tool.outputs if leaf.kind == "id"})


def newcomer(entity: str, spelling: dict[str, Any], shape: str) -> dict[str, Any]:
    """A tool nobody had, which says of an entity's ids how they look."""
    name = entity.replace(" ", "_")
    if shape == "lists":
        return {
            "name": f"list_late_{name}s",
            "parameters": {},
            "returns": {f"{name}_ids": {"type": "array", "items": spelling}},
        }
    if shape == "takes":
        return {
            "name": f"audit_{name}",
            "parameters": {"type": "object", "properties": {f"{name}_id": spelling}, "required": [f"{name}_id"]},
            "returns": {"remark": "string"},
        }
    # By this name it also comes first of all tools, and it makes such things by their names.
    return {
        "name": f"add_{name}",
        "parameters": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        "returns": {f"{name}_id": spelling},
    }


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(ENTITIES), st.sampled_from(SPELLINGS), st.sampled_from(["lists", "takes", "makes"]))
def test_a_new_tool_changes_no_row_however_it_spells_ids(entity: str, spelling: dict[str, Any], shape: str) -> None:
    """Ids are spelled as the tools of a row ask: what another one says of them is not heard."""
    for names, old, again in replayed([*HR, newcomer(entity, spelling, shape)]):
        assert names == []
        assert isinstance(again, Trajectory)
        assert again.digest == old.digest


def test_a_new_tool_that_spells_ids_otherwise_is_reached_by_tools_that_do_not_say() -> None:
    """Its own rows show the ids as it wants them, also those that come from an older tool."""
    spelling = {"type": "string", "pattern": "^X[0-9]{6}$"}
    catalog, graph = world([*HR, newcomer("role", spelling, "takes")])
    group = next(one.name for one in graph.subgraphs if "hr/audit_role" in one.goals)
    one = action(catalog, graph, group)
    made = [row for row in trajectories.run(one, list(trajectories.wanted(one))) if "unreachable" not in row.output]
    audits = [from_json(Trajectory, row.output) for row in made if row.output["cell"]["goal"] == "hr/audit_role"]
    chained = [found for found in audits if len(found.steps) > 1]
    assert chained
    for found in audits:
        ids = [step.call.arguments["role_id"] for step in found.steps if step.call.tool == "hr/audit_role"]
        assert ids
        assert all(str(value).startswith("X") for value in ids)


def test_a_source_of_which_nothing_was_planned_listens_to_none_of_its_tools() -> None:
    """Where a dialogue goes on in another source, a newcomer there has no say either."""
    spelled = [newcomer("role", spelling, "lists") for spelling in SPELLINGS]
    worlds = []
    for tools in (HR, *([*HR, one] for one in spelled)):
        sandbox = SimulatedSandbox(world(tools)[0], source="hr")
        sandbox.open(3, ["crm/find_contact"])
        worlds.append(sandbox.call("hr/get_open_roles", {}).value)
    assert len(worlds[0]["role_ids"]) > 3
    assert worlds == [worlds[0]] * (1 + len(SPELLINGS))


def test_a_tool_that_spells_ids_otherwise_touches_those_who_call_it() -> None:
    tools: Tools = json.loads(json.dumps(HR))
    next(tool for tool in tools if tool["name"] == "schedule_interview")["returns"]["interview_id"] = "integer"
    before, after = facts(HR), facts(tools)
    callers = [(group, row) for group, row in rows() if "hr/schedule_interview gate" in row.reads]
    assert callers
    assert all(touched(before[group], after[group], row) for group, row in callers)


def test_a_tool_that_changes_what_another_means_touches_those_who_call_that_one() -> None:
    """Who makes labels by their names makes names keys: what else takes a label's name looks it up from then on."""
    take = {
        "name": "tag_role",
        "parameters": {"role_id": "string", "label_name": "string"},
        "returns": {"status": "string"},
    }
    make = {"name": "create_label", "parameters": {"name": "string"}, "returns": {"status": "string"}}
    catalog, graph = world([*HR, take])
    group = next(one.name for one in graph.subgraphs if "hr/tag_role" in one.goals)
    before = action(catalog, graph, group)
    made = list(trajectories.run(before, list(trajectories.wanted(before))))
    after = facts([*HR, take, make])
    callers = [row for row in made if "hr/tag_role gate" in row.reads]
    assert callers
    assert all("tables hr/tag_role" in touched(trajectories.facts(before), after[group], row) for row in callers)


def ends(fact: str) -> set[str]:
    """The tools of an edge's fact."""
    if not fact.startswith("edge "):
        return set()
    left, _, right = fact.removeprefix("edge ").partition(" -> ")
    return {left.partition("#")[0], right.partition("#")[0]}


def test_a_new_tool_touches_no_row_that_was_reached() -> None:
    entry = {"name": "list_offices", "parameters": {}, "returns": {"office_ids": ["string"], "role_ids": ["string"]}}
    before, after = facts(HR), facts([*HR, entry])
    for group, row in rows():
        if "unreachable" not in row.output:
            assert touched(before[group], after[group], row) == []


def test_rows_that_do_not_use_a_leaf_do_not_read_it() -> None:
    """Who takes a candidate from a list does not notice what becomes of the scores beside it."""
    readers = [row for _, row in rows() if "hr/get_role_candidates output /scores/[]" in row.reads]
    callers = [row for _, row in rows() if "hr/get_role_candidates returns" in row.reads]
    assert 0 < len(readers) < len(callers)
