"""Laws of rows about tools that are not there, or not the right ones: of several calls, of other applications."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from loopbuild.judging.validate import Validator
from loopbuild.llm.offline.writer import write
from loopbuild.records import Json, ToolCatalog, Trajectory
from loopbuild.sandbox import open_sandboxes
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.catalog import build_catalog
from loopbuild.stages.filters.contract import check_contract
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.sampling.cells import plan_cells
from loopbuild.stages.sampling.walk import sample
from loopbuild.stages.sources.toolspec import read
from loopbuild.stages.synthesis.categories import alike, compose, further_requests, prove
from loopbuild.stages.synthesis.dialogues import to_task
from loopbuild.stages.synthesis.near_miss import is_foreign
from loopbuild.stages.toolgraph.build import build_graph
from tests.stages.sampling import world


def tool(name: str, needs: dict[str, Json], gives: dict[str, Json]) -> dict[str, Json]:
    return {"name": name, "description": "", "parameters": needs, "returns": gives}


FOUND = {"contacts": [{"contact_id": "string", "name": "string"}]}
APPS = {
    "crm": [
        tool("search_contacts", {"query": "string"}, FOUND),
        tool("list_contacts", {}, FOUND),
        tool("update_contact", {"contact_id": "string", "phone": "string"}, {"status": "string"}),
        tool("get_contact", {"contact_id": "string"}, {"contact_id": "string", "email": "string"}),
    ],
    "mail": [
        tool("search_contacts", {"query": "string"}, {"addresses": [{"address_id": "string", "email": "string"}]}),
        tool("delete_address", {"address_id": "string"}, {"status": "string"}),
    ],
}


@cache
def executed() -> tuple[ToolCatalog, tuple[Trajectory, ...]]:
    catalog = build_catalog([read(name, json.dumps(tools).encode(), file=f"{name}.json", settings={})
                             for name, tools in APPS.items()])  # fmt: skip
    graph = build_graph(catalog, {})
    settings = world.settings(per_tool=16)
    planned = plan_cells(catalog, graph, settings=settings, evaluation={"per_tool": 1})
    with sandbox_of(catalog) as sandbox:
        outcomes = [
            sample(cell, seed=0, catalog=catalog, graph=graph, subgraph=subgraph, sandbox=sandbox, settings=settings)
            for subgraph in graph.subgraphs
            for cell in planned[subgraph.name]
            if cell.purpose == "train"
        ]
    return catalog, tuple(one for one in outcomes if isinstance(one, Trajectory))


@contextmanager
def sandbox_of(catalog: ToolCatalog) -> Iterator[Sandbox]:
    settings = {name: {"kind": "simulated"} for name in APPS}
    yield open_sandboxes(settings, catalog, root=Path(), environment={})


@cache
def rows(category: str, *, elsewhere: bool = False) -> tuple[Row, ...]:
    catalog, found = executed()
    with sandbox_of(catalog) as sandbox:
        return tuple(
            row_of(trajectory, request, sandbox, elsewhere=elsewhere)
            for trajectory in found
            for request in further_requests(
                trajectory, catalog, shares={category: 1.0}, texts=2, elsewhere=elsewhere
            )
        )  # fmt: skip


def row_of(trajectory: Trajectory, request, sandbox: Sandbox, *, elsewhere: bool) -> Row:
    catalog, _ = executed()
    task = to_task(trajectory, request, write(request), writer="offline")
    proof = prove(trajectory, task, catalog, sandbox=sandbox, validator=Validator(catalog), elsewhere=elsewhere)
    example = compose(trajectory, task, catalog, proof, split="train")
    return Row(example=example, task=task, trajectory=trajectory, proof=proof)


def test_the_same_name_in_another_application_is_a_twin() -> None:
    catalog, _ = executed()
    assert "mail/search_contacts" in alike(catalog)[0]["crm/search_contacts"]


def test_another_application_is_tried_where_it_can_be_and_only_there() -> None:
    catalog, _ = executed()
    for elsewhere in (True, False):
        made = [row for row in rows("near_miss", elsewhere=elsewhere) if row.proof.other]
        assert made
        foreign = [
            row for row in made
            if row.proof.other and row.trajectory and all(
                is_foreign(step.call.tool, row.proof.other.tool) for step in row.trajectory.steps
            )
        ]  # fmt: skip
        assert bool(foreign) is elsewhere
        for row in foreign:
            assert row.proof.other is not None
            assert row.example.beside == (row.proof.other.tool,)
            assert check_contract(row, catalog=catalog) is None


def test_of_several_calls_the_first_is_withheld_and_whatever_could_begin_in_its_stead() -> None:
    catalog, _ = executed()
    made = rows("missing_tool")
    several = [row for row in made if row.trajectory and len(row.trajectory.steps) > 1]
    assert several
    assert [fault for row in made if (fault := check_contract(row, catalog=catalog))] == []
    twins = 0
    ends = set()
    for row in several:
        assert row.trajectory is not None
        first, *later = [step.call.tool for step in row.trajectory.steps]
        assert first in row.example.withheld
        assert not set(later) & set(row.example.withheld), "what comes later is there"
        if first.startswith("crm/") and later == ["crm/update_contact"]:
            assert {"crm/search_contacts", "crm/list_contacts"} <= set(row.example.withheld)
            twins += 1
        calls = [c["function"]["name"] for m in row.example.messages for c in m.get("tool_calls") or ()]
        is_revealed = any(message["role"] == "system" for message in row.example.messages)
        assert len(calls) == (len(row.trajectory.steps) if is_revealed else 0), "nothing, or once it is there all of it"
        ends.add(is_revealed)
    assert twins
    assert ends == {True, False}
