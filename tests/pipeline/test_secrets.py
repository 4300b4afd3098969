"""A row with a password in it is worded offline: no writer over the network is told one."""

from __future__ import annotations

import json

from loopbuild.llm.protocol import asked_json
from loopbuild.pipeline.recipes.tasks import texts_of
from loopbuild.records import ToolCatalog, Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sampling.cells import plan_cells
from loopbuild.stages.sampling.walk import sample
from loopbuild.stages.sources.toolspec import read
from loopbuild.stages.toolgraph.build import build_graph

TOOLS = [
    {
        "name": "create_account",
        "parameters": {"name": "string", "password": "string"},
        "returns": {"account_id": "string"},
    },
    {"name": "list_accounts", "parameters": {"name": "string"}, "returns": {"account_ids": ["string"]}},
    {"name": "rotate_key", "parameters": {"account_id": "string"}, "returns": {"api_key": "string"}},
]
SHARES = {"single": 0.4, "chain": 0.6}
SAMPLING = {"per_tool": 8, "max_steps": 4, "topologies": SHARES, "seed": 0, "user_known": [], "optional": 0.3}
PARAMS = {
    "writers": [{"model": "openai/m", "name": "ours", "voice": "", "temperature": 1.0}],
    "levels": ["low"],
    "texts_per_level": 1,
    "seed": 0,
    "lexicon": {},
    "clarify": 0.5,
    "categories": {"clarify": 0.5},
}


def rows() -> tuple[ToolCatalog, list[Trajectory]]:
    catalog = build_catalog([read("s", json.dumps(TOOLS).encode(), file="s.json", settings={})])
    graph = build_graph(catalog, {})
    sandbox = SimulatedSandbox(catalog, source="s")
    planned = plan_cells(catalog, graph, settings=SAMPLING, evaluation={"per_tool": 4})
    found = [
        sample(cell, seed=0, catalog=catalog, graph=graph, subgraph=group, sandbox=sandbox, settings=SAMPLING)
        for group in graph.subgraphs
        for cell in planned[group.name]
    ]
    return catalog, [row for row in found if isinstance(row, Trajectory)]


def test_no_hosted_writer_is_told_a_secret() -> None:
    catalog, known = rows()
    for assignment in ("split", "each"):
        hosted = offline = 0
        for row in known:
            for text in texts_of(row, catalog, {**PARAMS, "assignment": assignment}):
                told = json.dumps(asked_json(text.request))
                hosted += text.writer["model"] != "offline"
                offline += text.writer["model"] == "offline"
                assert text.writer["model"] == "offline" or "test-" not in told
        assert min(hosted, offline) > 3
