"""Calls of one plan that hang together speak of the same parents."""

from __future__ import annotations

from loopbuild.records import Step, ToolCatalog, ToolGraph, Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.sampling.pointers import schematic
from loopbuild.stages.sampling.walk import sample
from loopbuild.stages.toolgraph.build import build_graph
from tests.stages.sampling.world import cells, settings
from tests.stages.toolgraph.apis import TEXT, api, many, operation

ISSUE = many(issue_id=TEXT, title=TEXT)
LABEL = many(label_id=TEXT, color=TEXT)


def tracker() -> tuple[ToolCatalog, ToolGraph]:
    here = "/orgs/{org}/repos/{repo_name}"
    catalog = api(
        operation(f"GET {here}/issues", ISSUE),
        operation(f"GET {here}/labels", LABEL),
        operation(f"GET {here}/issues/{{issue_id}}", {"type": "object", "properties": {"state": TEXT}}),
        operation(f"PUT {here}/issues/{{issue_id}}/labels/{{label_id}}"),
    )
    return catalog, build_graph(catalog, {})


def sampled(catalog: ToolCatalog, graph: ToolGraph) -> list[Trajectory]:
    chosen = settings(per_tool=30)
    sandbox = SimulatedSandbox(catalog, source="a")
    found = [
        sample(cell, seed=0, catalog=catalog, graph=graph, subgraph=subgraph, sandbox=sandbox, settings=chosen)
        for subgraph, cell in cells(catalog, graph, chosen)
    ]
    return [row for row in found if isinstance(row, Trajectory)]


def taken(steps: tuple[Step, ...]) -> list[tuple[Step, Step, tuple[str, str, str, str]]]:
    return [
        (steps[source.step], step, (steps[source.step].call.tool, source.leaf, step.call.tool, schematic(path)))
        for step in steps
        for path, source in step.call.provenance.items()
        if source.kind == "tool"
    ]


def test_both_calls_of_an_edge_share_its_parents() -> None:
    catalog, graph = tracker()
    bound = {(e.producer, e.producer_leaf, e.consumer, e.consumer_leaf): e.bound_with for e in graph.edges}
    rows = sampled(catalog, graph)
    joined = 0
    for row in rows:
        for one, other, edge in taken(row.steps):
            for own, wanted in bound[edge]:
                joined += 1
                assert one.call.arguments[own[1:]] == other.call.arguments[wanted[1:]]
    assert joined > 100
    assert {row.cell.topology for row in rows} >= {"single", "chain", "join"}


def test_two_branches_of_different_parents_feed_no_common_call() -> None:
    """An issue of one repository gets no label of another: of the calls that take both, all speak of one repository."""
    catalog, graph = tracker()
    both = [row for row in sampled(catalog, graph) if row.cell.topology == "join"]
    assert both
    for row in both:
        places = {(step.call.arguments["org"], step.call.arguments["repo_name"]) for step in row.steps}
        assert len(places) == 1
        assert len({step.call.tool for step in row.steps[:-1]}) == 2
