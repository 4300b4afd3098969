"""Laws of searches: what a person asks for with several words finds something, and nothing is lost by chance."""

from __future__ import annotations

import re

from loopbuild.records import Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.sampling.walk import Unreachable, sample
from loopbuild.stages.toolgraph.build import build_graph
from tests.sandbox.desk import CATALOG
from tests.stages.sampling.world import cells, settings


def outcomes() -> list[Trajectory | Unreachable]:
    graph, chosen = build_graph(CATALOG, {}), settings(per_tool=8)
    sandbox = SimulatedSandbox(CATALOG, source="s")
    return [
        sample(cell, seed=0, catalog=CATALOG, graph=graph, subgraph=group, sandbox=sandbox, settings=chosen)
        for group, cell in cells(CATALOG, graph, chosen)
    ]


OUTCOMES = outcomes()


def test_searches_find_something() -> None:
    results = [step.result.value for one in OUTCOMES if isinstance(one, Trajectory) for step in one.steps]
    lists = [value[name] for value in results for name in ("flights", "tickets") if name in value]
    assert len(lists) > 20
    assert all(lists)


def test_only_repetitions_over_short_lists_are_out_of_reach_and_the_reason_names_the_tool() -> None:
    lost = [one for one in OUTCOMES if isinstance(one, Unreachable)]
    assert lost
    assert all(re.fullmatch(r"s/\w+: found 1 where [23] are wanted", one.detail) for one in lost), lost
    assert len(lost) < len(OUTCOMES) / 4


def test_the_least_is_no_more_than_the_most_and_nobody_makes_a_cursor_up() -> None:
    calls = [step.call.arguments for one in OUTCOMES if isinstance(one, Trajectory) for step in one.steps]
    pairs = [call for call in calls if {"min_votes", "max_votes"} <= set(call)]
    assert pairs
    assert all(call["min_votes"] <= call["max_votes"] for call in pairs)
    assert all("cursor" not in call for call in calls)
