"""Laws of the lengths of chains: as declared, as far as the tools allow; without a declaration as ever."""

from __future__ import annotations

import json
import time
from collections import Counter

from loopbuild.records import Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.sampling.cells import chain_weights, plan_key
from loopbuild.stages.sampling.walk import sample
from loopbuild.stages.toolgraph.build import build_graph
from tests.stages.sampling.world import catalog_of, cells, hr, settings

DECLARED = {"two": 0.1, "three": 0.2, "four": 0.3, "five": 0.2, "six": 0.1, "more": 0.1}
CHAINS = {"single": 0.0, "chain": 1.0, "fan_out": 0.0, "join": 0.0, "map": 0.0}
LINE = [
    {"name": "list_a0", "parameters": {}, "returns": {"a0_ids": ["string"]}},
    *(
        {"name": f"create_a{n}", "parameters": {f"a{n - 1}_id": "string"}, "returns": {f"a{n}_id": "string"}}
        for n in range(1, 10)
    ),
]
"""Each makes something of what the one before made: every length is possible."""


def planned(**over: object) -> Counter[int]:
    catalog = catalog_of(json.dumps(LINE).encode(), "line")
    chosen = settings(topologies=CHAINS, user_known=["*"], max_steps=8, **over)
    found = [cell for _, cell in cells(catalog, build_graph(catalog, {}), chosen) if cell.purpose == "train"]
    return Counter(cell.length for cell in found if cell.goal == "line/create_a9")


def test_chains_are_as_long_as_declared() -> None:
    counts = planned(per_tool=400, lengths=DECLARED)
    assert set(counts) == {2, 3, 4, 5, 6, 7, 8}
    for name, lengths in (("two", [2]), ("four", [4]), ("five", [5]), ("more", [7, 8])):
        assert abs(sum(counts[one] for one in lengths) / counts.total() - DECLARED[name]) < 0.07


def test_a_share_of_nothing_is_never_planned_and_weights_add_up() -> None:
    assert set(planned(per_tool=60, lengths={**DECLARED, "more": 0.0, "two": 0.0})) == {3, 4, 5, 6}
    assert abs(sum(chain_weights({"lengths": DECLARED}).values()) - 1) < 1e-9
    assert chain_weights({"lengths": None}) == {}


def test_without_a_declaration_nothing_moves() -> None:
    catalog, graph = hr()
    plain = [plan_key(cell, seed=0) for _, cell in cells(catalog, graph, settings())]
    assert [plan_key(cell, seed=0) for _, cell in cells(catalog, graph, settings(lengths=None))] == plain


def test_long_chains_are_executed_and_every_step_feeds_a_later_one() -> None:
    catalog = catalog_of(json.dumps(LINE).encode(), "line")
    chosen = settings(topologies=CHAINS, max_steps=8, per_tool=6, lengths=DECLARED)
    graph, sandbox = build_graph(catalog, {}), SimulatedSandbox(catalog, source="line")
    rows = {
        cell: sample(cell, seed=0, catalog=catalog, graph=graph, subgraph=sub, sandbox=sandbox, settings=chosen)
        for sub, cell in cells(catalog, graph, chosen)
    }
    long = {cell: row for cell, row in rows.items() if cell.length >= 6 and isinstance(row, Trajectory)}
    assert {cell.length for cell in long} >= {6, 7}
    for cell, row in long.items():
        used = {source.step for step in row.steps for source in step.call.provenance.values() if source.kind == "tool"}
        assert len(row.steps) == cell.length
        assert used == set(range(cell.length - 1))


def test_looking_for_long_chains_ends_where_everything_feeds_everything() -> None:
    things = "abcdefghijklmnopqrst"
    tools = [
        {
            "name": f"create_{one}",
            "parameters": {f"{other}_id?": "string" for other in things if other != one},
            "returns": {f"{one}_id": "string"},
        }
        for one in things
    ]
    catalog = catalog_of(json.dumps(tools).encode(), "dense")
    chosen = settings(topologies=CHAINS, max_steps=8, per_tool=4, lengths=DECLARED, user_known=["*"])
    graph = build_graph(catalog, {})
    assert len(graph.edges) == len(things) * (len(things) - 1)
    start = time.process_time()
    assert {cell.length for _, cell in cells(catalog, graph, chosen)} == {2, 3, 4, 5, 6, 7, 8}
    assert time.process_time() - start < 20
