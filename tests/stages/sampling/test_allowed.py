"""Laws of arguments: a tool whose schema can be met is reached; what nobody can fill is left out where it may be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loopbuild.judging.validate import Validator
from loopbuild.records import Trajectory
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.sampling.walk import sample
from loopbuild.stages.toolgraph.build import build_graph
from tests.stages.sampling.world import catalog_of, cells, settings

TEXT = {"type": "string"}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "short": ({"note": {**TEXT, "maxLength": 8}}, {}),
    "long": ({"note": {**TEXT, "minLength": 120}}, {}),
    "steps": ({"amount": {"type": "integer", "multipleOf": 25}}, {}),
    "outside": ({"rate": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}}, {}),
    "many": ({"tags": {"type": "array", "items": TEXT, "minItems": 3, "uniqueItems": True}}, {}),
    "few": ({"tags": {"type": "array", "items": TEXT, "maxItems": 1}}, {}),
    "address": ({"host": {**TEXT, "format": "ipv4"}}, {}),
    "shapes": ({"size": {"anyOf": [{"type": "integer", "minimum": 5000}, {**TEXT, "maxLength": 2}]}}, {}),
    "either": ({"email": {**TEXT, "format": "email"}, "phone": TEXT}, {"anyOf": [["email"], ["phone"]]}),
    "one": ({"email": {**TEXT, "format": "email"}, "phone": TEXT}, {"oneOf": [["email"], ["phone"]]}),
    "optional": ({"note": {**TEXT, "not": TEXT}}, {"required": []}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_can_be_met_is_met(case: str) -> None:
    properties, rules = CASES[case]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": rules.get("required")}
    for name in ("anyOf", "oneOf"):
        if name in rules:
            schema[name] = [{"required": names} for names in rules[name]]
            schema["required"] = []
    if schema["required"] is None:
        schema["required"] = list(properties)
    tool = {"name": "create_report", "inputSchema": schema, "returns": {"report_id": "string"}}
    catalog = catalog_of(json.dumps([tool]).encode(), "s")
    graph, chosen = build_graph(catalog, {}), settings(per_tool=12, optional=0.5)
    sandbox, checks = SimulatedSandbox(catalog, source="s"), Validator(catalog)
    reached = 0
    for group, cell in cells(catalog, graph, chosen):
        if cell.topology == "single" and not cell.aim:
            made = sample(cell, seed=0, catalog=catalog, graph=graph, subgraph=group, sandbox=sandbox, settings=chosen)
            assert isinstance(made, Trajectory), made
            assert not any(checks.check(step.call.tool, step.call.arguments) for step in made.steps)
            reached += 1
    assert reached > 3
