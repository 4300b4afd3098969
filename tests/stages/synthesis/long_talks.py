"""Long dialogues over a bank, with every kind of later turn, executed in the simulated sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

from loopbuild.llm.offline.writer import write
from loopbuild.records import Json, ToolCatalog, Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.sampling.walk import sample
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.several_turns import dialogue_cell, dialogue_request
from loopbuild.stages.toolgraph.build import build_graph
from tests.stages.sampling import world


def _tool(name: str, takes: Json, gives: Json) -> Json:
    return {"name": name, "parameters": takes, "returns": gives}


_DAY = {"type": "string", "format": "date"}
BANK = (
    _tool("list_customers", {}, {"customers": [{"customer_id": "string", "full_name": "string"}]}),
    _tool("get_customer", {"customer_id": "string"}, {"customer_id": "string", "email": "string"}),
    _tool("list_accounts", {"customer_id": "string"}, {"accounts": [{"account_id": "string", "balance": "number"}]}),
    _tool("get_account", {"account_id": "string"}, {"account_id": "string", "opened_on": _DAY, "owner_name": "string"}),
    _tool("freeze_account", {"account_id": "string", "reason": "string"}, {"status": "string"}),
    _tool("list_cards", {"account_id": "string"}, {"cards": [{"card_id": "string", "status": "string"}]}),
    _tool("set_card_limit", {"card_id": "string", "limit_amount": "number"}, {"status": "string"}),
    _tool("create_order", {"account_id": "string", "amount": "number", "start_date": _DAY}, {"order_id": "string"}),
    _tool("update_order", {"order_id": "string", "amount": {"type": "number", "optional": True}}, {"status": "string"}),
    _tool("list_orders", {"account_id": "string"}, {"orders": [{"order_id": "string", "amount": "number"}]}),
)
TALK = {
    "turns": {"short": 0.2, "middle": 0.2, "long": 0.6},
    "kinds": {"corrected": 0.4, "same": 0.2, "refers": 0.3, "asks": 0.1},
    "taken_back": 0.4,
}


@cache
def talks(trains: Callable[[str, int], bool] = lambda path, length: True) -> tuple[ToolCatalog, tuple[Row, ...]]:
    """Every dialogue the plan allows, with its words, on paths that train."""
    catalog = world.catalog_of(json.dumps(BANK).encode(), "bank")
    graph = build_graph(catalog, {})
    chosen = world.settings(per_tool=10, user_known=["customer_id"], talk=TALK, trains=trains)
    sandbox = SimulatedSandbox(catalog, source="bank")
    made = []
    for subgraph, cell in world.cells(catalog, graph, chosen, per_tool_eval=1):
        begun = dialogue_cell(cell, part=0.7, seed=0)
        if begun is None:
            continue
        walked = sample(
            begun, seed=0, catalog=catalog, graph=graph, subgraph=subgraph, sandbox=sandbox, settings=chosen
        )
        if isinstance(walked, Trajectory):
            request = dialogue_request(walked, catalog, levels=("low", "high"))
            task = to_task(walked, request, write(request), writer="offline")
            made.append(Row(example=to_example(walked, task, catalog), task=task, trajectory=walked))
    return catalog, tuple(made)
