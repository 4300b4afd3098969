"""What was out of reach is tried again when anything around it changes, and then is what a clean build makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from test_affected import CHANGES, HR, Tools, action, facts, reword, touched, world

from loopbuild.engine.target import RowResult
from loopbuild.pipeline.recipes import trajectories

Schema = dict[str, Any]
BARS: tuple[Schema, ...] = (
    {"type": "string", "not": {"type": "string"}},
    {"type": "string", "pattern": "^(?=b)a$"},
)


def made(tools: Tools) -> dict[str, tuple[str, RowResult]]:
    """Key -> the subgraph and row of a clean build."""
    catalog, graph = world(tools)
    found: dict[str, tuple[str, RowResult]] = {}
    for group in graph.subgraphs:
        one = action(catalog, graph, group.name)
        found |= {row.key: (group.name, row) for row in trajectories.run(one, list(trajectories.wanted(one)))}
    return found


def barred(bar: Schema) -> Tools:
    tools: Tools = json.loads(json.dumps(HR))
    tool = next(one for one in tools if one["name"] == "find_employee")
    tool["parameters"]["name"] = bar
    return tools


def unreachable(rows: dict[str, tuple[str, RowResult]]) -> dict[str, tuple[str, RowResult]]:
    return {key: row for key, row in rows.items() if "unreachable" in row[1].output}


@pytest.mark.parametrize("bar", BARS, ids=str)
def test_a_schema_that_lets_calls_through_again_makes_the_rows_of_a_clean_build(bar: Schema) -> None:
    tools = barred(bar)
    lost = unreachable(made(tools))
    before, after, clean = facts(tools), facts(HR), made(HR)
    assert any(row.output["goal"] == "hr/find_employee" for _, row in lost.values())
    for key, (group, row) in lost.items():
        assert clean[key][1].output != row.output
        assert touched(before[group], after[group], row)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_row_out_of_reach_is_touched_by_all_but_words_and_untouched_still_is(
    change: Callable[[dict[str, Any]], None],
) -> None:
    tools = barred(BARS[0])
    changed: Tools = json.loads(json.dumps(tools))
    change(next(one for one in changed if one["name"] == "request_leave"))
    before, after, again = facts(tools), facts(changed), made(changed)
    lost = unreachable(made(tools))
    assert lost.keys() <= again.keys()
    untouched = [key for key, (group, row) in lost.items() if not touched(before[group], after[group], row)]
    assert untouched == (list(lost) if change is reword else [])
    assert [key for key in untouched if again[key][1].output != lost[key][1].output] == []
